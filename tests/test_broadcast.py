"""What server processes tell each other over a real channel layer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import redis.asyncio

from chat.broadcast import Broadcast
from chat.connections import Connections, Missed, Tab

Process = tuple[Broadcast, list[str]]
Start = Callable[[], Awaitable[Process]]


async def nothing_missed(_after: int) -> Missed:
    return Missed([], 0, [])


@pytest.fixture
async def start(redis_url: str) -> AsyncIterator[Start]:
    """Starts processes, each with a tab of session ``s``; answers them with what the tab shows."""
    tasks: list[asyncio.Task[None]] = []

    async def start() -> Process:
        connections, shown = Connections(), list[str]()

        async def send(text: str) -> None:
            shown.append(text)

        async def close(_code: int) -> None:
            pass

        tab = Tab(send, close, nothing_missed)
        connections.add("s", tab)
        process = Broadcast(connections)
        await process.join("s")
        tasks.extend(
            asyncio.create_task(work())
            for work in (
                tab.run,
                process.keep_listening,
                process.keep_sending,
                process.keep_showing_life,
            )
        )
        return process, shown

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


async def published(client: redis.asyncio.Redis) -> int:
    stats = await client.info("commandstats")
    return int(stats.get("cmdstat_publish", {}).get("calls", 0))


BODY = b'{"type":"CUSTOM","metadata":{}}'


async def test_processes_hear_of_each_other_at_once_and_tell_each_others_tabs(
    start: Start,
) -> None:
    here, shown_here = await start()
    there, shown_there = await start()
    # Long before the next sign of life, for each answers the first one of the other.
    await until(lambda: bool(here._others and there._others))
    here.publish("s", 1, [BODY])
    await until(lambda: len(shown_there) == 1)
    there.publish("s", 2, [BODY])
    await until(lambda: len(shown_here) == 2)
    assert shown_here == shown_there


async def test_a_process_alone_tells_its_own_tabs_and_does_not_ask_redis_to_tell_others(
    start: Start, redis_url: str
) -> None:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        alone, shown = await start()
        await until(lambda: not alone._outgoing)
        before = await published(client)
        for number in range(1, 20):
            alone.publish("s", number, [BODY])
        await until(lambda: len(shown) == 19)
        assert not alone._outgoing
        assert await published(client) - before <= 1  # its own sign of life
