"""The search of this process: an index in memory that is never older than a second."""

import threading
import time
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.conf import settings

from chat.help.index import Article, Found, Index
from chat.help.markdown import Passage
from chat.help.models import HelpArticle, address
from chat.help.words import Said, language

# Seconds for which what is known of the database counts as true.
TRUE_FOR = 1.0
QUESTION_CHARS = 400
# Articles that are asked for by their keys; with more than these, all are read.
FEW = 200
FOUND_AT_MOST = 3
# Longer articles are told by the passages that answer the question.
TEXT_CHARS = 1_500
QUOTE_CHARS = 360


class Hit(NamedTuple):
    """An article that answers a question."""

    slug: str
    title: str
    language: str
    url: str  # a path
    text: str  # Markdown: all of it, or the passages that answer
    heading: str  # above the passage that answers best; may be empty
    quote: str  # whole sentences of that passage, plain


class Search:
    """Searches the published articles, as they are or were ``true_for`` seconds ago.

    For any number of threads, and not for an event loop: it asks the database. Each thread that
    finds its knowledge old asks for itself, so that none waits for another's query.
    """

    def __init__(self, true_for: float = TRUE_FOR) -> None:
        self._true_for = true_for
        self._lock = threading.Lock()
        self._index = Index()
        self._asked = float("-inf")

    def find(self, question: str, *languages: str) -> list[Hit]:
        """The articles that answer the question, best first; none where none does.

        ``languages`` are those that the reader wants, best first. The question's own goes before
        them, the site's after them, and any other is better than nothing.

        Raises:
            django.db.Error: if the database does not answer.
        """
        self._refresh()
        wanted = list(dict.fromkeys([*languages, settings.LANGUAGE_CODE]))
        with self._lock:
            found = self._index.find(question[:QUESTION_CHARS], wanted)
        return [_hit(each) for each in found[:FOUND_AT_MOST]]

    def expire(self) -> None:
        """Has the next search ask the database, however fresh its knowledge is."""
        self._asked = float("-inf")

    def _refresh(self) -> None:
        now = time.monotonic()
        if now - self._asked < self._true_for:
            return
        published = HelpArticle.objects.filter(published=True)
        # Of every article: a newest time and a count do not show that one which was saved earlier
        # has been committed later, or that one went while another came.
        versions: dict[int, datetime] = dict(published.values_list("pk", "updated_at"))
        with self._lock:
            known = dict(self._index.versions)
        new = [pk for pk, version in versions.items() if known.get(pk) != version]
        fields = ("pk", "updated_at", "slug", "title", "language", "body")
        changed = (
            [Article(*row) for row in published.filter(pk__in=new).values_list(*fields)]
            if len(new) < FEW
            else [Article(*row) for row in published.values_list(*fields)]
        )
        with self._lock:
            for pk in known.keys() - versions.keys():
                self._index.remove(pk)
            for article in changed:
                if self._index.versions.get(article.pk) != article.version:
                    self._index.put(article)
            self._asked = max(self._asked, now)


search = Search()


def _hit(found: Found) -> Hit:
    article = found.article
    best = found.passages[0]
    return Hit(
        article.slug,
        article.title,
        article.language,
        address(article.slug, article.language),
        _text(article.body, found.passages),
        best.heading,
        quote(best, found.said, article.language),
    )


def _text(body: str, answering: Sequence[Passage]) -> str:
    if len(body) <= TEXT_CHARS:
        return body
    text = ""
    for passage in answering:
        if text and len(text) + len(passage.source) > TEXT_CHARS:
            break
        text = f"{text}\n\n{passage.source[:TEXT_CHARS]}".strip()
    return text


def quote(passage: Passage, said: Sequence[Said], code: str) -> str:
    """Whole sentences of the passage: all that fit, beginning where the answer is."""
    reader = language(code)
    sentences = passage.sentences
    if sum(map(len, sentences)) <= QUOTE_CHARS:
        return " ".join(sentences)
    sought = {form for each in said for form in each.forms}
    fits = [
        len(sought & {form for each in reader.read(sentence) for form in each.forms})
        for sentence in sentences
    ]
    at = max(range(len(sentences)), key=lambda i: (fits[i], -i))
    quoted = sentences[at][: 2 * QUOTE_CHARS]
    for sentence in sentences[at + 1 :]:
        if len(quoted) + len(sentence) > QUOTE_CHARS:
            break
        quoted = f"{quoted} {sentence}"
    return quoted
