"""Orders to choose from, and what was not found among them."""

from collections.abc import Sequence
from datetime import date

from chat.llm.offline.conversation import Facts
from chat.llm.offline.intents import Intent
from chat.llm.offline.wording import several as many
from chat.llm.offline.wording import talk
from chat.llm.offline.wording.phrases import count, listing

SHOW_AT_MOST = 10


def all_orders(listed: Sequence[Facts], more: bool, today: date, *, awaited: bool) -> str:
    """The customer's orders, newest first; or those ``awaited``."""
    shown = listed[:SHOW_AT_MOST]
    if awaited:
        if len(listed) == 1:
            return f"You wait for one order:\n{many.brief(shown[0], today)}"
        return f"You wait for these, newest first:\n{many.numbered(shown, today)}"
    if len(shown) == 1:
        return f"You have one order:\n{many.brief(shown[0], today)}"
    older = len(listed) - len(shown)
    rest = "\nThere are older ones too; name the number, and I look it up." if older or more else ""
    return f"These are your orders, newest first:\n{many.numbered(shown, today)}{rest}"


def which(intent: Intent, offered: Sequence[Facts], today: date, *, all_in_all: str = "") -> str:
    """The orders that may be meant, with their states, and the question."""
    ask = {
        Intent.CANCEL: "Which one do you want to cancel?",
        Intent.ADDRESS: "Which one is the address for?",
        Intent.NOT_RECEIVED: "Which one is missing?",
    }.get(intent, "Which one do you mean?")
    number = count(len(offered)).capitalize()
    head = f"{number} orders come into question:"
    if all_in_all:
        head = f"{all_in_all} orders come into question; the newest {count(len(offered))} are:"
        ask = f"{ask} The number or the article is enough."
    return f"{head}\n{many.numbered(offered, today)}\n{ask}"


def not_found(numbers: Sequence[str], listed: Sequence[Facts], today: date) -> str:
    """That there is no such order in the customer's account."""
    named = listing([f"#{number}" for number in numbers], "or")
    if not listed:
        return f"I cannot find {named} in your account. {talk.NO_ORDERS}"
    if len(listed) == 1:
        only = many.named(listed[0], today)
        return (
            f"I cannot find {named} in your account. Your only order is {only}. Do you mean that?"
        )
    shown = many.names(listed[:5], today)
    return f"I cannot find {named} in your account. Your newest orders are:\n{shown}\n" + (
        "Is it one of these?"
    )


def no_such_article(words: str, shown: Sequence[Facts], today: date, *, older: bool) -> str:
    """That no order holds what was asked about."""
    which = "newest orders" if older else "orders"
    older_ones = " If it was an older one, its number helps me." if older else ""
    return (
        f"I cannot find “{words}” in your {which}. The newest are:\n{many.names(shown, today)}\n"
        f"Is it one of these?{older_ones}"
    )
