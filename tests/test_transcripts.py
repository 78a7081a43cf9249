"""The durable copies: written once, caught up when missed, never in the way of each other."""

from collections.abc import AsyncIterator

import pytest
import redis.asyncio
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from chat.models import ChatSession, TranscriptMessage
from chat.transcripts import UNSTORABLE, Copy, Transcripts, write
from tests.turn.conftest import LIMITS, Worker, make_store  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice")


def session_of(customer: User, session_id: str) -> ChatSession:
    return ChatSession.objects.create(session_id=session_id, customer=customer, login=session_id)


@pytest.fixture
async def talk(make_store: object, alice: User) -> AsyncIterator[Worker]:  # noqa: F811
    """A conversation of alice's, open in Redis and known to the database."""
    worker = Worker(make_store())  # type: ignore[operator]
    await worker.store.open(worker.session_id)
    await sync_to_async(session_of)(alice, worker.session_id)
    yield worker


@sync_to_async
def rows(session_id: str) -> list[tuple[int, str]]:
    found = TranscriptMessage.objects.filter(session_id=session_id).order_by("position")
    return list(found.values_list("position", "text"))


async def test_what_was_missed_is_caught_up_and_copying_twice_changes_nothing(
    talk: Worker,
) -> None:
    transcripts = Transcripts(talk.store, set[str]().add)
    for number in range(3):
        await talk.commit(await talk.begin(f"question {number}"), f"answer {number}")
    for _ in range(2):
        transcripts.mark(talk.session_id)
        assert await transcripts.copy_marked()
        assert await rows(talk.session_id) == list(enumerate(await talk.history()))
    await talk.commit(await talk.begin("one more"), "answer")
    # The mark was lost: all is copied again, and nothing is doubled.
    async with redis.asyncio.Redis.from_url(talk.store.url) as client:
        await client.hset(f"{{chat_history:{talk.session_id}}}:state", "copied", 0)
    transcripts.mark(talk.session_id)
    assert await transcripts.copy_marked()
    assert await rows(talk.session_id) == list(enumerate(await talk.history()))
    session = await ChatSession.objects.aget(pk=talk.session_id)
    assert session.message_count == 8


async def test_a_purged_session_is_left_out_and_does_not_take_the_batch_down(
    alice: User,
) -> None:
    await sync_to_async(session_of)(alice, "lives")
    said: list[BaseMessage] = [HumanMessage("x", id="m")]
    await sync_to_async(write)([Copy("purged", 0, said), Copy("lives", 0, said)])
    assert await rows("lives") == [(0, "x")]
    assert not await TranscriptMessage.objects.filter(session_id="purged").aexists()


async def test_a_message_that_the_database_cannot_hold_keeps_back_no_other(
    talk: Worker, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    turn = await talk.begin("question")
    await talk.store.commit(
        turn, [AIMessage("half a character: \ud800", id="a"), AIMessage("b")], [], "r", b""
    )
    other = Worker(talk.store)
    await other.store.open(other.session_id)
    await sync_to_async(session_of)(alice, other.session_id)
    await other.commit(await other.begin("hello"), "hi")
    transcripts = Transcripts(talk.store, set[str]().add)
    transcripts.mark(talk.session_id)
    transcripts.mark(other.session_id)
    assert await transcripts.copy_marked()
    assert await rows(talk.session_id) == [(0, "question"), (1, UNSTORABLE), (2, "b")]
    assert await rows(other.session_id) == [(0, "hello"), (1, "hi")]
    assert "cannot hold" in caplog.text


async def test_with_redis_away_the_mark_is_kept_for_later(talk: Worker) -> None:
    from chat.store import Store

    away = Store("redis://127.0.0.1:1/0", LIMITS)
    transcripts = Transcripts(away, set[str]().add)
    transcripts.mark(talk.session_id)
    for _ in range(2):
        assert not await transcripts.copy_marked()
    await away.aclose()
