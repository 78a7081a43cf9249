"""What stands in a message beside the wish: orders it points at, names, tone, asking or telling."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chat.llm.offline import rules
from chat.llm.offline.features import JOINING
from chat.llm.offline.intents import Intent
from chat.llm.offline.meanings import MEANING
from chat.llm.offline.pointing import Pointer, pointer
from chat.llm.offline.spelling import words_of
from chat.llm.offline.vocabulary import NOT_AN_ARTICLE as KNOWN_WORDS
from chat.llm.offline.vocabulary import plain_words
from chat.llm.offline.word_classes import classes_of

# Explicit: with a hash or a word before it. Bare: digits that can hardly be anything else.
EXPLICIT = re.compile(
    r"#\s*([a-z]{0,8}-?\d[\w-]*)"
    r"|\border(?:\s+(?:number|no|nr|num|id))?\.?\s*:?\s*((?:[a-z]{1,8}-?)?\d{3,}[\w-]*)"
    r"|\b(?:number|no|nr)\.?\s*:?\s*((?:[a-z]{1,8}-?)?\d{3,}[\w-]*)",
    re.IGNORECASE,
)
BARE = re.compile(
    r"(?<![\w.,€$£+-])(\d{3,10}|[a-z]{1,6}-?\d{3,10})"
    r"(?![\w-]|[.,]\d|\s*(?:€|%|eur|euros?|dollars?|pounds?|days?|weeks?|hours?|pm|am)\b)",
    re.IGNORECASE,
)
TRACKING = re.compile(r"\b(?=\w*\d{6})[A-Za-z0-9]{9,35}\b")

ORDINALS = {
    "first": 0, "one": 0, "second": 1, "two": 1, "third": 2, "three": 2, "fourth": 3, "fifth": 4,
    "last": -1, "bottom": -1, "latter": -1, "former": 0, "top": 0,
}  # fmt: skip
ORDINAL = re.compile(
    r"\b(first|second|third|fourth|fifth|last|bottom|latter|former|top)(?: (?:one|order|parcel"
    r"|package|of them))?\b(?! (?:time|week|month|year|night|day|name|scan|name|digits))"
    r"|(?:number|option|no) (one|two|three)\b|^(one|two|three)$|^(?:the )?([1-9])$"
)
NOT_AN_ARTICLE = KNOWN_WORDS | ORDINALS.keys()
NEWEST = re.compile(
    r"\b(?:newest|latest|most recent)\b(?! (?:news|update|scan|status))"
    r"|\b(?:recent|last) (?:order|purchase)\b"
)
OTHER = re.compile(r"\b(?:other|another) (?:one|order|parcel|package)\b|\bthe other\b|^other$")
ALL = re.compile(r"\b(?:both|all (?:of (?:them|these|those)|three|four|my)|each|every)\b|^all$")
POINTING = re.compile(
    r"\b(?:it|that|this|they|them|these|those|same|that one|this one|he|she)\b(?! (?:is all|day))"
)
NOUN = re.compile(r"\b(?:orders?|parcels?|packages?|shipments?|delivery|purchase|stuff|things?)\b")
MISSING = re.compile(
    r"\b(?:not|never|nothing|no)\b.*\b(?:got|get|received|receive|arrived|come|came|have|here)\b"
)
QUESTION = re.compile(
    r"^(?:(?:and|but|so|ok|hi|hello|hey|please|sorry) )*(?:can i|could i|may i|am i able"
    r"|is it (?:still )?possible|would it|how (?:do|can|would|does|to)|what (?:if|happens)|do you"
    r"|is there|will i|are (?:we|you)|(?:what|which) (?:\w+ ){0,2}address)\b"
    r"|\b(?:is it possible|am i able|possible to)\b"
)
# Words of other languages that are English ones too, or stand in English texts.
NEIGHBOURS = frozenset(
    re.findall(
        r"\w+",
        "aus auf bei colis con das dem den der des die ein eine est favor hat ich ist les los mein "
        "mit mon non nur pas por que tag une und von war was wie wir",
    )
)


@dataclass(frozen=True)
class Understanding:
    """What the customer wants, and the order it is about, as far as their words tell."""

    intent: Intent = Intent.UNCLEAR
    sure: float = 0  # how sure that is, from 0 to 1 (see ``leading``)
    likely: Mapping[str, float] = field(default_factory=dict, compare=False)  # the classifier's
    plain: str = ""  # the message in plain words
    numbers: tuple[str, ...] = ()
    bare_numbers: tuple[str, ...] = ()  # may be order numbers
    tracking: tuple[str, ...] = ()
    where: Pointer = field(default_factory=Pointer)  # "the second one", "the late one"
    ordinal: int | None = None
    newest: bool = False
    other: bool = False
    every: bool = False
    pronoun: bool = False  # "it"
    pointing: bool = False  # "it", or no noun at all: what was spoken of
    guess: bool = False  # the words show no intent, but may name an article
    words: tuple[str, ...] = ()  # perhaps an article's
    angry: bool = False
    greeted: bool = False
    missing: bool = False  # says that something did not come
    otherwise: Intent = Intent.UNCLEAR  # what it is if it names no article
    foreign: bool = False  # several words, and none of them English as far as we know
    question: bool = False  # asks whether or how, rather than for it to be done

    @property
    def refers(self) -> bool:
        """Whether the words point at an order of their own."""
        return bool(
            self.numbers
            or self.bare_numbers
            or self.tracking
            or self.ordinal is not None
            or self.newest
            or self.other
            or self.every
        )


def read(text: str) -> Understanding:
    """The message's references and tone; what it wants is still open."""
    plain = " ".join(plain_words(text))
    ordinal = ORDINAL.search(plain)
    newest = bool(NEWEST.search(plain))
    numbers = tuple(
        dict.fromkeys(next(filter(None, found)).upper() for found in EXPLICIT.findall(text))
    )
    bare = () if numbers else tuple(dict.fromkeys(n.upper() for n in BARE.findall(text)))
    words = tuple(
        word
        for word in plain.split()
        if len(word) > 2 and word.isalpha() and word not in NOT_AN_ARTICLE
    )
    return Understanding(
        plain=plain,
        numbers=numbers[:5],
        bare_numbers=bare[:5],
        tracking=tuple(t.upper() for t in TRACKING.findall(text)),
        where=pointer(plain),
        ordinal=_ordinal(ordinal) if ordinal and not newest else None,
        newest=newest,
        other=bool(OTHER.search(plain)),
        every=bool(ALL.search(plain)),
        pronoun=bool(POINTING.search(plain)),
        pointing=bool(POINTING.search(plain)) or not NOUN.search(plain),
        words=words,
        angry=_angry(text, plain),
        greeted=bool(rules.ANY[Intent.GREETING].search(plain)),
        missing=bool(MISSING.search(plain)),
        foreign=_foreign(words_of(text)),
        question=bool(QUESTION.search(plain)),
    )


def _ordinal(found: re.Match[str]) -> int:
    word = next(filter(None, found.groups()))
    return int(word) - 1 if word.isdigit() else ORDINALS[word]


def _angry(text: str, plain: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    shouting = len(letters) > 15 and sum(map(str.isupper, letters)) > 0.8 * len(letters)
    furious = rules.ANY[Intent.COMPLAINT].search(plain)
    return bool(furious) or (shouting and "!" in text)


def _foreign(words: Sequence[str]) -> bool:
    """Whether hardly a word is English as far as we know; "in" and "me" are so elsewhere too."""
    joining = sum(word in JOINING for word in words)
    known = not NOT_AN_ARTICLE.isdisjoint(words) or not MEANING.keys().isdisjoint(words)
    english = sum(
        len(word) > 2 and word not in NEIGHBOURS and bool(classes_of(word)) for word in words
    )
    return len(words) > 2 and not known and 3 * joining < len(words) and 4 * english < len(words)
