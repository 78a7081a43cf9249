"""Stands between one server process and Redis, and ends the process at an exact point.

It reads the commands, knows the scripts, and springs a trap right before a call reaches Redis, or
right after Redis has done it and before the process hears of that. It changes nothing in the
product, which sees a Redis like any other.
"""

import asyncio
import contextlib
import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import hiredis

from chat import lua
from tests.own_thread import OwnThread

When = Literal["before", "after"]


class RedisProxy(OwnThread):
    """Listens on the unix socket ``socket`` and forwards to the one at ``target``."""

    def __init__(self, socket: Path, target: Path) -> None:
        super().__init__()
        self.socket = socket
        self.sprung = threading.Event()
        self._target = target
        self._trap: tuple[list[bytes], When, Callable[[], None], bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.socket))}"

    def trap(
        self, script: str, when: When, spring: Callable[[], None], saying: bytes = b""
    ) -> None:
        """Calls ``spring`` at the next call of the script, and then drops the connection.

        ``saying`` is what the call's arguments must hold.
        """
        self.sprung.clear()
        source = lua.source(script).encode()
        digest = hashlib.sha1(source, usedforsecurity=False).hexdigest()
        self._trap = ([source, digest.encode()], when, spring, saying)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_unix_server(self._accept, self.socket)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _Connection(self, reader, writer).run()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(self._target)

    def wants(self, command: list[bytes]) -> When | None:
        """When the trap springs for this command, if it does."""
        if self._trap is None or len(command) < 2:
            return None
        names, when, _, saying = self._trap
        return when if command[1] in names and saying in b" ".join(command) else None

    def spring(self) -> None:
        assert self._trap is not None
        (_, _, spring, _), self._trap = self._trap, None
        spring()
        self.sprung.set()


class _Connection:
    """One connection of the process."""

    def __init__(
        self, proxy: RedisProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._proxy = proxy
        self._reader, self._writer = reader, writer
        self._asked = self._answered = 0
        self._springs_at: int | None = None  # the number of the answer that the process never gets

    async def run(self) -> None:
        redis_reader, redis_writer = await self._proxy.connect()
        answers = asyncio.create_task(self._answer(redis_reader))
        try:
            commands = hiredis.Reader()
            while not answers.done() and (data := await self._reader.read(65_536)):
                commands.feed(data)
                while (command := commands.gets()) is not False:
                    match self._proxy.wants(command):
                        case "before":
                            self._proxy.spring()
                            return
                        case "after":
                            self._springs_at = self._asked + 1
                    self._asked += 1
                    redis_writer.write(hiredis.pack_command(tuple(command)))
                await redis_writer.drain()
        finally:
            answers.cancel()
            redis_writer.close()

    async def _answer(self, redis_reader: asyncio.StreamReader) -> None:
        answers = hiredis.Reader()
        with contextlib.suppress(OSError):
            while data := await redis_reader.read(65_536):
                answers.feed(data)
                while (answer := answers.gets()) is not False:
                    self._answered += 1
                    # A server that does not know the script has done nothing, and is told it next.
                    if self._answered == self._springs_at and "NOSCRIPT" not in str(answer):
                        self._proxy.spring()
                        return
                self._writer.write(data)
                await self._writer.drain()
        self._writer.close()
