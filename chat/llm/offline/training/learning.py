"""Makes the classifier's table from lessons, and tells how good it will be."""

import json
import math
import random
import zlib
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.sparse import csr_array, diags_array

from chat.llm.offline import rules
from chat.llm.offline.classifier import Classifier, fingerprint, hashes_of
from chat.llm.offline.training.descent import FloatArray, fit
from chat.llm.offline.training.lessons import Phrase, lessons
from chat.llm.offline.vocabulary import plain_words

FOLDS = 5
SEED = 20
SEEN_AT_LEAST = 2  # phrases in which a feature stands, or it is taken for chance
DOUBT = 0.05  # what is left to the other kinds, so that no phrase is learnt by heart


def train(known: Sequence[Phrase]) -> bytes:
    """The table learnt from these phrases."""
    all_lessons = lessons(known)
    rows = [_hashes(lesson.text) for lesson in all_lessons]
    own = Counter(
        each for row, lesson in zip(rows, all_lessons, strict=True) if lesson.own for each in row
    )
    columns = sorted(each for each, count in own.items() if count >= SEEN_AT_LEAST)
    seen = Counter(each for row in rows for each in row)
    # A rare feature says more than a common one; at run time its weight has that in it.
    rarity = np.log([len(rows) / seen[each] for each in columns]) / np.log(len(rows))
    kinds = sorted({kind for _, kind in known})
    wanted = np.zeros((len(all_lessons), len(kinds)))
    for at, lesson in enumerate(all_lessons):
        for kind in lesson.kinds:
            wanted[at, kinds.index(kind)] = 1 / len(lesson.kinds)
    wanted = (1 - DOUBT) * wanted + DOUBT / len(kinds)
    weights = np.array([lesson.weight for lesson in all_lessons])
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
