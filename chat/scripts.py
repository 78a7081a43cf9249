"""Runs the Lua scripts, on one server or on a Cluster."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from redis.asyncio import RedisCluster
from redis.exceptions import (
    ClusterDownError,
    MovedError,
    NoScriptError,
    RedisClusterException,
    RedisError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from chat import lua, redis_clients, wires
from chat.errors import HistoryUnavailable
from chat.lanes import REDIS_ERRORS, Call, Lane

# What customers are shown or promised on the strength of these must outlive a lost server.
KEPT = frozenset(("accept", "beat", "commit", "cut", "recover", "heal", "purge"))
# Milliseconds for the replicas: a hundred times what a sound network takes, and no longer than a
# customer waits gladly, or than the connection of other calls may be held up.
REPLICAS_WITHIN = 1_000
# Sent a second time at once. Not so a call that was not answered in time: its caller has waited.
ONCE_MORE = (RedisConnectionError, NoScriptError, MovedError)
# Signs that slots of a Cluster may have got another master.
CHANGED = (RedisConnectionError, RedisTimeoutError, ClusterDownError)
# Seconds between two looks at all of a Cluster.
LOOK_EVERY = 0.5

logger = logging.getLogger(__name__)


class TooFewReplicas(RedisError):
    """It was done, and might be forgotten: the replicas have not confirmed it in time."""


class Scripts:
    """The scripts of ``chat/lua`` on ``REDIS_URL``, for one event loop.

    Args:
        url: see :mod:`chat.redis_clients`.
        replicas: so many must have what the scripts in ``KEPT`` wrote before they count as done.
    """

    def __init__(self, url: str, replicas: int = 0) -> None:
        self._client = redis_clients.async_client(url)
        self._replicas = replicas
        # Keys of different sessions may lie on different servers: no script may touch both.
        self.clustered = isinstance(self._client, RedisCluster)
        self._connections = None
        if not isinstance(self._client, RedisCluster):
            self._connections = wires.Kept(self._client.connection_pool)
        self._lanes: dict[str, Lane] = {}
        self._looked = -LOOK_EVERY

    async def aclose(self) -> None:
        """Closes all connections, after the calls that still run."""
        await asyncio.gather(*(lane.drained() for lane in self._lanes.values()))
        await redis_clients.close(self._client)

    async def run(self, script: str, keys: Sequence[str], *arguments: Any) -> Any:
        """One call of a script; sent a second time when its answer was lost, as all may be.

        A cancelled caller leaves it behind; it is made all the same.

        Raises:
            HistoryUnavailable: Redis does not answer, or refuses, or too few replicas confirm.
        """
        return await self._call(script, keys, arguments)

    async def run_each(
        self, script: str, calls: Sequence[tuple[Sequence[str], Sequence[Any]]]
    ) -> list[Any]:
        """A script for many sessions in one go: each call's keys and arguments, each call's answer.

        No transaction: each call is atomic for itself.

        Raises:
            HistoryUnavailable: not all of them were answered. Some may have been done.
        """
        running = [self._call(script, keys, arguments) for keys, arguments in calls]
        answers = await asyncio.gather(*running, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return answers

    async def keys(self, pattern: str) -> AsyncIterator[str]:
        """The keys that match, of all servers, in no order; goes through all keys.

        Raises:
            HistoryUnavailable: Redis does not answer.
        """
        try:
            async for key in self._client.scan_iter(match=pattern, count=500):
                yield key.decode()
        except REDIS_ERRORS as error:
            raise HistoryUnavailable from error

    async def servers(self) -> frozenset[str]:
        """The servers that answer now, each by an id that it gets when it is started.

        Raises:
            HistoryUnavailable: one of them does not.
        """
        try:
            if isinstance(self._client, RedisCluster):
                primaries = RedisCluster.PRIMARIES
                answers: dict[str, Any] = await self._client.info("server", target_nodes=primaries)
                # redis-py answers for one server alone as if there were no others.
                infos = [answers] if "run_id" in answers else list(answers.values())
            else:
                infos = [await self._client.info("server")]
        except REDIS_ERRORS as error:
            raise HistoryUnavailable from error
        return frozenset(info["run_id"] for info in infos)

    def _call(
        self, script: str, keys: Sequence[str], arguments: Sequence[Any]
    ) -> asyncio.Future[Any]:
        # Packed here: what cannot be must not fail the calls of others that leave with this one.
        packed = wires.pack("EVALSHA", _digest(script), len(keys), *keys, *arguments)
        call = Call(script, keys, arguments, packed)
        self._lane(keys[0]).add(call)
        return call.answer

    def _lane(self, key: str) -> Lane:
        """That of the server which has the key, so that nobody shares another one's failure."""
        server = ""
        if isinstance(self._client, RedisCluster):
            # Before the first look at the Cluster, nobody is known to have it.
            with suppress(RedisClusterException):
                server = self._node_of(key).name
        if server not in self._lanes:
            self._lanes[server] = Lane(self._exchange)
        return self._lanes[server]

    async def _exchange(self, calls: list[Call]) -> list[Any]:
        """An answer or an error for each."""
        answers = await self._try(calls, [call.packed for call in calls])
        if not any(isinstance(answer, Exception) for answer in answers):
            return answers
        await self._look_around(answers)
        if again := [n for n, answer in enumerate(answers) if isinstance(answer, ONCE_MORE)]:
            repeated = [calls[n] for n in again]
            second = await self._try(repeated, [_by_source(call) for call in repeated])
            for n, answer in zip(again, second, strict=True):
                answers[n] = answer
        for refusal in {
            f"{call.script}: {answer}"
            for call, answer in zip(calls, answers, strict=True)
            if isinstance(answer, REDIS_ERRORS)
        }:
            logger.warning("Redis: %s", refusal)
        return answers

    async def _try(self, calls: list[Call], commands: list[bytes]) -> list[Any]:
        """Asks the servers that have the calls' keys now."""
        if self._connections is not None:
            return await self._ask(self._connections, calls, commands)
        try:
            await self._client.initialize()
        except REDIS_ERRORS as error:
            return [error] * len(calls)
        answers: list[Any] = [None] * len(calls)
        places: dict[Any, list[int]] = {}
        for n, call in enumerate(calls):
            try:
                places.setdefault(self._node_of(call.keys[0]), []).append(n)
            except RedisClusterException as error:
                answers[n] = error
        asked = [
            self._ask(node, [calls[n] for n in ns], [commands[n] for n in ns])
            for node, ns in places.items()
        ]
        for ns, replies in zip(places.values(), await asyncio.gather(*asked), strict=True):
            for n, reply in zip(ns, replies, strict=True):
                answers[n] = reply
        return answers

    async def _ask(
        self, source: wires.Source, calls: list[Call], commands: list[bytes]
    ) -> list[Any]:
        confirmed = bool(self._replicas) and any(call.script in KEPT for call in calls)
        if confirmed:
            commands = [*commands, wires.pack("WAIT", self._replicas, REPLICAS_WITHIN)]
        try:
            answers = await wires.exchange(source, commands)
        except REDIS_ERRORS as error:
            return [error] * len(calls)
        if confirmed:
            count = answers.pop()
            if isinstance(count, Exception) or count < self._replicas:
                for n, call in enumerate(calls):
                    if call.script in KEPT and not isinstance(answers[n], Exception):
                        answers[n] = TooFewReplicas(
                            f"fewer than {self._replicas} replicas confirmed"
                        )
        return answers

    async def _look_around(self, answers: list[Any]) -> None:
        """Learns who leads which slots of a Cluster, where an answer says that others do now."""
        if not isinstance(self._client, RedisCluster):
            return
        nodes = self._client.nodes_manager
        for answer in answers:
            if isinstance(answer, MovedError):
                await nodes.move_slot(answer)
        now = asyncio.get_running_loop().time()
        changed = any(isinstance(answer, CHANGED) for answer in answers)
        if changed and now > self._looked + LOOK_EVERY:
            self._looked = now
            with suppress(*REDIS_ERRORS):  # none can be reached: the next call finds out
                await nodes.initialize()

    def _node_of(self, key: str) -> Any:
        assert isinstance(self._client, RedisCluster)  # noqa: S101
        return self._client.get_node_from_key(key)


def _by_source(call: Call) -> bytes:
    """For a server that does not know the script (any more); from here on it does."""
    source = lua.source(call.script)
    return wires.pack("EVAL", source, len(call.keys), *call.keys, *call.arguments)


@cache
def _digest(script: str) -> str:
    return hashlib.sha1(lua.source(script).encode()).hexdigest()  # noqa: S324 the server's own name
