"""Words that nobody else has, so that they betray where somebody's words or orders end up."""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

# Letters that make no words, so that no model reads anything into them.
_CONSONANTS = "bcdfghjklmnpqrstvwxz"
_SHAPE = re.compile(rf"drill(?:-?[0-9]{{14}}|[{_CONSONANTS}]{{16}})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Canary:
    """``what`` it stands in, such as "tracking number", and ``whose`` that is (a customer)."""

    what: str
    whose: str


class Canaries:
    """All canaries of a drill. Any of them is found in a text by its shape, whoever owns it."""

    def __init__(self) -> None:
        self._known: dict[str, Canary] = {}

    def number(self, what: str, whose: str) -> str:
        """A new one that reads as an order's or a parcel's number."""
        return self._new(f"DRILL-{secrets.randbelow(10**14):014}", what, whose)

    def word(self, what: str, whose: str) -> str:
        """A new one of letters only, which no model takes for a number."""
        letters = "".join(secrets.choice(_CONSONANTS) for _ in range(16))
        return self._new(f"drill{letters}", what, whose)

    def found_in(self, text: str) -> Iterator[tuple[str, Canary]]:
        """Each canary in ``text``, in lower case, and what it is."""
        for found in _SHAPE.findall(text):
            key = found.lower()
            if key in self._known:
                yield key, self._known[key]

    def _new(self, canary: str, what: str, whose: str) -> str:
        self._known[canary.lower()] = Canary(what, whose)
        return canary
