"""The words that we know, to which misspelt ones are corrected."""

import re

from chat.llm.offline import rules
from chat.llm.offline.meanings import SHOP
from chat.llm.offline.spelling import COMMON, Speller, words_of

INFLECTED = re.findall(
    r"\w+",
    "arrive arrived arriving arrives article articles cancel cancelled cancelling cancellation "
    "change changed changing deliver delivered delivering delivery deliveries dispatched item "
    "items neighbour order orders ordered ordering package packages parcel parcels payment "
    "payments purchase receive received receiving refund refunded refunds return returned "
    "returning returns ship shipped shipping shipment shipments tracking where waiting "
    "yesterday tomorrow today thanks hello address please",
)
# Of ours, but perhaps in the name of an article too.
MAY_BE_SOLD = frozenset(
    re.findall(
        r"\w+",
        "box boxes card cards cash check chat display edit letter phone post posted poster ring "
        "rings telephone wallet location stuff table shoes void axe slow charger dhl dpd ups gls "
        "hermes fedex usps",
    )
)
SHOP_WORDS = {word for words in SHOP.values() for word in words.split()}
SPELLER = Speller({*rules.words_in_phrases(), *INFLECTED, *SHOP_WORDS})

# Asking, stating and being polite: no article is called so.
SAID_AROUND = frozenset(
    re.findall(
        r"\w+",
        "able according actually advise already although anyway appreciate assistance available "
        "certain clarify concerning confirm could currently difficult directly discuss does else "
        "enough explain fact finally first following further guidance guide happen happened "
        "however immediately inquire inform information instruct instructions interested issue "
        "issues kindly knowing learn little lot mention might moment morning necessary needed "
        "notice obtain once order particular possibility possible problem problems proceed "
        "process procedure provide question questions quickly recently regarding related request "
        "requested requesting require required resolve respond response seem seems several simply "
        "situation somehow specific step steps submit sure therefore trouble trying understand "
        "unable unfortunately urgent urgently using various whether willing wish wished "
        "wondering wonder evening afternoon days weeks months hours minutes today tonight "
        "monday tuesday wednesday thursday friday saturday sunday january february march april "
        "june july august september october november december christmas birthday",
    )
)
NOT_AN_ARTICLE = (
    COMMON | (SPELLER.known - MAY_BE_SOLD) | rules.words_in_phrases() | SAID_AROUND
)  # fmt: skip


def plain_words(text: str) -> list[str]:
    """The message's words, plain and spelt right."""
    return [SPELLER.correct(word) for word in words_of(text)]
