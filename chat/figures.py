"""What an answer took: who gave it, its tokens and their cost, its seconds.

Kept with the answer's last message (``marks.FIGURES``), and so copied to the transcript with it.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from langchain_core.messages import BaseMessage

from chat.prices import Price

# What an English word costs, roughly, in models of any maker; for streams that broke before they
# said what they had cost. https://platform.openai.com/tokenizer
CHARACTERS_A_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens read and written. ``cached`` are among those read, ``reasoning`` among the written."""

    read: int = 0
    cached: int = 0
    written: int = 0
    reasoning: int = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(
            self.read + other.read,
            self.cached + other.cached,
            self.written + other.written,
            self.reasoning + other.reasoning,
        )

    @property
    def all(self) -> int:
        return self.read + self.written

    @classmethod
    def counted(cls, usage: Mapping[str, Any]) -> Self:
        """As LangChain's ``usage_metadata`` has them."""
        return cls(
            usage.get("input_tokens") or 0,
            (usage.get("input_token_details") or {}).get("cache_read") or 0,
            usage.get("output_tokens") or 0,
            (usage.get("output_token_details") or {}).get("reasoning") or 0,
        )

    @classmethod
    def guessed(cls, read: Iterable[BaseMessage], written: str) -> Self:
        """By the length of the words, where the provider does not tell."""
        characters = sum(len(str(message.text)) for message in read)
        return cls(_tokens(characters), 0, _tokens(len(written)))


def _tokens(characters: int) -> int:
    return -(-characters // CHARACTERS_A_TOKEN)


@dataclass(slots=True)
class Figures:
    """Of one answer; ``model`` is the one that gave its last words.

    ``because`` is why that was not the provider's, ``first`` and ``whole`` are the milliseconds to
    the first words and to the last, ``guessed`` says that a provider did not tell all its tokens.
    """

    model: str
    because: str = ""
    tokens: Tokens = Tokens()
    guessed: bool = False
    steps: int = 0
    tools: int = 0
    first: int = 0
    whole: int = 0

    def cost(self, price: Price | None) -> int | None:
        """In millionths of the price table's currency, rounded up; None where nobody knows.

        What no provider was asked for costs nothing.
        """
        if not self.tokens.all:
            return 0
        if price is None:
            return None
        fresh = self.tokens.read - self.tokens.cached
        exact = (
            fresh * price.read
            + self.tokens.cached * price.cached
            + self.tokens.written * price.written
        )
        return math.ceil(exact)

    def as_json(self, price: Price | None) -> dict[str, Any]:
        """For the mark; what is nothing is left out, but for the cost, which is left out only
        where it is not known."""
        found: dict[str, Any] = {
            "model": self.model,
            "because": self.because,
            "read": self.tokens.read,
            "cached": self.tokens.cached,
            "written": self.tokens.written,
            "reasoning": self.tokens.reasoning,
            "guessed": self.guessed,
            "steps": self.steps,
            "tools": self.tools,
            "first": self.first,
            "whole": self.whole,
        }
        found = {name: value for name, value in found.items() if value}
        cost = self.cost(price)
        return found if cost is None else found | {"cost": cost}
