"""Where a reply's words leave: no sooner than it is sure that they do not belong to somebody else.

Words are held back only while they could still become part of an identifier: the word that is being
said, and the row of numbers before it.
"""

import re
from collections.abc import Awaitable, Callable

from chat.guard.holding import LONGEST_HELD, ORDINARY, is_doubtful, may_go_on
from chat.guard.identifiers import CONTEXT
from chat.guard.plain import plain

_WHITE = re.compile(r"\s")

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
        self._said = ""

    async def say(self, text: str) -> str:
        """Takes the next words; answers those that may leave now.

        Raises:
            Withheld: they must not, and nothing after them.
        """
        if not text:
            return ""
        held = self._held + text
        if ordinary := ORDINARY.match(held):
            cut = ordinary.start(1)
        else:
            cut = await self._checked(held)
        self._held = held[cut:]
        return self._let_go(held[:cut])

    async def end(self) -> str:
        """The reply is over; answers what was still held back.

        Raises:
            Withheld: it must not leave.
        """
        leaves, self._held = self._held, ""
        if leaves:
            await self._check(leaves, plain(leaves)[0])
        return self._let_go(leaves)

    async def _checked(self, held: str) -> int:
        """How much of it may leave."""
        written, places = plain(held)
        at = may_go_on(written)
        if len(written) - at > LONGEST_HELD:
            if "//" in written[at:] and not _WHITE.search(written, at):
                raise Withheld("link", held)  # of what it leads to, only the end may tell
            await self._check(held, written)
            return places[len(written) - LONGEST_HELD // 2]
        cut = places[at] if at < len(written) else len(held)
        await self._check(held[:cut], written[:at], held[cut:])
        return cut

    async def _check(self, leaves: str, written: str, stays: str = "") -> None:
        if is_doubtful(written) and (kind := await self._judge(leaves, self._said[-CONTEXT:])):
            raise Withheld(kind, leaves + stays)

    def _let_go(self, leaves: str) -> str:
        self._said += leaves
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
