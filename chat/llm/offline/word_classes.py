"""English words in classes of like meaning, so that a word that no phrase holds is not a blank.

Each word stands in a coarse class (150: animals, illnesses, clothes) and in a fine one (1,000).
``word_classes.bin`` was made by ``training.grouping`` from the vectors of a sentence model,
all-MiniLM-L6-v2 (https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2, Apache License
2.0): a table of words and two numbers. Nothing of the model is needed here.
"""

import zlib
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("word_classes.bin")
Classes = tuple[str, str]


@cache
def table() -> dict[str, Classes]:
    """Each known word with its coarse and its fine class."""
    lines = zlib.decompress(TABLE.read_bytes()).decode().splitlines()
    return {word: (f"k{coarse}", f"k{fine}") for word, coarse, fine in map(str.split, lines)}


def classes_of(word: str) -> Classes | None:
    """The word's classes; a plural has those of its singular."""
    known = table()
    return known.get(word) or known.get(word.removesuffix("s"))
