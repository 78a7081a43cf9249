"""The articles in memory, so that a question finds the passages that answer it.

SQLite's full-text search keeps and ranks the passages (BM25, https://www.sqlite.org/fts5.html), by
the stems and meanings that :mod:`chat.help.words` reads in them. What was found counts as a hit
only if enough of the question is in it.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from chat.help.languages import main, place
from chat.help.markdown import Passage, passages
from chat.help.words import STEMMED, Language, Said, language

# What one word of a title or heading is worth in words of the text.
TITLE, HEADING, TEXT = 4.0, 4.0, 1.0
# Passages looked at for each question.
CANDIDATES = 60
# Which passage is quoted: a heading says what a passage is about, more so where the article's title
# does not say it too, and then others only mention it. The first passage speaks for the whole.
HEADED, MENTIONED, BEGINS = 2.0, 0.4, 0.65
# A heading that is the question itself.
THE_QUESTION = 1.0
# What a word of the question is worth that stands in the title or heading, however common it is:
# BM25 gives nothing for words that stand in every second passage.
NAMED = 1.5
# What the next two passages of an article add to its best one's score.
FURTHER = 0.3
# A question is answered by a passage where what it has of the question outweighs what it lacks.
# All of these and ENOUGH were set by tests/help/questions.jsonl; docs/assistant.md has the figures.
TELLING, EVERYDAY, LACKING = 1.25, 0.75, 0.5
ENOUGH = 0.5


class Article(NamedTuple):
    """What of an article the index wants to know; ``version`` changes with every edit."""

    pk: int
    version: datetime
    slug: str
    title: str
    language: str
    body: str


@dataclass(frozen=True)
class Shelved:
    """A passage in the index, with the forms of words in the article's title, in its heading, in
    its text, and in any of them."""

    article: Article
    passage: Passage
    title: frozenset[str]
    heading: frozenset[str]
    text: frozenset[str]
    forms: frozenset[str]


@dataclass(frozen=True)
class Found:
    """An article that answers a question, with its passages, the one that does so best first."""

    article: Article
    passages: Sequence[Passage]
    said: Sequence[Said]  # the question, as it was read
    score: float


class Index:
    """Not for several threads at once."""

    def __init__(self) -> None:
        self._texts = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._texts.execute(
            "CREATE VIRTUAL TABLE texts USING fts5(title, heading, text,"
            " tokenize = \"unicode61 remove_diacritics 0 tokenchars '_'\")"
        )
        self._texts.execute(
            "INSERT INTO texts(texts, rank) VALUES ('rank', ?)",
            [f"bm25({TITLE}, {HEADING}, {TEXT})"],
        )
        self._shelved: dict[int, Shelved] = {}
        self._rows: dict[int, list[int]] = {}  # of an article, by its pk
        self._next_row = 1
        self._known: dict[str, Counter[str]] = {}  # stems and meanings, by language
        self.versions: dict[int, datetime] = {}

    def put(self, article: Article) -> None:
        """Shelves an article, in the place of what it was before."""
        self.remove(article.pk)
        reader = language(article.language)
        title = _forms(reader.read(article.title))
        known = self._known.setdefault(article.language, Counter())
        rows = self._rows[article.pk] = []
        self.versions[article.pk] = article.version
        for passage in passages(article.body) or [Passage("", "", ())]:
            heading = _forms(reader.read(passage.heading))
            text = _forms(reader.read(" ".join(passage.sentences)))
            row, self._next_row = self._next_row, self._next_row + 1
            self._texts.execute(
                "INSERT INTO texts(rowid, title, heading, text) VALUES (?, ?, ?, ?)",
                [row, " ".join(title), " ".join(heading), " ".join(text)],
            )
            self._shelved[row] = shelved = Shelved(
                article,
                passage,
                frozenset(title),
                frozenset(heading),
                frozenset(text),
                frozenset((*title, *heading, *text)),
            )
            rows.append(row)
            known.update(shelved.forms)

    def remove(self, pk: int) -> None:
        """Takes an article away, if it is there."""
        self.versions.pop(pk, None)
        for row in self._rows.pop(pk, ()):
            self._texts.execute("DELETE FROM texts WHERE rowid = ?", [row])
            shelved = self._shelved.pop(row)
            known = self._known[shelved.article.language]
            known.subtract(shelved.forms)
            for form in shelved.forms:
                if not known[form]:
                    del known[form]

    def find(self, question: str, languages: Sequence[str]) -> list[Found]:
        """The articles that answer the question, best first, one for each slug.

        Of translations the one in the question's language is taken, else in the first of
        ``languages`` that there is.
        """
        if not self._shelved:
            return []
        reader, spoken = self._read_by(question, languages)
        said = list(dict.fromkeys(reader.read(question)))
        sought = {form for each in said for form in each.forms}
        if not sought:
            return []
        rows = self._texts.execute(
            "SELECT rowid, -rank FROM texts WHERE texts MATCH ? ORDER BY rank LIMIT ?",
            [" OR ".join(f'"{form}"' for form in sorted(sought)), CANDIDATES],
        )
        scores: dict[int, list[float]] = {}  # of an article's passages that answer, by its pk
        for row, rank in rows:
            shelved = self._shelved[row]
            if (share := _share(said, shelved.forms, reader)) > 0:
                scores.setdefault(shelved.article.pk, []).append(
                    (rank + NAMED * _named(said, shelved)) * share
                )
        wanted = [spoken, *languages]
        best: dict[str, Found] = {}
        for pk, reached in scores.items():
            first, *further = sorted(reached, reverse=True)
            whole = [self._shelved[row] for row in self._rows[pk]]
            score = first + FURTHER * sum(further[:2])
            found = Found(whole[0].article, _in_order(question, said, whole), said, score)
            other = best.get(found.article.slug)
            if other is None or place(found.article.language, wanted) < place(
                other.article.language, wanted
            ):
                best[found.article.slug] = found
        return sorted(best.values(), key=lambda found: (-found.score, found.article.pk))

    def _read_by(self, question: str, languages: Sequence[str]) -> tuple[Language, str]:
        """The language of which most of the question's words are known; the first one in doubt."""
        # A visitor may want any language; what is kept for each must not grow without end.
        spoken = (code for code in languages if main(code) in STEMMED)
        codes = dict.fromkeys([*spoken, *self._known])
        readers = [(language(code), code) for code in codes]
        return max(
            readers,
            key=lambda reader: reader[0].knows(question, self._known.get(reader[1], Counter())),
        )


def _forms(said: Sequence[Said]) -> list[str]:
    return [form for each in said for form in each.forms]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _in_order(question: str, said: Sequence[Said], article: Sequence[Shelved]) -> list[Passage]:
    """An article's passages, the one first that says most of what the others do not."""
    asked = _words(question)
    points = [THE_QUESTION * (_words(each.passage.heading) == asked) for each in article]
    points[0] += BEGINS
    for each in said:
        shares = [0.0] * len(article)
        for form in each.forms:
            if each.meanings and form == each.stem and form in article[0].title:
                continue  # the very word of the title is no sign; those that mean the same count
            headed = any(form in passage.heading for passage in article)
            worth = [_worth(form, passage, headed) for passage in article]
            total = sum(worth) or 1.0
            shares = [
                max(most, value * value / total) for most, value in zip(shares, worth, strict=True)
            ]
        points = [sum(both) for both in zip(points, shares, strict=True)]
    order = sorted(range(len(article)), key=lambda at: (-points[at], at))
    return [article[at].passage for at in order]


def _worth(form: str, passage: Shelved, headed: bool) -> float:
    if form in passage.heading:
        return 1.0 if form in passage.title else HEADED
    return (MENTIONED if headed else 1.0) if form in passage.text else 0.0


def _named(said: Sequence[Said], passage: Shelved) -> int:
    """How many words of the question stand in the passage's heading, and in the title."""
    return sum(
        (not passage.heading.isdisjoint(each.forms)) + (not passage.title.isdisjoint(each.forms))
        for each in said
    )


def _share(said: Sequence[Said], forms: frozenset[str], reader: Language) -> float:
    """How much of the question stands in a passage, 0 to 1; 0 also if it is not enough."""
    has = lacks = missed = 0.0
    for each in said:
        weight = TELLING if reader.telling.intersection(each.meanings) else EVERYDAY
        if forms.isdisjoint(each.forms):
            lacks += weight
            # What a language says besides, nobody has told us where it has no file.
            missed += LACKING if reader.learned else 0.0
        else:
            has += weight
    return has / (has + lacks) if has - missed >= ENOUGH else 0.0
