"""An afternoon on which the provider dies and comes back, on real server processes."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import redis

from tests.agui import verify
from tests.openai_server import SILENCE, Answer, OpenAIServer, chunk, refuses, says
from tests.site import Site, running_site
from tests.socket_client import Browser, Event, Tab, spoken

PROVIDERS = "From the provider."
ASKED = "Where is my parcel?"
CUSTOMERS = ("alice", "bob", "carol")
USAGE = {"prompt_tokens": 900, "completion_tokens": 100, "total_tokens": 1_000}


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, provider: OpenAIServer) -> Iterator[Site]:
    """One process; the tests start another beside it."""
    with running_site(
        tmp_path_factory.mktemp("site"),
        ASSISTANT_MODEL="openai:test-model",
        OPENAI_BASE_URL=provider.url,
        ASSISTANT_TIMEOUT="4",
        ASSISTANT_DAILY_BUDGET="customer=100000 tokens",
        CHAT_RATE_LIMIT="1000/m",
    ) as site:
        yield site


@pytest.fixture(scope="module")
def other(site: Site) -> Site:
    return site.another()


@pytest.fixture
def client(site: Site) -> Iterator[Any]:
    """The site's Redis."""
    with redis.Redis.from_url(site.redis.url, decode_responses=True) as client:
        yield client


class Customer:
    """One customer's tab; every run is checked as AG-UI wants it."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab

    async def ask(self, text: str) -> list[Event]:
        """The events of the answer, which must be one."""
        await self._tab.say(text)
        return await self.hear_the_rest([])

    async def hear(self, text: str, words: str) -> list[Event]:
        """The events up to these words of the answer."""
        await self._tab.say(text)
        events = await self._tab.until("TEXT_MESSAGE_CONTENT")
        while spoken(events) != words:
            events += await self._tab.until("TEXT_MESSAGE_CONTENT")
        return events

    async def hear_the_rest(self, events: list[Event]) -> list[Event]:
        """These, and those up to the end."""
        events = events + await self._tab.until("RUN_FINISHED", "RUN_ERROR")
        verify(events)
        assert events[-1]["type"] == "RUN_FINISHED", events[-1]
        assert spoken(events)
        return events


async def customers(stack: AsyncExitStack, *sites: Site) -> list[Customer]:
    """Alice, Bob and Carol, in turns at these processes."""
    found = []
    for number, name in enumerate(CUSTOMERS):
        browser = Browser(sites[number % len(sites)].url).log_in(name)
        tab = await stack.enter_async_context(browser.tab())
        await tab.snapshot()
        found.append(Customer(tab))
    return found


async def health(client: Any, state: str) -> dict[str, str]:
    """What is known of the provider, once it is in this state."""
    async with asyncio.timeout(20):
        while True:
            for key in client.keys("chat_history:provider:*"):
                known: dict[str, str] = client.hgetall(key)
                if known.get("state", "") == state:
                    return known | {"key": key}
            await asyncio.sleep(0.02)


async def says_in_its_log(site: Site, words: str, times: int = 1) -> None:
    async with asyncio.timeout(20):
        while site.log().count(words) < times:
            await asyncio.sleep(0.02)


async def test_a_provider_that_dies_in_the_middle_of_an_afternoon_costs_no_customer_an_answer(
    provider: OpenAIServer, site: Site, other: Site, client: Any
) -> None:
    provider.otherwise = says(PROVIDERS)
    async with AsyncExitStack() as stack:
        alice, bob, carol = await customers(stack, site, other)
        for each in (alice, bob, carol):
            assert spoken(await each.ask(ASKED)) == PROVIDERS

        # It dies while it speaks to Alice.
        provider.answers.append(Answer([chunk({"content": "Your order "}), SILENCE]))
        events = await alice.hear("Where is my order #1018?", "Your order ")
        provider.dies()
        events = await alice.hear_the_rest(events)
        [broken, whole] = [e for e in events if e["type"] == "TEXT_MESSAGE_END"][1:]
        assert broken["metadata"]["replaced"]
        assert whole["messageId"] != broken["messageId"]

        # Everybody is answered: the first two after a moment, the others at once.
        for each in (bob, carol):
            assert spoken(await each.ask(ASKED)) != PROVIDERS
        assert (await health(client, "open"))["kind"]
        for process in (site, other):
            await says_in_its_log(process, "openai:test-model rests after failures")
        failures = [process.log().count("gave no answer") for process in (site, other)]
        for each in (alice, bob, carol):
            assert spoken(await each.ask(ASKED)) != PROVIDERS
        assert failures == [process.log().count("gave no answer") for process in (site, other)], (
            "nobody waits for a provider that rests"
        )

        # It comes back, and one process finds out for both.
        provider.comes_back()
        requests = len(provider.requests)
        client.hset((await health(client, "open"))["key"], "till", 1)
        await health(client, "")
        for process in (site, other):
            await says_in_its_log(process, "openai:test-model answers again")
        assert len(provider.requests) == requests + 1
        for each in (alice, bob, carol):
            assert spoken(await each.ask(ASKED)) == PROVIDERS


async def test_a_provider_that_refuses_for_a_while_rests_for_both_processes(
    provider: OpenAIServer, site: Site, other: Site, client: Any
) -> None:
    provider.otherwise = refuses(401)
    async with AsyncExitStack() as stack:
        alice, bob, carol = await customers(stack, site, other)
        for each in (alice, carol, alice):  # at the one process
            assert spoken(await each.ask(ASKED)) != PROVIDERS
        known = await health(client, "open")
        assert known["kind"] == "HTTP 401"
        requests = len(provider.requests)
        await says_in_its_log(other, "rests after failures: HTTP 401")
        assert spoken(await bob.ask(ASKED)) != PROVIDERS  # at the other
        assert len(provider.requests) == requests
        page = Browser(other.url).log_in("staff").get("/admin/chat/answer/")
        assert "The provider rests since" in page
        assert "Last failure: HTTP 401" in page
        provider.otherwise = says(PROVIDERS)
        back = [process.log().count("answers again") + 1 for process in (site, other)]
        client.hset(known["key"], "till", 1)
        for process, times in zip((site, other), back, strict=True):
            await says_in_its_log(process, "answers again", times)


async def test_a_customer_over_the_budget_is_answered_by_the_second_line_in_every_process(
    provider: OpenAIServer, site: Site, other: Site, client: Any
) -> None:
    provider.otherwise = Answer(
        [chunk({"content": PROVIDERS}), chunk({}, "stop"), chunk(usage=USAGE)]
    )
    async with AsyncExitStack() as stack:
        alice, bob, _ = await customers(stack, site, other)
        assert spoken(await alice.ask(ASKED)) == PROVIDERS
        assert spoken(await bob.ask(ASKED)) == PROVIDERS
        for key in client.keys("chat_history:spent:customer:*"):
            client.hset(key, "tokens", 100_000)
        for each in (alice, bob):
            requests = len(provider.requests)
            assert PROVIDERS not in spoken(await each.ask(ASKED))
            assert len(provider.requests) == requests


async def test_a_process_that_is_told_to_end_while_the_provider_is_silent_still_answers(
    provider: OpenAIServer, site: Site, other: Site, client: Any
) -> None:
    for key in client.keys("chat_history:spent:*"):
        client.delete(key)
    provider.otherwise = Answer([SILENCE])
    asked = len(provider.requests)
    async with Browser(other.url).log_in("bob").tab() as tab:
        await tab.snapshot()
        await tab.say(ASKED)
        async with asyncio.timeout(20):
            while len(provider.requests) == asked:
                await asyncio.sleep(0.02)
        other.tell_to_end()
        events = await tab.until("RUN_FINISHED", "RUN_ERROR")
    assert events[-1]["type"] == "RUN_FINISHED"
    assert spoken(events)
