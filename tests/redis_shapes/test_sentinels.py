"""Connections that look for the master at the same time do not forget a sentinel."""

import asyncio

import pytest
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff

from chat.redis_clients import Sentinels
from tests.redis_shapes.servers import MASTER_NAME, SentinelRedis, free_port


async def known_after_many_asked(kind: type[Sentinel], shape: SentinelRedis) -> set[int]:
    """The ports of the sentinels still known, the first of which cannot be reached."""
    addresses = [("127.0.0.1", free_port()), *(("127.0.0.1", s.port) for s in shape.sentinels)]
    at_once = {"retry": Retry(NoBackoff(), 0)}
    manager = kind(addresses, sentinel_kwargs=at_once)
    all_of_them = list(manager.sentinels)
    try:
        asked = [manager.discover_master(MASTER_NAME) for _ in range(8)]
        assert set(await asyncio.gather(*asked)) == {("127.0.0.1", shape.master.port)}
        return {client.connection_pool.connection_kwargs["port"] for client in manager.sentinels}
    finally:
        await asyncio.gather(*(client.aclose() for client in all_of_them))


@pytest.mark.parametrize(("kind", "known"), [(Sentinels, 4), (Sentinel, 3)])
async def test_connections_that_look_at_once_lose_sentinels_unless_they_ask_in_turn(
    kind: type[Sentinel], known: int, sentinel: SentinelRedis
) -> None:
    assert len(await known_after_many_asked(kind, sentinel)) == known
