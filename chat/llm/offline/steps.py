"""A step of a turn: tools to call, or something to say."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from chat.llm.offline.conversation import About, Conversation

REASON_CHARS = 300
# Orders that one answer tells of; more would be a wall of text.
ORDERS_AT_ONCE = 5


@dataclass(frozen=True)
class Calls:
    """Tools to call, with their arguments."""

    tools: tuple[tuple[str, dict[str, Any]], ...]


@dataclass(frozen=True)
class Say:
    """The answer, and what it was about."""

    text: str
    about: About = field(default_factory=About)


Step = Calls | Say

LIST = Calls((("list_orders", {}),))


def get(numbers: Sequence[str]) -> Calls:
    """Look these orders up."""
    wanted = numbers[:ORDERS_AT_ONCE]
    return Calls(tuple(("get_order", {"order_number": number}) for number in wanted))


def call_a_person(reason: str) -> Calls:
    """Put the conversation before the shop's staff."""
    return Calls((("request_human", {"reason": reason}),))


def today(talked: Conversation) -> date:
    """The day of this turn, in the shop's time zone."""
    return date.fromisoformat(talked.looked_up.today)


def quote(talked: Conversation) -> str:
    """The customer's words, for whoever reads why they were called."""
    words = " ".join(talked.verbatim.split())
    return f"“{words[:REASON_CHARS]}{'…' if len(words) > REASON_CHARS else ''}”"
