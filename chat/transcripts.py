"""The durable copy of the conversations, written off the hot path, in batches.

Rows are unique by session and position and are only ever added, so copying twice changes nothing,
and what was missed is caught up from the list in Redis.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, transaction
from django.utils import timezone
from langchain_core.messages import BaseMessage, SystemMessage, message_to_dict

from chat import marks
from chat.conversations import Uncopied
from chat.database import AWAY, in_thread
from chat.errors import HistoryUnavailable
from chat.history import decode_all
from chat.models import ChatSession, TranscriptMessage, same_message
from chat.store import Store

logger = logging.getLogger(__name__)

# A batch waits this long (seconds) for more sessions to have something new.
GATHER = 0.1
# Sessions in one batch, and so in one transaction.
BATCH = 200
# After a failure of the database or of Redis, the next try comes after so many seconds.
PAUSE = 2.0
# Stands in a transcript for a message that the database cannot hold.
UNSTORABLE = "[This message could not be stored.]"


@dataclass(frozen=True, slots=True)
class Copy:
    """Messages of one session that its transcript may miss, from position ``first`` on."""

    session_id: str
    first: int
    messages: Sequence[BaseMessage]


class Transcripts:
    """Copies what is committed in Redis to the database.

    Args:
        store: the conversations.
        doubt: told the id of each session whose history and transcript do not agree; it is left
            as it is until they do.
    """

    def __init__(self, store: Store, doubt: Callable[[str], None]) -> None:
        self._store = store
        self._doubt = doubt
        self._new: set[str] = set()
        self._wake = asyncio.Event()

    def mark(self, session_id: str) -> None:
        """The session has something new; it is copied soon."""
        self._new.add(session_id)
        self._wake.set()

    async def keep_copying(self) -> None:
        """Copies what is marked; runs until cancelled, and then copies what is left."""
        try:
            while True:
                await self._wake.wait()
                await asyncio.sleep(GATHER)
                if not await self.copy_marked():
                    await asyncio.sleep(PAUSE)
        finally:
            await self.copy_marked()

    async def copy_marked(self) -> bool:
        """Copies all marked sessions. False when some must be tried again; they stay marked."""
        self._wake.clear()
        marked, self._new = list(self._new), set()
        for start in range(0, len(marked), BATCH):
            try:
                await self._copy(marked[start : start + BATCH])
            except (HistoryUnavailable, *AWAY) as error:
                logger.warning("The transcripts must wait: %s", type(error).__name__)
                self._new.update(marked[start:])
                self._wake.set()
                return False
        return True

    async def _copy(self, session_ids: Sequence[str]) -> None:
        found = [each for each in await self._store.uncopied(session_ids) if each.entries]
        if not found:
            return
        clashes = await _write(
            [Copy(f.session_id, f.first, decode_all(f.entries, f.first)) for f in found]
        )
        copied = [_copied(each) for each in found if each.session_id not in clashes]
        for session_id in (*clashes, *await self._store.mark_copied(copied)):
            self._doubt(session_id)


def _copied(found: Uncopied) -> tuple[str, int, bytes]:
    return found.session_id, found.first + len(found.entries), found.entries[-1]


@in_thread
def _write(copies: Sequence[Copy]) -> set[str]:
    try:
        return write(copies)
    except AWAY:
        raise
    except (DatabaseError, ValueError):
        # One message that the database cannot hold must not keep back the others.
        return {copy.session_id for copy in copies if not all(map(_write_one, _singly(copy)))}


def _singly(copy: Copy) -> list[Copy]:
    return [
        Copy(copy.session_id, position, [message])
        for position, message in enumerate(copy.messages, copy.first)
    ]


def _write_one(copy: Copy) -> bool:
    """False when the transcript has another message in this place."""
    try:
        return not write([copy])
    except AWAY:
        raise
    except (DatabaseError, ValueError) as error:
        name = f"{copy.session_id}[{copy.first}]"
        logger.error("The transcript cannot hold %s: %s", name, type(error).__name__)
        stand_in = SystemMessage(UNSTORABLE)
        return not write([Copy(copy.session_id, copy.first, [stand_in])])


def write(copies: Sequence[Copy]) -> set[str]:
    """Writes all copies in one transaction; rows that are there already stay as they are.

    Leaves out sessions that were purged meanwhile, and those whose transcript has other messages
    in these places, or lacks some before them; answers the latter.
    """
    clashes: set[str] = set()
    with transaction.atomic():
        # Locked, so that a purge comes before or after the batch, never in between.
        # In one order everywhere, or two processes wait for each other.
        ids = [copy.session_id for copy in copies]
        rows_locked = ChatSession.objects.select_for_update().filter(pk__in=ids).order_by("pk")
        locked = {session.pk: session for session in rows_locked}
        new: list[TranscriptMessage] = []
        changed: list[ChatSession] = []
        for copy in copies:
            if (session := locked.get(copy.session_id)) is None:
                continue
            rows = [
                _row(copy.session_id, position, message)
                for position, message in enumerate(copy.messages, copy.first)
            ]
            there: int | None = 0
            if session.message_count != copy.first:
                there = _agreeing(session, rows)
                if there is None:
                    clashes.add(copy.session_id)
                    continue
            if rows[there:]:
                new += rows[there:]
                session.message_count = copy.first + len(rows)
                session.last_activity_at = max(session.last_activity_at, rows[-1].created_at)
                changed.append(session)
        TranscriptMessage.objects.bulk_create(new)
        ChatSession.objects.bulk_update(changed, ["message_count", "last_activity_at"])
    return clashes


def _agreeing(session: ChatSession, rows: Sequence[TranscriptMessage]) -> int | None:
    """How many of the rows the transcript has already; None when it has something else."""
    first = rows[0].position
    stored = session.transcript.filter(position__gte=first).order_by("position")
    ids = list(stored.values_list("message_id", flat=True))
    if session.message_count < first or len(ids) > len(rows):
        return None
    if all(same_message(one, row.message_id) for one, row in zip(ids, rows, strict=False)):
        return len(ids)
    return None


def _row(session_id: str, position: int, message: BaseMessage) -> TranscriptMessage:
    at = message.additional_kwargs.get(marks.AT)
    return TranscriptMessage(
        session_id=session_id,
        position=position,
        message_id=message.id or "",
        role=message.type,
        text=message.text,
        payload=message_to_dict(message),
        created_at=datetime.fromisoformat(at) if at else timezone.now(),
    )
