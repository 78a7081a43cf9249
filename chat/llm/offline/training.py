"""Makes the classifier's table from ``phrases/``: ``python -m chat.llm.offline.training``.

Needs numpy and scipy (requirements-dev.txt); answering does not. ``--check`` prints what a
cross-validation over the phrases finds instead, and ``--errors`` the phrases that it led wrongly.
"""

import argparse
import json
import math
import random
import re
import sys
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array, diags_array

from chat.llm.offline import patterns, rules
from chat.llm.offline.classifier import PHRASES, TABLE, Classifier, fingerprint, hashes_of
from chat.llm.offline.descent import FloatArray, fit
from chat.llm.offline.vocabulary import plain_words

Phrase = tuple[str, str]  # text and kind
Predict = Callable[[str], dict[str, float]]


@dataclass(frozen=True)
class Lesson:
    """A message to learn from, with the kinds of wish in it and how much it counts."""

    text: str
    kinds: tuple[str, ...]
    weight: float = 1.0
    own: bool = True  # rather than made from others: only then are its features counted


FOLDS = 5
SEED = 20
SEEN_AT_LEAST = 2  # phrases in which a feature stands, or it is taken for chance
DOUBT = 0.05  # what is left to the other kinds, so that no phrase is learnt by heart
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


def train(known: Sequence[Phrase]) -> bytes:
    """The table learnt from these phrases."""
    chance = random.Random(SEED)  # noqa: S311 - the same each time is what is wanted
    lists, _ = patterns.read()
    sold = lists["sold"] + lists["number"]
    stories = [patterns.filled(story, lists, chance) for story in lists["story"]]
    lessons = [Lesson(text, (kind,)) for text, kind in known]
    for text, kind in known:
        made = _variants(text, kind, sold, stories, chance)
        lessons += [Lesson(variant, (kind,), MADE_UP, own=False) for variant in made]
    by_pattern = patterns.sentences(OF_EACH_PATTERN, chance)
    lessons += [Lesson(text, (kind,), MADE_UP) for text, kind in by_pattern]
    lessons += _of_two(known, chance)
    rows = [_hashes(lesson.text) for lesson in lessons]
    own = Counter(
        each for row, lesson in zip(rows, lessons, strict=True) if lesson.own for each in row
    )
    columns = sorted(each for each, count in own.items() if count >= SEEN_AT_LEAST)
    seen = Counter(each for row in rows for each in row)
    # A rare feature says more than a common one; at run time its weight has that in it.
    rarity = np.log([len(rows) / seen[each] for each in columns]) / np.log(len(rows))
    kinds = sorted({kind for _, kind in known})
    wanted = np.zeros((len(lessons), len(kinds)))
    for at, lesson in enumerate(lessons):
        for kind in lesson.kinds:
            wanted[at, kinds.index(kind)] = 1 / len(lesson.kinds)
    wanted = (1 - DOUBT) * wanted + DOUBT / len(kinds)
    weights = np.array([lesson.weight for lesson in lessons])
    learnt, bias = fit(csr_array(_matrix(rows, columns) @ diags_array(rarity)), wanted, weights)
    return _packed(learnt * rarity[:, None], bias, kinds, columns)


def cross_validate(known: Sequence[Phrase]) -> list[tuple[str, str, str]]:
    """Each phrase with its kind and the one that a table learnt from the other folds finds."""
    by_kind: Counter[str] = Counter()
    folds: list[list[Phrase]] = [[] for _ in range(FOLDS)]
    shuffled = random.Random(SEED).sample(known, len(known))  # noqa: S311
    for text, kind in shuffled:
        folds[by_kind[kind] % FOLDS].append((text, kind))
        by_kind[kind] += 1
    found = []
    for at, fold in enumerate(folds):
        others = [phrase for i, each in enumerate(folds) if i != at for phrase in each]
        table = Classifier(train(others))
        for text, kind in fold:
            words = plain_words(text)
            likely = table.probabilities(words, rules.scores(" ".join(words)))
            found.append((text, kind, max(likely, key=lambda each: likely[each])))
    return found


def _hashes(text: str) -> dict[int, float]:
    words = plain_words(text)
    return hashes_of(words, rules.scores(" ".join(words)))


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


def _matrix(rows: Sequence[Mapping[int, float]], columns: Sequence[int]) -> csr_array:
    at = {each: index for index, each in enumerate(columns)}
    indices, values, ends = [], [], [0]
    for row in rows:
        known = [(at[each], weight) for each, weight in row.items() if each in at]
        length = math.sqrt(sum(weight * weight for weight in row.values()))
        indices += [column for column, _ in known]
        values += [weight / length for _, weight in known]
        ends.append(len(indices))
    return csr_array((values, indices, ends), shape=(len(rows), len(columns)))


def _packed(
    weights: FloatArray, bias: FloatArray, kinds: Sequence[str], columns: Sequence[int]
) -> bytes:
    # One scale for all; the few weights beyond it are cut.
    scale = float(np.quantile(np.abs(weights), 0.9999)) / 127
    small = np.clip(np.rint(weights / scale), -127, 127).astype(np.int8)
    telling = np.abs(small).max(axis=1) > 1
    hashes = array("I", [each for each, tells in zip(columns, telling, strict=True) if tells])
    header = {
        "kinds": list(kinds),
        "bias": [round(float(each), 4) for each in bias],
        "scale": scale,
        "features": len(hashes),
        "made_from": fingerprint(),
    }
    packed = zlib.compress(hashes.tobytes() + small[telling].tobytes(), 9)
    return json.dumps(header).encode() + b"\n" + packed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="cross-validate, write nothing")
    parser.add_argument("--errors", action="store_true", help="cross-validate, print what failed")
    asked = parser.parse_args()
    known = phrases()
    if not (asked.check or asked.errors):
        TABLE.write_bytes(train(known))
        size = TABLE.stat().st_size
        sys.stdout.write(f"{len(known)} phrases, {size / 1000:.0f} kB: {TABLE}\n")
        return
    found = cross_validate(known)
    right = Counter(kind for _, kind, led in found if kind == led)
    asked_for = Counter(kind for _, kind, _ in found)
    for kind, count in sorted(asked_for.items()):
        sys.stdout.write(f"{kind:18}{count:5}{100 * right[kind] / count:7.1f} %\n")
    sys.stdout.write(f"{'all':18}{len(found):5}{100 * right.total() / len(found):7.1f} %\n")
    if asked.errors:
        for text, kind, led in sorted(found, key=lambda each: each[1:]):
            if kind != led:
                sys.stdout.write(f"{kind} → {led}: {text}\n")


if __name__ == "__main__":
    main()
