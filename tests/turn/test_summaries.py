"""Notes on what fell out of the window: a long conversation keeps its beginning."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
import redis.asyncio
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from chat.assistant import Assistant, Line
from chat.conversations import Mended, Unsummarized
from chat.errors import ModelUnavailable
from chat.history import encode
from chat.llm import create_model
from chat.llm.openai import create
from chat.prompts import EARLIER, NOTES
from chat.store import Store
from chat.summaries import HOLD, LONGEST, Summaries
from tests.openai_server import Answer, OpenAIServer, Request, refuses, says
from tests.scripted_model import Piece, calls
from tests.turn.conftest import StoreMaker, Worker, worker_with
from tests.turn.test_turns import Process

WINDOW = 8


class Writer:
    """Writes notes: the question that it was told first, and how often it was asked."""

    def __init__(self, before: Callable[[], Awaitable[Any]] | None = None) -> None:
        self.asked: list[str] = []
        self.sessions: list[str] = []
        self._before = before

    async def __call__(
        self, session_id: str, spend_id: str, messages: Sequence[BaseMessage]
    ) -> str:
        assert messages[0].text == NOTES
        self.asked.append(messages[1].text)
        self.sessions.append(session_id)
        if self._before is not None:
            await self._before()
        return f"Notes {len(self.asked)} of {session_id}."


class Talk:
    """A process, a writer and a session."""

    def __init__(
        self, store: Store, writer: Writer, *scripts: Sequence[Piece], limit: int = 10_000
    ) -> None:
        self.writer = writer
        self.summaries = Summaries(store, writer, limit=limit)
        scripts = scripts or tuple([f"Answer {n}."] for n in range(40))
        self.process = Process(store, *scripts, summaries=self.summaries)

    async def ask(self, session_id: str, *questions: str) -> None:
        """Whole turns, with the notes that are made after each."""
        async with self.process.tab(session_id) as (_, screen):
            for number, question in enumerate(questions, 1):
                await self.process.say(session_id, question)
                await screen.runs_end(number)
                await self.summaries.settled()

    @property
    def prompts(self) -> list[str]:
        """What the model was told before the conversation, in each turn."""
        return [asked[0].text for asked in self.process.model.asked]


@pytest.fixture
async def worker(make_store: StoreMaker) -> Worker:
    return await worker_with(make_store, window=WINDOW)


def questions(count: int, name: str = "anna") -> list[str]:
    return [f"Question {n} of {name}?" for n in range(count)]


async def claimed(worker: Worker, upto: int, claim: str = "c", hold: float = 60) -> Unsummarized:
    of = await worker.store.unsummarized(worker.session_id, upto, claim=claim, hold=hold, most=200)
    assert of is not None
    return of


async def conversation(worker: Worker, turns: int = 6) -> None:
    for number in range(turns):
        await worker.commit(await worker.begin(f"Q{number}"), f"A{number}")


async def summary(worker: Worker) -> tuple[str, int]:
    """As the next turn gets it; that turn is given up."""
    turn = await worker.begin("and?")
    await worker.commit(turn, "so")
    return turn.summary, turn.summarized


# --- a conversation ------------------------------------------------------------------------------


async def test_a_long_conversation_keeps_its_beginning(worker: Worker) -> None:
    talk = Talk(worker.store, Writer())
    await talk.ask(worker.session_id, *questions(10))
    first, last = talk.prompts[0], talk.prompts[-1]
    assert EARLIER not in first
    assert "Question 0 of anna?" in talk.writer.asked[0]
    assert re.search(rf"Notes \d of {worker.session_id}\.", last)
    assert last.startswith(first), "what does not change comes first"
    seen = [message.text for message in talk.process.model.asked[-1][1:]]
    assert "Question 0 of anna?" not in seen
    assert seen[-1] == "Question 9 of anna?"


async def test_notes_and_window_together_have_every_message(worker: Worker) -> None:
    talk = Talk(worker.store, Writer())
    for number in range(14):
        await talk.ask(worker.session_id, f"Question {number}?")
        seen = "".join(message.text for message in talk.process.model.asked[-1])
        told = "".join(talk.writer.asked)
        for earlier in range(number + 1):
            assert f"Question {earlier}?" in (told if EARLIER in seen else "") + seen


async def test_new_notes_are_made_of_the_old_ones_and_of_what_came_since(worker: Worker) -> None:
    talk = Talk(worker.store, Writer())
    await talk.ask(worker.session_id, *questions(10))
    assert len(talk.writer.asked) >= 2
    for number, told in enumerate(talk.writer.asked[1:], 1):
        assert f"Notes {number} of" in told
        assert "Question 0" not in told
    said = "".join(talk.writer.asked)
    assert all(said.count(question) <= 1 for question in questions(10)), "nothing is told twice"


async def test_a_quarter_of_a_window_passes_between_two_notes(worker: Worker) -> None:
    talk = Talk(worker.store, Writer())
    await talk.ask(worker.session_id, *questions(12))
    told = [text.count("Customer: ") + text.count("Assistant: ") for text in talk.writer.asked]
    assert all(count >= WINDOW // 4 for count in told), told
    assert len(told) <= 24 / (WINDOW / 4)


async def test_a_short_conversation_has_no_notes(worker: Worker) -> None:
    talk = Talk(worker.store, Writer())
    await talk.ask(worker.session_id, *questions(3))
    assert talk.writer.asked == []


async def test_few_long_messages_are_noted_too(worker: Worker) -> None:
    talk = Talk(worker.store, Writer(), limit=100)
    await talk.ask(worker.session_id, *("word " * 15 for _ in range(3)))
    assert talk.writer.asked


async def test_each_conversation_has_its_own_notes(worker: Worker) -> None:
    talk = Talk(worker.store, Writer())
    other = Worker(worker.store)
    await worker.store.open(other.session_id)
    for number in range(8):
        await talk.ask(worker.session_id, f"Question {number} of anna?")
        await talk.ask(other.session_id, f"Question {number} of bert?")
    for told, session_id in zip(talk.writer.asked, talk.writer.sessions, strict=True):
        assert ("anna" in told, "bert" in told) == (
            session_id == worker.session_id,
            session_id == other.session_id,
        )
    for prompt, mine, theirs in (
        (talk.prompts[-2], worker.session_id, other.session_id),
        (talk.prompts[-1], other.session_id, worker.session_id),
    ):
        assert mine in prompt
        assert theirs not in prompt


async def test_what_tools_found_is_told_in_brief(worker: Worker) -> None:
    looking: Sequence[Piece] = [calls(("nothing", '{"order": "1018"}'))]
    talk = Talk(worker.store, Writer(), *[looking, ["Sorry."]] * 4)
    await talk.ask(worker.session_id, *questions(4))
    assert 'Assistant looks up: nothing {"order": "1018"}' in talk.writer.asked[0]
    assert "Result: There is no tool nothing." in talk.writer.asked[0]


# --- in the background ---------------------------------------------------------------------------


async def test_no_answer_waits_for_notes(worker: Worker) -> None:
    never = asyncio.Event()
    talk = Talk(worker.store, Writer(never.wait))
    async with talk.process.tab(worker.session_id) as (_, screen):
        for number, question in enumerate(questions(8), 1):
            await talk.process.say(worker.session_id, question)
            await screen.runs_end(number)
    assert len(talk.writer.asked) == 1, "one at a time"
    await talk.summaries.stop()


async def test_notes_that_fail_cost_no_answer_and_are_not_tried_every_turn(worker: Worker) -> None:
    async def fails() -> None:
        raise ModelUnavailable

    talk = Talk(worker.store, Writer(fails))
    await talk.ask(worker.session_id, *questions(8))
    assert len(talk.process.model.asked) == 8
    assert len(talk.writer.asked) == 1
    assert HOLD >= 60


async def test_a_session_purged_meanwhile_is_not_revived(worker: Worker, redis_url: str) -> None:
    async def purge() -> None:
        await worker.store.purge(worker.session_id)

    talk = Talk(worker.store, Writer(purge))
    await talk.ask(worker.session_id, *questions(4))
    assert len(talk.writer.asked) == 1
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        left = [key.decode() async for key in client.scan_iter(match=f"*{worker.session_id}*")]
    assert left == [f"{{chat_history:{worker.session_id}}}:purged"]


async def test_notes_do_not_make_a_session_live_longer(worker: Worker, redis_url: str) -> None:
    await conversation(worker)
    state = f"{{chat_history:{worker.session_id}}}:state"
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        before = await client.pttl(state)
        assert await worker.store.keep_summary(worker.session_id, await claimed(worker, 4), "N")
        assert 0 < await client.pttl(state) <= before


# --- two at once ---------------------------------------------------------------------------------


async def test_one_process_at_a_time_makes_notes(worker: Worker) -> None:
    await conversation(worker)
    assert await claimed(worker, 4, "one")
    other = await worker.store.unsummarized(worker.session_id, 6, claim="other", hold=60, most=200)
    assert other is None


async def test_two_processes_leave_the_notes_of_one(make_store: StoreMaker) -> None:
    worker = await worker_with(make_store, window=WINDOW)
    both = asyncio.Barrier(2)
    talks = [Talk(make_store(window=WINDOW), Writer()) for _ in range(2)]
    await conversation(worker)

    async def make(talk: Talk) -> None:
        await both.wait()
        await talk.summaries.make(worker.session_id, 6)

    await asyncio.gather(*map(make, talks))
    assert sum(len(talk.writer.asked) for talk in talks) == 1
    assert await summary(worker) == (f"Notes 1 of {worker.session_id}.", 6)


async def test_notes_that_come_late_do_not_replace_newer_ones(worker: Worker) -> None:
    await conversation(worker)
    late = await claimed(worker, 4, "late", hold=0)
    newer = await claimed(worker, 6, "newer")
    assert await worker.store.keep_summary(worker.session_id, newer, "newer")
    assert not await worker.store.keep_summary(worker.session_id, late, "late")
    assert await summary(worker) == ("newer", 6)


async def test_a_claim_that_has_run_out_passes_to_the_next(worker: Worker) -> None:
    await conversation(worker)
    late = await claimed(worker, 4, "late", hold=0)
    await claimed(worker, 6, "newer")
    assert not await worker.store.keep_summary(worker.session_id, late, "late")
    assert await summary(worker) == ("", 0)


async def test_both_calls_may_be_sent_twice(worker: Worker) -> None:
    await conversation(worker)
    of = await claimed(worker, 4)
    assert of == await claimed(worker, 4)
    for _ in range(2):
        assert await worker.store.keep_summary(worker.session_id, of, "N")
    assert await summary(worker) == ("N", 4)


async def test_what_reaches_far_enough_is_not_made_again(worker: Worker) -> None:
    await conversation(worker)
    await worker.store.keep_summary(worker.session_id, await claimed(worker, 6), "N")
    again = await worker.store.unsummarized(worker.session_id, 6, claim="d", hold=60, most=200)
    assert again is None


async def test_of_a_very_long_conversation_the_newest_is_noted(worker: Worker) -> None:
    await conversation(worker)
    of = await worker.store.unsummarized(worker.session_id, 10, claim="c", hold=60, most=4)
    assert of is not None
    assert (of.first, len(of.entries)) == (6, 4)
    assert await worker.store.keep_summary(worker.session_id, of, "N")
    assert await summary(worker) == ("N", 10)


# --- when Redis went back ------------------------------------------------------------------------


async def heal(worker: Worker, first: int) -> None:
    """The history is mended from position ``first`` on."""
    [found] = await worker.store.uncopied([worker.session_id])
    entries = [encode(HumanMessage("Q", id="h")), encode(AIMessage("mended", id="a"))]
    assert await worker.store.heal(found, Mended(first, entries), anew=False)


async def test_notes_on_what_was_mended_are_made_anew(worker: Worker) -> None:
    await conversation(worker)
    await worker.store.keep_summary(worker.session_id, await claimed(worker, 6), "old")
    await heal(worker, 4)
    assert await summary(worker) == ("", 0)
    assert await claimed(worker, 4, "anew")


async def test_notes_before_what_was_mended_stay(worker: Worker) -> None:
    await conversation(worker)
    await worker.store.keep_summary(worker.session_id, await claimed(worker, 6), "old")
    await heal(worker, 8)
    assert await summary(worker) == ("old", 6)


async def test_notes_of_what_was_mended_meanwhile_are_not_kept(worker: Worker) -> None:
    await conversation(worker)
    of = await claimed(worker, 6)
    await heal(worker, 4)
    assert not await worker.store.keep_summary(worker.session_id, of, "old")


# --- by a provider's model -----------------------------------------------------------------------


def provider(request: Request) -> Answer:
    """Answers, or writes notes: those that are far too long."""
    asked = request.body["messages"][0]["content"]
    return says("NOTES " * LONGEST) if asked == NOTES else says("Fine.")


async def test_the_provider_writes_them(worker: Worker) -> None:
    with OpenAIServer() as server:
        server.otherwise = provider
        model = create("test-model", api_key="", base_url=server.url, timeout=5)
        spare = create_model("offline", api_key="", base_url="", timeout=5)
        assistant = Assistant(Line("openai:x", model), Line("offline", spare), timeout=5)
        summaries = Summaries(worker.store, assistant.aside, limit=10_000)
        await conversation(worker)
        await summaries.make(worker.session_id, 6)
        await assistant.aclose()
    assert await summary(worker) == (("NOTES " * LONGEST)[:LONGEST], 6)
    [request] = server.requests
    assert "tools" not in request.body
    assert "Customer: Q0" in request.body["messages"][1]["content"]


async def test_a_provider_that_fails_writes_none(worker: Worker) -> None:
    with OpenAIServer() as server:
        server.otherwise = refuses(400)
        model = create("test-model", api_key="", base_url=server.url, timeout=5)
        spare = create_model("offline", api_key="", base_url="", timeout=5)
        assistant = Assistant(Line("openai:x", model), Line("offline", spare), timeout=5)
        await conversation(worker)
        with pytest.raises(ModelUnavailable):
            await Summaries(worker.store, assistant.aside, limit=10_000).make(worker.session_id, 6)
        await assistant.aclose()
    assert await summary(worker) == ("", 0)
