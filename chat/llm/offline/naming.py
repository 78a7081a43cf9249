"""Orders by what is in them: "the kettle", "the red mugs", "the GLS one"."""

from collections.abc import Sequence
from functools import lru_cache

from chat.llm.offline.conversation import Facts
from chat.llm.offline.spelling import Speller, words_of

# Of so many titles what can be meant by them is kept at hand, some kB each.
TITLES = 1_000


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


def words_that_name(words: Sequence[str], orders: Sequence[Facts]) -> set[str]:
    """Those of the words that stand in the name of any of the orders."""
    hits = set[str]().union(*(_hits(words, names(order)) for order in orders))
    return {word for word in words if stem(word) in hits}


def wanted_titles(words: Sequence[str], order: Facts) -> tuple[str, ...]:
    """The titles in an order that the words name."""
    lines = [({"title": line["title"]}, [str(line["title"])]) for line in order["lines"]]
    return tuple(line["title"] for line in _best(words, lines))


def titles_in(words: Sequence[str], order: Facts) -> tuple[str, ...]:
    """The same, of an order from list_orders."""
    titles = [str(article).partition(" × ")[2] for article in order["articles"]]
    return tuple(found["title"] for found in _best(words, [({"title": t}, [t]) for t in titles]))


def names(order: Facts) -> list[str]:
    """The articles, and who brings them: "the GLS one"."""
    return [*map(str, order["articles"]), *(str(p["carrier"] or "") for p in order["parcels"])]


def _best(words: Sequence[str], titled: Sequence[tuple[Facts, Sequence[str]]]) -> list[Facts]:
    scored = [(len(_hits(words, titles)), thing) for thing, titles in titled]
    most = max((hits for hits, _ in scored), default=0)
    return [thing for hits, thing in scored if hits == most] if most else []


def _hits(words: Sequence[str], titles: Sequence[str]) -> set[str]:
    spellers = [_speller(title) for title in titles]
    said = {stem(word) for word in words}
    return {word for word in said if any(each.correct(word) in each.known for each in spellers)}


@lru_cache(maxsize=TITLES)
def _speller(title: str) -> Speller:
    """Corrects towards the words of an article's title: the shop's words, not a customer's."""
    return Speller(stem(word) for word in words_of(title) if len(word) > 2)


def stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
