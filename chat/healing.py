"""Brings a history and its transcript to agree again when Redis has forgotten what it had said.

After a failover, a restored file or a power failure, Redis may be older than what customers have
seen and than the transcript. Nothing in it says so; it shows where the two are laid side by side
(decision 0020). The transcript is never changed: the history is mended from it.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from django.utils import timezone
from langchain_core.messages import BaseMessage, HumanMessage, messages_from_dict

from chat import marks
from chat.conversations import Mended, Uncopied
from chat.database import AWAY, in_thread
from chat.errors import HistoryUnavailable
from chat.history import decode_all, encode
from chat.models import ChatSession, same_message
from chat.store import Store

logger = logging.getLogger(__name__)

# A session that changes while it is looked at is looked at again so often, after so many seconds.
TRIES, SOON = 20, 0.05
# After a failure of the database or of Redis, the next try comes after so many seconds.
PAUSE = 2.0

# Seconds between two looks at which Redis servers answer.
LOOK = 2.0
# Sessions that are compared in one go.
BATCH = 500


class Healing:
    """Compares sessions with their transcripts and mends them.

    Args:
        store: the conversations.
        mended: told the id of each session that was mended: its tabs must read anew, and a message
            may wait for its answer.
    """

    def __init__(self, store: Store, mended: Callable[[str], None]) -> None:
        self._store = store
        self._mended = mended
        self._doubted: set[str] = set()
        self._wake = asyncio.Event()

    def doubt(self, session_id: str) -> None:
        """The session's history may have gone back; it is compared soon."""
        self._doubted.add(session_id)
        self._wake.set()

    async def keep_comparing(self) -> None:
        """Compares what is doubted; runs until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            doubted, self._doubted = self._doubted, set()
            for session_id in doubted:
                try:
                    await self.check(session_id)
                except HistoryUnavailable:
                    self.doubt(session_id)
            if self._doubted:
                await asyncio.sleep(PAUSE)

    async def keep_looking_back(self) -> None:
        """Compares all conversations when another Redis server answers, or one that was restarted.

        At the start too, for that may have been before. Runs until cancelled.
        """
        known: frozenset[str] | None = None
        while True:
            try:
                if known != (servers := await self._store.servers()):
                    await self._look_back()
                    known = servers
            except (HistoryUnavailable, *AWAY) as error:
                logger.warning("Transcripts are compared later: %s", type(error).__name__)
            await asyncio.sleep(LOOK)

    async def _look_back(self) -> None:
        """Looks at every conversation that Redis may still have."""
        after = ""
        while counts := await _counts(after, self._store.limits.ttl):
            # The transcripts first: they never have more than was there when one looks afterwards.
            looks = await self._store.look_each(list(counts))
            for (session_id, count), look in zip(counts.items(), looks, strict=True):
                if look is not None and look.length < count:
                    self.doubt(session_id)
            after = max(counts)

    async def check(
        self, session_id: str, *, went_back: bool = False, held: BaseMessage | None = None
    ) -> None:
        """Mends the session if its transcript knows what its history has forgotten.

        ``went_back`` says that it surely has forgotten something: numbers that were given may be
        given again, so it gets new ones. ``held`` is a message that was accepted in it, and that
        is put back should it be forgotten.

        Raises:
            HistoryUnavailable: Redis does not answer.
        """
        for _ in range(TRIES):
            found = await self._store.uncopied([session_id])
            if not found:
                return
            try:
                told = await _told(session_id, found[0].first)
            except AWAY as error:
                logger.warning("A transcript cannot be asked: %s", type(error).__name__)
                self.doubt(session_id)
                told = found[0].first, []
            if told is None:
                # Redis has forgotten that it was deleted.
                await self._store.purge(session_id)
                return
            mended, agree = mend(*told, found[0])
            if agree and not went_back and held is None:
                return
            anew = bool(mended.entries) or held is not None
            if await self._store.heal(found[0], replace(mended, held=held), anew=anew):
                logger.warning("Session %s had been forgotten in part; it is mended", session_id)
                self._mended(session_id)
                return
            await asyncio.sleep(SOON)
        self.doubt(session_id)


@in_thread
def _counts(after: str, ttl: float) -> dict[str, int]:
    """How many messages the transcripts have, of sessions that Redis may not have forgotten."""
    alive = ChatSession.objects.filter(
        pk__gt=after,
        last_activity_at__gt=timezone.now() - timedelta(seconds=ttl),
        message_count__gt=0,
    )
    return dict(alive.order_by("pk").values_list("pk", "message_count")[:BATCH])


@in_thread
def _told(session_id: str, first: int) -> tuple[int, list[BaseMessage]] | None:
    """How many messages the transcript has, and those from position ``first`` on."""
    session = ChatSession.objects.filter(pk=session_id).first()
    if session is None:
        return None
    rows = session.transcript.filter(position__gte=first).order_by("position")
    return session.message_count, messages_from_dict(list(rows.values_list("payload", flat=True)))


def mend(count: int, told: Sequence[BaseMessage], found: Uncopied) -> tuple[Mended, bool]:
    """What the session becomes, and whether it was so already.

    ``told`` are the transcript's messages from ``found.first`` on, of ``count`` altogether. They
    come first, for they were said first; then what the history got after it went back. Messages
    that were then answered a second time are left out.
    """
    kept = decode_all(found.entries, found.first)
    same = 0
    while same < min(len(told), len(kept)) and _same(told[same], kept[same]):
        same += 1
    if same == len(told):
        end = found.first + len(kept)
        return Mended(end, copied=min(count, found.first + same)), count >= found.first
    since = _not_doubled(told, kept[same:])
    forgotten = told[same:]
    entries: list[bytes | str] = [encode(message) for message in forgotten]
    entries += [found.entries[same + index] for index in since]
    messages = [*forgotten, *(kept[same + index] for index in since)]
    first = found.first + same
    return Mended(first, entries, _records(first, messages, len(forgotten)), count), False


def _same(one: BaseMessage, other: BaseMessage) -> bool:
    return same_message(one.id or "", other.id or "")


def _not_doubled(told: Sequence[BaseMessage], kept: Sequence[BaseMessage]) -> list[int]:
    """Which of ``kept`` are to stay: no message that was told, and no second answer to one."""
    ids = {message.id for message in told if message.id}
    answered = {
        message.additional_kwargs.get(marks.ANSWERS)
        for message in told
        if marks.FAILED not in message.additional_kwargs
    }
    stay: list[int] = []
    turn: list[int] = []
    for index, message in enumerate(kept):
        if message.id not in ids:
            turn.append(index)
        if answers := message.additional_kwargs.get(marks.ANSWERS):
            stay += turn if answers not in answered else []
            turn = []
    return stay + turn


def _records(
    first: int, messages: Sequence[BaseMessage], forgotten: int
) -> list[tuple[str, int | None, str]]:
    """What becomes of the customer's messages; the first ``forgotten`` ones were forgotten."""
    positions: dict[str, int] = {}
    for position, message in enumerate(messages, first):
        if isinstance(message, HumanMessage) and message.id:
            positions[message.id] = position
    statuses = {
        str(message.id): "w"
        for message in messages[:forgotten]
        if isinstance(message, HumanMessage)
    }
    for index, message in enumerate(messages):
        answers = message.additional_kwargs.get(marks.ANSWERS)
        if answers and (index < forgotten or answers in statuses):
            statuses[answers] = "f" if marks.FAILED in message.additional_kwargs else "d"
    return [
        (message_id, positions.get(message_id), statuses.get(message_id, ""))
        for message_id in positions | statuses
    ]
