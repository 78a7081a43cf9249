"""What the shop of the story ran: the usual pieces, put together in the usual way.

FastAPI's WebSocket, LangChain's ``RunnableWithMessageHistory``, a history that is a Redis list with
a sync client, made with the server's address for each message and read whole. That is how
LangChain's own examples put it together, and what shops copied. It does less than ours: no login,
no lease, no acknowledgement, no transcript, no tools. It also mixes up two messages that come at
once; the benchmark does not ask that of it.

    REDIS_URL=… python -m tests.benchmarks.baseline FILE

serves on the listening socket that it inherits as so many a file.
"""

import json
import os
import sys
from collections.abc import Sequence

import redis
import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.messages import BaseMessage, message_to_dict, messages_from_dict
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables.history import RunnableWithMessageHistory

from chat.llm.fake import FakeModel
from chat.prompts import INSTRUCTIONS
from supportbot.server import listener_from

REDIS_URL = os.environ["REDIS_URL"]

app = FastAPI()


class RedisListHistory(BaseChatMessageHistory):
    """One session's messages, each as JSON in a list."""

    def __init__(self, session_id: str, url: str) -> None:
        self.client = redis.Redis.from_url(url)
        self.key = f"message_store:{session_id}"

    @property
    def messages(self) -> list[BaseMessage]:  # type: ignore[override] # a plain attribute there
        return messages_from_dict(
            [json.loads(item) for item in self.client.lrange(self.key, 0, -1)]
        )

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        for message in messages:
            self.client.rpush(self.key, json.dumps(message_to_dict(message)))
        self.client.expire(self.key, 86_400)

    def clear(self) -> None:
        self.client.delete(self.key)


prompt = ChatPromptTemplate.from_messages(
    [("system", INSTRUCTIONS), MessagesPlaceholder("history"), ("human", "{input}")]
)
chain = RunnableWithMessageHistory(
    prompt | FakeModel(),
    lambda session_id: RedisListHistory(session_id, url=REDIS_URL),
    input_messages_key="input",
    history_messages_key="history",
)


@app.get("/healthz")
async def healthz() -> str:
    return "ok"


@app.websocket("/ws/{session_id}")
async def chat(socket: WebSocket, session_id: str) -> None:
    await socket.accept()
    config = {"configurable": {"session_id": session_id}}
    try:
        while True:
            text = await socket.receive_text()
            async for chunk in chain.astream({"input": text}, config):  # type: ignore[arg-type] # its own docs do so
                await socket.send_json({"type": "token", "content": chunk.content})
            await socket.send_json({"type": "end"})
    except WebSocketDisconnect:
        pass


if __name__ == "__main__":
    uvicorn.Server(uvicorn.Config(app, access_log=False)).run([listener_from(int(sys.argv[1]))])
