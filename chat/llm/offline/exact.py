"""What exactly is wanted, where the kind of wish is right or near and its words say more.

"Did I get my refund?" is a return's question by its kind, and asks after an order's money.
"""

import re
from typing import TYPE_CHECKING

from chat.llm.offline.intents import Intent

if TYPE_CHECKING:
    from chat.llm.offline.reading import Understanding

Refined = tuple[tuple[frozenset[Intent], re.Pattern[str], Intent], ...]

# It asks or tells whether it was done, rather than that it be done.
IS_CANCELLED = re.compile(
    r"^(?!.*\b(?:want|wanna|need|like|please|can|could|would|must|should|how|get)\b)"
    r".*\b(?:is|are|was|were|been|got|has|have|be)\b(?: \w+){0,5} cancelled\b"
    r"|\b(?:did|have|has) (?:you|they|someone|anyone|somebody|anybody)(?: \w+){0,2}"
    r" cancel(?:led)?\b"
    r"|\byou (?:have )?cancelled\b"
)
IS_ADDRESS = re.compile(
    r"\b(?:is|was|are) (?:my|the|this|that|it)(?: \w+){0,6}"
    r" (?:right|correct|ok|fine|complete|changed)\b"
    r"|\b(?:check|verify|see|tell me) (?:my|the|which|what) (?:\w+ )?address\b"
    r"|\b(?:did|have|has) (?:you|they|my|the|someone)(?: \w+){0,2}"
    r" (?:change|changed|update|updated)\b"
    r"|\b(?:what|which) address (?:do|did|is|was)\b"
)
# "The jars never came, I want my money back": there is nothing to send back.
NEVER_CAME = re.compile(
    r"^(?!.*\b(?:return\w*|sent|send|label)\b)"
    r".*\b(?:not|never|nothing)\b.*\b(?:come|came|arrived?|received?|get|got|here)\b"
)
# How a person is reached, rather than the wish to have one here.
CONTACT = re.compile(
    r"\b(?:phone|telephone|mobile|hotline|e ?mails?|opening|working) ?(?:hours|times?)?\b"
    r"|\bnumber\b.*\b(?:call|ring)\b|\b(?:call|ring)\b.*\bnumber\b"
)
WITH_A_PERSON = re.compile(
    r"\b(?:speak|talk|chat|human|person|people|some(?:one|body)|agent|representative|rep|colleague"
    r"|operator|staff|transfer|connect|manager|adviser|advisor|assistant|call me|ring me)\b"
)
# Of another world, and yet the shop may have written about it.
ACCOUNT = re.compile(r"\b(?:passwords?|log ?in|login|account|newsletters?|unsubscribe|mailing)\b")
# A question of its own behind a yes: "ok can a neighbour take it".
ASKS_MORE = re.compile(r"\b(?:can|could|what|why|how|who|where|when|which|will|is|are|does)\b")

# "Ok" alone takes note; with one of these it is a yes.
PLEASE_DO = re.compile(r"\b(?:send|arrange|do (?:it|that)|go ahead|please|ask)\b")

MONEY = r"(?:refunds?|money|payment|price)"

EXACT: Refined = (
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
        frozenset({Intent.PAYMENT, Intent.PAYMENT_PROBLEM, Intent.RETURN, Intent.RULES}),
        re.compile(
            r"^(?!.*\b(?:back|twice|too much|refund\w*|return\w*)\b).*(?:"
            r"\b(?:what|how much) do i (?:still )?owe\b"
            r"|\bdo i (?:still )?(?:have|need) to pay\b"
            r"|\bhow (?:do|can|should) i pay (?:it|for (?:it|my order|the \w+)|(?:the|my) \w+)\b"
            r"|\bi (?:have )?(?:already )?(?:paid|transferred|wired)(?: for)?"
            r" (?:it|the|my|already)\b"
            r"|\b(?:did|has|have) (?:you )?(?:got |get |received? )?(?:my|the)"
            r" (?:payment|money|transfer)(?: \w+)? (?:arrived?|come|gone?|reach\w*)\b"
            r"|\b(?:iban|bank account)\b|\bwhere (?:do|should|can) i send the money\b)"
        ),
        Intent.PAYMENT_STATUS,
    ),
    (
        frozenset({Intent.OFF_TOPIC, Intent.UNCLEAR}),
        re.compile(
            r"^(?:hi|hello|hey|good (?:morning|day|afternoon|evening))\b(?: \w+){0,5} questions?$"
        ),
        Intent.GREETING,
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
    return refined(said, EXACT)


def refined(said: "Understanding", table: Refined) -> Intent | None:
    """What the table makes of an intent whose words match; None where nothing does."""
    return next(
        (
            meant
            for intents, pattern, meant in table
            if said.intent in intents and pattern.search(said.plain)
        ),
        None,
    )
