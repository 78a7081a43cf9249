"""How much of a reply's last words waits for the next ones, and which words a closer look is worth.

Most words are ordinary ones, and are known as such at one look. All patterns take linear time.
"""

import re
from collections.abc import Iterable

from chat.guard.identifiers import GROUP, SIGNS
from chat.guard.plain import DIGIT_WORDS

# Characters. What goes on for longer is no identifier; its newest half may still become one.
LONGEST_HELD = 400

# Words between spaces that neither are part of an identifier nor spell one out, with the signs
# around them; the group is what may still become something else. A digit or two behind some letters
# identify nobody, and no row of numbers goes through them.
_SPELT_OUT = ("at", "dot", "punkt", "punto", "point", *DIGIT_WORDS)  # all of five letters or fewer


def _any_case(word: str) -> str:
    return "".join(f"[{letter}{letter.upper()}]" for letter in word)


def _any_of(words: Iterable[str]) -> str:
    """A pattern for these words that asks for each first letter once."""
    rests: dict[str, list[str]] = {}
    for word in words:
        rests.setdefault(word[0], []).append(_any_case(word[1:]))
    return "|".join(f"{_any_case(first)}(?:{'|'.join(rest)})" for first, rest in rests.items())


_OPENING, _CLOSING = "[\"'(*\u201c\u2018]{0,3}+", "[\"')*\u201d\u2019.,;:!?\u2026]{0,3}+"
_SHORT = "(?:['\u2019](?:s|t|d|m|ll|re|ve))"
_WORD = rf"""
    (?:
        [A-Z]?[a-z]{{6,12}}+(?:[0-9]{{1,2}}+)?
      | (?!(?:{_any_of(_SPELT_OUT)})(?![A-Za-z0-9_]))
        (?:
            [A-Z]?[a-z]{{4,5}}+(?:[0-9]{{1,2}}+)?
          | [A-Z]?[a-z]{{2,3}}+ | [A-Z][a-z] | [A-Z]{{2,14}}+
          | [A-Za-z](?=['\u2019][a-z] | [ ][A-Za-z]{{2,14}}+{_SHORT}?{_CLOSING}[ \n])
        )
    )
    {_SHORT}?
"""
ORDINARY = re.compile(
    rf"""
    [ \n]*+
    (?: {_OPENING} {_WORD} {_CLOSING} [ \n]{{1,4}}+ )*+
    ( {_OPENING} (?:[A-Za-z][ ])? [A-Za-z]{{0,14}}+ (?:['\u2019][a-z]{{0,2}}+)? {_CLOSING} ) \Z
    """,
    re.VERBOSE,
)

# Characters of a word that may go on to be an identifier: none of the scripts that are written
# without spaces.
_OF_A_WORD = r"[^\s\u0e00-\u0e7f\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff0c\uff01\uff1f]"
# The end that may go on: "at … dot", a sign that begins something, a row of numbers, a word. No
# match begins within a word, for it would have begun before.
_SPOKEN = (
    r"(?:[\[({<]?\bat\b[\])}>]?\s{1,3}(?:\S{1,80}\s{1,3}(?:[\[({<]?dot\b[\])}>]?\s{1,3})?){0,4})?"
)
_OPEN = re.compile(
    r"(?:(?<![0-9A-Za-z])|(?![0-9A-Za-z]))"
    rf"{_SPOKEN}(?:\bdot\b[\])}}>]?\s{{1,3}})?(?:[#@]\s?)?(?:{GROUP}{SIGNS}{{0,6}})?{_OF_A_WORD}*+\Z"
)

# What may be an identifier, or a code for one; each begins with what is quickly looked for.
_THREE_DIGITS = re.compile("[0-9][^0-9]{0,6}[0-9][^0-9]{0,6}[0-9]")  # it has them at the least
_SIGN = re.compile(r"@|\\|=|//|&\w|%\d")
_LINK_OR_CODE = re.compile(r"[wW][wW][wW]\.|[a-z][A-Z]|[A-Za-z0-9+/_-]{16}")
_SIGN_AS_WORD = re.compile(
    "[aAdDpP](?<![A-Za-z].)(?:(?<=[aA])[tT]|(?<=[dD])[oO][tT]"
    "|(?<=[pP])(?:[uU][nN][kK][tT]|[uU][nN][tT][oO]|[oO][iI][nN][tT]))(?![A-Za-z])"
)


def may_go_on(written: str) -> int:
    """Where in plain text that begins which may go on to be an identifier; its length: nowhere."""
    # No further back than it matters: from each place on it goes to the next white space.
    start = max(0, len(written) - 3 * LONGEST_HELD)
    found = _OPEN.search(written, start)
    return found.start() if found else start


def is_doubtful(written: str) -> bool:
    """Whether plain text may hold an identifier."""
    return bool(
        _THREE_DIGITS.search(written)
        or _SIGN.search(written)
        or _LINK_OR_CODE.search(written)
        or _SIGN_AS_WORD.search(written)
    )
