"""The messages that the classifier learns from: ``phrases/``, ``two_wishes.txt``, and what is made
from them.

Made are variants (greetings and stories around a phrase, slips of typing, an article's name in
place of "order"), sentences by pattern, and messages of two wishes.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from chat.llm.offline.classifier import PHRASES, TWO_WISHES
from chat.llm.offline.training import patterns

Phrase = tuple[str, str]  # text and kind


@dataclass(frozen=True)
class Lesson:
    """A message to learn from, with the kinds of wish in it and how much it counts."""

    text: str
    kinds: tuple[str, ...]
    weight: float = 1.0
    own: bool = True  # rather than made from others: only then are its features counted


SEED = 20
MADE_UP = 0.4  # the weight of a phrase's variants and of sentences by pattern, beside its own 1
OF_EACH_PATTERN = 20
OF_TWO = 10_000  # messages made of two phrases, so that a message of two wishes is seen as such

# What customers put around a wish, whatever it is: learnt with every kind, it speaks for none.
BEFORE = (
    "hi", "hello,", "hey there,", "good morning,", "good evening.", "dear team,", "excuse me,",
    "sorry to bother you,", "please", "pls", "hi there!", "ok so", "yo", "quick question:",
    "i have a question,", "i need help,", "can you help me?", "i need assistance,",
    "could you please tell me", "can you tell me", "i would like to know", "i want to know",
    "i wonder", "do you know", "i was wondering", "could you help me with this:",
    "i have a problem.", "i'd like some help with this.", "hope you are well.", "listen,", "well,",
    "I do not know what to do:", "need some information:", "just checking:", "help!",
    "I would be grateful if you could tell me", "it would be nice to know", "seriously,",
    "i've tried everything.", "urgent:", "is it possible to find out",
)  # fmt: skip
AFTER = (
    "please", "pls", "thanks", "thank you", "thx", "thanks in advance", "please help",
    "can you help me?", "could you help?", "i need help with that", "asap", "urgent", "?", "??",
    "!!", "...", "mate", "m8", "bro", "kindly advise", "let me know", "please let me know",
    "cheers", "I look forward to hearing from you", "is that possible?", "can you assist?",
    "right now",
    "for order 12345", "i bought from you", "many thanks", "lol", "ffs", "as soon as possible",
    "regards, Anna", "can u help",
)  # fmt: skip
# A shop may sell anything, and customers name it, or a number: in what is said of orders, a noun of
# ours is sometimes one of these.
OURS = re.compile(r"\b(?:order|parcel|package|shipment|purchase|item|product|delivery)\b")
OF_ORDERS = frozenset(
    {"order_status", "delivery_time", "cancellation", "return_refund", "damaged", "not_received",
     "contents", "address_change"}
)  # fmt: skip
ALONE = frozenset({"greeting", "thanks", "bye", "yes", "no"})
NOT_BESIDE = ALONE | {"off_topic", "capabilities", "identity"}
BETWEEN = (
    ". ",
    ". ",
    "? ",
    ", ",
    " and ",
    " and also ",
    ", and ",
    ". Also, ",
    "; ",
    ", plus ",
    " n ",
)
NEAR = {a: b for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm") for a, b in pairwise(row)}


def phrases() -> list[Phrase]:
    """All training phrases with their kinds."""
    return [
        (line.strip(), file.stem)
        for file in sorted(PHRASES.glob("*.txt"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]


def lessons(known: Sequence[Phrase]) -> list[Lesson]:
    """The phrases, and what is made from them."""
    chance = random.Random(SEED)  # noqa: S311 - the same each time is what is wanted
    lists, _ = patterns.read()
    sold = lists["sold"] + lists["number"]
    stories = [patterns.filled(story, lists, chance) for story in lists["story"]]
    made = [Lesson(text, (kind,)) for text, kind in known]
    for text, kind in known:
        variants = _variants(text, kind, sold, stories, chance)
        made += [Lesson(variant, (kind,), MADE_UP, own=False) for variant in variants]
    by_pattern = patterns.sentences(OF_EACH_PATTERN, chance)
    made += [Lesson(text, (kind,), MADE_UP) for text, kind in by_pattern]
    return [*made, *_of_two(known, chance), *_told_in_one()]


def _variants(
    text: str, kind: str, sold: Sequence[str], stories: Sequence[str], chance: random.Random
) -> list[str]:
    if kind in ALONE:
        return []
    framed = text
    if chance.random() < 0.7:
        framed = f"{chance.choice(BEFORE)} {framed}"
    if chance.random() < 0.6:
        framed = f"{framed} {chance.choice(AFTER)}"
    told = [chance.choice(stories) for _ in range(chance.choice((1, 1, 2)))]
    around = [*told, text] if chance.random() < 0.6 else [text, *told]
    variants = [framed, _mistyped(text, chance), chance.choice((". ", ", ", " and ")).join(around)]
    if kind in OF_ORDERS and chance.random() < 0.5 and OURS.search(text):
        variants.append(OURS.sub(chance.choice(sold), text, count=1))
    return variants


def _of_two(known: Sequence[Phrase], chance: random.Random) -> list[Lesson]:
    """Messages of two wishes."""
    serious = [phrase for phrase in known if phrase[1] not in NOT_BESIDE]
    lessons = []
    for _ in range(OF_TWO):
        (first, one), (second, two) = chance.sample(serious, 2)
        if one != two:
            joined = f"{first}{chance.choice(BETWEEN)}{second}"
            lessons.append(Lesson(joined, (one, two), MADE_UP, own=False))
    return lessons


def _told_in_one() -> list[Lesson]:
    """Messages of two wishes as customers write them."""
    lines = TWO_WISHES.read_text(encoding="utf-8").splitlines()
    return [
        Lesson(text, tuple(kinds.split()))
        for kinds, _, text in (line.partition("\t") for line in lines)
    ]


def _mistyped(text: str, chance: random.Random) -> str:
    """One to three slips: a letter lost, doubled, swapped with the next, or its neighbour's key."""
    for _ in range(1 + len(text) // 30):
        at = chance.randrange(max(len(text) - 1, 1))
        if not text[at : at + 2].isalpha():
            continue
        one, two = text[at], text[at + 1 : at + 2]
        slip = chance.choice(["", one + one, two + one, NEAR.get(one.lower(), one)])
        text = text[:at] + slip + text[at + (2 if slip == two + one else 1) :]
    return text
