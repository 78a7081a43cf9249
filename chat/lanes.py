"""Calls of scripts on their way to one server: those that come together leave together.

Many callers share few connections, and none waits for a free one with a clock running: that a
thousand customers speak at once says nothing about Redis, and must not look as if it were away.
What is limited in time is the server's answer to what was sent. When it stays away, those that
waited behind it are told so with it, and do not each wait for as long again.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import RedisClusterException, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from chat.errors import HistoryUnavailable

# Connections that are used at once: few, so that much leaves together, and more than one, so that
# one which has died holds up only what it carries.
SENDERS = 8
# Calls that leave in one pipeline.
TOGETHER = 100
# What redis-py raises when Redis does not answer, or refuses.
REDIS_ERRORS = (RedisError, RedisClusterException, OSError)


@dataclass(slots=True, eq=False)
class Call:
    """One call of a script, and the future that gets its answer.

    ``packed`` is the command that calls it by its digest, as it is sent.
    """

    script: str
    keys: Sequence[str]
    arguments: Sequence[str | bytes | int]
    packed: bytes
    answer: asyncio.Future[Any] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def settle(self, answer: Any) -> None:
        """Gives the answer, or raises it where it is awaited; unless nobody waits any more."""
        if self.answer.done():
            return
        if isinstance(answer, REDIS_ERRORS):
            unavailable = HistoryUnavailable()
            unavailable.__cause__ = answer
            self.answer.set_exception(unavailable)
        elif isinstance(answer, Exception):
            self.answer.set_exception(answer)
        else:
            self.answer.set_result(answer)


class Lane:
    """The calls to one server.

    ``exchange`` takes calls there and brings back an answer or an error for each, in their order.
    """

    def __init__(self, exchange: Callable[[list[Call]], Awaitable[list[Any]]]) -> None:
        self._exchange = exchange
        self._waiting: deque[Call] = deque()
        self._senders: set[asyncio.Task[None]] = set()
        self._called = False

    def add(self, call: Call) -> None:
        """Sends the call, together with all others of this turn of the event loop."""
        self._waiting.append(call)
        if not self._called:
            self._called = True
            asyncio.get_running_loop().call_soon(self._send)

    async def drained(self) -> None:
        """Returns when nothing is on its way any more."""
        while self._waiting or self._senders:
            await asyncio.gather(*self._senders)
            await asyncio.sleep(0)

    def _send(self) -> None:
        self._called = False
        while self._waiting and len(self._senders) < SENDERS:
            calls = [self._waiting.popleft() for _ in range(min(TOGETHER, len(self._waiting)))]
            # A task of its own, which no caller can cancel: no connection is given up in the
            # middle of a command.
            sender = asyncio.create_task(self._carry(calls))
            self._senders.add(sender)
            sender.add_done_callback(self._sent)

    def _sent(self, sender: asyncio.Task[None]) -> None:
        self._senders.discard(sender)
        self._send()

    async def _carry(self, calls: list[Call]) -> None:
        try:
            answers = await self._exchange(calls)
        except Exception as error:  # noqa: BLE001 whatever it is, the callers must not wait for ever
            answers = [error] * len(calls)
        for call, answer in zip(calls, answers, strict=True):
            call.settle(answer)
        for answer in answers:
            if isinstance(answer, RedisTimeoutError):
                while self._waiting:
                    self._waiting.popleft().settle(answer)
