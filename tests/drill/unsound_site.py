"""Shops whose chat makes the two well-known mistakes, to show that the drill finds them.

    python -m tests.drill.unsound_site shared FD     one list in memory for all customers
    python -m tests.drill.unsound_site unlocked FD   load, answer and write back without a lock
    python -m tests.drill.unsound_site sound FD      the same under a lock: the counter-check

Each speaks the chat's protocol, on the database and the Redis of the settings, and has its pages
and logins from the real site.
"""

import asyncio
import os
import sys
from collections import defaultdict
from typing import Any
from uuid import uuid4

import orjson
import redis.asyncio
import uvicorn
from channels.auth import AuthMiddlewareStack
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportbot.settings")
pages = get_asgi_application()

from asgiref.sync import sync_to_async  # noqa: E402
from django.conf import settings  # noqa: E402
from django.urls import path  # noqa: E402
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage  # noqa: E402

from chat import events, marks, transcripts  # noqa: E402
from chat.history import RedisChatMessageHistory, encode  # noqa: E402
from chat.runtime import make_store  # noqa: E402
from chat.sessions import open_session  # noqa: E402
from chat.snapshots import messages_snapshot, state_snapshot  # noqa: E402
from supportbot import server  # noqa: E402

# Seconds that the model thinks: long enough for another message to come.
THINKS = 0.05
# What a customer of these shops is shown of the conversation so far.
REMEMBERS = 6

everybody: list[BaseMessage] = []  # the mistake of "shared"


class Conversation:
    """One session in this process, the only one that there is."""

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        self.tabs: set[Chat] = set()
        self.lock = asyncio.Lock()
        self._seq = 0
        self._redis = redis.asyncio.Redis.from_url(settings.REDIS_URL)
        self._history = RedisChatMessageHistory(session_id, self._redis)

    async def tell(self, said: list[events.Event]) -> None:
        first, self._seq = self._seq + 1, self._seq + len(said)
        for tab in list(self.tabs):
            for seq, event in enumerate(said, first):
                await tab.send(events.frame(events.encode(event), seq))

    async def answer(self, mode: str, message: HumanMessage) -> None:
        if mode == "unlocked":
            await self._answer(mode, message)
        else:
            async with self.lock:
                await self._answer(mode, message)

    async def _answer(self, mode: str, message: HumanMessage) -> None:
        own = await self._history.aget_messages()
        if mode == "shared":
            everybody.append(message)
        seen = everybody if mode == "shared" else [*own, message]
        await asyncio.sleep(THINKS)
        said = [each.text for each in seen[-REMEMBERS:] if isinstance(each, HumanMessage)]
        kwargs = {marks.AT: marks.now(), marks.ANSWERS: message.id}
        reply = AIMessage(" | ".join(said), id=uuid4().hex, additional_kwargs=kwargs)
        whole = [*own, message, reply]
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.delete(self._history.key)
            pipeline.rpush(self._history.key, *map(encode, whole))
            await pipeline.execute()
        copy = transcripts.Copy(self.session_id, 0, whole)
        await sync_to_async(transcripts.write)([copy])
        run = events.Run(self.session_id, uuid4().hex)
        words = [run.text_start(str(reply.id)), run.text(str(reply.id), reply.text)]
        await self.tell([run.started(), *words, run.text_end(str(reply.id)), run.finished()])


conversations: dict[str, Conversation] = {}
tasks: set[asyncio.Task[None]] = set()
opening: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)


class Chat(AsyncWebsocketConsumer):
    channel_layer_alias = ""
    mode = ""

    async def connect(self) -> None:
        scope: Any = self.scope
        login = scope["session"].session_key
        store = make_store()
        session = await open_session(store, scope["user"].pk, login)
        await store.aclose()
        self.talk = conversations.setdefault(session.pk, Conversation(session.pk))
        await self.accept()
        for snapshot in (
            state_snapshot(session.pk, "bot", 3600, 0),
            messages_snapshot([], [], set(), 0),
        ):
            await self.send(events.encode(snapshot).decode())
        self.talk.tabs.add(self)

    async def disconnect(self, code: int) -> None:
        self.talk.tabs.discard(self)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        frame = orjson.loads(text_data or "")
        at = marks.now()
        await self.talk.tell(events.acknowledgement(frame["id"], frame["text"], at))
        message = HumanMessage(frame["text"], id=frame["id"], additional_kwargs={marks.AT: at})
        task = asyncio.create_task(self.talk.answer(self.mode, message))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


def main(mode: str, file: str) -> None:
    Chat.mode = mode
    sockets = AuthMiddlewareStack(URLRouter([path("ws/chat/", Chat.as_asgi())]))  # type: ignore[arg-type,list-item]
    application = ProtocolTypeRouter({"http": pages, "websocket": sockets})
    config = uvicorn.Config(application, ws="websockets-sansio", lifespan="off", log_config=None)
    uvicorn.Server(config).run(sockets=[server.listener_from(int(file))])


if __name__ == "__main__":
    main(*sys.argv[1:])
