"""The conversations in Redis: the only caller of the turn's Lua scripts.

Each method is one round trip and one atomic step; what it promises stands in its script. Every
method raises :class:`chat.errors.HistoryUnavailable` when Redis does not answer, or too few of its
replicas confirm: it may have been done nevertheless, and can be called again.
"""

import asyncio
import hashlib
import zlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import compress
from uuid import uuid4

from langchain_core.messages import BaseMessage

from chat.conversations import (
    Accepted,
    Cut,
    Look,
    Mended,
    Snapshot,
    Turn,
    Uncopied,
    Unsummarized,
    Windows,
    look_from,
    message_from,
    snapshot_from,
)
from chat.errors import (
    HistoryForgotten,
    QueueFull,
    RateLimited,
    SessionClosed,
    SessionGone,
    StaleTurn,
    TurnForgotten,
)
from chat.history import encode, history_key
from chat.scripts import Scripts

# Messages of one session that may wait for their answer.
INBOX_SIZE = 10
# A customer may write as much as in so many sessions together, however many they open.
SESSIONS_AT_ONCE = 3
# The index of sessions with work to do is spread over so many keys, and so over a Cluster.
SHARDS = 8
# Entries of the index that are asked for in one go.
PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Limits:
    """The figures that the scripts need; times in seconds, but for the rate's milliseconds."""

    ttl: float
    lease: float
    window: int
    rate: tuple[int, int]


class Store:
    """All sessions on ``REDIS_URL``, for one event loop.

    ``replicas``: so many must have what customers are shown or promised, before they are.
    """

    def __init__(
        self, url: str, limits: Limits, prefix: str = "chat_history:", *, replicas: int = 0
    ) -> None:
        self.url = url
        self.limits = limits
        self._prefix = prefix
        self.scripts = self._scripts = Scripts(url, replicas)
        self._run = self._scripts.run
        self._windows = Windows()

    async def aclose(self) -> None:
        """Closes all connections, after the calls that still run."""
        await self._scripts.aclose()

    async def servers(self) -> frozenset[str]:
        """The Redis servers that answer; others than before may have forgotten something."""
        return await self._scripts.servers()

    # --- a session's life ---------------------------------------------------------------------

    async def open(self, session_id: str) -> None:
        """Makes a session's state; an open session stays as it is.

        Raises:
            SessionGone: it was purged.
        """
        keys = [*self._keys(session_id), self._tombstone(session_id)]
        if not await self._run("open", keys, _ms(self.limits.ttl)):
            raise SessionGone

    async def close(self, session_id: str) -> None:
        """Takes no further messages; those that it has are still answered."""
        await self._run("close", self._keys(session_id))

    async def purge(
        self, session_id: str, *, idle_for: float = 0, count_only: bool = False
    ) -> int | None:
        """Deletes all of a session for good, and keeps it from coming back.

        Answers how many messages it had; None when it is spared, because a message came within
        ``idle_for`` seconds or still waits for its answer (0 spares nothing).
        """
        keys = [*self._keys(session_id), self._tombstone(session_id)]
        messages = await self._run(
            "purge", keys, _ms(self.limits.ttl), _ms(idle_for), int(not count_only)
        )
        return None if messages < 0 else int(messages)

    async def forget(self, session_id: str) -> None:
        """Deletes what :meth:`purge` leaves and time alone would: tombstone, note in the index.

        Only for a session whose row is not there, so that nobody can come back to it.
        """
        await asyncio.gather(
            self._run("forget", [self._tombstone(session_id)]),
            self._run("strike", [self._shard(session_id)], session_id),
        )

    def forget_window(self, session_id: str) -> None:
        """This process need not keep what it has read of the session: nobody is there any more."""
        self._windows.forget(session_id)

    async def forget_customer(self, customer_id: int) -> None:
        """Deletes a customer's rate: the customer is gone."""
        await self._run("forget", [self._rate(customer_id)])

    async def session_ids(self) -> AsyncIterator[str]:
        """Every session that Redis has, also those that the database does not know."""
        before, after = "{" + self._prefix, "}:state"
        async for key in self._scripts.keys(f"{before}*{after}"):
            yield key.removeprefix(before).removesuffix(after)

    # --- the turn -----------------------------------------------------------------------------

    async def accept(
        self,
        session_id: str,
        customer_id: int,
        message: BaseMessage,
        acknowledgement: Sequence[bytes],
        run_id: str,
        started: bytes,
        *,
        seen: int = 0,
    ) -> Accepted:
        """Takes a message; ``message.id`` makes it idempotent.

        ``seen`` is a number that an event of the session was given.

        Raises:
            HistoryForgotten: Redis has forgotten that number; the message was not taken.
            SessionGone, SessionClosed, RateLimited, QueueFull: it was not taken.
        """
        rate, period = self.limits.rate
        customer_rate = rate * SESSIONS_AT_ONCE
        customer, shard = self._rate(customer_id), self._shard(session_id)
        keys, customer_wait = self._keys(session_id), 0
        if self._scripts.clustered:
            # Before the message is taken, so that the sweep finds it whatever happens then.
            _, customer_wait = await asyncio.gather(
                self._run("running", [shard], session_id),
                self._run("customer", [customer], customer_rate, period),
            )
        else:
            keys += [customer, shard]
        reply = await self._run(
            "accept",
            keys,
            message.id,
            encode(message),
            rate,
            period,
            INBOX_SIZE,
            _ms(self.limits.lease),
            self.limits.window,
            _ms(self.limits.ttl),
            run_id,
            started,
            customer_wait,
            customer_rate,
            session_id,
            seen,
            *acknowledgement,
        )
        match reply:
            case [b"begun", seq, known, turn]:
                return Accepted(
                    seq,
                    message_from(known) if known else None,
                    self._windows.turn_from(session_id, run_id, turn),
                )
            case [b"queued" | b"known", seq, known, left_behind]:
                return Accepted(
                    seq, message_from(known) if known else None, left_behind=bool(left_behind)
                )
            case [b"limited", retry_after]:
                raise RateLimited(retry_after)
            case [b"full"]:
                raise QueueFull
            case [b"closed"]:
                raise SessionClosed
            case [b"behind"]:
                raise HistoryForgotten
            case _:
                raise SessionGone

    async def beat(self, turn: Turn, number: int, events: Sequence[bytes]) -> int:
        """Keeps and numbers what the turn says, and renews its lease.

        ``number`` counts the turn's beats from 1, so that one may be sent again. Answers the
        first event's number.

        Raises:
            StaleTurn: the fence has moved; nothing may be said any more.
            TurnForgotten: the same, and Redis does not know the message or a beat any more.
        """
        seq = await self._run(
            "beat",
            self._keys(turn.session_id),
            turn.fence,
            number,
            _ms(self.limits.lease),
            _ms(self.limits.ttl),
            turn.message.id,
            *events,
        )
        if seq < 0:
            raise TurnForgotten
        if not seq:
            raise StaleTurn
        return int(seq)

    async def renew(self, turns: Sequence[Turn]) -> list[tuple[Turn, StaleTurn]]:
        """Renews the leases of turns that say nothing; answers those that :meth:`beat` refuses."""
        lease, ttl = _ms(self.limits.lease), _ms(self.limits.ttl)
        calls = [
            (self._keys(turn.session_id), (turn.fence, 0, lease, ttl, turn.message.id))
            for turn in turns
        ]
        replies = await self._scripts.run_each("beat", calls)
        return [
            (turn, TurnForgotten() if seq < 0 else StaleTurn())
            for turn, seq in zip(turns, replies, strict=True)
            if seq <= 0
        ]

    async def commit(
        self,
        turn: Turn,
        messages: Sequence[BaseMessage],
        events: Sequence[bytes],
        next_run_id: str,
        next_started: bytes,
        *,
        failed: bool = False,
    ) -> tuple[int, Turn | None]:
        """Ends the turn: all of its messages are stored, and the next one's turn begins.

        Answers the first event's number, and the next turn when a message waited.

        Raises:
            StaleTurn: the fence has moved; nothing was written.
            TurnForgotten: the same, and Redis does not know the message any more.
        """
        entries = [encode(message) for message in messages]
        reply = await self._run(
            "commit",
            self._keys(turn.session_id),
            turn.fence,
            "f" if failed else "d",
            _ms(self.limits.lease),
            self.limits.window,
            _ms(self.limits.ttl),
            next_run_id,
            next_started,
            turn.message.id,
            len(entries),
            *entries,
            *events,
        )
        match reply:
            case [b"done", seq]:
                return seq, None
            case [b"done", seq, following]:
                return seq, self._windows.turn_from(turn.session_id, next_run_id, following)
            case [b"forgotten"]:
                raise TurnForgotten
            case _:
                raise StaleTurn

    async def release(self, turn: Turn) -> None:
        """Gives up a turn, so that others need not wait for its lease to run out."""
        await self._run("release", self._keys(turn.session_id), turn.fence)

    async def cut(
        self, session_id: str, *, resume: bool = False, cut_id: str | None = None
    ) -> Cut | None:
        """Takes the running turn away from its worker, to end it with what it has said.

        With ``resume``, takes up an ending whose own worker died. None when there is none.
        ``cut_id`` makes it idempotent: the same one gets the same turn again.
        """
        reply = await self._run(
            "cut",
            self._keys(session_id),
            _ms(self.limits.lease),
            int(resume),
            cut_id or uuid4().hex,
        )
        if not reply:
            return None
        run_id, turn, events = reply
        return Cut(self._windows.turn_from(session_id, run_id.decode(), turn), events)

    async def recover(
        self, session_id: str, fence: int, run_id: str, events: Sequence[bytes]
    ) -> tuple[int, Turn] | None:
        """Begins the turn of an abandoned message anew; the last of ``events`` is RUN_STARTED.

        Answers the first event's number and the turn; None when somebody else was faster.
        """
        reply = await self._run(
            "recover",
            self._keys(session_id),
            fence,
            _ms(self.limits.lease),
            self.limits.window,
            _ms(self.limits.ttl),
            run_id,
            *events,
        )
        return (reply[0], self._windows.turn_from(session_id, run_id, reply[1])) if reply else None

    # --- reading ------------------------------------------------------------------------------

    async def look(self, session_id: str) -> Look | None:
        """A session from above; None when it is gone."""
        [look] = await self.look_each([session_id])
        return look

    async def look_each(self, session_ids: Sequence[str]) -> list[Look | None]:
        """The same of many sessions, in one go."""
        calls = [(self._keys(session_id), ()) for session_id in session_ids]
        return [
            look_from(reply) if reply else None
            for reply in await self._scripts.run_each("look", calls)
        ]

    async def snapshot(self, session_id: str, limit: int = 200) -> Snapshot:
        """What a tab shows: the newest ``limit`` messages and the running turn's events.

        Raises:
            SessionGone: there is no such session.
        """
        reply = await self._run("read", self._keys(session_id), -1, limit)
        if not reply:
            raise SessionGone
        return snapshot_from(reply)

    async def events_after(self, session_id: str, seq: int) -> tuple[int, list[bytes]] | Snapshot:
        """The events after number ``seq`` and the first one's number; a snapshot where they
        are no longer kept.

        Raises:
            SessionGone: there is no such session.
        """
        reply = await self._run("read", self._keys(session_id), seq, 200)
        if not reply:
            raise SessionGone
        return (reply[0], reply[1]) if len(reply) == 2 else snapshot_from(reply)

    async def newest(self, session_ids: Sequence[str]) -> list[int]:
        """The number of each session's newest event; 0 for one that is gone."""
        calls = [(self._keys(session_id), ()) for session_id in session_ids]
        return list(await self._scripts.run_each("newest", calls))

    async def entries(self, session_id: str, first: int) -> list[bytes]:
        """The stored messages from position ``first`` on, as they are in the list."""
        key = history_key(session_id, self._prefix)
        return list(await self._run("entries", [key], first))

    # --- history and transcript ---------------------------------------------------------------

    async def uncopied(self, session_ids: Sequence[str]) -> list[Uncopied]:
        """What the transcripts of these sessions may not have; leaves out those that are gone."""
        replies = await self._scripts.run_each(
            "uncopied", [(self._keys(session_id), ()) for session_id in session_ids]
        )
        return [
            Uncopied(session_id, int(reply[0]), reply[1], reply[2])
            for session_id, reply in zip(session_ids, replies, strict=True)
            if reply
        ]

    async def mark_copied(self, copied: Sequence[tuple[str, int, bytes]]) -> list[str]:
        """Notes how many messages of each session the transcript has, and which is the last one.

        Answers the sessions whose history has no such message in that place any more.
        """
        answers = await self._scripts.run_each(
            "copied",
            [
                (self._keys(session_id), (count, hashlib.sha1(last).hexdigest()))  # noqa: S324
                for session_id, count, last in copied
            ],
        )
        return [each[0] for each, kept in zip(copied, answers, strict=True) if not kept]

    async def heal(self, found: Uncopied, mended: Mended, *, anew: bool) -> bool:
        """Mends a session of which Redis has forgotten the newest writes; see ``lua/heal.lua``.

        ``anew`` begins its running turn anew. False when the session is not as ``found`` any more.
        """
        session_id, held = found.session_id, mended.held
        # Before, as for a message that is accepted: the sweep goes on with it whatever happens.
        await self._run("running", [self._shard(session_id)], session_id)
        records = [
            field
            for message_id, position, status in mended.records
            for field in (message_id, "" if position is None else position, status)
        ]
        done = await self._run(
            "heal",
            self._keys(session_id),
            found.fence,
            found.first + len(found.entries),
            mended.copied,
            _ms(self.limits.ttl),
            int(anew),
            held.id if held else "",
            encode(held) if held else "",
            mended.first,
            len(mended.records),
            *records,
            *mended.entries,
        )
        return bool(done)

    # --- the summary of what fell out of the window -------------------------------------------

    async def unsummarized(
        self, session_id: str, upto: int, *, claim: str, hold: float, most: int
    ) -> Unsummarized | None:
        """What is to be summarized up to position ``upto``, ``most`` messages at most.

        Nobody else gets it for ``hold`` seconds. None where somebody else has it, or where there
        is nothing to do.
        """
        reply = await self._run(
            "unsummarized", self._keys(session_id), claim, _ms(hold), upto, most
        )
        if not reply:
            return None
        done, summary, first, entries = reply
        return Unsummarized(claim, done, summary.decode(), first, entries)

    async def keep_summary(self, session_id: str, of: Unsummarized, text: str) -> bool:
        """Keeps the summary; False when the session has gone on without it, or is gone."""
        kept = await self._run(
            "summarized",
            self._keys(session_id),
            of.claim,
            of.done,
            of.first + len(of.entries),
            hashlib.sha1(of.entries[-1]).hexdigest(),  # noqa: S324 as Redis has it
            text,
        )
        return bool(kept)

    # --- the index of sessions with work to do ------------------------------------------------

    async def due(self, older_than: float) -> list[tuple[str, bytes]]:
        """Sessions noted more than so many seconds ago, each with the score for :meth:`settle`."""
        found: dict[str, bytes] = {}
        shards, start = [f"{self._prefix}running:{shard}" for shard in range(SHARDS)], 0
        while shards:
            calls = [([key], (_ms(older_than), PAGE, start)) for key in shards]
            replies = await self._scripts.run_each("due", calls)
            for reply in replies:
                found |= {i.decode(): s for i, s in zip(reply[::2], reply[1::2], strict=True)}
            full = [len(reply) == 2 * PAGE for reply in replies]
            shards, start = list(compress(shards, full)), start + PAGE
        return list(found.items())

    async def settle(self, session_id: str, score: bytes) -> None:
        """Strikes a session that has nothing left to do, unless it was noted again meanwhile."""
        await self._run("settled", [self._shard(session_id)], session_id, score)

    # --- how ----------------------------------------------------------------------------------

    def _keys(self, session_id: str) -> list[str]:
        key = history_key(session_id, self._prefix)
        return [key, *(f"{{{key}}}:{part}" for part in ("state", "inbox", "ids", "events"))]

    def _tombstone(self, session_id: str) -> str:
        return f"{{{history_key(session_id, self._prefix)}}}:purged"

    def _rate(self, customer_id: int) -> str:
        return f"{self._prefix}customer:{customer_id}"

    def _shard(self, session_id: str) -> str:
        return f"{self._prefix}running:{zlib.crc32(session_id.encode()) % SHARDS}"


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
