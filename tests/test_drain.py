"""A server that is told to end lets running answers end, and leaves the rest to others."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import websockets

from tests.agui import verify
from tests.openai_server import OpenAIServer, says
from tests.site import Site, running_site
from tests.socket_client import Browser, Event, Tab, spoken

RESTART = 1012
ENDS = ("RUN_FINISHED", "RUN_ERROR")


@pytest.fixture
def provider() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def site(tmp_path: Path, provider: OpenAIServer) -> Iterator[Site]:
    with running_site(
        tmp_path, OPENAI_BASE_URL=provider.url, ASSISTANT_MODEL="openai:test-model"
    ) as site:
        yield site


async def until_closed(tab: Tab) -> tuple[list[Event], int | None]:
    """What the tab is still sent, and the code with which it is closed."""
    events: list[Event] = []
    try:
        while True:
            events.append(await asyncio.wait_for(tab.next(), 30))
    except websockets.ConnectionClosed as error:
        return events, error.rcvd.code if error.rcvd else None


async def begun(tab: Tab, text: str) -> list[Event]:
    """Says something; answers the events up to the first words of the answer."""
    await tab.say(text)
    events = await tab.until("RUN_STARTED")
    return [*events, *await tab.until("TEXT_MESSAGE_CONTENT")]


async def test_the_running_answer_ends_idle_tabs_go_at_once_and_what_waits_is_answered_elsewhere(
    site: Site, provider: OpenAIServer
) -> None:
    gate = threading.Event()
    provider.answers += [says("It is ", gate, "with DHL."), says("You are welcome.")]
    alice, bob = Browser(site.url).log_in("alice"), Browser(site.url).log_in("bob")
    async with alice.tab() as hers, bob.tab() as his:
        await hers.snapshot()
        await his.snapshot()
        first = await begun(hers, "Where is my parcel?")
        await hers.say("thanks")
        waits = await hers.until("TEXT_MESSAGE_END")
        site.tell_to_end()
        assert (await until_closed(his))[1] == RESTART
        gate.set()
        rest, code = await until_closed(hers)
    assert code == RESTART
    events = [*first, *waits, *rest]
    verify(events)
    assert spoken(events) == "It is with DHL."
    assert events[-1]["type"] == "RUN_FINISHED"
    assert len(provider.requests) == 1

    await asyncio.to_thread(site.stop)
    site.start()
    async with alice.tab() as hers:
        _, messages = await hers.snapshot()
        assert [m["content"] for m in messages] == [
            "Where is my parcel?",
            "It is with DHL.",
            "thanks",
        ]
        assert spoken(await hers.until(*ENDS)) == "You are welcome."


async def test_an_answer_that_does_not_end_in_time_is_given_at_once_by_the_next_process(
    site: Site, provider: OpenAIServer
) -> None:
    never = threading.Event()
    provider.answers += [says("Half an ", never), says("A whole answer.")]
    alice = Browser(site.url).log_in("alice")
    async with alice.tab() as tab:
        await tab.snapshot()
        begin = await begun(tab, "Where is my parcel?")
        site.tell_to_end()
        rest, code = await until_closed(tab)
    assert (spoken([*begin, *rest]), code) == ("Half an ", RESTART)
    never.set()

    await asyncio.to_thread(site.stop)
    site.start()
    async with alice.tab() as tab:
        _, messages = await tab.snapshot()
        assert [m["content"] for m in messages] == ["Where is my parcel?"]
        events = await tab.until("RUN_FINISHED")
        assert [e["code"] for e in events if e["type"] == "RUN_ERROR"] == ["stale_turn"]
        assert events[-1]["type"] == "RUN_FINISHED"
        last = next(i for i, e in enumerate(events) if e["type"] == "RUN_ERROR")
        assert spoken(events[last:]) == "A whole answer."
    assert len(provider.requests) == 2
