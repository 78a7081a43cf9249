"""Where a reply's words leave: no sooner than it is sure that they do not belong to somebody else.

Words are held back only while they could still become part of an identifier: the word that is being
said, and the row of numbers before it.
"""

import re
from collections.abc import Awaitable, Callable

from chat.guard.identifiers import CONTEXT, GROUP, SIGNS
from chat.guard.plain import DIGIT_WORDS, plain

# What identifiers are made of, or what disguises them; the letters and typographic characters of
# Western European languages do neither.
SUSPICIOUS = re.compile(
    r"[0-9@#%&]|//|\\|www\.|\b(?:at|dot)\b|(?<!\S)\w \w(?!\S)"
    r"|[^\x00-\x7f\u00a3\u00a7\u00c0-\u024f\u20ac\u2010-\u2015\u2018-\u201f\u2026\u00d7]"
    rf"|\b(?:{'|'.join(DIGIT_WORDS)})\b"
    r"|(?-i:[a-z][A-Z])|\w=(?!\w)|[A-Za-z0-9+/_=-]{16}",  # as codes are written
    re.IGNORECASE | re.ASCII,
)
# What of it a closer look is worth; an identifier has three digits at the least.
DOUBTFUL = re.compile(
    r"(?:[0-9][^0-9]{0,6}){3}|@|//|\\|www\.|(?<![a-z])(?:dot|punkt|punto|point|at)(?![a-z])"
    r"|&\w|%\d|(?-i:[a-z][A-Z])|=|[a-z0-9+/_-]{16}",
    re.IGNORECASE | re.ASCII,
)
# Characters of a word that may go on to be an identifier: none of the scripts that are written
# without spaces.
_OF_A_WORD = r"[^\s\u0e00-\u0e7f\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff0c\uff01\uff1f]"
# The end that may go on: "at … dot", a sign that begins something, a row of numbers, a word.
_SPOKEN = (
    r"(?:[\[({<]?\bat\b[\])}>]?\s{1,3}(?:\S{1,80}\s{1,3}(?:[\[({<]?dot\b[\])}>]?\s{1,3})?){0,4})?"
)
OPEN = re.compile(
    rf"{_SPOKEN}(?:\bdot\b[\])}}>]?\s{{1,3}})?(?:[#@]\s?)?(?:{GROUP}{SIGNS}{{0,6}})?{_OF_A_WORD}*\Z"
)
LAST_WORD = re.compile(rf"(?:(?<!\S)\w\s)?{_OF_A_WORD}*\Z")
_WHITE = re.compile(r"\s")
# Characters. What goes on for longer is no identifier; its newest half may still become one.
LONGEST_HELD = 400

# What must not leave of some words, in staff's words; "" where they may. The second argument is
# what left just before them.
Judge = Callable[[str, str], Awaitable[str]]


class Withheld(Exception):
    """Something that is not the customer's was about to leave.

    ``kind`` says what, in staff's words; ``text`` is what was held back, for staff's eyes only.
    """

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(kind)
        self.kind = kind
        self.text = text


class Exit:
    """That of one reply."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._held = ""
        self._before = ""

    async def say(self, text: str) -> str:
        """Takes the next words; answers those that may leave now.

        Raises:
            Withheld: they must not, and nothing after them.
        """
        held = self._held + text
        if SUSPICIOUS.search(held) is None:
            cut = _start(LAST_WORD, held)
            if len(held) - cut > LONGEST_HELD:
                cut = len(held) - LONGEST_HELD // 2
            self._held = held[cut:]
            return self._let_go(held[:cut])
        written, places = plain(held)
        at = _start(OPEN, written)
        if len(written) - at > LONGEST_HELD:
            if "//" in written[at:] and not _WHITE.search(written, at):
                raise Withheld("link", held)  # of what it leads to, only the end may tell
            await self._check(held)
            at = len(written) - LONGEST_HELD // 2
            cut = places[at]
        else:
            cut = places[at] if at < len(written) else len(held)
            if cut:
                await self._check(held[:cut], held[cut:])
        self._held = held[cut:]
        return self._let_go(held[:cut])

    async def end(self) -> str:
        """The reply is over; answers what was still held back.

        Raises:
            Withheld: it must not leave.
        """
        leaves, self._held = self._held, ""
        if leaves:
            await self._check(leaves)
        return self._let_go(leaves)

    async def _check(self, leaves: str, stays: str = "") -> None:
        if DOUBTFUL.search(plain(leaves)[0]) and (kind := await self._judge(leaves, self._before)):
            raise Withheld(kind, leaves + stays)

    def _let_go(self, leaves: str) -> str:
        if leaves:
            self._before = (self._before + leaves)[-CONTEXT:]
        return leaves


class NoGuard:
    """For what no customer is shown."""

    def exit(self) -> "Open":
        return Open()

    async def check_call(self, arguments: str) -> None:
        """Lets it pass."""

    async def check_result(self, content: str) -> None:
        """Lets it pass."""

    async def report(self, withheld: Withheld, said: str) -> None:
        """There is nothing to report."""


class Open:
    """An exit that stands open."""

    async def say(self, text: str) -> str:
        return text

    async def end(self) -> str:
        return ""


def _start(pattern: re.Pattern[str], text: str) -> int:
    # No further back than it matters: from each place on it goes to the next white space.
    found = pattern.search(text, max(0, len(text) - 3 * LONGEST_HELD))
    assert found is not None  # noqa: S101 both may be empty
    return found.start()
