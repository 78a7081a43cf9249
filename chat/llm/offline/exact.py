"""What exactly is wanted, where the kind of wish is right or near and its words say more.

"Did I get my refund?" is a return's question by its kind, and asks after an order's money.
"""

import re
from typing import TYPE_CHECKING

from chat.llm.offline.intents import Intent

if TYPE_CHECKING:
    from chat.llm.offline.reading import Understanding

MONEY = r"(?:refunds?|money|payment|price)"

EXACT: tuple[tuple[frozenset[Intent], re.Pattern[str], Intent], ...] = (
    (
        frozenset({Intent.RETURN, Intent.RULES, Intent.CONTENTS}),
        re.compile(
            rf"\b(?:did|have) (?:i|you) (?:\w+ )?(?:get|got|receive|received|send|sent|pay|paid) "
            rf"(?:me )?(?:my |the |a )?{MONEY}\b"
            rf"|\bwhere (?:is|are) (?:my|the) (?:\w+ )?(?:returns?|{MONEY})\b"
            r"|\b(?:sent|posted|returned) (?:it|them|that|everything) (?:back )?"
            r"(?:\w+ )?(?:ago|week|month|days?|yesterday|monday|friday)\b"
            r"|\bhow much (?:did|do|will) i get back\b"
            r"|\bdid you (?:get|receive) (?:it|(?:my|the) (?:\w+ )?\w+) back\b"
        ),
        Intent.REFUND_STATUS,
    ),
    (
        frozenset({Intent.PAYMENT, Intent.PAYMENT_STATUS, Intent.PAYMENT_PROBLEM}),
        re.compile(
            r"\b(?:failed|declined|rejected|refused|error|not (?:work|go through))\b"
            r".*\b(?:gone|taken|charged|debited|deducted|received|paid)\b"
        ),
        Intent.OVERCHARGED,
    ),
    (
        frozenset({Intent.PAYMENT}),
        re.compile(
            r"\b(?:what|how much) do i (?:still )?owe\b"
            r"|\bdo i (?:still )?(?:have|need) to pay\b"
            r"|\bhow (?:do|can|should) i pay (?:it|for (?:it|my order|the \w+))\b"
            r"|\bi (?:have )?(?:already )?(?:transferred|wired) (?:it|the|my)\b"
        ),
        Intent.PAYMENT_STATUS,
    ),
    (
        frozenset({Intent.NOT_RECEIVED}),
        re.compile(
            r"\b(?:can|could|may) (?:someone|somebody|my|anyone|another)\b.*\b(?:collect|pick)\b"
        ),
        Intent.STATUS,
    ),
)


def exactly(said: "Understanding") -> Intent | None:
    """What it is by its words; None where its kind says all."""
    return next(
        (
            meant
            for intents, pattern, meant in EXACT
            if said.intent in intents and pattern.search(said.plain)
        ),
        None,
    )
