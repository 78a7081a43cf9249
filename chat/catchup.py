"""What a tab has missed, read from Redis."""

import asyncio
from collections.abc import Awaitable, Callable

import orjson

from chat.connections import EVERYTHING, FORGOTTEN, KNOWN, Connections, Missed
from chat.conversations import Snapshot
from chat.errors import HistoryUnavailable, SessionGone
from chat.events import Event, encode, frame
from chat.snapshots import messages_snapshot, state_snapshot
from chat.store import Store

# Seconds between two looks at whether the tabs have the newest events.
LOOK = 2.0
# Conversations that are asked about in one go.
BATCH = 500


async def keep_current(store: Store, connections: Connections) -> None:
    """Shows tabs what the channel layer lost, such as an answer's end; runs until cancelled.

    A later number shows a tab that something is missing. Where none comes, this does: it looks at
    the conversations in which something went on lately, and at all of them when Redis was away.
    """
    everything, before = False, set[str]()
    while True:
        await asyncio.sleep(LOOK)
        try:
            noted = {session_id for session_id, _ in await store.due(-1)}
            # Those that have left the index since the last look may have ended in between.
            here = connections.session_ids()
            session_ids = list(here if everything else here & (noted | before))
            for start in range(0, len(session_ids), BATCH):
                batch = session_ids[start : start + BATCH]
                for session_id, seq in zip(batch, await store.newest(batch), strict=True):
                    connections.check(session_id, seq)
        except HistoryUnavailable:
            everything = True
        else:
            everything, before = False, noted


async def catch_up(
    store: Store, renumber: Callable[[str], Awaitable[None]], session_id: str, seq: int
) -> Missed:
    """What came after number ``seq``, or everything where that is no longer kept.

    ``renumber`` is called for a session that Redis has partly forgotten: it mends it, and from then
    on its numbers are higher than every one before.

    Raises:
        SessionGone: there is no such session, or it has ended.
        HistoryUnavailable: Redis does not answer.
    """
    if seq == FORGOTTEN:
        await renumber(session_id)
    if seq in (EVERYTHING, FORGOTTEN):
        return _everything(session_id, await store.snapshot(session_id))
    found = await store.events_after(session_id, seq)
    if isinstance(found, Snapshot):
        if found.newest < seq:
            await renumber(session_id)
            found = await store.snapshot(session_id)
        return _everything(session_id, found)
    first, bodies = found
    frames = [frame(body, number) for number, body in enumerate(bodies, first)]
    return Missed(frames, first + len(bodies) - 1, frames)


def _everything(session_id: str, snapshot: Snapshot) -> Missed:
    if snapshot.mode == "closed":
        # It ended while the tab was opening, after its tabs were told: the next connect makes anew.
        raise SessionGone
    seq = snapshot.seq
    snapshots: list[Event] = [
        state_snapshot(session_id, snapshot.mode, snapshot.expires_in, seq),
        messages_snapshot(snapshot.messages, snapshot.waiting, snapshot.again, seq),
    ]
    running = [
        frame(body, number)
        for number, body in enumerate(snapshot.events, seq + 1)
        # Messages that came in while the turn runs stand in the snapshot already.
        if "runId" in orjson.loads(body)["metadata"]
    ]
    frames = [*(encode(event).decode() for event in snapshots), *running]
    newest = snapshot.kept[-KNOWN:]
    known = [frame(body, n) for n, body in enumerate(newest, snapshot.newest - len(newest) + 1)]
    return Missed(frames, snapshot.newest, known, whole=True)
