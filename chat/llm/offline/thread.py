"""What short words mean after what was said before: "why?", "the rest?", "is that the red one?".

Each holds only where it makes sense: after an order was spoken of, after a colleague was asked,
after a parcel was not where it was left. The words themselves stand in ``short_words``.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from chat.llm.offline import short_words as words
from chat.llm.offline.conversation import Conversation
from chat.llm.offline.intents import Intent

if TYPE_CHECKING:
    from chat.llm.offline.reading import Understanding

SHORT = 6

NO_ORDER = frozenset(
    {
        Intent.PERSON, Intent.PAYMENT, Intent.RETURN, Intent.REFUND_STATUS, Intent.RULES,
        Intent.OFF_TOPIC, Intent.IDENTITY, Intent.CAPABILITIES, Intent.DAMAGED, Intent.ADDRESS,
    }
)  # fmt: skip
NO_WISH = frozenset({Intent.UNCLEAR, Intent.YES, Intent.NO, Intent.GREETING, Intent.THANKS})
# What a message may be taken for that says little beside an order's number.
NOT_SAID = NO_WISH | {Intent.CAPABILITIES, Intent.OFF_TOPIC}
ACTING = (Intent.CANCEL, Intent.ADDRESS)
RETURNABLE = (Intent.CANCEL, Intent.RETURN)
ASKS_WHERE = (Intent.STATUS, Intent.WHEN, Intent.LIST)
MONEY = frozenset(
    {Intent.PAYMENT, Intent.PAYMENT_STATUS, Intent.CONTENTS, Intent.UNCLEAR, Intent.LIST}
)
Fits = Callable[["Understanding", Conversation], bool]


def _spoken(said: "Understanding", talked: Conversation) -> bool:
    """An order or a choice of them was spoken of."""
    return bool(talked.focus or talked.choices)


def _of_an_order(said: "Understanding", talked: Conversation) -> bool:
    return bool(talked.focus) and said.intent not in NO_ORDER


def _about_an_article(said: "Understanding", talked: Conversation) -> bool:
    return bool(talked.focus and said.words) and len(talked.focus) == 1


def _left_somewhere(said: "Understanding", talked: Conversation) -> bool:
    return (
        (
            talked.before.asked == "missing"
            or (talked.before.asked == "person" and talked.before.intent == Intent.NOT_RECEIVED)
            or (talked.about.intent == Intent.NOT_RECEIVED and "still" in said.plain)
        )
        and said.intent not in (Intent.PERSON, Intent.THANKS)
        and not words.WHO.search(said.plain)
    )


FOLLOW_UPS: tuple[tuple[Intent, re.Pattern[str], Fits], ...] = (
    (Intent.FOUND, words.FOUND, lambda said, talked: talked.before.intent == Intent.NOT_RECEIVED
        and not words.NOT_FOUND.search(said.plain)),
    (Intent.STILL_MISSING, words.STILL_MISSING, _left_somewhere),
    (Intent.NOT_RECEIVED, words.NOT_THERE, lambda said, talked: bool(talked.focus)
        and talked.order_intent in (Intent.STATUS, Intent.WHEN)
        and said.intent in (Intent.UNCLEAR, Intent.OFF_TOPIC, Intent.ADDRESS, Intent.NO)),
    (Intent.RETURN, words.OF_A_RETURN, lambda said, talked: talked.before.intent == Intent.RETURN
        and said.intent not in (Intent.CANCEL, Intent.PERSON, Intent.REFUND_STATUS)),
    (Intent.RETURN, words.HOW, lambda said, talked: talked.before.intent in RETURNABLE),
    (Intent.PERSON, words.COLLEAGUE, lambda said, talked: talked.before.called
        or talked.before.intent == Intent.PERSON),
    (Intent.KEEP, words.KEEP, lambda said, talked: _spoken(said, talked) or "cancel" in said.plain),
    (Intent.NO, words.NO_PERSON, lambda said, talked: said.intent is Intent.PERSON),
    (Intent.UNCLEAR, words.NOT_ASKED, lambda said, talked: not talked.first),
    (Intent.NO, words.NEVER_MIND, lambda said, talked: (said.guess or said.intent is Intent.UNCLEAR)
        and not talked.before.called),
    (Intent.KEEP, words.TAKEN_BACK, lambda said, talked: talked.before.called),
    (Intent.OVERCHARGED, words.OVERCHARGED, lambda said, talked: said.intent in MONEY),
    (Intent.REFUND_STATUS, words.HOW_MUCH, lambda said, talked: bool(talked.focus)
        and talked.order_intent in (Intent.RETURN, Intent.REFUND_STATUS)),
    (Intent.REFUND_STATUS, words.MONEY_BACK, lambda said, talked: bool(talked.focus)
        and said.intent is Intent.RETURN and talked.order_intent == Intent.CANCEL),
    (Intent.REFUND_STATUS, words.PAID, lambda said, talked: bool(talked.focus)
        and said.intent in (Intent.PAYMENT, Intent.PAYMENT_STATUS)
        and talked.order_intent == Intent.REFUND_STATUS),
    (Intent.PRICE, words.HOW_MUCH, lambda said, talked: bool(talked.focus)),
    (Intent.PRICE, words.PRICE, lambda said, talked: (said.guess or said.intent in MONEY)
        and not words.NO_PRICE.search(said.plain)),
    (Intent.WHICH_FIRST, words.WHICH_FIRST, lambda said, talked: True),
    (Intent.ANY_LATE, words.ANY_LATE, lambda said, talked: True),
    (Intent.ANY_DUE, words.ANY_DUE, lambda said, talked: True),
    (Intent.ANY_DUE, words.DAY, lambda said, talked: talked.before.intent == Intent.ANY_DUE
        and len(said.plain.split()) <= SHORT),
    (Intent.ANY_READY, words.ANY_READY, lambda said, talked: said.intent in ASKS_WHERE
        and not (said.words or said.refers or talked.focus)),
    (Intent.ANY_READY, words.WAITS, lambda said, talked: said.intent is Intent.DELIVERY_OPTIONS
        and not (said.words or said.refers)),
    (Intent.STATUS, words.MISSED, lambda said, talked: said.intent is Intent.ADDRESS
        and "address" not in said.plain),
    (Intent.CANCELLABLE, words.CANCELLABLE, lambda said, talked: said.intent in (Intent.CANCEL,
        Intent.CANCEL_RULE, Intent.LIST) and not (said.words or said.numbers)),
    (Intent.CANCEL, words.CANCEL_ALL, lambda said, talked: said.intent is Intent.LIST),
    (Intent.NOT_THAT, words.NOT_THAT, lambda said, talked: bool(talked.focus)),
    (Intent.NO, words.NOT_THAT, lambda said, talked: bool(talked.before.choices)),
    (Intent.STATUS, words.IS_THERE, lambda said, talked: bool(talked.focus)
        and said.intent in (Intent.UNCLEAR, Intent.YES, Intent.NO, Intent.CONTENTS)),
    (Intent.PAYMENT_STATUS, words.GOT_MONEY, lambda said, talked: True),
    (Intent.DONE, words.DONE, lambda said, talked: talked.about.called),
    (Intent.SURE, words.SURE, lambda said, talked: not talked.first),
    (Intent.CARRIER, words.CARRIER, lambda said, talked: bool(talked.focus)
        and talked.before.intent != Intent.PERSON),
    (Intent.PERSON, words.CARRIER, lambda said, talked: talked.before.intent == Intent.PERSON),
    (Intent.MEANING, words.MEANING, lambda said, talked: bool(talked.focus)),
    (Intent.WHY, words.WHY, _of_an_order),
    (Intent.IS_IT, words.IS_IT, _about_an_article),
    (Intent.REST, words.REST, _spoken),
    (Intent.REST, re.compile(r"\bother$"), lambda said, talked: _spoken(said, talked)
        and bool(words.OTHERS.search(talked.text))),
    (Intent.NO, words.DECLINES, lambda said, talked: bool(talked.before.asked)),
    (Intent.STATUS, words.CHECK_AGAIN, _of_an_order),
    (Intent.CONTENTS, words.KIND, lambda said, talked: bool(said.words)),
    (Intent.CONTENTS, re.compile(""), lambda said, talked: said.intent is Intent.LIST
        and bool(said.numbers or said.bare_numbers)),
    (Intent.STATUS, words.PICK_UP, lambda said, talked: bool(said.words or talked.focus)),
    (Intent.STATUS, re.compile(""), lambda said, talked: bool(said.tracking)
        and said.intent in NOT_SAID),
    (Intent.STATUS, words.OF_A_NUMBER, lambda said, talked: said.intent in NOT_SAID),
    (Intent.WHY, words.MISSING_IN_ADDRESS, lambda said, talked: said.intent is Intent.ADDRESS),
    (Intent.STATUS, words.MANY_ROUTES, lambda said, talked: said.intent is Intent.LIST),
    (Intent.WHEN, words.DAY, lambda said, talked: bool(talked.focus)
        and said.intent in (Intent.UNCLEAR, Intent.STATUS)
        and len(said.plain.split()) <= SHORT),
)  # fmt: skip

# So sure of "off topic", a first message is not taken for a question about orders by its form.
SETTLED = 0.5


def follow_up(said: "Understanding", talked: Conversation) -> Intent | None:
    """What the words are after what was said; None where they stand for themselves."""
    settled = said.intent is Intent.OFF_TOPIC and said.sure >= SETTLED
    if talked.first and settled and not words.OF_A_NUMBER.search(said.plain):
        return None
    for intent, pattern, fits in FOLLOW_UPS:
        if fits(said, talked) and pattern.search(said.plain):
            return intent
    if said.guess and talked.order_intent and words.SAME.search(said.plain):
        return Intent(talked.order_intent)
    if said.intent is Intent.LIST and said.where.state:
        return Intent.STATUS
    points = said.where or (said.words and words.WITH.search(said.plain))
    if said.intent in NO_WISH and points and _spoken(said, talked):
        last = talked.order_intent or Intent.STATUS
        again = last not in ACTING or talked.before.asked == "which"
        return Intent(last) if again else Intent.STATUS
    return None
