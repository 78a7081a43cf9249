"""Reads back what is stored of a drill's conversations, once it has come to rest."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from time import monotonic
from typing import Any

from channels.db import database_sync_to_async
from langchain_core.messages import BaseMessage

from chat.drill.findings import Witness, is_settled
from chat.drill.talk import Talk
from chat.history import decode_all
from chat.models import ChatSession
from chat.store import Store

# Seconds between two looks at what has not come to rest yet.
LOOK_AGAIN = 0.3


async def read_back(store: Store, talks: Sequence[Talk], patience: float) -> list[Witness]:
    """What is known of each customer, as soon as all is answered and copied.

    Whose conversation does not come to rest within ``patience`` seconds is read as it is.

    Raises:
        HistoryUnavailable: Redis does not answer.
        django.db.Error: the database does not.
    """
    deadline = monotonic() + patience
    found: dict[str, Witness] = {}
    waiting = list(talks)
    while waiting:
        sessions = await _sessions([talk.customer.pk for talk in waiting])
        for talk in waiting:
            found[talk.customer.name] = await _witness(store, talk, sessions[talk.customer.pk])
        if monotonic() > deadline:
            break
        waiting = [talk for talk in waiting if not is_settled(found[talk.customer.name])]
        if waiting:
            await asyncio.sleep(LOOK_AGAIN)
    return list(found.values())


Sessions = dict[str, dict[int, Any]]  # the transcript of each session, by position


async def _witness(store: Store, talk: Talk, sessions: Sessions) -> Witness:
    history: list[BaseMessage] = []
    transcript: dict[int, Any] = {}
    for session_id, copies in sessions.items():
        first = len(history)
        history += decode_all(await store.entries(session_id, 0))
        transcript |= {first + position: payload for position, payload in copies.items()}
    return Witness(
        name=talk.customer.name,
        said={message.id: message.text for message in talk.messages.values()},
        screens=[tab.screen for tab in talk.tabs],
        frames=[tab.frames for tab in talk.tabs],
        pages=talk.pages,
        sessions=len(sessions),
        history=history,
        transcript=transcript,
    )


@database_sync_to_async
def _sessions(customers: list[int]) -> dict[int, Sessions]:
    """The sessions of each customer, oldest first."""
    found: dict[int, Sessions] = defaultdict(dict)
    rows = ChatSession.objects.filter(customer__in=customers).order_by("started_at")
    for session in rows.prefetch_related("transcript"):
        found[session.customer_id][session.pk] = {
            row.position: row.payload for row in session.transcript.all()
        }
    return found
