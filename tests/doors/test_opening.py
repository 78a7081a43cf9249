"""What ends while a tab is opening, at whatever moment, is found out by that tab."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.test import Client

from chat import runtime
from chat.models import ChatSession
from chat.retention import Selection, purge
from tests.doors.asgi_socket import AsgiSocket, Server
from tests.doors.conftest import key_of, log_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_url")]

# So many openings, each with the ending a little later.
ROUNDS = 12
STEP = 0.0008


@pytest.fixture
async def server(redis_url: str, transactional_db: None) -> AsyncIterator[runtime.Runtime]:
    async with Server() as running:
        yield running


def log_out(browser: Client, _: str) -> None:
    browser.post("/accounts/logout/")


def delete(_: Client, name: str) -> None:
    customer = User.objects.filter(username=name)
    try:
        customer.delete()
    except IntegrityError:
        # Django collects what goes along, then deletes: a session made in between is in the way.
        customer.delete()


def block(_: Client, name: str) -> None:
    User.objects.filter(username=name).update(is_active=False)


def begin_anew(browser: Client, _: str) -> None:
    assert browser.post("/api/v1/session/reset/").status_code == 200


def purge_all_of(_: Client, name: str) -> None:
    async def run() -> None:
        async with runtime.store() as store:
            async for _ in purge(store, Selection(customer)):
                pass

    customer = User.objects.get(username=name)
    async_to_sync(run)()


async def race(
    end: Callable[[Client, str], None], *, opened_before: bool
) -> AsyncIterator[tuple[tuple[int, str], str]]:
    """What became of each tab that opened while ``end`` was on its way, and the login's key."""
    for number in range(ROUNDS):
        name = f"customer-{number}"
        browser = await sync_to_async(log_in)(name)
        key = await sync_to_async(key_of)(browser)
        if opened_before:
            async with AsgiSocket(key) as tab:
                assert (await tab.outcome())[0] == 101
        async with AsgiSocket(key) as tab:
            await asyncio.sleep(number * STEP)
            await sync_to_async(end)(browser, name)
            code, session_id = await tab.outcome()
            if code == 101 and not await still_open(session_id):
                code = await tab.closed_with()
            yield (code, session_id), key


async def still_open(session_id: str) -> bool:
    return await ChatSession.objects.filter(pk=session_id, closed_at=None).aexists()


@pytest.mark.parametrize("opened_before", [True, False])
@pytest.mark.parametrize("end", [log_out, delete])
async def test_a_login_that_ends_while_a_tab_opens_leaves_no_tab_open(
    end: Callable[[Client, str], None], opened_before: bool, server: runtime.Runtime
) -> None:
    codes = set()
    async for (code, _), key in race(end, opened_before=opened_before):
        codes.add(code)
        async with AsgiSocket(key) as again:
            assert await again.outcome() == (403, "")
    # Whoever was deleted may be told first that the session is gone.
    assert codes <= ({403, 4401} if end is log_out else {403, 4401, 4404})
    assert not await ChatSession.objects.filter(closed_at=None).aexists()


@pytest.mark.parametrize("opened_before", [True, False])
@pytest.mark.parametrize("end", [begin_anew, purge_all_of])
async def test_a_session_that_ends_while_a_tab_opens_leads_to_the_next_one(
    end: Callable[[Client, str], None], opened_before: bool, server: runtime.Runtime
) -> None:
    codes = set()
    async for (code, session_id), key in race(end, opened_before=opened_before):
        codes.add(code)
        async with AsgiSocket(key) as again:
            now, new = await again.outcome()
            assert now == 101
            assert await still_open(new)
            assert new == session_id or code == 4404
    assert codes <= {101, 4404}


async def test_an_account_blocked_while_a_tab_opens_is_found_by_the_next_check(
    server: runtime.Runtime,
) -> None:
    browser = await sync_to_async(log_in)("alice")
    key = await sync_to_async(key_of)(browser)
    async with AsgiSocket(key) as tab:
        assert (await tab.outcome())[0] == 101
        await sync_to_async(block)(browser, "alice")
        async with AsgiSocket(key) as another:
            assert await another.outcome() == (403, "")
        # As `keep_checking` does, without waiting for its round.
        await server.visitors.check_all()
        assert await tab.closed_with() == 4401


async def test_nothing_stays_behind_of_sockets_that_were_refused_or_closed(
    server: runtime.Runtime,
) -> None:
    browser = await sync_to_async(log_in)("alice")
    key = await sync_to_async(key_of)(browser)
    for refused_key in ("", "made-up", key):
        async with AsgiSocket(refused_key) as tab:
            await tab.outcome()
    assert not server.visitors._visits
    assert not server.connections.has((await ChatSession.objects.aget()).session_id)
