"""What a question finds. The figures are those of docs/assistant.md, with a little room."""

import time
from datetime import timedelta

import pytest

from chat.help import words
from chat.help.index import Article, Index
from chat.help.search import _hit
from chat.help.words import language
from tests.help.shelf import NOW, foreign, index, library, measure, questions


def shelved(*articles: tuple[str, str, str], code: str = "en") -> Index:
    made = Index()
    for pk, (slug, title, body) in enumerate(articles, start=1):
        made.put(Article(pk, NOW, slug, title, code, body))
    return made


def slugs(of: Index, question: str, *languages: str) -> list[str]:
    return [found.article.slug for found in of.find(question, languages or ("en",))]


@pytest.mark.parametrize(
    ("asked", "others", "first", "among_three", "nothing"),
    [
        ("questions", "foreign", 0.86, 0.94, 0.95),
        ("held_out", "held_out_foreign", 0.75, 0.86, 0.84),
    ],
)
def test_questions_in_other_words_find_their_article_and_foreign_ones_none(
    asked: str, others: str, first: float, among_three: float, nothing: float
) -> None:
    assert len(questions(asked)) >= 60
    figures = measure(questions(asked), foreign(others))
    assert figures.first >= first
    assert figures.among_three >= among_three
    assert figures.nothing >= nothing


def test_a_question_shares_few_words_with_its_article() -> None:
    """Else the figures would tell nothing of meanings."""
    bodies = {article.slug: f"{article.title} {article.body}" for article in library()}
    reader = language("en")

    def shared(ask: str, slug: str) -> float:
        stems = [said.stem for said in reader.read(ask)]
        known = set(reader.stems(bodies[slug]))
        return sum(stem in known for stem in stems) / max(len(stems), 1)

    for name in ("questions", "held_out"):
        shares = [shared(*question) for question in questions(name)]
        assert sum(shares) / len(shares) < 0.5


@pytest.mark.parametrize(
    ("ask", "heading"),
    [
        ("how do I cancel an order", ""),
        ("how do i return something", "How do I return something?"),
        ("what does a return cost", "What does a return cost?"),
        ("can I get an invoice", "Invoice and receipt"),
        ("how do I unsubscribe", "The newsletter"),
        ("is shipping free", "What does delivery cost?"),
        ("I missed the postman", "A card says I was not at home"),
        ("do you ship to norway", "Which countries do you deliver to?"),
        ("my payment failed", "My payment failed"),
    ],
)
def test_the_passage_that_answers_is_quoted(ask: str, heading: str) -> None:
    assert index().find(ask, ["en"])[0].passages[0].heading == heading


def test_of_a_long_article_the_passages_that_answer_are_told() -> None:
    filling = "We have much to say about other matters, and say it here. " * 12
    body = "\n\n".join(
        [
            filling,
            *(f"## Matter {n}\n\n{filling}" for n in range(9)),
            "## Pets\n\nDogs are welcome.",
        ]
    )
    [found] = shelved(("visit", "Visiting us", body)).find("are dogs welcome", ["en"])
    hit = _hit(found)
    assert len(body) > 6_000
    assert len(hit.text) <= 1_600
    assert hit.text.startswith("## Pets")
    assert (hit.heading, hit.quote) == ("Pets", "Dogs are welcome.")


def test_a_long_passage_is_quoted_where_the_answer_is_in_whole_sentences() -> None:
    before = "We say a lot here that nobody has asked for at all. " * 10
    body = f"{before}Dogs are welcome in the garden. {before}"
    [found] = shelved(("visit", "Visiting us", body)).find("may dogs come", ["en"])
    quoted = _hit(found).quote
    assert quoted.startswith("Dogs are welcome in the garden. We say")
    assert quoted.endswith(".")
    assert len(quoted) <= 360


@pytest.mark.parametrize("ask", ["", "?", "\x00", '" OR "*', "NEAR(a b)", "is it the", "🙂" * 99])
def test_what_asks_nothing_finds_nothing_and_breaks_nothing(ask: str) -> None:
    assert slugs(index(), ask) == []


def test_an_article_of_any_form_can_be_shelved_and_taken_away() -> None:
    made = Index()
    bodies = ["", "#", "> " * 500, "[" * 5_000, "." * 50_000, "\u2028## Not a heading", "* * *"]
    for pk, body in enumerate(bodies):
        made.put(Article(pk, NOW, f"a{pk}", "Rutabaga", "en", body))
    assert len(slugs(made, "rutabaga")) == len(bodies)
    for pk in range(len(bodies)):
        made.remove(pk)
    assert slugs(made, "rutabaga") == []
    assert made.versions == {}


def test_an_edit_takes_the_place_of_what_was_there() -> None:
    made = shelved(("visit", "Visiting us", "Dogs are welcome."))
    made.put(Article(1, NOW + timedelta(1), "visit", "Visiting us", "en", "Cats are welcome."))
    assert slugs(made, "dogs") == []
    assert slugs(made, "cats") == ["visit"]


# --- languages ----------------------------------------------------------------------------------


def in_two_languages() -> Index:
    made = shelved(("returns", "Returns", "Send it back within 30 days."))
    made.put(Article(8, NOW, "returns", "Rückgabe", "de", "Sie haben 30 Tage Zeit."))
    made.put(Article(9, NOW, "konto", "Ihr Konto", "de", "Das Passwort ändern Sie selbst."))
    return made


@pytest.mark.parametrize(
    ("ask", "titles"),
    [
        ("how do I send something back", ["Returns"]),
        ("wie kann ich das zurückschicken", ["Rückgabe"]),
        # Only in German; their meanings have the same names.
        ("I forgot my password", ["Ihr Konto"]),
    ],
)
def test_who_asks_in_a_language_gets_that_translation_or_what_there_is(
    ask: str, titles: list[str]
) -> None:
    found = in_two_languages().find(ask, ["en"])
    assert [each.article.title for each in found] == titles


def test_a_language_without_meanings_is_searched_by_stems() -> None:
    dutch = shelved(("retour", "Retourneren", "Artikelen binnen 30 dagen terugsturen."), code="nl")
    assert slugs(dutch, "mag ik het artikel terugsturen?", "nl") == ["retour"]
    klingon = shelved(("x", "Qapla'", "batlh Daqawlu'taH"), code="tlh")
    assert slugs(klingon, "batlh", "tlh") == ["x"]


def test_whatever_languages_visitors_want_is_not_kept_for_ever() -> None:
    before = words._language.cache_info().currsize
    made = in_two_languages()
    for number in range(200):
        made.find("how do I send something back", [f"x{number}", "en"])
    assert words._language.cache_info().currsize <= before + 2


# --- speed --------------------------------------------------------------------------------------


def test_a_thousand_articles_cost_a_question_less_than_a_few_of_them_cost_to_read() -> None:
    """As a ratio in one run, for this machine may be busy: 1.5 ms to find, 0.35 ms an article to
    read; docs/assistant.md has the figures."""
    began = time.process_time()
    large = Index()
    for number in range(1_000):
        article = library()[number % len(library())]
        large.put(article._replace(pk=number, slug=f"{article.slug}-{number}"))
    an_article = (time.process_time() - began) / 1_000
    began = time.process_time()
    for question in questions("questions"):
        large.find(question.ask, ["en"])
    a_question = (time.process_time() - began) / len(questions("questions"))
    assert a_question < 12 * an_article
