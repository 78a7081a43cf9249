"""Phrases that show what customers want, with weights.

Each phrase is a pattern over plain words (see ``spelling``) with a weight; the weights of an intent
add up. Weights: 1 a hint, 3 fairly sure, 5 sure, 8 sure against everything else. The classifier
sees which of them were found; they decide alone where it is not sure.
"""

import re

from chat.llm.offline.intents import Intent
from chat.llm.offline.rules import orders, shop, talk

PHRASES = orders.PHRASES | shop.PHRASES | talk.PHRASES
WEIGHED = {
    intent: tuple((weight, re.compile(rf"\b(?:{pattern})")) for weight, pattern in phrases)
    for intent, phrases in PHRASES.items()
}
# Whether any of an intent's phrases is there: of most intents there is none.
ANY = {
    intent: re.compile(rf"\b(?:{'|'.join(pattern for _, pattern in phrases)})")
    for intent, phrases in PHRASES.items()
}


def scores(plain: str) -> dict[Intent, int]:
    """The weights of all intents whose phrases stand in the plain words."""
    return {
        intent: sum(weight for weight, pattern in WEIGHED[intent] if pattern.search(plain))
        for intent, anything in ANY.items()
        if anything.search(plain)
    }


def words_in_phrases() -> set[str]:
    """Every word that the phrases know: what misspelt ones are corrected to."""
    text = " ".join(pattern for phrases in PHRASES.values() for _, pattern in phrases)
    return set(re.findall(r"(?<![\\a-z])[a-z]{3,}(?![a-z*?])", text.replace(r"\b", " ")))
