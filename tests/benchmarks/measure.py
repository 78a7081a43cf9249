"""Lets customers talk and sees what it costs the server."""

import asyncio
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from tests.benchmarks.contenders import PATIENCE, Contender, Tab, Timing
from tests.benchmarks.servers import cpu_seconds, resident_bytes

T = TypeVar("T")

# Handshakes at the same time.
OPENING = 32
# A server that uses less CPU than that, in seconds of each second, has nothing left to do.
IDLE = 0.04


@dataclass(frozen=True, slots=True)
class Scenario:
    """``at_once`` customers talk at a time, of those ``tabs`` that are open."""

    history: int
    tabs: int
    at_once: int
    turns: int  # of each tab

    @property
    def count(self) -> int:
        """Turns of all tabs together."""
        return self.tabs * self.turns


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a scenario cost: CPU in seconds of the server's and Redis's process, for each turn."""

    cpu: float
    redis_cpu: float
    timings: list[Timing]


async def open_tabs(contender: Contender, count: int) -> list[Tab]:
    """So many new customers, a few at a time."""
    return await at_a_time(OPENING, [contender.open_tab] * count)


async def close_tabs(tabs: Sequence[Tab]) -> None:
    await at_a_time(OPENING, [tab.socket.close for tab in tabs])


async def run(contender: Contender, scenario: Scenario, redis_pid: int) -> Outcome:
    """One scenario with customers of its own.

    Raises:
        Fault: an answer was not the right one.
    """
    tabs = await open_tabs(contender, scenario.tabs)
    try:
        contender.grow([tab.session_id for tab in tabs], scenario.history)
        return await talk(contender, tabs, scenario, redis_pid)
    finally:
        await close_tabs(tabs)
        await quiet(contender.server.pid)


async def talk(
    contender: Contender, tabs: Sequence[Tab], scenario: Scenario, redis_pid: int
) -> Outcome:
    """What it costs when these tabs talk, all that comes after the answers included.

    Raises:
        Fault: an answer was not the right one.
    """

    async def conversation(tab: Tab) -> list[Timing]:
        return [await tab.ask() for _ in range(scenario.turns)]

    server = contender.server.pid
    await quiet(server)
    before, redis_before = cpu_seconds(server), cpu_seconds(redis_pid)
    async with asyncio.timeout(PATIENCE):
        timings = await at_a_time(scenario.at_once, [partial(conversation, tab) for tab in tabs])
    await quiet(server)
    return Outcome(
        (cpu_seconds(server) - before) / scenario.count,
        (cpu_seconds(redis_pid) - redis_before) / scenario.count,
        [timing for each in timings for timing in each],
    )


async def memory_of_idle(contender: Contender, count: int) -> tuple[float, list[Tab]]:
    """Bytes that each of ``count`` idle sockets takes, and the sockets."""
    await quiet(contender.server.pid)
    before = resident_bytes(contender.server.pid)
    tabs = await open_tabs(contender, count)
    await quiet(contender.server.pid)
    return (resident_bytes(contender.server.pid) - before) / count, tabs


async def quiet(pid: int, pause: float = 0.2) -> None:
    """Returns when the process has finished what it does behind the scenes."""
    used = cpu_seconds(pid)
    async with asyncio.timeout(PATIENCE):
        while True:
            await asyncio.sleep(pause)
            used, before = cpu_seconds(pid), used
            if used - before < IDLE * pause:
                return


async def at_a_time(limit: int, calls: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    """Makes all calls, ``limit`` at once, and answers what they answered, in their order."""
    places = asyncio.Semaphore(limit)

    async def one(call: Callable[[], Awaitable[T]]) -> T:
        async with places:
            return await call()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(call)) for call in calls]
    return [task.result() for task in tasks]


def percentile(values: Sequence[float], percent: int) -> float:
    """The value under which so many percent of the others lie."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
