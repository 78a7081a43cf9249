"""The parts of a message that may each hold a wish."""

import re
from dataclasses import dataclass

# Sentences stand by themselves; what is joined may also be one thing ("cancel it and refund me").
ENDS = re.compile(r"(?:(?<!\bno)(?<!\bnr)[.!;\n…]|\?)+(?:\s+|$)|\s+[-–—]+\s+", re.IGNORECASE)
JOINS = re.compile(
    r"\s*,\s+(?:(?:and|but|also|plus|then|so)\s+)*|\s+(?:(?:and|but|also|plus|then|btw|&|\+"
    r"|as well as)\s+)+",
    re.IGNORECASE,
)
CHARS = 1_000
AT_MOST = 10

# What tells the ground of a wish: "my mug is broken" before "can I return it?".
TELLS = re.compile(
    r"^(?:(?:hi|hello|hey|and|but|so|well|ok|because|since|as|also|sorry)\W+)*"
    r"(?:i|i'm|i've|im|ive|we|my|it|it's|its|the|they|you|he|she|this|that|there|our|your)\b",
    re.IGNORECASE,
)
ASKS = re.compile(
    r"\b(?:want|wanna|need|would like|i'd like|wish|hope to|have to|please|pls|plz"
    r"|can (?:you|i|u|we)|could (?:you|i)|how|when|where|which|whether|demand|trying to|help"
    r"|tell me|let me|let us|asking|no longer|do not want|don't want|dont want|wants|i'd also like"
    r"|know|shall|can someone|any chance|remind me|kindly|explain|confirm"
    r"|(?:won'?t|(?:does|did|is)n'?t|not) (?:work|working|accepted|go through|going through)"
    r"|twice|two times|double)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Clause:
    """A part of a message."""

    text: str
    whole: bool  # a sentence, rather than a part of one
    asks: bool  # a question or demand, rather than a statement


def clauses(text: str) -> list[Clause]:
    """All parts that may hold a wish, in their order: sentences, and the halves of joined ones."""
    found: list[Clause] = []
    start = 0
    text = text[:CHARS]
    for end in [*ENDS.finditer(text), None]:
        sentence = text[start : end.start() if end else len(text)]
        question = bool(end and "?" in end.group())
        start = end.end() if end else len(text)
        halves = [half for half in JOINS.split(sentence) if len(half.split()) > 1]
        if len(halves) > 1:
            asks = True
            for half in halves:
                # "and have no receipt" goes on telling, "and send the invoice" goes on asking.
                asks = question or bool(ASKS.search(half)) or (asks and not TELLS.search(half))
                found.append(Clause(half, False, asks))
        elif sentence.strip():
            asks = question or bool(ASKS.search(sentence)) or not TELLS.search(sentence.strip())
            found.append(Clause(sentence, True, asks))
    return found[:AT_MOST]
