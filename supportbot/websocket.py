"""uvicorn's WebSocket, with the frames of one moment written together."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class WebSocket(WebSocketsSansIOProtocol):
    """Events come in groups, one a frame: eight in the shortest turn, at two moments.

    uvicorn writes each frame by itself, which took a sixth of a turn's CPU (docs/performance.md).
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        together: Any = WritesTogether(cast(asyncio.Transport, transport), self.loop)
        super().connection_made(together)


class WritesTogether:
    """A transport that keeps what is written until the event loop's next turn."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        data, self._waiting = b"".join(self._waiting), []
        # The other end may have left since.
        if data and not self._transport.is_closing():
            self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
