"""What a deleted customer said does not stay behind in Redis."""

from typing import Any

import pytest
import redis
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import transaction

from chat.models import ChatSession
from chat.runtime import make_store
from tests.turn.conftest import Worker

pytestmark = pytest.mark.django_db(transaction=True)


def talk(customer: User, **fields: Any) -> str:
    """A conversation, in Redis and in the database."""

    async def in_redis() -> None:
        store = make_store()
        await store.open(session_id)
        worker = Worker(store, session_id)
        await worker.commit(await worker.begin("a secret"), "kept")
        await store.aclose()

    session = ChatSession.objects.create(customer=customer, login=f"{customer}{fields}")
    session_id = session.session_id
    async_to_sync(in_redis)()
    return session_id


def holds(redis_url: str, session_id: str) -> bool:
    with redis.Redis.from_url(redis_url) as client:
        return bool(client.exists(f"chat_history:{session_id}"))


@pytest.mark.parametrize("by_queryset", [True, False])
def test_deleting_a_customer_deletes_all_of_their_conversations_and_nobody_elses(
    by_queryset: bool, redis_url: str
) -> None:
    alice, bob = User.objects.create_user("alice"), User.objects.create_user("bob")
    hers, his = [talk(alice), talk(alice, phone=True)], talk(bob)
    if by_queryset:
        User.objects.filter(username="alice").delete()
    else:
        alice.delete()
    assert [holds(redis_url, each) for each in (*hers, his)] == [False, False, True]


def test_with_redis_away_the_customer_is_deleted_and_the_log_names_what_is_left(
    redis_url: str, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    alice = User.objects.create_user("alice")
    sessions = [talk(alice), talk(alice, phone=True)]
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    alice.delete()
    assert not User.objects.exists()
    [record] = [record for record in caplog.records if "deleted customer" in record.message]
    assert all(session_id in record.message for session_id in sessions)
    assert all(holds(redis_url, session_id) for session_id in sessions)


def test_a_deletion_that_is_taken_back_deletes_nothing(redis_url: str) -> None:
    alice = User.objects.create_user("alice")
    session_id = talk(alice)
    with transaction.atomic():
        alice.delete()
        transaction.set_rollback(True)
    assert holds(redis_url, session_id)
    assert User.objects.exists()
