"""How many, how fast, and whether they still may."""

from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
import redis
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from chat.logins import Login, login_with
from chat.models import ChatSession
from chat.pace import Pace
from chat.sessions import open_session
from chat.store import Store
from chat.visitors import FRAMES, SOCKETS, Visit, Visitors
from tests.doors.conftest import key_of, log_in
from tests.turn.conftest import StoreMaker

A_LOGIN = Login("key", 1, "hash")


@pytest.fixture
def store(make_store: StoreMaker) -> Store:
    return make_store(rate=(20, 60_000))


def test_a_customer_has_so_many_sockets_and_others_have_theirs(store: Store) -> None:
    visitors = Visitors(store)
    visits = [visitors.enter(A_LOGIN) for _ in range(SOCKETS)]
    assert all(visits)
    # Another login of the same customer is the same customer.
    assert visitors.enter(Login("another key", 1, "hash")) is None
    assert visitors.enter(Login("key", 2, "hash")) is not None
    assert visits[0] is not None
    visitors.leave(visits[0])
    assert visitors.enter(A_LOGIN) is not None
    assert visitors.enter(A_LOGIN) is None


def test_what_a_customer_sent_counts_on_over_all_sockets_and_after_they_closed(
    store: Store,
) -> None:
    now = monotonic()

    def send(visit: Visit | None) -> bool:
        assert visit is not None
        return visit.pace.take(now) == 0

    visitors = Visitors(store)
    first, second = visitors.enter(A_LOGIN), visitors.enter(A_LOGIN)
    room = FRAMES + 3 * 20
    taken = sum(send(visit) for visit in [first, second] * room)
    assert taken == room
    assert send(visitors.enter(Login("key", 2, "hash")))
    for visit in (first, second):
        assert visit is not None
        visitors.leave(visit)
    assert not send(visitors.enter(A_LOGIN))


def test_a_pace_lets_through_a_burst_and_then_one_at_a_time() -> None:
    pace = Pace(burst=3, interval=2)
    assert [pace.take(now=100) for _ in range(4)] == [0, 0, 0, 2]
    assert pace.take(now=101) == 1
    # What was refused did not count.
    assert [pace.take(now=102), pace.take(now=102)] == [0, 2]
    assert not pace.is_rested(now=107.9)
    assert pace.is_rested(now=108)
    assert [pace.take(now=200) for _ in range(4)] == [0, 0, 0, 2]


# --- logins that end ------------------------------------------------------------------------------


def users(name: str) -> Any:
    return User.objects.filter(username=name)


def run_out(browser: Client) -> None:
    Session.objects.filter(pk=key_of(browser)).update(expire_date=timezone.now())


def row_deleted(browser: Client) -> None:
    Session.objects.filter(pk=key_of(browser)).delete()


def blocked_by_an_update(_: Client) -> None:
    users("alice").update(is_active=False)


def new_password_by_an_update(_: Client) -> None:
    users("alice").update(password="!")


def deleted_without_signals(_: Client) -> None:
    ChatSession.objects.filter(customer__username="alice").delete()
    users("alice")._raw_delete("default")


def logged_out(browser: Client) -> None:
    browser.post("/accounts/logout/")


ENDINGS: list[Callable[[Client], None]] = [
    run_out,
    row_deleted,
    blocked_by_an_update,
    new_password_by_an_update,
    deleted_without_signals,
    logged_out,
]


async def visit_of(visitors: Visitors, store: Store, browser: Client) -> Visit:
    login = await login_with(await sync_to_async(key_of)(browser))
    assert login is not None
    visit = visitors.enter(login)
    assert visit is not None
    visit.session_id = (await open_session(store, login.customer_id, login.key)).session_id
    return visit


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", ENDINGS)
async def test_a_login_that_ended_unheard_closes_its_tabs_and_its_session_and_no_others(
    end: Callable[[Client], None], store: Store
) -> None:
    visitors = Visitors(store)
    alice, bob = [await sync_to_async(log_in)(name) for name in ("alice", "bob")]
    key = await sync_to_async(key_of)(alice)
    hers, his = [await visit_of(visitors, store, browser) for browser in (alice, bob)]
    assert await visitors.check([hers, his]) == [None, None]
    await sync_to_async(end)(alice)
    assert await visitors.check([hers, his]) == [4401, None]
    assert await login_with(key) is None
    if await ChatSession.objects.filter(pk=hers.session_id).aexists():
        assert (await store.snapshot(hers.session_id)).mode == "closed"
    else:
        assert await store.look(hers.session_id) is None
    assert (await store.snapshot(his.session_id)).mode == "bot"
    open_now = ChatSession.objects.filter(closed_at=None).values_list("session_id", flat=True)
    assert [session_id async for session_id in open_now] == [his.session_id]


@pytest.mark.django_db(transaction=True)
async def test_of_a_customers_logins_only_that_which_ended_is_closed(store: Store) -> None:
    visitors = Visitors(store)
    phone = await sync_to_async(log_in)("alice")
    desktop = Client()
    await sync_to_async(desktop.force_login)(await User.objects.aget())
    visits = [await visit_of(visitors, store, browser) for browser in (phone, desktop)]
    await sync_to_async(row_deleted)(phone)
    assert await visitors.check(visits) == [4401, None]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("purged", [True, False])
async def test_a_session_that_ended_unheard_lets_its_tabs_connect_anew(
    purged: bool, store: Store
) -> None:
    visitors = Visitors(store)
    visit = await visit_of(visitors, store, await sync_to_async(log_in)("alice"))
    session = ChatSession.objects.filter(pk=visit.session_id)
    if purged:
        await session.adelete()
    else:
        await session.aupdate(closed_at=timezone.now())
    assert await visitors.check([visit]) == [4404]
    assert (await store.look(visit.session_id) is None) == purged


@pytest.mark.django_db(transaction=True)
async def test_a_cookie_that_was_made_up_or_belongs_to_nobody_lets_nobody_in(db: None) -> None:
    def anonymous() -> str:
        browser = Client()
        session = browser.session
        session["something"] = 1
        session.save()
        return str(session.session_key)

    for key in ("", "x" * 32, "\x00", await sync_to_async(anonymous)()):
        assert await login_with(key) is None


@pytest.mark.django_db(transaction=True)
async def test_a_login_that_is_about_to_run_out_still_holds(store: Store) -> None:
    visitors = Visitors(store)
    alice = await sync_to_async(log_in)("alice")
    visit = await visit_of(visitors, store, alice)
    soon = timezone.now() + timedelta(minutes=1)
    await Session.objects.filter(pk=await sync_to_async(key_of)(alice)).aupdate(expire_date=soon)
    assert await visitors.check([visit]) == [None]


@pytest.mark.django_db(transaction=True)
async def test_a_session_that_was_purged_and_forgotten_gets_no_second_tombstone(
    store: Store, redis_url: str
) -> None:
    visitors = Visitors(store)
    visit = await visit_of(visitors, store, await sync_to_async(log_in)("alice"))
    await store.purge(visit.session_id)
    await store.forget(visit.session_id)
    await sync_to_async(ChatSession.objects.all().delete)()
    assert await visitors.check([visit]) != [None]
    with redis.Redis.from_url(redis_url) as client:
        assert not list(client.scan_iter("*:purged"))
