"""What a text says, for searching: stems of its words, and the meanings that they share.

Customers rarely use an article's own words: they write "smashed" where it says "damaged". So beside
its stem a word carries the meanings that ``meanings/LANGUAGE.txt`` gives it, and two words with one
meaning find each other. A language without such a file is searched by stems alone.
"""

import re
from collections import defaultdict
from collections.abc import Container
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import snowballstemmer

from chat.help.languages import main

MEANINGS = Path(__file__).parent / "meanings"
# The languages that Snowball stems, https://snowballstem.org/algorithms/
STEMMED = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish",
    "fr": "french", "ga": "irish", "hu": "hungarian", "hy": "armenian", "id": "indonesian",
    "it": "italian", "lt": "lithuanian", "nb": "norwegian", "nl": "dutch", "nn": "norwegian",
    "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "sv": "swedish", "tr": "turkish",
}  # fmt: skip
WORD = re.compile(r"[^\W_]+")
# Stands in a phrase for any word.
ANY = "*"
WORD_OR_ANY = re.compile(rf"{WORD.pattern}|\*")
NOTHING, THINGS = "nothing", "things"
# Before the name of a meaning whose words are said of other matters too.
EVERYDAY = "~"


class Said(NamedTuple):
    """A word or a phrase: its stem, which may be empty, and the names of its meanings."""

    stem: str
    meanings: tuple[str, ...] = ()

    @property
    def forms(self) -> tuple[str, ...]:
        """What it is looked for by: a text that has one of these speaks of it."""
        meanings = (f"_{meaning}" for meaning in self.meanings)
        return (self.stem, *meanings) if self.stem else tuple(meanings)


class Language:
    """How one language's words are read; made by :func:`language`."""

    def __init__(self, code: str) -> None:
        stemmer = snowballstemmer.stemmer(STEMMED[code]) if code in STEMMED else None
        self._stem = lru_cache(50_000)(stemmer.stemWord if stemmer else str)
        self._silent: set[str] = set()
        # Meanings that a shop's matters alone have; "order" and "open" have others too.
        self.telling: set[str] = set()
        self._meanings: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._longest: dict[str, int] = defaultdict(lambda: 1)
        file = MEANINGS / f"{code}.txt"
        if file.exists():
            self._learn(file.read_text())

    def read(self, text: str) -> list[Said]:
        """What the text says, in its order, without what says nothing."""
        stems = self.stems(text)
        said, at = [], 0
        while at < len(stems):
            for length in range(min(self._longest[stems[at]], len(stems) - at), 0, -1):
                words = tuple(stems[at : at + length])
                if meanings := self._mean(words):
                    # "How much" alike is no sign; "bank transfer" is.
                    empty = length > 1 and self._silent.issuperset(words)
                    said.append(Said("" if empty else "_".join(words), meanings))
                    break
            else:
                length = 1
                if stems[at] not in self._silent:
                    said.append(Said(stems[at]))
            at += length
        return said

    @property
    def learned(self) -> bool:
        """Whether it has a file, and so knows which words say nothing."""
        return bool(self._silent)

    def knows(self, text: str, further: Container[str]) -> float:
        """The share of the text's words that it knows, or that are among the ``further`` stems."""
        stems = self.stems(text)
        known = (
            stem in self._silent or (stem,) in self._meanings or stem in further for stem in stems
        )
        return sum(known) / len(stems) if stems else 0.0

    def stems(self, text: str) -> list[str]:
        """The stems of all its words."""
        return [self._stem(word) for word in WORD.findall(text.lower())]

    def _mean(self, words: tuple[str, ...]) -> tuple[str, ...]:
        meanings = self._meanings.get(words)
        if meanings is None and len(words) > 2:
            meanings = self._meanings.get((words[0], ANY, *words[2:]))
        return meanings or ()

    def _learn(self, lines: str) -> None:
        meanings: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for line in lines.splitlines():
            name, colon, entries = line.partition(":")
            if line.startswith("#") or not colon:
                continue
            phrases = {
                tuple(
                    word if word == ANY else self._stem(word) for word in WORD_OR_ANY.findall(entry)
                )
                for entry in entries.lower().split(",")
            } - {()}
            if not name.startswith(EVERYDAY):
                self.telling.add(name)
            name = name.removeprefix(EVERYDAY)
            if name in (NOTHING, THINGS):
                self._silent |= {words[0] for words in phrases if len(words) == 1}
                continue
            for words in phrases:
                meanings[words].append(name)
        for words, names in meanings.items():
            self._meanings[words] = tuple(names)
            self._longest[words[0]] = max(self._longest[words[0]], len(words))


def language(code: str) -> Language:
    """How words in the language ``code`` are read."""
    return _language(main(code))


@cache
def _language(code: str) -> Language:
    return Language(code)
