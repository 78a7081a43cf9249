"""The open tabs of this process, and what each of them is sent, in the order of its numbers."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from chat.errors import HistoryUnavailable, SessionGone
from chat.events import encode, frame, refused

logger = logging.getLogger(__name__)

# Frames that a slow tab may lag behind before it has to catch up from Redis.
BACKLOG = 256

# Numbers begin at 1; a tab that has nothing yet has everything up to this. The other one asks for
# everything too, because Redis has forgotten what the tab was sent and gives its numbers again.
EVERYTHING, FORGOTTEN = -1, -2

# So many of the newest events a tab knows again, when their numbers come a second time.
KNOWN = 8

# RFC 6455 leaves 4000 to 4999 to applications; 1008 is its "policy violation", 1012 is IANA's
# "service restart".
FLOOD, RESTART, LOGGED_OUT, GONE, TOO_MANY = 1008, 1012, 4401, 4404, 4429


@dataclass(frozen=True, slots=True)
class Missed:
    """What a tab has missed: its frames in order, and the newest number that they cover.

    ``newest`` are the newest events' frames, the last of them numbered ``seq``. ``whole`` says that
    it is a snapshot.
    """

    frames: list[str]
    seq: int
    newest: Sequence[str]
    whole: bool = False


class Tab:
    """One open socket. Only its writer, :meth:`run`, sends, so nothing overtakes anything.

    Args:
        send: puts one frame on the socket.
        close: closes the socket with a code.
        catch_up: reads from Redis what came after a number; EVERYTHING and FORGOTTEN ask for a
            snapshot. Raises SessionGone or HistoryUnavailable.
    """

    def __init__(
        self,
        send: Callable[[str], Awaitable[None]],
        close: Callable[[int], Awaitable[None]],
        catch_up: Callable[[int], Awaitable[Missed]],
    ) -> None:
        self._send = send
        self._close = close
        self._catch_up = catch_up
        self._seq = EVERYTHING  # the newest number sent
        self._known: list[int] = []  # hashes of the newest frames sent, the last of number _seq
        self._behind = True
        self._events: deque[tuple[int, Sequence[str]]] = deque()
        # Bounded, for a tab that sends and never reads; it may ask again for what is dropped.
        self._own: deque[str] = deque(maxlen=BACKLOG)
        self._close_with: int | None = None
        self._wake = asyncio.Event()
        self._wake.set()

    @property
    def seq(self) -> int:
        """The newest number that this tab was sent."""
        return self._seq

    def deliver(self, first: int, frames: Sequence[str]) -> None:
        """Events of the session, numbered from ``first``. Never raises and never waits."""
        if len(self._events) >= BACKLOG:
            self._events.clear()
            self._behind = True
        self._events.append((first, frames))
        self._wake.set()

    def tell(self, *frames: str) -> None:
        """Frames for this tab alone, which carry no new number."""
        self._own += frames
        self._wake.set()

    def acknowledge_again(self, frames: Sequence[str]) -> None:
        """The acknowledgement, for this tab alone, of a message that was taken before.

        It carries its first numbers. Where what came before them has not reached the tab yet, that
        goes first: a page that has seen a number takes no lower one for new.
        """
        if frames:
            self._behind = True
            self.tell(*frames)

    def resume(self, after: int) -> None:
        """The tab has everything up to number ``after`` and wants what came since."""
        self._seq, self._known = after, []
        self._behind = True
        self._wake.set()

    def check(self, newest: int) -> None:
        """The session's newest number; a tab that has another one reads what it missed."""
        if newest != self._seq:
            self._behind = True
            self._wake.set()

    def close(self, code: int) -> None:
        """Closes the socket once what waits for it is sent."""
        self._close_with = code
        self._wake.set()

    async def run(self) -> None:
        """Writes until the socket closes."""
        try:
            await self._write_until_closed()
        except OSError:
            return  # the customer has left
        except Exception:
            # A tab that shows nothing any more must not look as if all were well.
            logger.exception("A tab could not be written to")
            await self._close(RESTART)

    async def _write_until_closed(self) -> None:
        try:
            while self._close_with is None:
                await self._wake.wait()
                self._wake.clear()
                await self._write()
        except SessionGone:
            # Not over what it was told meanwhile: who has logged out need not connect anew.
            self._close_with = self._close_with or GONE
        except HistoryUnavailable as error:
            # The page comes back by itself, and finds everything as soon as Redis is there again.
            await self._send(encode(refused(error.code, str(error))).decode())
            self._close_with = self._close_with or RESTART
        await self._close(self._close_with)

    async def _write(self) -> None:
        while self._behind or self._events or self._own:
            if self._behind:
                await self._write_missed()
            elif self._own:
                await self._send(self._own.popleft())
            else:
                first, frames = self._events.popleft()
                await self._write_events(first, frames)

    async def _write_missed(self) -> None:
        self._behind = False
        await self._write_whole(await self._catch_up(self._seq))

    async def _write_whole(self, missed: Missed) -> None:
        known = [] if missed.whole else self._known
        self._known = [*known, *map(hash, missed.newest)][-KNOWN:]
        self._seq = missed.seq
        for text in missed.frames:
            await self._send(text)

    async def _write_events(self, first: int, frames: Sequence[str]) -> None:
        if first > self._seq + 1:
            # Replies of concurrent calls overtake each other; Redis has what lies between.
            await self._write_missed()
        for seq, text in enumerate(frames, first):
            if seq > self._seq:
                self._known = [*self._known, hash(text)][-KNOWN:]
                self._seq = seq
                await self._send(text)
            elif self._seq - seq < len(self._known) and self._known[seq - self._seq - 1] != hash(
                text
            ):
                # The number stood for something else: Redis has gone back in time.
                await self._write_whole(await self._catch_up(FORGOTTEN))
                return


class Connections:
    """The tabs of this process, by session."""

    def __init__(self) -> None:
        self._tabs: dict[str, set[Tab]] = {}
        self._empty = asyncio.Event()
        self._empty.set()

    def add(self, session_id: str, tab: Tab) -> None:
        self._tabs.setdefault(session_id, set()).add(tab)
        self._empty.clear()

    def remove(self, session_id: str, tab: Tab) -> None:
        tabs = self._tabs.get(session_id, set())
        tabs.discard(tab)
        if not tabs:
            self._tabs.pop(session_id, None)
        if not self._tabs:
            self._empty.set()

    def has(self, session_id: str) -> bool:
        """Whether the session has a tab here."""
        return session_id in self._tabs

    def session_ids(self) -> set[str]:
        """The sessions that have tabs here."""
        return set(self._tabs)

    def check(self, session_id: str, newest: int) -> None:
        """Lets the session's tabs read what they missed, if ``newest`` is not what they have."""
        for tab in self._tabs.get(session_id, set()):
            tab.check(newest)

    async def emptied(self, limit: float) -> None:
        """Waits until no tab is left, for at most so many seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), limit)

    def publish(self, session_id: str, first: int, bodies: Sequence[bytes]) -> None:
        """Sends events, numbered from ``first``, to the session's tabs."""
        if tabs := self._tabs.get(session_id):
            frames = [frame(body, seq) for seq, body in enumerate(bodies, first)]
            for tab in tabs:
                tab.deliver(first, frames)

    def close(self, session_id: str, code: int) -> None:
        """Closes the session's tabs."""
        for tab in self._tabs.get(session_id, set()):
            tab.close(code)

    def close_all(self, code: int, *, but: Collection[str] = ()) -> None:
        """Closes every tab of this process, except those of some sessions."""
        for session_id in self._tabs:
            if session_id not in but:
                self.close(session_id, code)
