"""Questions, the demo's articles, and as many again that are about something else.

The questions were written before the search was set up for them, with few of the articles' words.
``held_out`` is looked at as a figure only: who tunes the search does not read what it got wrong.
"""

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

from chat.help.index import Article, Found, Index
from chat.help.models import HelpArticle
from chat.management.demo.articles import articles

FOLDER = Path(__file__).parent
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Question(NamedTuple):
    ask: str
    slug: str


def questions(name: str) -> list[Question]:
    """``questions`` or ``held_out``: what customers ask, and which article answers it."""
    lines = (FOLDER / f"{name}.jsonl").read_text().splitlines()
    return [Question(**json.loads(line)) for line in lines]


def foreign(name: str) -> list[str]:
    """``foreign`` or ``held_out_foreign``: what no article answers."""
    return (FOLDER / f"{name}.txt").read_text().splitlines()


@cache
def library() -> tuple[Article, ...]:
    """The demo's articles and the distractors."""
    written = [*articles(), *_distractors()]
    return tuple(
        Article(pk, NOW, each.slug, each.title, each.language, each.body)
        for pk, each in enumerate(written, start=1)
    )


def _distractors() -> list[HelpArticle]:
    texts = ("\n" + (FOLDER / "distractors.md").read_text()).split("\n# ")[1:]
    made = []
    for text in texts:
        title, slug, body = text.split("\n", 2)
        made.append(HelpArticle(title=title, slug=slug.removeprefix("slug: "), body=body))
    return made


@cache
def index() -> Index:
    """All of them, shelved."""
    made = Index()
    for article in library():
        made.put(article)
    return made


class Figures(NamedTuple):
    """Shares of questions whose article came first, or among the first three; of foreign ones that
    found nothing, as they should."""

    first: float
    among_three: float
    nothing: float


def measure(asked: list[Question], others: list[str]) -> Figures:
    def found(ask: str) -> list[str]:
        hits: list[Found] = index().find(ask, ["en"])
        return [hit.article.slug for hit in hits[:3]]

    answers = [(question.slug, found(question.ask)) for question in asked]
    return Figures(
        sum(slugs[:1] == [slug] for slug, slugs in answers) / len(answers),
        sum(slug in slugs for slug, slugs in answers) / len(answers),
        sum(not found(ask) for ask in others) / len(others),
    )
