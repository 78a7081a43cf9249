"""A real HTTP server that speaks OpenAI's chat completions protocol and does as it is told.

It runs in a thread of its own, so that it serves tests, servers in other processes and browsers
alike. Answers come from a queue, and from ``otherwise`` when that is empty; an answer may be a
function of the request. What it was asked is in ``requests``.

    with OpenAIServer() as server:
        server.answers += [says("Hello ", "Alice."), calls(("get_order", '{"order_number": "1"}'))]
"""

import asyncio
import json
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests.own_thread import OwnThread

Json = dict[str, Any]

# Pieces of a stream that are no chunk.
SILENCE = object()  # nothing more comes, and the connection stays open
DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True)
class Cut:
    """The connection breaks after these bytes, of which more had been announced."""

    sent: bytes


CUT = Cut(b'data: {"choices": [{"index": 0, "delta": {"cont')
CUT_IN_A_CHARACTER = Cut('data: {"choices": [{"index": 0, "delta": {"content": "Grü'.encode()[:-1])


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: a stream of ``pieces``.

    They are chunks, bytes as they are, a Cut, SILENCE, seconds (a float) in which nothing comes, or
    a ``threading.Event`` that is waited for. With ``keep`` the connection takes another request.
    """

    pieces: Iterable[Any] = ()
    status: int = 200
    headers: Json = field(default_factory=dict)
    keep: bool = False


@dataclass
class Request:
    """What a client sent; ``gone`` is set when it has left before the answer ended."""

    path: str
    headers: dict[str, str]
    body: Json
    gone: threading.Event = field(default_factory=threading.Event)


def chunk(delta: Json | None = None, finish: str | None = None, **fields: Any) -> Json:
    """One ``chat.completion.chunk``; without a delta it has no choices, as the one with usage."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {
        "id": "chatcmpl-1",  # some servers give every reply the same
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "test-model",
        "choices": choices,
    } | fields


def says(*words: str | threading.Event, finish: str = "stop") -> Answer:
    """The words, each in a chunk, and the usage at the end, as OpenAI sends it when asked to.

    Between them may stand events that are waited for.
    """
    spoken = [word for word in words if isinstance(word, str)]
    usage = {
        "prompt_tokens": 20,
        "completion_tokens": len(spoken),
        "total_tokens": 20 + len(spoken),
    }
    return Answer(
        [
            chunk({"role": "assistant", "content": ""}),
            *(chunk({"content": word}) if isinstance(word, str) else word for word in words),
            chunk({}, finish),
            chunk(usage=usage),
            DONE,
        ]
    )


def calls(*named: tuple[str, str], pieces: int = 3) -> Answer:
    """Tool calls, their arguments streamed in ``pieces`` fragments each."""
    stream: list[Any] = [chunk({"role": "assistant", "content": None})]
    for index, (name, arguments) in enumerate(named):
        begin = {"index": index, "id": f"call_{index}", "type": "function"}
        stream.append(
            chunk({"tool_calls": [begin | {"function": {"name": name, "arguments": ""}}]})
        )
        size = -(-len(arguments) // pieces) or 1
        for at in range(0, len(arguments), size):
            fragment = {"arguments": arguments[at : at + size]}
            stream.append(chunk({"tool_calls": [{"index": index, "function": fragment}]}))
    return Answer([*stream, chunk({}, "tool_calls"), DONE])


def refuses(status: int, message: str = "no", **headers: str) -> Answer:
    """An error as OpenAI words it; ``retry_after="1"`` becomes the header Retry-After."""
    error = {"error": {"message": message, "type": "error", "param": None, "code": None}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(
        [json.dumps(error).encode()], status, {"content-type": "application/json"} | named
    )


class OpenAIServer(OwnThread):
    """Serves on a loopback port that the system picks, from ``with`` to its end."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: deque[Answer | Callable[[Request], Answer]] = deque()
        self.otherwise: Answer | Callable[[Request], Answer] = refuses(500, "nothing scripted")
        self.requests: list[Request] = []
        self.connections = 0
        self._port = 0

    @property
    def url(self) -> str:
        """For OPENAI_BASE_URL."""
        return f"http://127.0.0.1:{self._port}/v1"

    def dies(self) -> None:
        """Breaks off what it was saying, and can be reached no more."""
        self._run(self._stop())

    def comes_back(self) -> None:
        """Serves again, at the same address."""
        self._server = self._run(self._listen())

    async def _listen(self) -> asyncio.Server:
        server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(asyncio.IncompleteReadError):  # the client left
            keep = True
            while keep:
                request = await self._read(reader)
                answer = self.answers.popleft() if self.answers else self.otherwise
                answer = answer(request) if callable(answer) else answer
                await self._answer(answer, request, reader, writer)
                keep = answer.keep

    async def _opened(self, gate: threading.Event) -> None:
        while not gate.is_set():
            await asyncio.sleep(0.01)

    async def _read(self, reader: asyncio.StreamReader) -> Request:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        request = Request(head[0].split()[1], headers, json.loads(body or b"{}"))
        self.requests.append(request)
        return request

    async def _answer(
        self,
        answer: Answer,
        request: Request,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        connection = "keep-alive" if answer.keep else "close"
        headers = {"content-type": "text/event-stream", "connection": connection} | answer.headers
        lines = [f"HTTP/1.1 {answer.status} x", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
        stream = b"" if answer.headers.get("content-type") else b"transfer-encoding: chunked\r\n"
        writer.write("\r\n".join(lines).encode()[:-2] + stream + b"\r\n")
        gone = asyncio.ensure_future(reader.read())
        try:
            for piece in answer.pieces:
                if isinstance(piece, Cut):
                    writer.write(b"1000\r\n" + piece.sent)
                    await writer.drain()
                    return
                if piece is SILENCE:
                    await gone
                    return
                if isinstance(piece, threading.Event):
                    await self._opened(piece)
                    continue
                if isinstance(piece, float):
                    await asyncio.wait({gone}, timeout=piece)
                    continue
                data = piece if isinstance(piece, bytes) else _event(piece)
                writer.write(b"%x\r\n%b\r\n" % (len(data), data) if stream else data)
                await writer.drain()
            # Before the end, after which the next request may come.
            gone.cancel()
            await asyncio.wait({gone})
            if stream:
                writer.write(b"0\r\n\r\n")
            await writer.drain()
        except OSError:
            request.gone.set()
        finally:
            if gone.done() and not gone.cancelled():
                request.gone.set()
            gone.cancel()


def _event(piece: Json) -> bytes:
    return f"data: {json.dumps(piece)}\n\n".encode()
