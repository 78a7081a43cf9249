"""Whether ``offline`` should answer at once, though a provider could be asked.

Only what has one right answer: the state or arrival of one order that is surely known. The gate is
narrow on purpose. All words of the message must be such that nothing else can be meant, and the
answer is said only when it turned out to be about one order. Whatever is left is for the provider.
"""

import re
from collections.abc import Sequence

from langchain_core.messages import AIMessage, BaseMessage

from chat.llm.offline.conversation import ABOUT, read
from chat.llm.offline.intents import Intent
from chat.llm.offline.spelling import words_of
from chat.llm.offline.understanding import wishes

PLAIN = frozenset({Intent.STATUS, Intent.WHEN})

# Nothing but these, and an order's number. No "not", no "it", no "but", nothing of another wish.
ALLOWED = frozenset(
    re.findall(
        r"\w+",
        "hi hello hey please thanks thank you good morning afternoon evening "
        "where when what is are the my any has have been was will can could do does did i me we "
        "know tell check get order parcel package shipment status state news update of on for "
        "about with at now currently come coming arrive arriving arrived deliver delivered "
        "delivery here be ship shipped sent left out dispatched track",
    )
)
# What asks for it, whatever stands around.
ASKS = re.compile(
    r"\b(?:where|when|status|track|news|update|shipped|sent|dispatched|arrived|delivered)\b"
)
# An order of the customer's own: "when do you deliver" asks for a rule of the shop.
OWN = re.compile(r"\b(?:my|the) (?:order|parcel|package|shipment|delivery)\b")
# Asks for a place on the site, or for what the customer should do.
HOW = re.compile(r"\b(?:where|when) (?:can|could|do|did) (?:i|we)\b")
NUMBER = re.compile(
    r"(?:\b(?:number|num|no|nr)\b\.?\s*:?\s*)?#?\b(?:[a-z]{1,6}-)?\d{3,10}\b", re.IGNORECASE
)
SENTENCE_END = re.compile(r"[.?!]+\s+(?=\S)")
# Longer ones say more than that, whatever their words.
WORDS = 16


def plain(messages: Sequence[BaseMessage]) -> bool:
    """Whether the customer's last message asks for the state of one order, and for nothing else."""
    talked = read(messages)
    numbers = NUMBER.findall(talked.text)
    words = words_of(NUMBER.sub(" ", talked.text))
    text = " ".join(words)
    if len(numbers) > 1 or len(words) > WORDS or not ALLOWED.issuperset(words):
        return False
    if not ASKS.search(text) or HOW.search(text) or not (numbers or OWN.search(text)):
        return False
    if sum(bool(ASKS.search(part.lower())) for part in SENTENCE_END.split(talked.text)) > 1:
        return False
    meant = wishes(talked)
    return (
        len(meant) == 1
        and meant[0].intent in PLAIN
        and not (meant[0].angry or meant[0].guess or meant[0].every or meant[0].other)
    )


def sure(messages: Sequence[BaseMessage], said: Sequence[BaseMessage]) -> bool:
    """Whether what ``offline`` would say to ``messages`` is the answer.

    It is about one order, which the customer has named, or which is the only one under way.
    """
    *_, last = said
    about = last.response_metadata.get(ABOUT) if isinstance(last, AIMessage) else None
    if not isinstance(about, dict) or about.get("choices") or about.get("asked") == "which":
        return False
    if any(getattr(message, "status", "") == "error" for message in said):
        return False
    named = NUMBER.search(read(messages).text)
    return len(about.get("orders", ())) == 1 and bool(named or about.get("open"))
