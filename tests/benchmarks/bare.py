"""A turn with nothing around it: what is left of ours without all that makes it ours.

The message is stored and the window read with it (one script), the model answers it through
LangChain, the answer is stored (another script), and leaves. Server, connections to Redis, messages
and model are ours; login, limits, lease, fence, acknowledgement, tools and transcript are missing.
Speaks as the baseline does, in one frame and the end; to some thirty at once, as it has no lanes.

    REDIS_URL=… python -m tests.benchmarks.bare FILE

serves on the listening socket that it inherits as so many a file.
"""

import hashlib
import os
import sys
from typing import Any

import orjson
import uvicorn
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from redis.asyncio import Redis

from chat.history import decode_all, encode
from chat.llm.fake import FakeModel
from chat.prompts import INSTRUCTIONS
from chat.redis_clients import async_client
from chat.wires import Kept, exchange, pack
from supportbot.server import listener_from

ACCEPT = "redis.call('RPUSH', KEYS[1], ARGV[1]) return redis.call('LRANGE', KEYS[1], -20, -1)"
COMMIT = "return redis.call('RPUSH', KEYS[1], ARGV[1])"

model = FakeModel()
client = async_client(os.environ["REDIS_URL"])
assert isinstance(client, Redis)
kept = Kept(client.connection_pool)


async def call(script: str, key: str, message: BaseMessage) -> Any:
    """Calls a script by its digest, and by its source where Redis does not know it yet."""
    digest = hashlib.sha1(script.encode()).hexdigest()  # noqa: S324 Redis's own name for it
    [answer] = await exchange(kept, [pack("EVALSHA", digest, 1, key, encode(message))])
    if isinstance(answer, Exception):
        [answer] = await exchange(kept, [pack("EVAL", script, 1, key, encode(message))])
    return answer


async def answer(key: str, text: str) -> str:
    """One turn."""
    window = decode_all(await call(ACCEPT, key, HumanMessage(text, id="question")))
    asked = [SystemMessage(INSTRUCTIONS), *window]
    words = "".join([str(chunk.message.content) async for chunk in model._astream(asked)])
    await call(COMMIT, key, AIMessage(words, id="answer"))
    return words


async def app(scope: Any, receive: Any, send: Any) -> None:
    """One tab, or the question whether the process answers."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"ok"})
        return
    key = "message_store:" + scope["path"].removeprefix("/ws/")
    while (event := await receive())["type"] != "websocket.disconnect":
        if event["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
            continue
        words = await answer(key, event["text"])
        for frame in ({"type": "token", "content": words}, {"type": "end"}):
            await send({"type": "websocket.send", "text": orjson.dumps(frame).decode()})


if __name__ == "__main__":
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="supportbot.websocket:WebSocket",
        ws_per_message_deflate=False,
        lifespan="off",
        access_log=False,
    )
    uvicorn.Server(config).run([listener_from(int(sys.argv[1]))])
