"""The site on PostgreSQL, and what its customers meet when the database goes away and returns."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError

import pytest

from tests.postgresql_server import PostgresqlServer
from tests.site import Site, running_site
from tests.socket_client import Browser, Event, spoken

ENDS = ("RUN_FINISHED", "RUN_ERROR")
# Seconds in which all is well again; generous, for a busy machine.
PATIENCE = 60


@pytest.fixture(scope="module")
def site(postgresql: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(
        tmp_path_factory.mktemp("site"),
        DATABASE_URL=postgresql.database(),
        CHAT_RATE_LIMIT="1000/m",
    ) as site:
        yield site


@pytest.fixture
def server(postgresql: PostgresqlServer) -> Iterator[PostgresqlServer]:
    """The site's database server, to be stopped; it is there again for the tests that follow."""
    yield postgresql
    if not postgresql.running:
        postgresql.start()


def readiness(site: Site) -> tuple[int, str]:
    """The status of ``/readyz``, and what it says of the database."""
    try:
        status, body = 200, Browser(site.url).get("/readyz")
    except HTTPError as error:
        status, body = error.code, error.read().decode()
    return status, json.loads(body)["database"]


async def until_ready(site: Site) -> None:
    async with asyncio.timeout(PATIENCE):
        while (await asyncio.to_thread(readiness, site))[0] != 200:
            await asyncio.sleep(0.05)


async def transcript(staff: Browser, session_id: str, until: str) -> str:
    """The page on which staff read the conversation, once it has this text."""
    page = f"/admin/chat/chatsession/{session_id}/change/"
    async with asyncio.timeout(PATIENCE):
        while until not in (text := await asyncio.to_thread(staff.get, page)):
            await asyncio.sleep(0.05)
    return text


async def test_without_the_database_conversations_go_on_and_afterwards_all_is_caught_up(
    site: Site, server: PostgresqlServer
) -> None:
    customer, staff = Browser(site.url).log_in("alice"), Browser(site.url).log_in("staff")
    async with customer.tab() as tab:
        state, _ = await tab.snapshot()
        assert "DHL" in await tab.ask("Where is my parcel?")
        assert readiness(site) == (200, "ok")
        server.stop()
        assert "cannot look that up right now" in await tab.ask("Where is my kettle?")
        assert "elcome" in await tab.ask("Thank you")
        assert (await asyncio.to_thread(readiness, site)) == (503, "no answer")
        await tab.send(type="handoff.request")
        assert (await tab.next())["value"]["code"] == "history_unavailable"
        async with customer.tab() as late:
            assert (await late.next())["value"]["code"] == "history_unavailable"
        server.start()
        await until_ready(site)
        assert "DHL" in await tab.ask("Where is my parcel now?")
    page = await transcript(staff, state["threadId"], "Where is my parcel now?")
    assert page.index("Where is my kettle?") < page.index("Where is my parcel now?")
    async with Browser(site.url).log_in("bob").tab() as tab:
        await tab.snapshot()
        assert await tab.ask("hello")


async def test_a_hundred_questions_are_answered_at_once_and_not_each_after_a_time_out(
    site: Site, server: PostgresqlServer
) -> None:
    customer = Browser(site.url).log_in("carol")
    async with customer.tab() as tab:
        await tab.snapshot()
        await tab.ask("hello")
        server.stop()
        begin = time.monotonic()
        for _ in range(100):
            await tab.say("Where is my parcel?")
            answers: list[Event] = await tab.until(*ENDS)
            assert "cannot look that up right now" in spoken(answers)
        # Each with the pool's time-out of five seconds, it would be 500 s.
        assert time.monotonic() - begin < 100


async def test_a_restart_of_the_database_between_two_requests_is_not_noticed(
    site: Site, server: PostgresqlServer
) -> None:
    customer = Browser(site.url).log_in("alice")
    async with customer.tab() as tab:
        await tab.snapshot()
        await tab.ask("Where is my parcel?")
        server.stop()
        server.start()
        answers: list[Any] = [
            await asyncio.to_thread(customer.get, "/orders/"),
            await tab.ask("Where is my parcel?"),
            await asyncio.to_thread(Browser(site.url).log_in, "bob"),
        ]
        assert "48211" in answers[0]
        assert "DHL" in answers[1]
