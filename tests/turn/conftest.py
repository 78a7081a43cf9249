"""Conversations on the worker's own Redis, and workers that lead turns in them."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from chat import events
from chat.conversations import Accepted, Turn
from chat.events import Run
from chat.guard.exit import NoGuard
from chat.store import Limits, Store

LIMITS = Limits(ttl=60, lease=30, window=20, rate=(1_000, 60_000))


@dataclass
class Worker:
    """Does by hand what a server process does in a turn."""

    store: Store
    session_id: str = field(default_factory=lambda: uuid4().hex)
    customer_id: int = 1

    async def accept(self, text: str, message_id: str = "", run_id: str = "") -> Accepted:
        message_id, run_id = message_id or str(uuid4()), run_id or str(uuid4())
        acknowledgement = [
            events.encode(event) for event in events.acknowledgement(message_id, text, "now")
        ]
        return await self.store.accept(
            self.session_id,
            self.customer_id,
            HumanMessage(text, id=message_id),
            acknowledgement,
            run_id,
            events.encode(Run(self.session_id, run_id).started()),
        )

    async def begin(self, text: str) -> Turn:
        accepted = await self.accept(text)
        assert accepted.turn is not None
        return accepted.turn

    async def say(self, turn: Turn, number: int, *words: str) -> int:
        run = Run(self.session_id, turn.run_id)
        return await self.store.beat(
            turn, number, [events.encode(run.text("m", word)) for word in words]
        )

    async def commit(self, turn: Turn, text: str, **options: Any) -> Turn | None:
        run, following = Run(self.session_id, turn.run_id), Run(self.session_id, str(uuid4()))
        _, next_turn = await self.store.commit(
            turn,
            [AIMessage(text, id=uuid4().hex)],
            [events.encode(run.finished())],
            following.run_id,
            events.encode(following.started()),
            **options,
        )
        return next_turn

    async def recover(self) -> Turn | None:
        look = await self.store.look(self.session_id)
        assert look is not None
        run = Run(self.session_id, str(uuid4()))
        found = await self.store.recover(
            self.session_id, look.fence, run.run_id, [events.encode(run.started())]
        )
        return found[1] if found else None

    async def history(self) -> list[str]:
        return [m.text for m in (await self.store.snapshot(self.session_id)).messages]


async def no_transcript(
    session_id: str, *, went_back: bool = False, held: BaseMessage | None = None
) -> None:
    """What the turns call to compare a session with its transcript, where there is none."""


async def lets_all_pass(turn: Turn, said: Sequence[BaseMessage]) -> NoGuard:
    """The guard of turns whose words are not what the test is about."""
    return NoGuard()


StoreMaker = Callable[..., Store]


@pytest.fixture
async def make_store(redis_url: str) -> AsyncIterator[StoreMaker]:
    stores: list[Store] = []

    def make(**changes: Any) -> Store:
        limits = {name: getattr(LIMITS, name) for name in LIMITS.__slots__} | changes
        stores.append(Store(redis_url, Limits(**limits)))
        return stores[-1]

    yield make
    for store in stores:
        await store.aclose()


@pytest.fixture
async def worker(make_store: StoreMaker) -> Worker:
    """A worker and an open session."""
    worker = Worker(make_store())
    await worker.store.open(worker.session_id)
    return worker


async def worker_with(make_store: StoreMaker, **changes: Any) -> Worker:
    """The same with other limits."""
    worker = Worker(make_store(**changes))
    await worker.store.open(worker.session_id)
    return worker
