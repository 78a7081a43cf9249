"""Makes ``word_classes.bin``: ``python -m chat.llm.offline.training.grouping FOLDER``.

FOLDER holds the model all-MiniLM-L6-v2 as sentence-transformers reads it. That package, with torch
and scikit-learn, is no requirement of ours, for this is done once: install it in an environment of
its own. The words are the whole ones of the model's vocabulary, and those of our phrases.
"""

import re
import sys
import zlib
from collections import Counter
from pathlib import Path

import numpy as np

from chat.llm.offline.training.lessons import phrases
from chat.llm.offline.vocabulary import plain_words
from chat.llm.offline.word_classes import TABLE

SIZES = (150, 1_000)
SEEN_AT_LEAST = 2  # phrases in which a word stands that the vocabulary lacks
ROUNDS = 60
SEED = 20
WORD = re.compile(r"[a-z][a-z'-]*")


def words(vocabulary: Path) -> list[str]:
    """The words to be grouped."""
    whole = [word for word in vocabulary.read_text().splitlines() if re.fullmatch("[a-z]+", word)]
    ours = Counter(word for text, _ in phrases() for word in set(plain_words(text)))
    more = [word for word, seen in ours.items() if seen >= SEEN_AT_LEAST and WORD.fullmatch(word)]
    return list(dict.fromkeys([*whole, *sorted(more)]))


def main(folder: Path) -> None:
    # Not installed with us, see above.
    from sentence_transformers import SentenceTransformer
    from sklearn.cluster import MiniBatchKMeans

    known = words(folder / "vocab.txt")
    model = SentenceTransformer(str(folder), device="cpu")
    vectors = np.asarray(model.encode(known, batch_size=256), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors -= vectors.mean(axis=0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    groups = [
        MiniBatchKMeans(size, random_state=SEED, batch_size=4096, n_init=1, max_iter=ROUNDS)
        .fit(vectors)
        .labels_
        for size in SIZES
    ]
    lines = [f"{word} {coarse} {fine}" for word, coarse, fine in zip(known, *groups, strict=True)]
    TABLE.write_bytes(zlib.compress("\n".join(lines).encode(), 9))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
