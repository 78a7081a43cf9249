"""A server process with a provider's model keeps notes on long conversations."""

from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.test import override_settings

from chat.models import ChatSession
from chat.prompts import EARLIER, NOTES
from chat.runtime import Runtime
from tests.doors.asgi_socket import Server
from tests.openai_server import Answer, OpenAIServer, Request, says

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_url")]


def provider(request: Request) -> Answer:
    """Writes notes when it is asked for them."""
    asked = request.body["messages"][0]["content"]
    return says("They asked for the blue lamp.") if asked == NOTES else says("Fine.")


async def talk(running: Runtime, turns: int) -> None:
    """A new customer's conversation, each turn with the notes that follow it."""
    customer = await User.objects.acreate(username=uuid4().hex)
    session = await ChatSession.objects.acreate(customer=customer, login=uuid4().hex)
    running.know(session.session_id, customer.pk)
    await running.store.open(session.session_id)
    for number in range(turns):
        text = f"Question {number}?"
        await running.turns.accept(session.session_id, customer.pk, str(uuid4()), text)
        while running.turns.busy:
            await running.turns.one_ends(5)
        await running.summaries.settled()


async def test_a_long_conversation_with_a_provider_keeps_its_beginning() -> None:
    with (
        OpenAIServer() as server,
        override_settings(
            ASSISTANT_MODEL="openai:test-model", OPENAI_BASE_URL=server.url, CHAT_HISTORY_WINDOW=4
        ),
    ):
        server.otherwise = provider
        async with Server() as running:
            await talk(running, 5)
    asked = [request.body["messages"] for request in server.requests]
    noted = [messages[1]["content"] for messages in asked if messages[0]["content"] == NOTES]
    assert "Customer: Question 0?" in noted[0]
    *_, last = [messages for messages in asked if messages[0]["content"] != NOTES]
    assert f"{EARLIER}\n<notes>\nThey asked for the blue lamp." in last[0]["content"]
    assert "Question 0?" not in str(last)
    assert last[-1]["content"] == "Question 4?"


async def test_offline_is_not_asked_for_notes() -> None:
    with override_settings(ASSISTANT_MODEL="offline", CHAT_HISTORY_WINDOW=2):
        async with Server() as running:
            await talk(running, 3)
            [session] = [each async for each in running.store.session_ids()]
            assert await sync_to_async(ChatSession.objects.count)() == 1
            assert await running.store.unsummarized(session, 2, claim="c", hold=1, most=9), (
                "nobody has claimed them"
            )
