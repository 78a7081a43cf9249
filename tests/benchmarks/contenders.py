"""Ours, the baseline and the bare turn, as the benchmark's customers meet them."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import redis
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, message_to_dict
from websockets.asyncio.client import ClientConnection, connect

from chat import marks
from chat.history import encode, history_key
from chat.llm.fake import TOKENS
from supportbot import env
from tests.benchmarks.servers import Server

ANSWER = "".join(TOKENS)
QUESTION = "Where is my parcel? It should have been here on Friday."
# Seconds; a thousand who ask the baseline at once wait for a while.
PATIENCE = 300


class Fault(Exception):
    """The answer was not the one that it should be."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds from sending a message to the first and to the last of the answer's words."""

    first: float
    last: float


class Tab(ABC):
    """One customer's open socket."""

    def __init__(self, socket: ClientConnection, session_id: str) -> None:
        self.socket = socket
        self.session_id = session_id

    @abstractmethod
    def question(self) -> str:
        """The frame that asks."""

    @abstractmethod
    def words(self, frame: dict[str, Any]) -> str | None:
        """What the frame adds to the answer; None when the answer is over.

        Raises:
            Fault: the frame says that something went wrong.
        """

    async def ask(self) -> Timing:
        """Asks, and answers how long the reply took.

        Raises:
            Fault: it was not the right one.
        """
        began = time.perf_counter()
        first = last = 0.0
        said = ""
        await self.socket.send(self.question())
        while (words := self.words(orjson.loads(await self.socket.recv()))) is not None:
            if words:
                last = time.perf_counter() - began
                first = first or last
                said += words
        if said != ANSWER:
            raise Fault(f"the answer was {said!r}")
        return Timing(first, last)


class Contender(ABC):
    """A stack with its server running."""

    name: str

    def __init__(self, server: Server, store: redis.Redis) -> None:
        self.server = server
        self._store = store

    @abstractmethod
    async def open_tab(self) -> Tab:
        """A customer who was not here before, with an empty conversation."""

    @abstractmethod
    def grow(self, session_ids: Sequence[str], length: int) -> None:
        """Puts so many messages into each of these empty conversations, as if they were said."""

    async def _connect(self, path: str, **headers: str) -> ClientConnection:
        # Compression is offered, as browsers do; pings are the server's to send.
        address = f"127.0.0.1:{self.server.port}"
        return await connect(
            f"ws://{address}{path}",
            origin=f"http://{address}",  # type: ignore[arg-type] # a NewType of str
            additional_headers=headers,
            max_size=None,
            ping_interval=None,
            open_timeout=PATIENCE,
        )


def conversation(length: int) -> Iterator[BaseMessage]:
    """Questions and answers in turn, ``length`` messages together."""
    asked = ""
    for number in range(length):
        if number % 2:
            notes = {marks.AT: marks.now(), marks.ANSWERS: asked}
            yield AIMessage(ANSWER, id=uuid4().hex, additional_kwargs=notes)
        else:
            asked = str(uuid4())
            yield HumanMessage(QUESTION, id=asked, additional_kwargs={marks.AT: marks.now()})


class OurTab(Tab):
    def question(self) -> str:
        return orjson.dumps({"type": "run.start", "id": str(uuid4()), "text": QUESTION}).decode()

    def words(self, frame: dict[str, Any]) -> str | None:
        match frame:
            case {"type": "TEXT_MESSAGE_CONTENT", "delta": str(words), "metadata": {"runId": _}}:
                return words
            case {"type": "RUN_FINISHED"}:
                return None
            case {"type": "RUN_ERROR"} | {"type": "CUSTOM", "name": "refused"}:
                raise Fault(json.dumps(frame))
        return ""


class Ours(Contender):
    """``manage.py serve`` as it is shipped.

    ``database`` is its SQLite file, ``logins`` are the keys of login sessions.
    """

    name = "ours"

    def __init__(
        self, server: Server, store: redis.Redis, database: Path, logins: list[str]
    ) -> None:
        super().__init__(server, store)
        self._database = database
        self._logins = iter(logins)

    async def open_tab(self) -> Tab:
        socket = await self._connect("/ws/chat/", Cookie=f"sessionid={next(self._logins)}")
        state, _messages = orjson.loads(await socket.recv()), await socket.recv()
        if state["type"] != "STATE_SNAPSHOT":
            raise Fault(json.dumps(state))
        return OurTab(socket, state["snapshot"]["threadId"])

    def grow(self, session_ids: Sequence[str], length: int) -> None:
        for key in map(history_key, session_ids):
            self._store.rpush(key, *map(encode, conversation(length)))
            # The transcript counts them, so that what is copied is what is said from now on.
            self._store.hset(f"{{{key}}}:state", "copied", str(length))
        with closing(sqlite3.connect(self._database)) as database, database:
            database.executemany(
                "UPDATE chat_chatsession SET message_count = ? WHERE session_id = ?",
                [(length, session_id) for session_id in session_ids],
            )


class BaselineTab(Tab):
    def question(self) -> str:
        return QUESTION

    def words(self, frame: dict[str, Any]) -> str | None:
        return str(frame["content"]) if frame["type"] == "token" else None


class Baseline(Contender):
    """The story's stack, ``tests/benchmarks/baseline.py``."""

    name = "baseline"

    async def open_tab(self) -> Tab:
        session_id = uuid4().hex
        return BaselineTab(await self._connect(f"/ws/{session_id}"), session_id)

    def grow(self, session_ids: Sequence[str], length: int) -> None:
        for session_id in session_ids:
            entries = [json.dumps(message_to_dict(message)) for message in conversation(length)]
            self._store.rpush(f"message_store:{session_id}", *entries)


class Bare(Baseline):
    """A turn with nothing around it, ``tests/benchmarks/bare.py``; speaks as the baseline does."""

    name = "bare"


@contextmanager
def contenders(
    folder: Path, redis_url: str, core: int | None, customers: int
) -> Iterator[tuple[Ours, Baseline, Bare]]:
    """All of them, running; ``customers`` is how many can open a tab of ours."""
    database = folder / "shop.sqlite3"
    environment = os.environ | {
        "DEBUG": "False",
        "SECRET_KEY": uuid4().hex * 2,
        "ALLOWED_HOSTS": "127.0.0.1",
        "DATABASE_URL": f"sqlite:///{database}",
        "REDIS_URL": redis_url,
        "ASSISTANT_MODEL": "fake",
        "CHAT_ALLOW_FAKE_MODEL": "True",
        # A customer who answers within a millisecond is no person.
        "CHAT_RATE_LIMIT": "999999/s",
    }
    # A copy, so that no collected files are left behind among ours.
    code = folder / "code"
    for part in ("supportbot", "chat", "templates"):
        shutil.copytree(env.ROOT / part, code / part)
    shutil.copy(env.ROOT / "manage.py", code)
    manage = (sys.executable, "manage.py")
    for command in (
        (*manage, "migrate", "--verbosity=0"),
        (*manage, "collectstatic", "--verbosity=0", "--noinput"),
    ):
        subprocess.run(command, cwd=code, env=environment, check=True)
    logins = subprocess.run(
        (sys.executable, "-m", "tests.benchmarks.customers", str(customers)),
        cwd=env.ROOT,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout.split()
    serve = [*manage, "serve", "--fd", "{fd}"]
    app = [sys.executable, "-m", "tests.benchmarks.baseline", "{fd}"]
    bare = [sys.executable, "-m", "tests.benchmarks.bare", "{fd}"]
    with (
        redis.Redis.from_url(redis_url) as store,
        Server(serve, environment, folder / "ours.log", core, code) as first,
        Server(app, environment, folder / "baseline.log", core) as second,
        Server(bare, environment, folder / "bare.log", core) as third,
    ):
        # Redis's own default: a flush for each write would measure the disk, for those who write.
        store.config_set("appendfsync", "everysec")
        yield Ours(first, store, database, logins), Baseline(second, store), Bare(third, store)
