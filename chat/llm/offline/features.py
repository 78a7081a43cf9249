"""What the classifier sees of a message: words, neighbours, meanings, classes, letters, rules.

Each feature is a short text. Training and answering make them by the same function.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from chat.llm.offline.intents import Intent
from chat.llm.offline.meanings import MEANING, WORLD
from chat.llm.offline.spelling import COMMON
from chat.llm.offline.word_classes import classes_of

# Words that only join the others.
JOINING = frozenset(
    re.findall(
        r"\w+",
        "a an the to of for on in at is are be am was were do does did i me my mine we us our you "
        "your it its that this there and or but so if as with from by please would could can will "
        "shall should may might like want need have has had been just really very some any about "
        "hi hello hey dear thanks thank kindly sorry ok well also then too u",
    )
)
HAS_DIGIT = re.compile(r"\d")
NUMBER = "№"  # stands for every word with a digit
STRANGE = "?"  # stands for words that are none of ours: an article's name, or another world's
LONGEST = 80  # words; a longer message is read by its clauses


def features(words: Sequence[str], found: Mapping[Intent, int]) -> list[str]:
    """All features, each once, of plain words and the scores of the rules found in them."""
    return list(dict.fromkeys(_features(words[:LONGEST], found)))


def _features(words: Sequence[str], found: Mapping[Intent, int]) -> Iterator[str]:
    words = [NUMBER if HAS_DIGIT.search(word) else word for word in words]
    for word in words:
        yield f"w:{word}"
    for first, second in zip(["^", *words], [*words, "$"], strict=True):
        yield f"b:{first} {second}"
    meant = [_meaning(word) for word in words if word not in JOINING]
    yield f"f:{meant[0] if meant else ''}"
    strange = sum(meaning == STRANGE or meaning in WORLD for meaning in meant)
    yield f"s:{min(strange, 4)}"
    yield f"t:{4 * strange // max(len(meant), 1)}"
    for at, meaning in enumerate(meant):
        yield f"m:{meaning}"
        for near in meant[at + 1 : at + 4]:
            yield f"p:{meaning} {near}"
    for level in (0, 1):
        yield from _classes(words, level)
    for word in dict.fromkeys(words):
        if len(word) > 3 and word not in JOINING:
            yield from _letters(word)
    yield f"R:{max(found, key=lambda each: found[each], default='')}"
    for intent, score in found.items():
        yield f"r:{intent}"
        yield f"r:{intent}:{min(score // 3, 4)}"


def _meaning(word: str) -> str:
    return MEANING.get(word) or (word if word == NUMBER or word in COMMON else STRANGE)


def _classes(words: Sequence[str], level: int) -> Iterator[str]:
    """The same with the classes of words that have no meaning for us: three in a row, and pairs."""
    said = ["^", *(_class(word, level) for word in words), "$"]
    for at in range(len(said) - 2):
        yield f"k{level}:{said[at + 1]}"
        yield f"k{level}:{said[at]} {said[at + 1]} {said[at + 2]}"
    told = [each for each in said[1:-1] if each not in JOINING]
    for at, each in enumerate(told):
        for near in told[at + 1 : at + 4]:
            yield f"q{level}:{each} {near}"


def _class(word: str, level: int) -> str:
    if word == NUMBER or word in JOINING or word in COMMON:
        return word
    if meaning := MEANING.get(word):
        return meaning
    classes = classes_of(word)
    return classes[level] if classes else STRANGE


def _letters(word: str) -> Iterator[str]:
    """Its pieces of three to five letters: what a slip of typing leaves whole."""
    marked = f"<{word[:20]}>"
    for size in (3, 4, 5):
        for at in range(len(marked) - size + 1):
            yield f"c:{marked[at : at + size]}"
