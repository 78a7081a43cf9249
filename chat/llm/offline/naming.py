"""Orders by what is in them: "the kettle", "the red mugs", "the GLS one"."""

from collections.abc import Sequence

from chat.llm.offline.conversation import Facts
from chat.llm.offline.spelling import Speller, words_of


def by_article(words: Sequence[str], orders: Sequence[Facts]) -> list[Facts]:
    """The orders with the articles that share most words with ``words``."""
    return _best(words, [(order, names(order)) for order in orders])


def each_by_its_own(words: Sequence[str], orders: Sequence[Facts]) -> tuple[str, ...]:
    """The orders that are each named by other words: "the kettle and the lamp"; else nothing."""
    hits = [(order, found) for order in orders if (found := _hits(words, names(order)))]
    named = [found for _, found in hits]
    if len(hits) < 2 or len(set().union(*named)) < sum(map(len, named)):
        return ()
    return tuple(str(order["number"]) for order, _ in hits)


def wanted_titles(words: Sequence[str], order: Facts) -> tuple[str, ...]:
    """The titles in an order that the words name."""
    lines = [({"title": line["title"]}, str(line["title"])) for line in order["lines"]]
    return tuple(line["title"] for line in _best(words, lines))


def titles_in(words: Sequence[str], order: Facts) -> tuple[str, ...]:
    """The same, of an order from list_orders."""
    titles = [str(article).partition(" × ")[2] for article in order["articles"]]
    return tuple(found["title"] for found in _best(words, [({"title": t}, t) for t in titles]))


def names(order: Facts) -> str:
    """The articles, and who brings them: "the GLS one"."""
    return " ".join(map(str, [*order["articles"], *(p["carrier"] or "" for p in order["parcels"])]))


def _best(words: Sequence[str], titled: Sequence[tuple[Facts, str]]) -> list[Facts]:
    scored = [(len(_hits(words, title)), thing) for thing, title in titled]
    most = max((hits for hits, _ in scored), default=0)
    return [thing for hits, thing in scored if hits == most] if most else []


def _hits(words: Sequence[str], title: str) -> set[str]:
    in_title = {stem(word) for word in words_of(title) if len(word) > 2}
    speller = Speller(in_title)
    return {stem(word) for word in words if speller.correct(stem(word)) in in_title}


def stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
