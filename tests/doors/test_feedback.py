"""A rating is kept as soon as the answer has ended, whether the transcript has it or not."""

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from langchain_core.messages import AIMessage, HumanMessage

from chat.errors import HistoryUnavailable, InvalidFrame
from chat.feedback import rate
from chat.models import ChatSession, Feedback
from chat.store import Store
from chat.transcripts import Copy, write
from tests.turn.conftest import LIMITS, StoreMaker, Worker

pytestmark = pytest.mark.django_db(transaction=True)


async def answered(store: Store, name: str) -> tuple[str, str]:
    """A session with one answer, and the answer's id."""

    def row() -> str:
        customer = User.objects.create_user(name)
        return ChatSession.objects.create(customer=customer, login=name).session_id

    session_id = await sync_to_async(row)()
    await store.open(session_id)
    worker = Worker(store, session_id)
    await worker.commit(await worker.begin("question"), "answer")
    return session_id, str((await store.snapshot(session_id)).messages[1].id)


async def ratings() -> list[Any]:
    return [each async for each in Feedback.objects.values_list("session_id", "rating", "comment")]


async def test_an_answer_can_be_rated_before_its_transcript_is_written(
    make_store: StoreMaker,
) -> None:
    store = make_store()
    session_id, answer = await answered(store, "alice")
    await rate(store, session_id, answer, "down", "Too short")
    await rate(store, session_id, answer, "up", "")
    assert await ratings() == [(session_id, "up", "")]


async def test_an_answer_can_be_rated_when_only_its_transcript_is_left(
    make_store: StoreMaker,
) -> None:
    store = make_store()
    session_id, answer = await answered(store, "alice")
    said = [HumanMessage("question", id="q"), AIMessage("answer", id=answer)]
    await sync_to_async(write)([Copy(session_id, 0, said)])
    await store.mark_copied([(session_id, 2, (await store.entries(session_id, 1))[0])])
    await rate(store, session_id, answer, "up", "")
    await store.purge(session_id)
    await rate(store, session_id, answer, "down", "")
    assert await ratings() == [(session_id, "down", "")]


async def test_what_is_no_answer_to_this_customer_cannot_be_rated(make_store: StoreMaker) -> None:
    store = make_store()
    hers, answer = await answered(store, "alice")
    his, _ = await answered(store, "bob")
    question = str((await store.snapshot(hers)).messages[0].id)
    for session_id, message_id in ((hers, "nobody said this"), (hers, question), (his, answer)):
        with pytest.raises(InvalidFrame):
            await rate(store, session_id, message_id, "up", "")
    assert await ratings() == []


async def test_with_redis_away_a_rating_is_refused_and_not_half_kept(
    make_store: StoreMaker,
) -> None:
    session_id, answer = await answered(make_store(), "alice")
    away = Store("redis://127.0.0.1:1/0", LIMITS)
    with pytest.raises(HistoryUnavailable):
        await rate(away, session_id, answer, "up", "")
    await away.aclose()
    assert await ratings() == []
