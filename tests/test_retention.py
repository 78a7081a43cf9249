"""purge_sessions: what it deletes, what it spares, what it says."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone
from langchain_core.messages import AIMessage, HumanMessage

from chat.models import ChatSession, Feedback, HandoffRequest
from chat.runtime import make_store
from chat.transcripts import Copy, write
from tests.turn.conftest import Worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_url")]


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice")


@pytest.fixture
def bob() -> User:
    return User.objects.create_user("bob")


def talk(customer: User | None, session_id: str, *, age: timedelta = timedelta(0)) -> None:
    """A conversation of two messages, in Redis and, with a customer, in the database."""

    async def in_redis() -> None:
        store = make_store()
        await store.open(session_id)
        worker = Worker(store, session_id)
        await worker.commit(await worker.begin("question"), "answer")
        await store.aclose()

    async_to_sync(in_redis)()
    if customer is not None:
        session = ChatSession.objects.create(
            session_id=session_id, customer=customer, login=session_id
        )
        write([Copy(session_id, 0, [HumanMessage("question"), AIMessage("answer")])])
        Feedback.objects.create(session=session, message_id="m", rating="up")
        HandoffRequest.objects.create(session=session)
        ChatSession.objects.filter(pk=session_id).update(last_activity_at=timezone.now() - age)


def in_redis(session_id: str) -> bool:
    async def look() -> bool:
        store = make_store()
        found = await store.look(session_id)
        await store.aclose()
        return found is not None

    return async_to_sync(look)()


def left() -> set[str]:
    return set(ChatSession.objects.values_list("session_id", flat=True))


def purge(*options: str) -> str:
    """What the real run says, after a dry run that said the same and deleted nothing."""
    before = left()
    would, did = StringIO(), StringIO()
    call_command("purge_sessions", *options, "--dry-run", stdout=would)
    assert left() == before
    call_command("purge_sessions", *options, stdout=did)
    assert would.getvalue() == did.getvalue().replace("Deleted", "Would delete")
    return did.getvalue().strip()


def test_one_customers_sessions_go_everywhere_and_the_others_stay(alice: User, bob: User) -> None:
    talk(alice, "a1")
    talk(alice, "a2")
    talk(bob, "b1")
    assert purge("--user", "alice") == "Deleted 2 sessions with 4 messages."
    assert left() == {"b1"}
    assert [in_redis(each) for each in ("a1", "a2", "b1")] == [False, False, True]
    assert Feedback.objects.count() == HandoffRequest.objects.count() == 1
    assert User.objects.filter(username="alice").exists()
    assert purge("--user", "alice") == "Deleted 0 sessions with 0 messages."


def test_one_session_goes(alice: User) -> None:
    talk(alice, "a1")
    talk(alice, "a2")
    assert purge("--session", "a1") == "Deleted 1 sessions with 2 messages."
    assert left() == {"a2"}
    assert purge("--session", "never-was") == "Deleted 0 sessions with 0 messages."


def test_all_goes_also_what_only_redis_knows(alice: User) -> None:
    talk(alice, "a1")
    talk(None, "orphan")
    assert purge("--all") == "Deleted 2 sessions with 4 messages."
    assert not in_redis("orphan")


def test_older_than_goes_by_the_last_message(alice: User) -> None:
    talk(alice, "old", age=timedelta(days=31))
    talk(alice, "young", age=timedelta(days=29))
    # Redis has forgotten the old one long ago.
    call_command("purge_sessions", "--session", "old", stdout=StringIO())
    ChatSession.objects.create(session_id="old", customer=alice, login="old")
    ChatSession.objects.filter(pk="old").update(
        last_activity_at=timezone.now() - timedelta(days=31)
    )
    assert purge("--older-than", "30d") == "Deleted 1 sessions with 0 messages."
    assert left() == {"young"}


def test_a_session_with_a_message_that_the_transcript_does_not_know_yet_is_spared(
    alice: User,
) -> None:
    talk(alice, "writes-just-now", age=timedelta(days=31))
    assert purge("--older-than", "30d") == "Deleted 0 sessions with 0 messages."
    assert left() == {"writes-just-now"}
    assert in_redis("writes-just-now")


def test_conditions_given_together_must_all_hold(alice: User, bob: User) -> None:
    talk(alice, "a1")
    talk(bob, "b1")
    assert purge("--user", "alice", "--session", "b1") == "Deleted 0 sessions with 0 messages."
    assert left() == {"a1", "b1"}


def test_after_it_was_killed_in_between_it_goes_on(alice: User) -> None:
    talk(alice, "a1")
    # Killed after Redis and before the rows.
    async_to_sync(purge_in_redis)("a1")
    assert purge("--user", "alice") == "Deleted 1 sessions with 2 messages."
    assert left() == set()


async def purge_in_redis(session_id: str) -> None:
    store = make_store()
    await store.purge(session_id)
    await store.aclose()


def test_more_than_one_batch_goes(alice: User) -> None:
    ChatSession.objects.bulk_create(
        ChatSession(session_id=f"s{number:04}", customer=alice, login=f"l{number}")
        for number in range(450)
    )
    assert purge("--user", "alice") == "Deleted 450 sessions with 0 messages."


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "Say which"),
        (["--user", "nobody"], "no user nobody"),
        (["--older-than", "30"], "such as 30d"),
        (["--older-than", "0d"], "such as 30d"),
        (["--older-than", "-3d"], "expected one argument"),
        (["--all", "--user", "alice"], "--all takes every session"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_to_do(options: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        call_command("purge_sessions", *options)


def test_without_redis_nothing_is_deleted_and_it_says_so(alice: User, settings: Any) -> None:
    talk(alice, "a1")
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with pytest.raises(CommandError, match="Redis does not answer"):
        call_command("purge_sessions", "--all")
    assert left() == {"a1"}
