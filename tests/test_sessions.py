"""Which login has which conversation."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client

from chat.models import ChatSession
from chat.sessions import login_of, open_session
from tests.turn.conftest import StoreMaker, make_store  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice", password="demo")


async def test_tabs_that_open_at_once_share_one_session(
    make_store: StoreMaker,  # noqa: F811
    alice: User,
) -> None:
    store = make_store()
    opened = await asyncio.gather(*(open_session(store, alice.pk, "key") for _ in range(10)))
    assert len({session.session_id for session in opened}) == 1
    assert await ChatSession.objects.acount() == 1


async def test_for_a_customer_who_was_just_deleted_no_session_is_opened_nor_left_behind(
    make_store: StoreMaker,  # noqa: F811
) -> None:
    store = make_store()
    with pytest.raises(IntegrityError):
        async with asyncio.timeout(5):
            await open_session(store, 999_999, "key")
    assert [each async for each in store.session_ids()] == []


async def test_logins_and_customers_have_sessions_of_their_own(
    make_store: StoreMaker,  # noqa: F811
    alice: User,
) -> None:
    store = make_store()
    bob = await sync_to_async(User.objects.create_user)("bob")
    opened = [
        await open_session(store, customer.pk, key)
        for customer, key in ((alice, "one"), (alice, "two"), (bob, "three"))
    ]
    assert len({session.session_id for session in opened}) == 3
    assert [session.customer_id for session in opened] == [alice.pk, alice.pk, bob.pk]


async def test_when_redis_has_forgotten_the_customer_gets_a_new_session_and_the_old_is_closed(
    make_store: StoreMaker,  # noqa: F811
    alice: User,
) -> None:
    store = make_store()
    old = await open_session(store, alice.pk, "key")
    await store.purge(old.session_id)
    new = await open_session(store, alice.pk, "key")
    assert new.session_id != old.session_id
    await old.arefresh_from_db()
    assert old.closed_because == ChatSession.ClosedBecause.EXPIRED


async def test_of_the_login_we_keep_a_hash_that_lets_nobody_in(
    make_store: StoreMaker,  # noqa: F811
    alice: User,
) -> None:
    session = await open_session(make_store(), alice.pk, "the-login-sessions-key")
    assert "the-login" not in session.login
    assert session.login == login_of("the-login-sessions-key") != login_of("another")


@pytest.mark.usefixtures("redis_url")
def test_logging_out_closes_the_session_also_when_redis_is_away(alice: User, settings: Any) -> None:
    browser = Client()
    browser.force_login(alice)
    key = browser.session.session_key
    session = ChatSession.objects.create(customer=alice, login=login_of(str(key)))
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    browser.post("/accounts/logout/")
    session.refresh_from_db()
    assert session.closed_because == ChatSession.ClosedBecause.LOGOUT


@pytest.mark.usefixtures("redis_url")
def test_logging_out_in_the_middle_of_a_transaction_leaves_it_whole(alice: User) -> None:
    browser = Client()
    browser.force_login(alice)
    session = ChatSession.objects.create(
        customer=alice, login=login_of(str(browser.session.session_key))
    )
    with transaction.atomic():
        browser.post("/accounts/logout/")
        User.objects.create_user("carol")
    session.refresh_from_db()
    assert session.closed_at is not None
    assert User.objects.filter(username="carol").exists()


@pytest.mark.usefixtures("redis_url")
@pytest.mark.parametrize(
    ("change", "ends"),
    [
        ({"password": "another"}, True),
        ({"is_active": False}, True),
        ({"first_name": "Alice"}, False),
    ],
    ids=str,
)
def test_a_new_password_or_a_blocked_account_ends_that_customers_sessions_only(
    change: dict[str, Any], ends: bool, alice: User
) -> None:
    bob = User.objects.create_user("bob")
    hers, his = (
        ChatSession.objects.create(customer=customer, login=login_of(customer.username))
        for customer in (alice, bob)
    )
    for name, value in change.items():
        setattr(alice, name, value)
    alice.save()
    for session in (hers, his):
        session.refresh_from_db()
    assert (hers.closed_at is not None, his.closed_at) == (ends, None)
