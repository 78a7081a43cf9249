"""The loss of a master in the middle of a load: what was acknowledged is answered, once each."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from itertools import cycle
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGenerationChunk

from chat import marks
from chat.assistant import Assistant, Line
from chat.errors import HistoryUnavailable, QueueFull
from chat.llm.fake import FakeModel
from chat.store import Store
from chat.turns import Turns
from tests.redis_shapes.servers import ClusterRedis, SentinelRedis
from tests.turn.conftest import StoreMaker, lets_all_pass, no_transcript

SESSIONS = 24
# Of each customer, before the loss and after it.
MESSAGES = 2
# Seconds; generous, for a busy machine.
PATIENCE = 120


class SlowModel(FakeModel):
    """Speaks for as long as a model does, so that a server dies in the middle of answers."""

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._stream(messages):
            await asyncio.sleep(0.01)
            yield chunk


class Load:
    """Customers who talk through two server processes' turns, whichever they get."""

    def __init__(self, stores: Sequence[Store]) -> None:
        self.store = stores[0]
        self.workers = [self._worker(store) for store in stores]
        self.sessions = [uuid4().hex for _ in range(SESSIONS)]
        self.acknowledged: dict[str, list[str]] = {session: [] for session in self.sessions}
        self.shown: dict[tuple[str, int], bytes] = {}
        self.refused = 0
        self.under_way, self.survived = asyncio.Event(), asyncio.Event()

    def _worker(self, store: Store) -> Turns:
        async def tools_for(session_id: str) -> list[Any]:
            return []

        return Turns(
            store,
            self._show,
            Assistant(Line("slow", SlowModel()), timeout=5),
            max_chars=100,
            window_tokens=10_000,
            tools_for=tools_for,
            guard_for=lets_all_pass,
            stored=lambda session_id: None,
            check=no_transcript,
        )

    def _show(self, session_id: str, first: int, bodies: Sequence[bytes]) -> None:
        for seq, body in enumerate(bodies, first):
            assert self.shown.setdefault((session_id, seq), body) == body, "a number given twice"

    async def talk(self, session_id: str) -> None:
        """One customer's page: it sends each message until it is acknowledged."""
        acknowledged, workers = self.acknowledged[session_id], cycle(self.workers)
        after = 0
        while after < MESSAGES:
            after += self.survived.is_set()
            message_id = str(uuid4())
            while True:
                try:
                    await next(workers).accept(session_id, 1, message_id, "Where is my parcel?")
                    break
                except (HistoryUnavailable, QueueFull) as refusal:
                    self.refused += isinstance(refusal, HistoryUnavailable)
                    await asyncio.sleep(0.2)  # as the page does, in seconds
            acknowledged.append(message_id)
            if all(len(each) >= MESSAGES for each in self.acknowledged.values()):
                self.under_way.set()
            await asyncio.sleep(0.2)  # a customer reads

    async def answered(self, session_id: str) -> list[BaseMessage]:
        """The session's history, once nothing waits for an answer any more."""
        while True:
            with suppress(HistoryUnavailable):
                look = await self.store.look(session_id)
                assert look is not None, "the session is gone"
                if not look.waiting:
                    return (await self.store.snapshot(session_id)).messages
            await asyncio.sleep(0.1)


@pytest.fixture(params=["sentinel", "cluster"])
def shape(request: pytest.FixtureRequest) -> SentinelRedis | ClusterRedis:
    found: SentinelRedis | ClusterRedis = request.getfixturevalue(request.param)
    return found


async def test_after_the_loss_of_a_master_every_acknowledged_message_is_answered_once(
    make_store: StoreMaker, shape: SentinelRedis | ClusterRedis
) -> None:
    options = {"replicas": 1, "lease": 4, "ttl": 600}
    load = Load([make_store(shape.url, **options) for _ in range(2)])
    for session_id in load.sessions:
        await load.store.open(session_id)
    beside = [
        asyncio.create_task(work()) for w in load.workers for work in (w.keep_leases, w.sweep)
    ]
    try:
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as customers:
            for session_id in load.sessions:
                customers.create_task(load.talk(session_id))
            await load.under_way.wait()
            if isinstance(shape, SentinelRedis):
                await asyncio.to_thread(shape.fail_over)
            else:
                dead = await asyncio.to_thread(shape.fail_over, f"chat_history:{load.sessions[0]}")
                dead.start()  # what leads in its place has no replica else
            load.survived.set()
        for session_id in load.sessions:
            async with asyncio.timeout(PATIENCE):
                messages = await load.answered(session_id)
            said = [m.id for m in messages if m.type == "human"]
            assert said == load.acknowledged[session_id]
            replies = [m for m in messages if isinstance(m, AIMessage)]
            assert [m.additional_kwargs[marks.ANSWERS] for m in replies] == said
            assert not any(marks.FAILED in m.additional_kwargs for m in replies)
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        for worker in load.workers:
            await worker.stop()
    assert load.refused, "the loss went by unnoticed"
