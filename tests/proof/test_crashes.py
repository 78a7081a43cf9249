"""A process is killed at a named point; nothing may be lost, and nothing said twice."""

import asyncio
from collections.abc import Callable

import pytest

from chat.errors import StaleTurn
from tests.agui import verify
from tests.openai_server import SILENCE, Answer, Request, chunk, says
from tests.proof.conftest import Shop
from tests.proof.records import PATIENCE, read, settled
from tests.proof.redis_proxy import When
from tests.site import Site
from tests.socket_client import Event, Tab, spoken

ENDS = ("RUN_FINISHED", "RUN_ERROR")
HALF = Answer([chunk({"role": "assistant", "content": ""}), chunk({"content": "Half "}), SILENCE])
# The dead run is ended for the tabs, and the message is answered in one more.
TAKEN_UP = ["RUN_STARTED", StaleTurn.code, "RUN_STARTED", "RUN_FINISHED"]
ANSWERED = [("human", "where?"), ("ai", "The answer.")]


def kills(*sites: Site) -> Callable[[Request], Answer]:
    """The model is asked, and before its first byte the processes are dead."""

    def answer(_: Request) -> Answer:
        for site in sites:
            site.kill()
        return Answer([SILENCE])

    return answer


def runs(events: list[Event]) -> list[str]:
    """How each run began and ended."""
    return [str(e.get("code", e["type"])) for e in events if e["type"] in ("RUN_STARTED", *ENDS)]


def once(events: list[Event]) -> list[Event]:
    """Without acknowledgements that came again, for an id that was sent again."""
    first: dict[int, Event] = {}
    for event in events:
        first.setdefault(event["metadata"]["seq"], event)
    return list(first.values())


async def until_dead(*sites: Site) -> None:
    async with asyncio.timeout(PATIENCE):
        while any(site.alive for site in sites):
            await asyncio.sleep(0.01)


async def until_finished(tab: Tab) -> list[Event]:
    events = await tab.until("RUN_FINISHED")
    verify(events)
    return events


@pytest.mark.parametrize(
    ("script", "when"),
    [("accept", "after"), ("beat", "before"), ("beat", "after"), ("commit", "before")],
)
async def test_killed_around_a_call_of_redis_another_process_answers(
    script: str, when: When, shop: Shop
) -> None:
    """Killed right before a call reaches Redis, or when Redis has done it and nobody knows."""
    if script == "beat":
        # Words that are followed by nothing: else they may wait for the end, and leave with it.
        shop.model.answers.append(Answer([chunk({"content": "Dead "}), SILENCE]))
    elif script == "commit":
        shop.model.answers.append(says("Dead ", "words."))
    shop.model.answers.append(says("The ", "answer."))
    asked = len(shop.model.answers)
    login = shop.login()
    # The lease may be renewed before there are words.
    shop.proxy.trap(script, when, shop.victim.kill, b"where?" if script == "accept" else b"Dead")
    async with login.tab(shop.first) as witness, login.tab(shop.victim) as tab:
        state, _ = await witness.snapshot()
        message_id = await tab.say("where?")
        events = await until_finished(witness)
    assert runs(events) == TAKEN_UP
    records = await settled(shop.first, state["threadId"])
    records.check(message_id)
    assert records.said == ANSWERED
    assert len(shop.model.requests) == asked, "more than one process answered"


async def test_killed_before_the_acknowledgement_a_message_sent_again_is_answered_once(
    shop: Shop,
) -> None:
    shop.model.answers.append(says("The ", "answer."))
    login = shop.login()
    shop.proxy.trap("accept", "after", shop.victim.kill)
    async with login.tab(shop.first) as witness, login.tab(shop.victim) as tab:
        state, _ = await witness.snapshot()
        message_id = await tab.say("where?")
        await until_dead(shop.victim)
        await witness.say("where?", message_id)
        events = once(await witness.until("RUN_FINISHED"))
    verify(events)
    assert {e["messageId"] for e in events if e.get("role") == "user"} == {message_id}
    assert spoken(events) == "The answer."
    (await settled(shop.first, state["threadId"])).check(message_id)


async def test_killed_before_the_models_first_byte_another_process_answers(shop: Shop) -> None:
    shop.model.answers += [kills(shop.victim), says("The ", "answer.")]
    login = shop.login()
    async with login.tab(shop.first) as witness, login.tab(shop.victim) as tab:
        state, _ = await witness.snapshot()
        message_id = await tab.say("where?")
        events = await until_finished(witness)
    assert runs(events) == TAKEN_UP
    (await settled(shop.first, state["threadId"])).check(message_id)
    assert len(shop.model.requests) == 2


async def test_killed_in_the_middle_of_an_answer_it_is_answered_though_nobody_connects(
    shop: Shop,
) -> None:
    shop.model.answers += [HALF, says("The ", "answer.")]
    login = shop.login()
    async with login.tab(shop.first) as witness, login.tab(shop.victim) as tab:
        state, _ = await witness.snapshot()
        message_id = await tab.say("where?")
        events: list[Event] = []
        while spoken(events) != "Half ":
            events.append(await witness.next())
    shop.victim.kill()
    records = await settled(shop.first, state["threadId"])
    records.check(message_id)
    assert records.said == ANSWERED
    assert len(shop.model.requests) == 2
    async with login.tab(shop.second) as tab:
        assert [m["content"] for m in (await tab.snapshot())[1]] == ["where?", "The answer."]


async def test_killed_between_the_commit_and_the_transcript_the_copy_is_made_by_others(
    shop: Shop,
) -> None:
    shop.model.answers.append(says("The ", "answer."))
    login = shop.login()
    shop.proxy.trap("commit", "after", shop.victim.kill)
    async with login.tab(shop.first) as witness, login.tab(shop.victim) as tab:
        state, _ = await witness.snapshot()
        message_id = await tab.say("where?")
        await until_dead(shop.victim)
        left = await asyncio.to_thread(read, shop.first, state["threadId"])
        assert (left.said, left.transcript) == (ANSWERED, [])
        events = await until_finished(witness)
        assert spoken(events) == "The answer."
    (await settled(shop.first, state["threadId"])).check(message_id)
    assert len(shop.model.requests) == 1


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_while_it_takes_up_a_dead_process_turn_a_third_answers(
    when: When, shop: Shop
) -> None:
    shop.model.answers += [kills(shop.first, shop.second), says("The ", "answer.")]
    login = shop.login()
    shop.proxy.trap("recover", when, shop.victim.kill)
    async with login.tab(shop.first) as tab:
        state, _ = await tab.snapshot()
        message_id = await tab.say("where?")
        await until_dead(*shop.processes)
    shop.first.start()
    async with login.tab(shop.first) as tab:
        records = await settled(shop.first, state["threadId"])
    records.check(message_id)
    assert records.said == ANSWERED
    assert len(shop.model.requests) == 2


async def test_a_message_of_which_three_processes_died_fails_and_can_be_sent_again(
    shop: Shop,
) -> None:
    shop.model.answers += [kills(*shop.processes)] * 3
    login = shop.login()
    async with login.tab(shop.first) as tab:
        state, _ = await tab.snapshot()
        message_id = await tab.say("where?")
        await until_dead(*shop.processes)
    for _ in range(2):
        shop.second.start()
        await until_dead(shop.second)
    shop.second.start()
    failed = await settled(shop.second, state["threadId"])
    assert (failed.asked, failed.answered) == ([message_id], [])
    async with login.tab(shop.second) as tab:
        [message] = (await tab.snapshot())[1]
        assert (message["id"], message["metadata"]["failed"]) == (message_id, True)
        shop.model.answers.append(says("The ", "answer."))
        await tab.say("where?", message_id)
        assert spoken(await tab.until(*ENDS)) == "The answer."
    (await settled(shop.second, state["threadId"], len(failed.history) + 1)).check(message_id)
    assert len(shop.model.requests) == 4
