"""Which kind of wish a message is: a linear classifier, learnt from ``phrases/`` by ``training``.

At run time it is a table: for each feature a row with a small whole number for each kind. The rows
of a message's features are added up, which takes well under a millisecond and needs no library.
"""

import json
import math
import zlib
from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from chat.llm.offline.features import features
from chat.llm.offline.intents import Intent

HERE = Path(__file__).parent
PHRASES = HERE / "phrases"
TWO_WISHES = HERE / "two_wishes.txt"
TABLE = HERE / "classifier.bin"
# Of features that are many and say much the same: pieces of words, and classes of words.
WEIGHTS = {"c": 0.5, "k": 0.7, "q": 0.7}
ZERO = 128
UNSIGNED = bytes((each + ZERO) % 256 for each in range(256))
# Everything that the table is made from: where it changes, the table must be made anew.
MADE_FROM = (
    "features.py",
    "meanings.py",
    "rules",
    "spelling.py",
    "vocabulary.py",
    "wares.py",
    "word_classes.bin",
    "word_classes.py",
    "patterns.txt",
    "phrases",
    TWO_WISHES.name,
)


class Classifier:
    """The table, read once; ``header`` says how it was made."""

    def __init__(self, table: bytes) -> None:
        head, _, packed = table.partition(b"\n")
        self.header = json.loads(head)
        self.kinds: tuple[str, ...] = tuple(self.header["kinds"])
        self._bias: list[float] = self.header["bias"]
        self._scale: float = self.header["scale"]
        body = zlib.decompress(packed)
        hashes = array("I")
        hashes.frombytes(body[: 4 * self.header["features"]])
        width = len(self.kinds)
        # From 0 to 255, for bytes are added up faster than signed numbers.
        self._weights = body[4 * self.header["features"] :].translate(UNSIGNED)
        self._at = dict(zip(hashes, range(0, width * len(hashes), width), strict=True))

    def probabilities(self, words: Sequence[str], found: Mapping[Intent, int]) -> dict[str, float]:
        """How likely each kind is, for plain words and the rules' scores; together 1."""
        hashes = hashes_of(words, found)
        width = len(self.kinds)
        rows = defaultdict(list)  # of those that weigh the same
        for each, weight in hashes.items():
            if (at := self._at.get(each)) is not None:
                rows[weight].append(self._weights[at : at + width])
        sums = [0.0] * width
        for weight, its in rows.items():
            columns = map(sum, zip(*its, strict=True))
            middle = ZERO * len(its)
            sums = [
                total + weight * (each - middle) for total, each in zip(sums, columns, strict=True)
            ]
        # Unknown features count in the length: who says much that is unknown is less understood.
        step = self._scale / math.sqrt(sum(weight * weight for weight in hashes.values()))
        logits = [bias + step * total for bias, total in zip(self._bias, sums, strict=True)]
        highest = max(logits)
        powers = [math.exp(logit - highest) for logit in logits]
        whole = sum(powers)
        return {kind: power / whole for kind, power in zip(self.kinds, powers, strict=True)}


def hashes_of(words: Sequence[str], found: Mapping[Intent, int]) -> dict[int, float]:
    """A message's features and their weights, by the CRC-32 that the table knows them by."""
    return {
        zlib.crc32(feature.encode()): WEIGHTS.get(feature[0], 1.0)
        for feature in features(words, found)
    }


@cache
def classifier() -> Classifier:
    """The one that ships, read at its first use."""
    return Classifier(TABLE.read_bytes())


def fingerprint() -> str:
    """A checksum over all that the table is made from."""
    total = 0
    for name in MADE_FROM:
        path = HERE / name
        for file in sorted(path.glob("*.[pt][yx]*")) if path.is_dir() else [path]:
            total = zlib.crc32(file.read_bytes(), total)
    return f"{total:08x}"
