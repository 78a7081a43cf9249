"""Deletes chat sessions everywhere: Redis, database, open tabs.

Redis first, in one step that leaves a tombstone, so that a turn which still runs can write nothing
any more; then the rows. Killed in between, the rows are still there and the next run goes on.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from chat.broadcast import close_tabs
from chat.connections import GONE
from chat.database import in_thread
from chat.models import ChatSession
from chat.store import Store

BATCH = 200

# Nobody waits at a socket for these.
unhurried = partial(in_thread, within=None)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which sessions; conditions that are given must all hold, and with none it is all of them.

    ``idle_for`` spares sessions with a message since then.
    """

    customer: AbstractBaseUser | None = None
    session_id: str | None = None
    idle_for: timedelta | None = None

    @property
    def is_everything(self) -> bool:
        return self == Selection()


@dataclass(frozen=True, slots=True)
class Purged:
    """What was deleted so far, or would be."""

    sessions: int = 0
    messages: int = 0


async def purge(
    store: Store, selection: Selection, *, dry_run: bool = False
) -> AsyncIterator[Purged]:
    """Deletes the sessions in batches, and answers the running total after each.

    Raises:
        HistoryUnavailable: Redis does not answer; what is done is done, the rest is untouched.
    """
    total = Purged()
    idle_for = selection.idle_for.total_seconds() if selection.idle_for is not None else 0
    async for batch in _batches(store, selection):
        found: dict[str, int] = {}
        for session_id, copied in batch.items():
            kept = await store.purge(session_id, idle_for=idle_for, count_only=dry_run)
            if kept is not None:
                found[session_id] = max(kept, copied)
        if not dry_run:
            await _delete_rows(found)
            for session_id in found:
                await close_tabs(session_id, GONE)
        total = Purged(total.sessions + len(found), total.messages + sum(found.values()))
        yield total


async def _batches(store: Store, selection: Selection) -> AsyncIterator[dict[str, int]]:
    """The selected sessions, each with how many messages its transcript has."""
    after = ""
    while batch := await _rows(selection, after):
        yield batch
        after = max(batch)
    if selection.is_everything or selection.session_id is not None:
        # What the database does not know (any more) may still be in Redis.
        async for orphans in _orphans(store, selection):
            yield orphans


async def _orphans(store: Store, selection: Selection) -> AsyncIterator[dict[str, int]]:
    if selection.session_id is not None:
        candidates = [selection.session_id] if await store.look(selection.session_id) else []
    else:
        candidates = [each async for each in store.session_ids()]
    for start in range(0, len(candidates), BATCH):
        part = candidates[start : start + BATCH]
        known = await _known(part)
        if orphans := {each: 0 for each in part if each not in known}:
            yield orphans


@unhurried
def _rows(selection: Selection, after: str) -> dict[str, int]:
    sessions = ChatSession.objects.filter(session_id__gt=after).order_by("session_id")
    if selection.customer is not None:
        sessions = sessions.filter(customer_id=selection.customer.pk)
    if selection.session_id is not None:
        sessions = sessions.filter(session_id=selection.session_id)
    if selection.idle_for is not None:
        sessions = sessions.filter(last_activity_at__lt=timezone.now() - selection.idle_for)
    counted = sessions.annotate(copied=Count("transcript"))
    return dict(counted.values_list("session_id", "copied")[:BATCH])


@unhurried
def _known(session_ids: list[str]) -> set[str]:
    known = ChatSession.objects.filter(session_id__in=session_ids)
    return set(known.values_list("session_id", flat=True))


@unhurried
def _delete_rows(session_ids: Iterable[str]) -> None:
    with transaction.atomic():
        # Locked first: a transcript's batch comes before or after, never in between.
        locked = ChatSession.objects.select_for_update().filter(pk__in=session_ids).order_by("pk")
        ChatSession.objects.filter(pk__in=[session.pk for session in locked]).delete()
