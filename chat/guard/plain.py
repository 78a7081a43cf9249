"""Text as a person reads it, whatever characters it is written in.

Invisible characters go; digits and letters of other forms (full-width, mathematical, circled,
Arabic-Indic …) become plain ones, letters that only look like Latin ones become those, and the
words for single digits become digits.
"""

import re
import unicodedata
from collections.abc import Sequence

# Cyrillic and Greek letters that look like those of which order and tracking numbers are made.
LOOKALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТХУаеоісјрхуѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",
    "ABESIJKMHOPCTXYaeoicjpxysABEZHIKMNOPTYXo",
)
# Blank, and neither white space nor a format character by their category.
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
# Format characters, accents that stand alone or enclose, and control characters.
INVISIBLE = frozenset({"Cf", "Mn", "Me", "Cc"})
WHITE = frozenset("\t\n\r")

DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# By ASCII's letters alone, else "ı" and "İ" count as "i" and are none of the words.
DIGIT_WORD = re.compile(rf"\b(?:{'|'.join(DIGIT_WORDS)})\b", re.IGNORECASE | re.ASCII)


def plain(text: str) -> tuple[str, Sequence[int]]:
    """The text in plain characters, and for each of them its place in ``text``."""
    written, places = (text, range(len(text))) if text.isascii() else _characters(text)
    return _words(written, places) if DIGIT_WORD.search(written) else (written, places)


def _characters(text: str) -> tuple[str, Sequence[int]]:
    written: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        as_plain = character if character < "\x80" else _plain(character)
        written.append(as_plain)
        places.extend([place] * len(as_plain))
    return "".join(written), places


def _plain(character: str) -> str:
    if (digit := unicodedata.digit(character, None)) is not None:
        return str(digit)
    if character in BLANK:
        return ""
    if unicodedata.category(character) in INVISIBLE:
        return character if character in WHITE else ""
    return unicodedata.normalize("NFKC", character).translate(LOOKALIKES)


def _words(text: str, places: Sequence[int]) -> tuple[str, Sequence[int]]:
    written: list[str] = []
    kept: list[int] = []
    end = 0
    for found in DIGIT_WORD.finditer(text):
        start = found.start()
        written += [text[end:start], str(DIGIT_WORDS.index(found[0].lower()))]
        kept += [*places[end:start], places[start]]
        end = found.end()
    return "".join([*written, text[end:]]), [*kept, *places[end:]]
