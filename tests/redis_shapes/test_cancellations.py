"""Cancelled calls never leave a connection one answer behind, on no shape of Redis.

A connection whose command was sent and whose answer was never read gives the next caller somebody
else's answer (redis-py #2624), which is how a chat shows one customer another's words.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import redis.asyncio
from redis.asyncio import Redis, RedisCluster

from chat import redis_clients
from chat.scripts import Scripts

CALLERS = 2_000
Ask = Callable[[int], Awaitable[object]]


async def storm(ask: Ask, expected: Callable[[int], object], at_once: int = 100) -> None:
    """Thousands ask at once, half of them give up at some moment; the others get what is theirs."""
    chance = random.Random(2624)  # noqa: S311

    async def patient(number: int) -> None:
        assert await ask(number) == expected(number)

    async def impatient(number: int) -> None:
        task = asyncio.create_task(patient(number))
        for _ in range(chance.randrange(10)):
            await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            given_up.append(number)

    given_up: list[int] = []
    for first in range(0, CALLERS, at_once):
        numbers = range(first, first + at_once)
        await asyncio.gather(*((patient, impatient)[number % 2](number) for number in numbers))
        # Whatever was left behind would be found by those who come now.
        await asyncio.gather(*map(patient, numbers[:20]))
    assert len(given_up) > CALLERS / 20, "hardly anybody gave up in the middle"


@pytest.fixture
async def scripts(url: str) -> AsyncIterator[Scripts]:
    scripts = Scripts(url)
    yield scripts
    await scripts.aclose()


@pytest.fixture
async def client(url: str) -> AsyncIterator[Redis | RedisCluster]:
    client = redis_clients.async_client(url)
    yield client
    await redis_clients.close(client)


async def test_after_a_storm_of_cancelled_calls_each_caller_gets_its_own_answer(
    scripts: Scripts,
) -> None:
    lists = [([f"own:{number}"], [60, f"message {number}"]) for number in range(CALLERS)]
    await scripts.run_each("append", lists)
    await storm(
        lambda number: scripts.run("entries", [f"own:{number}"], 0),
        lambda number: [f"message {number}".encode()],
    )


async def test_after_a_storm_of_cancelled_commands_redis_py_answers_each_its_own(
    client: Redis | RedisCluster,
) -> None:
    for number in range(100):
        await client.set(f"own:{number}", f"value {number}", px=60_000)
    await storm(
        lambda number: client.get(f"own:{number % 100}"),
        lambda number: f"value {number % 100}".encode(),
        at_once=20,  # fewer than the client has connections
    )


async def test_a_connection_whose_answer_was_not_read_gives_the_next_caller_somebody_elses(
    redis_url: str,
) -> None:
    """The counter-example: the same without care for what was sent already."""
    connection = redis.asyncio.Redis.from_url(redis_url).connection_pool.make_connection()  # type: ignore[no-untyped-call]
    await connection.connect()
    try:
        sent = asyncio.Event()

        async def alice() -> None:
            await connection.send_command("ECHO", "alice's words")
            sent.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(alice())
        await sent.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await connection.send_command("ECHO", "bob's words")
        assert await connection.read_response() == b"alice's words"
    finally:
        await connection.disconnect()
