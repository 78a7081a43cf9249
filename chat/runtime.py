"""What one server process runs: the parts, put together from the settings."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import cast
from weakref import WeakKeyDictionary

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from langchain_core.messages import BaseMessage
from langchain_core.tools import BaseTool

from chat import withheld
from chat.assistant import Account, Assistant, FastPath, Line
from chat.breaker import Breaker
from chat.broadcast import Broadcast
from chat.budget import NO_LIMITS, Budget
from chat.catchup import keep_current
from chat.connections import RESTART, Connections
from chat.conversations import Turn
from chat.database import in_thread
from chat.errors import StaleTurn
from chat.guard.guard import Guard
from chat.healing import Healing
from chat.llm import create_model
from chat.models import ChatSession
from chat.store import Limits, Store
from chat.summaries import Summaries
from chat.tools import tools_for
from chat.transcripts import Transcripts
from chat.turns import NOT_YET, Turns
from chat.visitors import Visitors

# Whose session is whose never changes, so a turn need not ask the database for it.
REMEMBERED = 10_000
# To make a session's tools costs as much as a call of Redis; they take some kB.
TOOLS_KEPT = 1_000
# Seconds that tabs have to take their last words.
CLOSES_WITHIN = 2.0
# Seconds that what runs beside the requests has to end, before it is told so again.
CANCEL_AGAIN = 2.0
# Seconds until what broke begins again.
PAUSE = 1.0

logger = logging.getLogger(__name__)


def make_store() -> Store:
    """A store on ``REDIS_URL``; close it with ``aclose``."""
    return Store(
        settings.REDIS_URL,
        Limits(
            ttl=settings.CHAT_HISTORY_TTL,
            lease=settings.CHAT_LEASE_SECONDS,
            window=settings.CHAT_HISTORY_WINDOW,
            rate=settings.CHAT_RATE_LIMIT,
        ),
        replicas=settings.CHAT_REDIS_REPLICAS,
    )


def make_breaker(store: Store) -> Breaker:
    """What is known of the provider of the settings, whoever asks it."""
    return Breaker(
        store.scripts,
        settings.ASSISTANT_MODEL,
        settings.OPENAI_BASE_URL,
        patience=settings.ASSISTANT_TIMEOUT,
    )


def make_budget(store: Store) -> Budget:
    """The day's sums, by the shop's calendar."""
    return Budget(store.scripts, settings.ASSISTANT_DAILY_BUDGET, timezone.localdate)


def _fast_path() -> FastPath:
    from chat.llm.offline import fast_path  # where it is wanted: it takes offline along

    return fast_path


class Runtime:
    """The store, the tabs, the turns and the transcripts of one process."""

    def __init__(self) -> None:
        self.store = make_store()
        self.connections = Connections()
        self.broadcast = Broadcast(self.connections)
        self.visitors = Visitors(self.store)
        self.healing = Healing(self.store, self._mended)
        self.transcripts = Transcripts(self.store, self.healing.doubt)
        self.assistant, self.breaker = self._make_assistant()
        self.summaries = Summaries(
            self.store, self.assistant.aside, limit=settings.CHAT_HISTORY_TOKENS
        )
        self.turns = Turns(
            self.store,
            self.broadcast.publish,
            self.assistant,
            max_chars=settings.CHAT_MESSAGE_MAX_CHARS,
            window_tokens=settings.CHAT_HISTORY_TOKENS,
            tools_for=self.tools_for,
            guard_for=self.guard_for,
            stored=self.transcripts.mark,
            check=self.healing.check,
            summaries=self.summaries if self.assistant.provided else None,
        )
        self.draining = False
        self._customers: dict[str, int] = {}
        self._tools: dict[str, Sequence[BaseTool]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Starts what runs beside the requests."""
        works: list[Callable[[], Awaitable[None]]] = [
            self.turns.keep_leases,
            self.turns.sweep,
            self.transcripts.keep_copying,
            self.healing.keep_comparing,
            self.healing.keep_looking_back,
            self.broadcast.keep_sending,
            self.broadcast.keep_listening,
            self.broadcast.keep_showing_life,
            partial(keep_current, self.store, self.connections),
            self.visitors.keep_checking,
        ]
        if self.breaker is not None:
            works.append(partial(self.breaker.keep_watching, self.assistant.ask))
        self._tasks = [asyncio.create_task(_keep_up(work)) for work in works]

    async def drain(self, limit: float) -> None:
        """Lets the turns that run here end, within ``limit`` seconds, and begins no more.

        Tabs are closed to come back, and so to find another process, as soon as their conversation
        has nothing going on here.
        """
        self.draining = True
        self.turns.begin_no_more()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + limit
        while (busy := self.turns.busy) and loop.time() < deadline:
            self.connections.close_all(RESTART, but=busy)
            await self.turns.one_ends(deadline - loop.time())
        # Before their tabs come back somewhere else, where their turns must be found given up.
        await self.turns.stop()
        self.connections.close_all(RESTART)
        await self.connections.emptied(CLOSES_WITHIN)

    async def stop(self) -> None:
        """Ends everything; what was committed is copied, what runs is left to other processes."""
        self.connections.close_all(RESTART)
        # Before the turns: the sweep of this process must not take up what it gives up.
        await _end(self._tasks)
        await self.turns.stop()
        await self.summaries.stop()
        await self.assistant.aclose()
        await self.store.aclose()

    async def renumber(self, session_id: str) -> None:
        """Mends a session that Redis has surely forgotten in part."""
        await self.healing.check(session_id, went_back=True)

    def _mended(self, session_id: str) -> None:
        # A number that none of its tabs has: they read everything.
        self.broadcast.publish(session_id, NOT_YET, [])
        self.transcripts.mark(session_id)
        self.turns.look_after(session_id)

    def know(self, session_id: str, customer_id: int) -> None:
        """Whose session it is, so that its turns need not ask the database."""
        if len(self._customers) >= REMEMBERED:
            self._customers.clear()
        self._customers[session_id] = customer_id

    async def customer_of(self, session_id: str) -> int | None:
        """The session's customer by id; None when the session was deleted."""
        if session_id not in self._customers:
            customer_id = await _customer_of(session_id)
            if customer_id is None:
                return None
            self.know(session_id, customer_id)
        return self._customers[session_id]

    async def tools_for(self, session_id: str) -> Sequence[BaseTool] | None:
        """The tools for the session's customer; None when the session was deleted."""
        if session_id not in self._tools:
            customer_id = await self.customer_of(session_id)
            if customer_id is None:
                return None
            if len(self._tools) >= TOOLS_KEPT:
                self._tools.clear()
            # Who that is, a tool asks when it is used, in its thread.
            get = get_user_model()._default_manager.get
            customer = SimpleLazyObject(partial(get, pk=customer_id))
            self._tools[session_id] = tools_for(cast(AbstractBaseUser, customer), session_id)
        return self._tools[session_id]

    async def guard_for(self, turn: Turn, said: Sequence[BaseMessage]) -> Guard:
        """What the words of this turn must pass.

        Raises:
            StaleTurn: the session was deleted.
        """
        customer_id = await self.customer_of(turn.session_id)
        if customer_id is None:
            raise StaleTurn
        return Guard(customer_id, said, partial(withheld.keep, turn.session_id, turn.run_id))

    def _make_assistant(self) -> tuple[Assistant, Breaker | None]:
        """The model of the settings, and ``offline`` behind it where it is a provider's."""
        create = partial(
            create_model,
            api_key=settings.OPENAI_API_KEY,
            base_url=settings.OPENAI_BASE_URL,
            timeout=settings.ASSISTANT_TIMEOUT,
        )
        name, timeout = settings.ASSISTANT_MODEL, settings.ASSISTANT_TIMEOUT
        first = Line(name, create(name))
        if name in ("offline", "fake"):
            return Assistant(first, timeout=timeout), None
        breaker, budget = make_breaker(self.store), make_budget(self.store)
        assistant = Assistant(
            first,
            Line("offline", create("offline")),
            breaker=breaker,
            account=Account(budget, self.customer_of) if budget.limits != NO_LIMITS else None,
            fast_path=_fast_path() if settings.ASSISTANT_FAST_PATH else None,
            price=settings.ASSISTANT_PRICES.of(name),
            timeout=timeout,
        )
        return assistant, breaker


async def _keep_up(work: Callable[[], Awaitable[None]]) -> None:
    """Runs ``work`` until cancelled; whatever breaks it is logged, and it begins again."""
    while True:
        try:
            await work()
        except Exception:
            logger.exception("What runs beside the requests broke; it begins again")
            await asyncio.sleep(PAUSE)


async def _end(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancels tasks until they have ended.

    Once may not be enough: asyncio.wait_for, with which redis-py sends, can swallow a cancellation
    on Python 3.11 (python/cpython#86296), as when a server is told to end while it still starts.
    """
    while tasks:
        for task in tasks:
            task.cancel()
        _, tasks = await asyncio.wait(tasks, timeout=CANCEL_AGAIN)


@in_thread
def _customer_of(session_id: str) -> int | None:
    owners = ChatSession.objects.filter(pk=session_id).values_list("customer_id", flat=True)
    return owners.first()


_runtimes: WeakKeyDictionary[asyncio.AbstractEventLoop, Runtime] = WeakKeyDictionary()


async def start() -> None:
    """Starts this event loop's runtime: the server's lifespan begins."""
    runtime = _runtimes[asyncio.get_running_loop()] = Runtime()
    runtime.start()


async def stop() -> None:
    """Ends this event loop's runtime: the server's lifespan ends."""
    if (runtime := _runtimes.pop(asyncio.get_running_loop(), None)) is not None:
        await runtime.stop()


@asynccontextmanager
async def store() -> AsyncIterator[Store]:
    """The runtime's store, or one of its own outside of a server."""
    if (runtime := current()) is not None:
        yield runtime.store
        return
    own = make_store()
    try:
        yield own
    finally:
        await own.aclose()


def current() -> Runtime | None:
    """This event loop's runtime; None outside of a server, as in a management command."""
    return _runtimes.get(asyncio.get_running_loop())
