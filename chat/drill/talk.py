"""One customer's conversation: tabs, messages that cross each other, and chaos if wanted."""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import TypeVar
from uuid import uuid4

import httpx

from chat.drill.canaries import Canaries
from chat.drill.customers import Customer
from chat.drill.door import Door
from chat.drill.errors import DrillError
from chat.drill.screen import Event
from chat.drill.tab import Tab

T = TypeVar("T")

# Seconds without an acknowledgement, after which a page sends the same id again.
SEND_AGAIN = 5.0
_chance = random.SystemRandom()


@dataclass(slots=True)
class Message:
    """What a customer says. The times are those of ``time.monotonic``, 0 while it has not been."""

    text: str
    id: str = field(default_factory=lambda: str(uuid4()))
    sent: float = 0
    first_word: float = 0
    ended: float = 0


@dataclass(frozen=True, slots=True)
class Terms:
    """How a drill is held; ``patience`` is the longest wait for anything, in seconds."""

    turns: int
    tabs: int
    chaos: bool
    patience: float


class Talk:
    """What one customer says, and what their tabs are shown."""

    def __init__(
        self,
        customer: Customer,
        foreign: Sequence[str],
        canaries: Canaries,
        door: Door,
        terms: Terms,
        progress: Callable[[], None],
    ) -> None:
        self.customer = customer
        self.messages = {
            message.id: message
            for place in range(terms.turns)
            for message in [Message(_words(place, customer, foreign, canaries))]
        }
        self.tabs = [
            Tab(door, customer.login, terms.patience, self._hear) for _ in range(terms.tabs)
        ]
        self.pages: list[str] = []
        self.cuts = self.repeats = self.stops = self.held_back = 0
        self._door = door
        self._terms = terms
        self._progress = progress
        self._refused: dict[str, Event] = {}
        self._news = asyncio.Event()

    @property
    def acknowledged(self) -> set[str]:
        """The ids of the messages of which any tab was shown that they are stored."""
        return {message_id for tab in self.tabs for message_id in tab.screen.users}

    async def opened(self) -> None:
        """Returns once all tabs are open."""
        await asyncio.gather(*(tab.opened() for tab in self.tabs))

    async def converse(self) -> None:
        """Says everything, at most one message in each tab at a time, and waits for the answers.

        Raises:
            DrillError: the site does not take the messages.
        """
        for together in self._bursts():
            await asyncio.gather(
                *(
                    self._ask(message, tab)
                    for message, tab in zip(together, self.tabs, strict=False)
                )
            )
        # What one tab was shown, all are.
        await self._until(
            lambda: all(
                message_id in tab.screen.answered
                for tab in self.tabs
                for message_id in self.acknowledged
            )
        )

    async def look_at_orders(self, pages: httpx.AsyncClient) -> None:
        """Opens the page of the customer's orders, meanwhile.

        Raises:
            DrillError: the site does not answer.
        """
        deadline = monotonic() + self._terms.patience
        while True:
            try:
                self.pages.append(await self._door.orders_page(pages, self.customer.login))
            except httpx.TransportError as error:
                if monotonic() > deadline:
                    raise DrillError(f"The page of orders does not answer: {error!r}") from error
                await asyncio.sleep(0.5)
            else:
                return

    # --- saying -------------------------------------------------------------------------------

    def _bursts(self) -> Iterator[list[Message]]:
        """The messages, each alone or together with those that other tabs send at the moment."""
        left = list(self.messages.values())
        while left:
            count = _chance.randint(1, len(self.tabs))
            yield left[:count]
            del left[:count]

    async def _ask(self, message: Message, tab: Tab) -> None:
        chaos = self._terms.chaos
        stop = chaos and _chance.random() < 0.1
        async with asyncio.TaskGroup() as group:
            saying = group.create_task(self._say(message, tab))
            if chaos and _chance.random() < 0.3:
                group.create_task(self._cut_someone())
            if chaos and _chance.random() < 0.25:
                # The same from another tab at once.
                self.repeats += 1
                group.create_task(self._send(message, _chance.choice(self.tabs)))
            await saying
            if stop:
                group.create_task(self._stop(tab))
        answered = await self._until(lambda: self._is_answered(message))
        if answered:
            self._progress()
        if chaos and answered != "failed" and _chance.random() < 0.1:
            # Long answered: it must not be answered again.
            self.repeats += 1
            await self._send(message, tab)

    async def _say(self, message: Message, tab: Tab) -> None:
        """Sends it until it is acknowledged, under one id.

        Raises:
            DrillError: it is refused for good.
        """
        deadline = monotonic() + self._terms.patience
        while message.id not in self.acknowledged and monotonic() < deadline:
            message.sent = monotonic()
            await self._send(message, tab)
            await self._until(
                lambda: message.id in self.acknowledged or message.id in self._refused, SEND_AGAIN
            )
            refusal = self._refused.pop(message.id, None)
            if refusal is None or message.id in self.acknowledged:
                continue
            match refusal["code"]:
                case "rate_limited":
                    self.held_back += 1
                    pause = refusal["retryAfterMs"] / 1000 + _chance.uniform(0, 0.5)
                    # An honest limit is no fault, however long it makes the drill.
                    deadline += pause
                    await asyncio.sleep(pause)
                case "queue_full" | "history_unavailable" | "session_closed":
                    await asyncio.sleep(_chance.uniform(0.2, 1))
                case code:
                    raise DrillError(f"The site refused a message of the drill: {code}.")

    async def _send(self, message: Message, tab: Tab) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._terms.patience):
                await tab.send(type="run.start", id=message.id, text=message.text)

    async def _cut_someone(self) -> None:
        await asyncio.sleep(_chance.uniform(0, 0.15))
        # Now and then all of them: nobody is there to hear the answer.
        count = _chance.randint(1, len(self.tabs))
        for tab in _chance.sample(self.tabs, count):
            self.cuts += tab.cut()

    async def _stop(self, tab: Tab) -> None:
        await asyncio.sleep(_chance.uniform(0, 0.05))
        self.stops += 1
        with suppress(TimeoutError):
            async with asyncio.timeout(self._terms.patience):
                await tab.send(type="run.cancel")

    # --- hearing ------------------------------------------------------------------------------

    def _hear(self, tab: Tab, event: Event) -> None:
        if event["type"] == "CUSTOM" and event.get("name") == "refused":
            refusal = event["value"]
            if "id" in refusal:
                self._refused[refusal["id"]] = refusal
        elif event["type"] == "TEXT_MESSAGE_CONTENT" and tab.screen.running in self.messages:
            message = self.messages[tab.screen.running]
            if "runId" in event["metadata"] and not message.first_word:
                message.first_word = monotonic()
        self._news.set()

    def _is_answered(self, message: Message) -> str | None:
        """How the answer ended, as far as any tab knows."""
        for tab in self.tabs:
            if outcome := tab.screen.answered.get(message.id):
                message.ended = message.ended or monotonic()
                return outcome
        return None

    async def _until(self, true: Callable[[], T], seconds: float | None = None) -> T | None:
        """Waits until something holds; None when it has not become so in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds or self._terms.patience):
                while not (found := true()):
                    self._news.clear()
                    await self._news.wait()
                return found
        return None


def _words(place: int, customer: Customer, foreign: Sequence[str], canaries: Canaries) -> str:
    """What is said in the turn at ``place``: all customers say other things at the same time."""
    note = canaries.word("words", customer.name)
    own = customer.orders[place % len(customer.orders)]
    return (
        f"Where is my parcel? My note for you is {note}.",
        f"Where is my order #{own}? My note for you is {note}.",
        f"Where is order #{foreign[place % len(foreign)]}? My note for you is {note}.",
        f"Hello, my note for you is {note}.",
        f"Please list all my orders. My note for you is {note}.",
    )[(place + customer.place) % 5]
