"""Commands on their way over redis-py's connections to one server.

Its pipeline does the same at twice the CPU: it makes a task for each sending, and a connection that
is taken and given back passes locks, events and metrics. Here a connection is kept, used by one
exchange at a time, and closed when anything went wrong on it, so that nobody reads an answer that
was meant for somebody else.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from hiredis import pack_command
from redis.asyncio import Connection, ConnectionPool
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from chat.redis_clients import ANSWER_WITHIN


class Source(Protocol):
    """Where connections come from, and go when nobody uses them: as redis-py's ClusterNode."""

    def acquire_connection(self) -> Connection: ...
    def release(self, connection: Connection) -> None: ...


class Kept:
    """Connections of a pool, which has them back when it is closed."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._idle: list[Connection] = []

    def acquire_connection(self) -> Connection:
        """One that nobody uses; it may have to be connected."""
        if not self._idle:
            connection: Connection = self._pool.get_available_connection()  # type: ignore[no-untyped-call]
            return connection
        connection = self._idle.pop()
        # A Sentinel's pool: another of its connections has found another master since.
        master = getattr(self._pool, "master_address", None)
        if master is not None and master != (connection.host, connection.port):
            connection.mark_for_reconnect()  # type: ignore[no-untyped-call]
        return connection

    def release(self, connection: Connection) -> None:
        """Nobody uses it any more."""
        self._idle.append(connection)


def pack(*parts: str | bytes | int) -> bytes:
    """A command as it is sent.

    Raises:
        UnicodeEncodeError, TypeError: a part of it cannot be.
    """
    command: bytes = pack_command(parts)  # type: ignore[arg-type] # its stubs know of one part only
    return command


async def exchange(source: Source, commands: Sequence[bytes]) -> list[Any]:
    """Sends all commands, packed by hiredis; answers an answer or an error for each, in order.

    Raises:
        RedisError, OSError: they were not all answered. Some may have been done.
    """
    connection = source.acquire_connection()
    # One time-out for all of it, below; redis-py's would make a task for each sending.
    connection.socket_timeout = None
    answers: list[Any] = []
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            await _connect(connection)
            await connection.send_packed_command(commands, check_health=False)
            for _ in commands:
                answers.append(await _answer(connection))  # noqa: PERF401 counted if it fails
    except TimeoutError:
        raise RedisTimeoutError(f"no answer within {ANSWER_WITHIN} s") from None
    finally:
        if len(answers) < len(commands):
            await connection.disconnect(nowait=True)
        source.release(connection)
    return answers


async def _connect(connection: Connection) -> None:
    """Makes it ready: connected, and with nothing unread, not even the end of what was sent."""
    if connection.is_connected:
        if not connection.should_reconnect() and not await connection.can_read():  # type: ignore[no-untyped-call]
            return
        await connection.disconnect(nowait=True)
    await connection.connect()  # type: ignore[no-untyped-call]


async def _answer(connection: Connection) -> Any:
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error
