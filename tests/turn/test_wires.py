"""Connections that are used again and again, and never with somebody else's answer on them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis
from redis.asyncio import Connection
from redis.exceptions import ResponseError

from chat import redis_clients
from chat.wires import Kept, exchange, pack


@pytest.fixture
async def kept(redis_url: str) -> AsyncIterator[Kept]:
    client: Any = redis_clients.async_client(redis_url)
    yield Kept(client.connection_pool)
    await redis_clients.close(client)


async def something_unread(connection: Connection) -> None:
    """Returns when something has come, if only the end."""
    while not await connection.can_read():
        await asyncio.sleep(0)


async def test_each_command_gets_its_answer_or_its_error(kept: Kept) -> None:
    first, error, last = await exchange(kept, [pack("ECHO", 1), pack("NONSENSE"), pack("ECHO", 2)])
    assert (first, last) == (b"1", b"2")
    assert isinstance(error, ResponseError)


async def test_one_connection_serves_those_who_come_one_after_the_other(kept: Kept) -> None:
    answers = [await exchange(kept, [pack("CLIENT", "ID")]) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]


async def test_a_connection_that_the_server_has_closed_is_made_anew(
    kept: Kept, redis_url: str
) -> None:
    await exchange(kept, [pack("PING")])
    with redis.Redis.from_url(redis_url) as client:
        client.client_kill_filter(_type="normal", skipme=True)
    await something_unread(connection := kept.acquire_connection())
    kept.release(connection)
    assert await exchange(kept, [pack("ECHO", "still here")]) == [b"still here"]


async def test_a_connection_with_something_unread_is_made_anew(kept: Kept) -> None:
    connection = kept.acquire_connection()
    await connection.connect()  # type: ignore[no-untyped-call]
    await connection.send_command("ECHO", "alice's words")
    await something_unread(connection)
    kept.release(connection)
    assert await exchange(kept, [pack("ECHO", "bob's words")]) == [b"bob's words"]


async def test_an_exchange_that_is_cut_off_leaves_nothing_to_the_next(kept: Kept) -> None:
    waiting = asyncio.create_task(exchange(kept, [pack("BLPOP", "list", 0), pack("ECHO", "alice")]))
    while not (await exchange(kept, [pack("CLIENT", "LIST")]))[0].count(b"cmd=blpop"):
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    for _ in range(3):
        assert await exchange(kept, [pack("ECHO", "bob")]) == [b"bob"]
