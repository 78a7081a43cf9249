"""PostgreSQL is stopped in the middle of a conversation, and comes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.tools import CANNOT_LOOK_UP
from tests.agui import verify
from tests.openai_server import OpenAIServer, calls, says
from tests.postgresql_server import PostgresqlServer
from tests.proof.records import read, settled
from tests.site import Site, running_site
from tests.socket_client import Browser, spoken


@pytest.fixture
def model() -> Iterator[OpenAIServer]:
    with OpenAIServer() as model:
        yield model


@pytest.fixture
def site(tmp_path: Path, postgresql: PostgresqlServer, model: OpenAIServer) -> Iterator[Site]:
    try:
        with running_site(
            tmp_path,
            DATABASE_URL=postgresql.database(),
            OPENAI_BASE_URL=model.url,
            ASSISTANT_MODEL="openai:test-model",
            CHAT_LEASE_SECONDS="2",
        ) as site:
            yield site
    finally:
        if not postgresql.running:
            postgresql.start()


async def test_with_the_database_away_conversations_go_on_and_transcripts_catch_up(
    site: Site, model: OpenAIServer, postgresql: PostgresqlServer
) -> None:
    model.answers += [says("Hello."), calls(("list_orders", "{}")), says("Not ", "now.")]
    async with Browser(site.url).log_in("alice").tab() as tab:
        state, _ = await tab.snapshot()
        hello = await tab.say("hi")
        await tab.until("RUN_FINISHED")
        await settled(site, state["threadId"])
        postgresql.stop()
        orders = await tab.say("What did I order?")
        events = await tab.until("RUN_FINISHED", "RUN_ERROR")
        verify(events)
        assert spoken(events) == "Not now."
        assert [m["content"] for m in model.requests[-1].body["messages"]][-1] == CANNOT_LOOK_UP
        postgresql.start()
        records = await settled(site, state["threadId"], messages=6)
    records.check(hello, orders)
    assert read(site, state["threadId"]).transcript == records.history
