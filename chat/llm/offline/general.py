"""Questions about how the shop does something, not about an order of the customer's.

"How long does a refund take?" is answered from the shop's articles, "where is my refund?" from an
order. The words of both are much the same, so this looks for what only a general question has.
"""

import re
from typing import TYPE_CHECKING

from chat.llm.offline.exact import Refined, refined
from chat.llm.offline.intents import Intent

if TYPE_CHECKING:
    from chat.llm.offline.reading import Understanding

# Narrower than the rules' ORDER: whoever asks how long "my articles" take may ask in general.
THING = r"(?:orders?|parcels?|packages?|deliver\w*|shipments?|stuff|things?|refunds?|money)"
# Something that the customer has, or was spoken of: "it", unless that is what "a parcel" is called.
OWN = re.compile(rf"\b(?:(?:my|our|the|this|that|these|those) (?:\w+ )?{THING}|mine)\b")
IT = re.compile(r"\b(?:it|them|they|this one|that one)\b")
ANY = re.compile(rf"\ban? (?:\w+ )?{THING}\b")
LOCKER = (
    r"(?:packstations?|(?:parcel |amazon )?lockers?|(?:parcel|dhl|ups|post) (?:shops?|stations?)"
    r"|(?:pick ?up|collection|drop ?off) (?:points?|shops?|stations?|places?)|post offices?)"
)

GENERAL: Refined = (
    (
        frozenset({Intent.WHEN, Intent.STATUS}),
        re.compile(
            r"\bhow (?:long|fast|quick|quickly|soon|many (?:\w+ )?(?:days|weeks))\b.*"
            r"\b(?:ship|shipping|deliver|delivery|deliveries|send|sending|post|postage|orders|parcels|packages)\b"
        ),
        Intent.DELIVERY_TIME,
    ),
    (
        frozenset({Intent.REFUND_STATUS}),
        re.compile(r"\b(?:a refund|refunds|refunding|to (?:be )?refund(?:ed)?)\b"),
        Intent.RETURN,
    ),
    (
        frozenset({Intent.PAYMENT_STATUS}),
        re.compile(
            r"\b(?:card|paypal|payments?)\b.*\b(?:declined|rejected|refused|fail|fails|failed|failing)\b"
        ),
        Intent.PAYMENT_PROBLEM,
    ),
    (
        frozenset({Intent.ADDRESS}),
        re.compile(
            r"\baddress(?:es)? (?:changes?|corrections?)\b.*"
            r"\b(?:work|works|possible|allowed|cost|free)\b"
            r"|\b(?:policy|rules?|procedure|process|deadline)\b.*\baddress"
        ),
        Intent.ADDRESS_BOOK,
    ),
    (
        frozenset({Intent.ADDRESS}),
        re.compile(rf"\b(?:can|could|may|do|does|is it possible|possible)\b.*\b{LOCKER}\b"),
        Intent.DELIVERY_OPTIONS,
    ),
    (
        frozenset({Intent.NOT_RECEIVED, Intent.STATUS, Intent.WHEN}),
        re.compile(
            r"\bwhat (?:happens|if|(?:do|should|can|must|shall) (?:i|we|you) do)(?: when| if)?"
            r" (?:an?|some|something|goods|parcels|packages|orders)\b"
        ),
        Intent.RULES,
    ),
    (
        frozenset({Intent.PERSON}),
        re.compile(
            r"\b(?:(?:do|must|should|would) i (?:need|have|really)?|is it necessary)\b.*"
            r"\bto (?:return|send|cancel|change|exchange|get|order|pay|track)\b"
        ),
        Intent.RULES,
    ),
)


def in_general(said: "Understanding") -> Intent | None:
    """What it is where the question is about no order; None where it may be about one."""
    plain = said.plain
    if said.refers or OWN.search(plain) or (IT.search(plain) and not ANY.search(plain)):
        return None
    return refined(said, GENERAL)
