"""What a reply of OpenAI's protocol costs: ``.venv/bin/python -m tests.benchmarks.bench_openai``.

32 chunks, each in a packet of its own, from a server in another process; 20 messages and two tools
are sent. Prints CPU (user and system) of one reply, the median of all rounds, for each of several
ways to read it, taken in turns. Exit status 1 if ours takes more than a third of LangChain's own.
"""

import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import aiohttp
import httpx
import openai
import orjson
import uvloop
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from chat import agent
from chat.guard.exit import NoGuard
from chat.llm.openai import create
from tests.openai_server import DONE, Answer, OpenAIServer, chunk

ROUNDS, REPLIES = 25, 4
WORDS = 29
AT_MOST = 1 / 3
PAUSE = 0.002  # between chunks, so that none come together


def conversation() -> list[BaseMessage]:
    """20 messages after the prompt: five turns with a tool, the last one's question."""
    messages: list[BaseMessage] = [SystemMessage("You are the support assistant. " * 100)]
    for number in range(5):
        call = {"id": f"c{number}", "name": "get_order", "args": {"order_number": "1018"}}
        messages += [
            HumanMessage("Where is my order #1018?"),
            AIMessage("", tool_calls=[{"type": "tool_call", **call}]),
            ToolMessage(
                '{"order": "1018", "status": "in_transit"}' * 20, tool_call_id=f"c{number}"
            ),
            AIMessage("It is on its way and should arrive tomorrow, Tuesday 24 November."),
        ]
    return [*messages[:-1], HumanMessage("And the other one?")]


def serve() -> None:
    """The other process: prints its address and answers until it is told to end."""
    spoken = [chunk({"content": f" word{number}"}, obfuscation="x" * 8) for number in range(WORDS)]
    usage = chunk(usage={"prompt_tokens": 900, "completion_tokens": 29, "total_tokens": 929})
    chunks = [chunk({"role": "assistant", "content": ""}), *spoken, chunk({}, "stop"), usage]
    pieces = [piece for each in chunks for piece in (each, PAUSE)]
    with OpenAIServer() as server:
        server.otherwise = Answer([*pieces, DONE], keep=True)
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        sys.stdin.read()


async def measure(url: str) -> dict[str, float]:
    """Milliseconds of CPU for one reply, by name of the way."""

    async def get_order(order_number: str) -> str:
        """One order."""
        return order_number

    async def list_orders() -> str:
        """All orders."""
        return ""

    tools: list[BaseTool] = [StructuredTool.from_function(coroutine=get_order)]
    tools.append(StructuredTool.from_function(coroutine=list_orders))
    messages = conversation()
    theirs = ChatOpenAI(model="test-model", base_url=url, api_key=SecretStr("x"), stream_usage=True)
    ours = create("test-model", api_key="x", base_url=url, timeout=30)
    bound: Any = theirs.bind_tools(tools)
    payload = theirs._get_request_payload(
        messages, stream=True, stream_options={"include_usage": True}, **bound.kwargs
    )
    address, headers = f"{url}/chat/completions", {"content-type": "application/json"}

    async def langchain() -> None:
        async for _ in bound.astream(messages):
            pass

    async def client(of: openai.AsyncOpenAI) -> None:
        async for _ in await of.chat.completions.create(**payload):
            pass

    async def by_httpx() -> None:
        body = orjson.dumps(payload)
        async with plain_httpx.stream("POST", address, content=body, headers=headers) as response:
            _read([data async for data in response.aiter_raw()])

    async def by_aiohttp() -> None:
        body = orjson.dumps(payload)
        async with plain_aiohttp.post(address, data=body, headers=headers) as response:
            _read([data async for data in response.content.iter_any()])

    async def our_stream() -> None:
        stream: Any = ours._astream(messages, **bound.kwargs)
        async with aclosing(stream) as chunks:
            async for _ in chunks:
                pass

    async def our_agent() -> None:
        async for _ in agent.answer(ours, tools, messages, NoGuard(), max_steps=1, timeout=30):
            pass

    async with (
        httpx.AsyncClient() as plain_httpx,
        aiohttp.ClientSession() as plain_aiohttp,
        openai.AsyncOpenAI(base_url=url, api_key="x") as on_httpx,
        openai.AsyncOpenAI(
            base_url=url, api_key="x", http_client=openai.DefaultAioHttpClient()
        ) as on_aiohttp,
    ):
        ways: dict[str, Callable[[], Awaitable[None]]] = {
            "ChatOpenAI.astream": langchain,
            "OpenAI's client": lambda: client(on_httpx),
            "OpenAI's client on aiohttp": lambda: client(on_aiohttp),
            "httpx and orjson": by_httpx,
            "aiohttp and orjson": by_aiohttp,
            "ours": our_stream,
            "ours, through the agent": our_agent,
        }
        taken = await _in_turns(ways)
    await ours.aclose()
    return taken


async def _in_turns(ways: dict[str, Callable[[], Awaitable[None]]]) -> dict[str, float]:
    for way in ways.values():  # connections, caches
        await way()
    gc.freeze()  # as the server does (supportbot/server.py)
    gc.set_threshold(10_000)
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            begin = time.process_time()
            for _ in range(REPLIES):
                await way()
            taken[name].append((time.process_time() - begin) / REPLIES * 1_000)
    return {name: statistics.median(each) for name, each in taken.items()}


def _read(received: list[bytes]) -> None:
    for line in b"".join(received).split(b"\n"):
        if line.startswith(b"data: {"):
            orjson.loads(line[6:])


def main() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.bench_openai", "serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            taken = uvloop.run(measure(server.stdout.readline().decode().strip()))
        finally:
            server.stdin.close()
    for name, milliseconds in taken.items():
        sys.stdout.write(f"{name:28} {milliseconds:6.2f} ms\n")
    if taken["ours"] > taken["ChatOpenAI.astream"] * AT_MOST:
        sys.exit("ours takes more than a third of ChatOpenAI.astream")


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["serve"] else main()
