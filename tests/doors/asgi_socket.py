"""A socket as the server gives it to the application, in the test's own event loop.

So that what happens elsewhere at the same moment can come at every moment of the opening.
"""

import asyncio
import json
from typing import Any, Self

from channels.layers import get_channel_layer

from chat import runtime
from supportbot.asgi import application
from tests.channel_layer import close


class AsgiSocket:
    """Opens at once. ``key`` is the login session's."""

    def __init__(self, key: str) -> None:
        self._sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._received.put_nowait({"type": "websocket.connect"})
        headers = [
            (b"host", b"testserver"),
            (b"origin", b"http://testserver"),
            (b"cookie", f"sessionid={key}".encode()),
        ]
        scope = {"type": "websocket", "path": "/ws/chat/", "headers": headers, "subprotocols": []}
        self._task = asyncio.create_task(
            application(scope, self._received.get, self._sent.put)  # type: ignore[arg-type]
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        self._received.put_nowait({"type": "websocket.disconnect", "code": 1001})
        await self._task

    async def next(self) -> dict[str, Any]:
        """What the application sends next."""
        async with asyncio.timeout(10):
            return await self._sent.get()

    async def outcome(self) -> tuple[int, str]:
        """403, the code with which it was closed, or 101 and the session that it shows."""
        message = await self.next()
        if message["type"] == "websocket.close":
            return 403, ""
        assert message["type"] == "websocket.accept"
        message = await self.next()
        if message["type"] == "websocket.close":
            return message["code"], ""
        return 101, json.loads(message["text"])["snapshot"]["threadId"]

    async def closed_with(self) -> int:
        """The code, once it is closed."""
        while True:
            message = await self.next()
            if message["type"] == "websocket.close":
                return int(message["code"])


class Server:
    """What one server process runs, in the test's own event loop."""

    async def __aenter__(self) -> runtime.Runtime:
        await runtime.start()
        running = runtime.current()
        assert running is not None
        return running

    async def __aexit__(self, *error: object) -> None:
        await runtime.stop()
        await close(get_channel_layer())
