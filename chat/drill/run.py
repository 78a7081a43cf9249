"""A drill from its first customer to the removal of its last."""

import asyncio
import resource
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from time import monotonic

from django.conf import settings
from django.db import Error as DatabaseFailure

from chat.drill import customers
from chat.drill.canaries import Canaries
from chat.drill.door import Door
from chat.drill.errors import DrillError
from chat.drill.findings import Fault, Witness, faults
from chat.drill.reading import read_back
from chat.drill.talk import Talk, Terms
from chat.runtime import make_store
from chat.store import Store

# Customers whose tabs open at once; the talking begins when all have.
HANDSHAKES = 50
# Open files besides the sockets: database, Redis, logs.
OTHER_FILES = 150

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Drill:
    """What a drill has brought to light; ``seconds`` is how long the customers talked."""

    talks: Sequence[Talk]
    witnesses: Sequence[Witness]
    faults: Sequence[Fault]
    seconds: float


def patience() -> float:
    """Seconds to wait for anything: an answer may take the model's time, and a dead worker's
    message two leases more; twice that, because a busy site is late."""
    return float(settings.ASSISTANT_TIMEOUT + 4 * settings.CHAT_LEASE_SECONDS)


async def hold(url: str, count: int, turns: int, tabs: int, chaos: bool, say: Progress) -> Drill:
    """Holds a drill, and removes everything that it made, whatever happens.

    Raises:
        DrillError: it could not be held; the text says why.
        HistoryUnavailable: Redis does not answer.
        django.db.Error: the database does not.
    """
    _open_files(count * tabs + OTHER_FILES)
    door = Door(url.rstrip("/"))
    await door.knock()
    store = make_store()
    try:
        await _clear_up_after_others(store, say)
        async with _customers(store, count, say) as (made, canaries):
            terms = Terms(turns, tabs, chaos, patience())
            talks = _talks(made, canaries, door, terms, say)
            began = monotonic()
            await _talk(talks, door)
            seconds = monotonic() - began
            say("reading back what is stored")
            witnesses = await read_back(store, talks, terms.patience)
            say("looking for faults")
            found = [fault for each in witnesses for fault in faults(each, canaries)]
            return Drill(talks, witnesses, found, seconds)
    finally:
        await store.aclose()


def _open_files(needed: int) -> None:
    """Allows this process so many open files.

    Raises:
        DrillError: the system does not.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY not in (soft, hard) and hard < needed:
        raise DrillError(
            f"So many sockets need {needed} open files, and {hard} are allowed here. Raise the"
            f" limit (ulimit -n {needed}), or take fewer customers."
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


async def _clear_up_after_others(store: Store, say: Progress) -> None:
    """Removes what drills that were killed have left."""
    deadline = monotonic() + customers.DEAD + 1
    while await customers.others_alive():
        if monotonic() > deadline:
            raise DrillError("Another drill is under way here. Wait for its end.")
        say("waiting: another drill was under way a moment ago")
        await asyncio.sleep(1)
    await customers.remove(store)


@asynccontextmanager
async def _customers(
    store: Store, count: int, say: Progress
) -> AsyncIterator[tuple[list[customers.Customer], Canaries]]:
    run, canaries = customers.new_run(), Canaries()
    made: list[customers.Customer] = []
    alive = asyncio.create_task(_keep_alive(run))
    try:
        for first in range(0, count, customers.BATCH):
            say(f"making customers: {first} of {count}")
            places = range(first, min(first + customers.BATCH, count))
            made += await customers.make(run, places, canaries)
        yield made, canaries
    finally:
        say("removing what was made")
        removal = asyncio.create_task(customers.remove(store, run))
        try:
            await asyncio.shield(removal)
        except asyncio.CancelledError:
            await removal  # one more Ctrl-C does not make it leave half of it
            raise
        finally:
            alive.cancel()


async def _keep_alive(run: str) -> None:
    while True:
        await asyncio.sleep(customers.BEAT)
        with suppress(DatabaseFailure):
            await customers.beat(run)


def _talks(
    made: Sequence[customers.Customer],
    canaries: Canaries,
    door: Door,
    terms: Terms,
    say: Progress,
) -> list[Talk]:
    answered = 0

    def one_more() -> None:
        nonlocal answered
        answered += 1
        say(f"{answered} of {len(made) * terms.turns} messages answered")

    return [
        # The next one's orders are asked for, and must not be told of.
        Talk(customer, made[(place + 1) % len(made)].orders, canaries, door, terms, one_more)
        for place, customer in enumerate(made)
    ]


async def _talk(talks: Sequence[Talk], door: Door) -> None:
    """Opens everybody's tabs, then lets all of them talk at once."""
    try:
        async with door.pages() as pages, asyncio.TaskGroup() as tabs:
            handshakes = asyncio.Semaphore(HANDSHAKES)
            await asyncio.gather(*(_open(talk, tabs, handshakes) for talk in talks))
            async with asyncio.TaskGroup() as talking:
                for talk in talks:
                    talking.create_task(talk.converse())
                    talking.create_task(talk.look_at_orders(pages))
            await asyncio.gather(*(tab.leave() for talk in talks for tab in talk.tabs))
    except BaseExceptionGroup as group:
        # One is enough: what they say is the same.
        raise _first(group) from None


async def _open(talk: Talk, tabs: asyncio.TaskGroup, handshakes: asyncio.Semaphore) -> None:
    async with handshakes:
        for tab in talk.tabs:
            tabs.create_task(tab.run())
        await talk.opened()


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
