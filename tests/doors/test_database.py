"""One slow query holds up nobody else."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from channels.db import database_sync_to_async
from django.db import OperationalError, connection, connections

from chat.database import THREADS, in_thread


class HeldQuery:
    """A query that waits for a lock which somebody else holds, until it is released."""

    def __init__(self) -> None:
        self._released = threading.Event()
        self.ran = 0

    def __call__(self) -> str:
        self._released.wait()
        self.ran += 1
        return "held"

    def release(self) -> None:
        self._released.set()


@pytest.fixture
def held() -> Iterator[HeldQuery]:
    held = HeldQuery()
    yield held
    held.release()


def quick() -> str:
    return "quick"


async def test_a_query_that_is_held_holds_up_no_other(held: HeldQuery) -> None:
    slow = asyncio.create_task(in_thread(held)())
    for _ in range(2 * THREADS):
        assert await in_thread(quick)() == "quick"
    held.release()
    assert await slow == "held"


@pytest.mark.django_db(transaction=True)
async def test_in_channels_one_thread_it_holds_up_all_others(held: HeldQuery) -> None:
    """The counter-example."""
    slow = asyncio.create_task(database_sync_to_async(held)())
    await asyncio.sleep(0)
    other = asyncio.create_task(database_sync_to_async(quick)())
    # As many threads of ours have answered meanwhile as could.
    for _ in range(2 * THREADS):
        await in_thread(quick)()
    assert not other.done()
    held.release()
    assert [await slow, await other] == ["held", "quick"]


async def test_a_database_that_does_not_answer_in_time_counts_as_away(held: HeldQuery) -> None:
    with pytest.raises(OperationalError, match="no answer"):
        await in_thread(held, within=0.05)()


async def test_what_waited_in_vain_for_a_thread_is_not_done_later(held: HeldQuery) -> None:
    late = HeldQuery()
    late.release()
    slow = [asyncio.create_task(in_thread(held)()) for _ in range(THREADS)]
    await asyncio.sleep(0)
    with pytest.raises(OperationalError):
        await in_thread(late, within=0.05)()
    held.release()
    await asyncio.gather(*slow)
    await in_thread(quick)()
    assert late.ran == 0


@pytest.mark.django_db(transaction=True)
async def test_a_call_leaves_no_connection_behind_that_others_could_need() -> None:
    def ask() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return connection.vendor == "sqlite"

    def is_open() -> bool:
        return any(each.connection is not None for each in connections.all(initialized_only=True))

    is_sqlite = await in_thread(ask)()
    # PostgreSQL has few; SQLite's is kept, because it costs more than most queries.
    everywhere = await asyncio.gather(*(in_thread(is_open)() for _ in range(THREADS)))
    assert is_sqlite or not any(everywhere)


@pytest.mark.django_db(transaction=True)
async def test_a_connection_on_which_something_went_wrong_is_not_used_again() -> None:
    def fail() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT x FROM nowhere")

    def is_open() -> bool:
        return any(each.connection is not None for each in connections.all(initialized_only=True))

    failures = (in_thread(fail)() for _ in range(10 * THREADS))
    for failure in await asyncio.gather(*failures, return_exceptions=True):
        assert "nowhere" in str(failure)
    everywhere = await asyncio.gather(*(in_thread(is_open)() for _ in range(THREADS)))
    assert not any(everywhere)
