"""What is said reaches the tabs at other processes again after a server has died."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer
from redis import RedisError

from chat.redis_clients import channel_layer_host
from tests.channel_layer import close
from tests.redis_shapes.servers import ClusterRedis, SentinelRedis

# Seconds; generous, for a busy machine.
PATIENCE = 60


class Process:
    """A server process as far as the layer goes: its own layer, in the group of all."""

    def __init__(self, url: str) -> None:
        self.layer = RedisPubSubChannelLayer(hosts=[channel_layer_host(url)])
        self.heard: list[int] = []

    async def listen(self) -> None:
        channel = await self.layer.new_channel()
        await self.layer.group_add("all", channel)
        while True:
            self.heard.append((await self.layer.receive(channel))["number"])

    async def say(self, number: int) -> None:
        await self.layer.group_send("all", {"type": "said", "number": number})


@pytest.fixture
async def processes() -> AsyncIterator[Callable[[str], Process]]:
    made: list[tuple[Process, asyncio.Task[None]]] = []

    def make(url: str) -> Process:
        process = Process(url)
        made.append((process, asyncio.create_task(process.listen())))
        return process

    yield make
    for process, task in made:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await close(process.layer)
    gc.collect()  # what was left unclosed is told of here, not in whatever test comes next


async def until_heard(one: Process, other: Process, first: int) -> int:
    """Says numbers until the other one hears one of them; answers the next number."""
    async with asyncio.timeout(PATIENCE):
        number = first
        while not any(heard >= first for heard in other.heard):
            with suppress(RedisError, OSError):  # lost: tabs find out by the numbers, and read
                await one.say(number)
            number += 1
            await asyncio.sleep(0.1)
    return number


async def test_processes_hear_each_other(processes: Callable[[str], Process], url: str) -> None:
    one, other = processes(url), processes(url)
    number = await until_heard(one, other, 1)
    await until_heard(other, one, number)


# Where two connections ask redis-py's Sentinel at once while a server is lost, it forgets one that
# it had to a sentinel, unclosed. Python closes it, and says so at the next collection.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", ["sentinel", "cluster"])
async def test_processes_hear_each_other_again_after_the_loss_of_their_server(
    processes: Callable[[str], Process],
    name: str,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
) -> None:
    shape: Any = request.getfixturevalue(name)
    one, other = processes(shape.url), processes(shape.url)
    number = await until_heard(one, other, 1)
    with caplog.at_level(logging.CRITICAL, "channels_redis"):
        if isinstance(shape, SentinelRedis):
            await asyncio.to_thread(shape.fail_over)
        else:
            assert isinstance(shape, ClusterRedis)
            shape.nodes[0].kill()  # the first of its URL, to which both are connected
        number = await until_heard(one, other, number)
        number = await until_heard(other, one, number)
        assert other.heard == sorted(other.heard)


async def test_the_cluster_may_have_lost_the_first_node_of_its_url_before_the_start(
    processes: Callable[[str], Process], cluster: ClusterRedis
) -> None:
    cluster.nodes[0].kill()
    await until_heard(processes(cluster.url), processes(cluster.url), 1)
