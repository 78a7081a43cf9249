"""Turns led by real workers on a real Redis, with a model that says what the test wants."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis.asyncio
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool

from chat import marks
from chat.assistant import Assistant, Line
from chat.catchup import catch_up, keep_current
from chat.connections import BACKLOG, GONE, RESTART, Connections, Missed, Tab
from chat.conversations import Turn
from chat.errors import HistoryUnavailable, MessageEmpty, MessageTooLong, StaleTurn
from chat.store import SHARDS, Store
from chat.summaries import Summaries
from chat.turns import TRIES, Turns
from supportbot.redis_server import RedisServer
from tests.agui import verify
from tests.scripted_model import Piece, ScriptedChatModel, calls
from tests.socket_client import spoken
from tests.turn.conftest import LIMITS, StoreMaker, lets_all_pass, no_transcript

Event = dict[str, Any]
ENDS = ("RUN_FINISHED", "RUN_ERROR")


class Gate:
    """Holds a model until the test opens it."""

    def __init__(self) -> None:
        self._reached, self._opened = asyncio.Event(), asyncio.Event()

    async def __call__(self) -> None:
        self._reached.set()
        await self._opened.wait()

    async def reached(self) -> None:
        await asyncio.wait_for(self._reached.wait(), 5)

    def open(self) -> None:
        self._opened.set()


class Screen:
    """What one tab has shown, read as AG-UI; each frame is checked."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.closed: int | None = None
        self._new = asyncio.Condition()

    async def send(self, text: str) -> None:
        async with self._new:
            self.events.append(json.loads(text))
            self._new.notify_all()

    async def close(self, code: int) -> None:
        async with self._new:
            self.closed = code
            self._new.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5), self._new:
            await self._new.wait_for(condition)

    async def runs_end(self, count: int = 1) -> None:
        await self.until(lambda: sum(e["type"] in ENDS for e in self.events) >= count)
        verify(self.events)

    @property
    def kinds(self) -> list[str]:
        return [event["type"] for event in self.events]

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event["type"] == kind]

    @property
    def spoken(self) -> str:
        return spoken(self.events)

    @property
    def messages(self) -> list[Event]:
        """Those of the newest snapshot."""
        snapshot: list[Event] = self.of("MESSAGES_SNAPSHOT")[-1]["messages"]
        return snapshot


class Process:
    """One server process as far as turns go."""

    def __init__(
        self,
        store: Store,
        *scripts: Sequence[Piece],
        second: Sequence[Sequence[Piece]] = (),
        tools: Sequence[BaseTool] = (),
        summaries: Summaries | None = None,
    ) -> None:
        self.store = store
        self.model = ScriptedChatModel(*scripts)
        spare = Line("second", ScriptedChatModel(*second)) if second else None
        self.connections = Connections()
        self.stored: list[str] = []

        async def tools_for(_session_id: str) -> Sequence[BaseTool]:
            return tools

        self.turns = Turns(
            store,
            self.connections.publish,
            Assistant(Line("first", self.model), spare, timeout=5),
            max_chars=100,
            window_tokens=10_000,
            tools_for=tools_for,
            guard_for=lets_all_pass,
            stored=self.stored.append,
            check=self.check,
            summaries=summaries,
        )

    async def check(
        self, session_id: str, *, went_back: bool = False, held: BaseMessage | None = None
    ) -> None:
        await no_transcript(session_id, went_back=went_back, held=held)

    async def renumber(self, session_id: str) -> None:
        await self.check(session_id, went_back=True)

    async def say(self, session_id: str, text: str, message_id: str = "") -> list[Event]:
        frames = await self.turns.accept(session_id, 1, message_id or str(uuid4()), text)
        return [json.loads(frame) for frame in frames]

    @asynccontextmanager
    async def tab(self, session_id: str) -> AsyncIterator[tuple[Tab, Screen]]:
        screen = Screen()
        tab = Tab(
            screen.send, screen.close, partial(catch_up, self.store, self.renumber, session_id)
        )
        self.connections.add(session_id, tab)
        writer = asyncio.create_task(tab.run())
        try:
            await screen.until(
                lambda: "MESSAGES_SNAPSHOT" in screen.kinds or screen.closed is not None
            )
            yield tab, screen
        finally:
            self.connections.remove(session_id, tab)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)


Starter = Callable[..., Process]


@pytest.fixture
async def start(make_store: StoreMaker) -> AsyncIterator[Starter]:
    """Starts processes, each on a store of its own; ``limits`` are the store's."""
    processes: list[Process] = []

    def start(
        *scripts: Sequence[Piece],
        second: Sequence[Sequence[Piece]] = (),
        tools: Sequence[BaseTool] = (),
        **limits: Any,
    ) -> Process:
        processes.append(Process(make_store(**limits), *scripts, second=second, tools=tools))
        return processes[-1]

    yield start
    for process in processes:
        await process.turns.stop()


@pytest.fixture
async def session_id(make_store: StoreMaker) -> str:
    session_id = uuid4().hex
    await make_store().open(session_id)
    return session_id


def looks_up(result: str = '{"orders": []}', artifact: Any = None) -> BaseTool:
    async def list_orders() -> tuple[str, Any]:
        """The customer's orders."""
        return result, artifact

    return StructuredTool.from_function(
        coroutine=list_orders, response_format="content_and_artifact"
    )


async def test_an_answer_is_streamed_then_stored_and_told_to_the_transcript(
    start: Starter, session_id: str
) -> None:
    process = start(["It is ", "with DHL."])
    async with process.tab(session_id) as (_, screen):
        await process.say(session_id, "Where?", "id-1")
        await screen.runs_end()
        assert screen.spoken == "It is with DHL."
        assert screen.kinds[2:6] == [
            *("TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END", "RUN_STARTED"),
        ]
        assert [event["metadata"]["seq"] for event in screen.events[2:]] == list(
            range(1, len(screen.events) - 1)
        )
    assert process.stored == [session_id]
    async with process.tab(session_id) as (_, screen):
        assert [(m["role"], m["content"]) for m in screen.messages] == [
            ("user", "Where?"),
            ("assistant", "It is with DHL."),
        ]


async def test_the_first_words_go_at_once_and_those_of_one_beat_are_joined(
    start: Starter, session_id: str
) -> None:
    gate = Gate()
    process = start(["First", gate, *[f" {number}" for number in range(30)]])
    async with process.tab(session_id) as (_, screen):
        await process.say(session_id, "x")
        await gate.reached()
        await screen.until(lambda: screen.spoken == "First")
        gate.open()
        await screen.runs_end()
        assert screen.spoken == "First" + "".join(f" {number}" for number in range(30))
        assert len(screen.of("TEXT_MESSAGE_CONTENT")) == 1 + 2


async def test_tool_calls_and_the_order_card_are_shown_and_stored(
    start: Starter, session_id: str
) -> None:
    card = {"number": "1018"}
    process = start(
        ["Let me look. ", calls(("list_orders", "{}"))],
        ["There is one."],
        tools=[looks_up('{"orders": ["1018"]}', card)],
    )
    async with process.tab(session_id) as (_, screen):
        await process.say(session_id, "My orders?")
        await screen.runs_end()
        assert [kind for kind in screen.kinds if "TOOL" in kind or "ACTIVITY" in kind] == [
            *("TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END", "TOOL_CALL_RESULT"),
            "ACTIVITY_SNAPSHOT",
        ]
        assert screen.of("ACTIVITY_SNAPSHOT")[0]["content"] == card
    async with process.tab(session_id) as (_, screen):
        roles = [message["role"] for message in screen.messages]
        assert roles == ["user", "assistant", "tool", "activity", "assistant"]
        shown = screen.of("MESSAGES_SNAPSHOT")
    verify(shown)


async def test_the_model_sees_the_turns_before_and_never_a_failed_reply(
    start: Starter, session_id: str
) -> None:
    process = start(["One."], [ValueError("the provider broke")], ["Three."])
    async with process.tab(session_id) as (_, screen):
        for number, text in enumerate(("first", "second", "third"), 1):
            await process.say(session_id, text)
            await screen.runs_end(number)
    asked = [[m.text for m in messages[1:]] for messages in process.model.asked]
    assert asked[0] == ["first"]
    assert asked[-1] == ["first", "One.", "second", "third"]


async def test_a_second_message_waits_and_is_answered_after_the_first(
    start: Starter, session_id: str
) -> None:
    gate = Gate()
    process = start([gate, "One."], ["Two."])
    async with process.tab(session_id) as (_, screen):
        await process.say(session_id, "first")
        await gate.reached()
        await process.say(session_id, "second")
        async with process.tab(session_id) as (_, late):
            assert [m["content"] for m in late.messages] == ["first", "second"]
            gate.open()
            await late.runs_end(2)
            assert late.spoken == "One.Two."
            assert late.kinds.count("RUN_STARTED") == 2
            acknowledged = [e for e in late.of("TEXT_MESSAGE_START") if e["role"] == "user"]
            assert acknowledged == []
        await screen.runs_end(2)


async def test_a_turn_goes_on_when_its_last_tab_closes(start: Starter, session_id: str) -> None:
    gate = Gate()
    process = start(["Begun, ", gate, "and done."])
    async with process.tab(session_id) as (_, screen):
        await process.say(session_id, "x")
        await screen.until(lambda: screen.spoken != "")
    gate.open()
    await answered(process, session_id)
    async with process.tab(session_id) as (_, screen):
        assert screen.messages[-1]["content"] == "Begun, and done."


async def answered(process: Process, session_id: str) -> None:
    async with asyncio.timeout(5):
        while session_id not in process.stored:
            await asyncio.sleep(0)


async def test_a_tab_opened_mid_answer_shows_all_of_it_once(
    start: Starter, session_id: str
) -> None:
    gates = [Gate() for _ in range(4)]
    process = start([piece for gate in gates for piece in ("word ", gate)])
    async with process.tab(session_id) as (_, first):
        await process.say(session_id, "x")
        for number, gate in enumerate(gates, 1):
            await gate.reached()
            await first.until(lambda wanted="word " * number: first.spoken == wanted)  # type: ignore[misc]
            async with process.tab(session_id) as (_, late):
                await late.until(
                    lambda wanted="word " * number, late=late: late.spoken == wanted  # type: ignore[misc]
                )
                verify(late.events)
            gate.open()
        await first.runs_end()


async def test_two_tabs_see_the_same(start: Starter, session_id: str) -> None:
    process = start(["Hello."], ["Again."])
    async with process.tab(session_id) as (_, one), process.tab(session_id) as (_, two):
        await process.say(session_id, "hi")
        await process.say(session_id, "hi again")
        await one.runs_end(2)
        await two.runs_end(2)
        assert one.events[2:] == two.events[2:]


async def test_the_same_id_again_is_acknowledged_to_its_sender_with_its_first_text(
    start: Starter, session_id: str
) -> None:
    process = start(["Hello."])
    async with process.tab(session_id) as (_, screen):
        assert await process.say(session_id, "first text", "id-1") == []
        await screen.runs_end()
        shown = len(screen.events)
        again = await process.say(session_id, "another text", "id-1")
        assert again == screen.events[2:5]
        assert len(screen.events) == shown
    assert len(process.model.asked) == 1


@pytest.mark.parametrize("text", ["", " \n\t\u2003"])
async def test_an_empty_message_is_refused(text: str, start: Starter, session_id: str) -> None:
    with pytest.raises(MessageEmpty):
        await start().say(session_id, text)


async def test_length_is_counted_in_code_points(start: Starter, session_id: str) -> None:
    process = start(["ok"])
    with pytest.raises(MessageTooLong, match="101 characters; 100 are possible"):
        await process.say(session_id, "📦" * 101)
    async with process.tab(session_id) as (_, screen):
        await process.say(session_id, "📦" * 100)
        await screen.runs_end()


# --- stopping -------------------------------------------------------------------------------------


async def test_cancel_stops_the_turn_and_keeps_what_was_said_marked(
    start: Starter, session_id: str
) -> None:
    gate = Gate()
    process = start(["So far", gate, " and never this"], ["Next."])
    async with process.tab(session_id) as (_, screen):
        await process.say(session_id, "x")
        await screen.until(lambda: screen.spoken == "So far")
        await process.turns.cancel(session_id)
        await screen.runs_end()
        assert screen.events[-1]["outcome"] == {"type": "cancelled"}
        gate.open()
        await process.say(session_id, "y")
        await screen.runs_end(2)
        assert screen.spoken == "So farNext."
    async with process.tab(session_id) as (_, screen):
        cut = screen.messages[1]
        assert (cut["content"], cut["metadata"]["cut"]) == ("So far", True)
        assert [m["content"] for m in screen.messages] == ["x", "So far", "y", "Next."]


async def test_cancel_while_a_tool_runs_drops_its_call(start: Starter, session_id: str) -> None:
    gate = Gate()

    async def slow() -> str:
        """Takes long."""
        await gate()
        return "{}"

    process = start(
        ["Let me look.", calls(("slow", "{}"))],
        ["Next."],
        tools=[StructuredTool.from_function(coroutine=slow)],
    )
    async with process.tab(session_id) as (_, screen):
        await process.say(session_id, "x")
        await gate.reached()
        await screen.until(lambda: "TOOL_CALL_END" in screen.kinds)
        await process.turns.cancel(session_id)
        await screen.runs_end()
        await process.say(session_id, "y")
        await screen.runs_end(2)
    assert [type(m).__name__ for m in process.model.asked[1][1:]] == [
        *("HumanMessage", "AIMessage", "HumanMessage"),
    ]
    cut = process.model.asked[1][2]
    assert isinstance(cut, AIMessage)
    assert (cut.text, cut.tool_calls) == ("Let me look.", [])


async def test_cancel_after_a_tool_answered_keeps_call_answer_and_card(
    start: Starter, session_id: str
) -> None:
    gate = Gate()
    process = start(
        [calls(("list_orders", "{}"))], [gate], ["Next."], tools=[looks_up("{}", {"number": "1"})]
    )
    async with process.tab(session_id) as (_, screen):
        await process.say(session_id, "x")
        await gate.reached()
        await screen.until(lambda: "ACTIVITY_SNAPSHOT" in screen.kinds)
        await process.turns.cancel(session_id)
        await screen.runs_end()
        await process.say(session_id, "y")
        await screen.runs_end(2)
    asked = process.model.asked[-1]
    call, answer = asked[2], asked[3]
    assert isinstance(call, AIMessage)
    assert isinstance(answer, ToolMessage)
    assert call.tool_calls[0]["id"] == answer.tool_call_id
    async with process.tab(session_id) as (_, screen):
        assert [m["content"] for m in screen.messages if m["role"] == "activity"] == [
            {"number": "1"}
        ]


async def test_words_of_a_model_that_broke_off_stay_and_the_answer_begins_anew_below_them(
    start: Starter, session_id: str
) -> None:
    process = start(["Your par", ValueError("x")], ["Next."], second=[["It is ", "with DHL."]])
    async with process.tab(session_id) as (_, screen):
        await process.say(session_id, "x")
        await screen.runs_end()
        broken, whole = screen.of("TEXT_MESSAGE_END")[1:]
        assert (broken["metadata"]["cut"], broken["metadata"]["replaced"]) == (True, True)
        assert "cut" not in whole["metadata"]
        assert screen.events[-1]["outcome"] == {"type": "success"}
        await process.say(session_id, "y")
        await screen.runs_end(2)
    assert [m.text for m in process.model.asked[-1][1:]] == ["x", "It is with DHL.", "y"], (
        "the model is shown the whole answer only"
    )
    async with process.tab(session_id) as (_, screen):
        assert [m["content"] for m in screen.messages] == [
            *("x", "Your par", "It is with DHL.", "y", "Next."),
        ]
        marked = [m["metadata"].get("replaced") for m in screen.messages]
        assert marked == [None, True, None, None, None]
        assert screen.messages[1]["metadata"]["cut"]


async def test_a_stop_while_the_second_line_speaks_keeps_the_words_of_both(
    start: Starter, session_id: str
) -> None:
    process = start(["Your par", ValueError("x")], second=[["It is", Gate()]])
    async with process.tab(session_id) as (_, screen):
        await process.say(session_id, "x")
        await screen.until(lambda: screen.spoken == "Your parIt is")
        await process.turns.cancel(session_id)
        await screen.runs_end()
    async with process.tab(session_id) as (_, screen):
        _, broken, stopped = screen.messages
    assert broken["content"] == "Your par"
    assert broken["metadata"].keys() >= {"cut", "replaced"}
    assert stopped["content"] == "It is"
    assert stopped["metadata"]["cut"]
    assert "replaced" not in stopped["metadata"]
    snapshot = await process.store.snapshot(session_id)
    figures = snapshot.messages[-1].additional_kwargs[marks.FIGURES]
    assert (figures["model"], figures["because"]) == ("second", "ValueError")
    assert figures["guessed"], "what the first has said is paid for"
    assert marks.FIGURES not in str(screen.events), "customers are not shown it"


async def test_a_stop_before_the_second_line_speaks_leaves_an_answer_that_was_stopped(
    start: Starter, session_id: str
) -> None:
    gate = Gate()
    process = start(["Your par", ValueError("x")], second=[[gate]])
    async with process.tab(session_id) as (_, screen):
        await process.say(session_id, "x")
        await gate.reached()
        await screen.until(lambda: len(screen.of("TEXT_MESSAGE_END")) == 2)
        await process.turns.cancel(session_id)
        await screen.runs_end()
    async with process.tab(session_id) as (_, screen):
        assert screen.messages[1]["metadata"]["cut"]
        assert "replaced" not in screen.messages[1]["metadata"], "nothing came in its place"


async def test_a_process_that_gives_up_a_turn_of_the_second_line_loses_no_answer(
    start: Starter, session_id: str
) -> None:
    gate = Gate()
    process = start(["Your par", ValueError("x")], second=[["It is", gate]])
    other = start(["It is with DHL."])
    async with other.tab(session_id) as (_, screen):
        await process.say(session_id, "x")
        await gate.reached()
        await process.turns.stop()
        other.turns.look_after(session_id)
        await screen.until(lambda: "RUN_FINISHED" in screen.kinds)
    async with other.tab(session_id) as (_, screen):
        assert [m["content"] for m in screen.messages] == ["x", "It is with DHL."]


async def test_a_turn_can_be_stopped_whatever_numbers_its_model_called_a_tool_with(
    start: Starter, session_id: str
) -> None:
    gate = Gate()
    arguments = '{"order_number": NaN, "of": [1e999, 99999999999999999999999]}'
    process = start([calls(("no_tool", arguments))], [gate])
    async with process.tab(session_id) as (_, screen):
        await process.say(session_id, "x")
        await gate.reached()
        await screen.until(lambda: "TOOL_CALL_RESULT" in screen.kinds)
        await process.turns.cancel(session_id)
        await screen.runs_end()
    async with process.tab(session_id) as (_, screen):
        assert [m["role"] for m in screen.messages] == ["user", "assistant", "tool", "assistant"]


async def test_cancel_with_a_message_waiting_goes_on_with_it(
    start: Starter, session_id: str
) -> None:
    gate = Gate()
    process = start([gate], ["Two."])
    async with process.tab(session_id) as (_, screen):
        await process.say(session_id, "first")
        await gate.reached()
        await process.say(session_id, "second")
        await process.turns.cancel(session_id)
        await screen.runs_end(2)
        assert screen.spoken == "Two."


async def test_cancel_with_nothing_running_does_nothing(start: Starter, session_id: str) -> None:
    process = start(["ok"])
    async with process.tab(session_id) as (_, screen):
        await process.turns.cancel(session_id)
        await process.say(session_id, "x")
        await screen.runs_end()
        assert screen.events[-1]["outcome"] == {"type": "success"}


async def test_cancelled_from_another_process_the_turn_falls_silent(
    start: Starter, session_id: str
) -> None:
    gate = Gate()
    leader, other = start(["So far", gate, " and never this"]), start()
    async with leader.tab(session_id) as (_, screen):
        await leader.say(session_id, "x")
        await screen.until(lambda: screen.spoken == "So far")
        await other.turns.cancel(session_id)
        await answered(other, session_id)
        gate.open()
        async with other.tab(session_id) as (_, late):
            assert [m["content"] for m in late.messages] == ["x", "So far"]
        assert screen.spoken == "So far"


# --- failing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code"),
    [(ValueError("provider"), "model_unavailable"), (TimeoutError(), "model_unavailable")],
)
async def test_a_failed_answer_is_marked_and_the_same_id_tries_again(
    error: Exception, code: str, start: Starter, session_id: str
) -> None:
    process = start(["Half of ", error], ["Whole."])
    async with process.tab(session_id) as (_, screen):
        await process.say(session_id, "x", "id-1")
        await screen.runs_end()
        assert screen.events[-1]["type"] == "RUN_ERROR"
        assert screen.events[-1]["code"] == code
        async with process.tab(session_id) as (_, late):
            assert [(m["content"], m["metadata"].get("failed")) for m in late.messages] == [
                ("x", True)
            ]
        await process.say(session_id, "x", "id-1")
        await screen.runs_end(2)
    async with process.tab(session_id) as (_, screen):
        assert [(m["content"], m["metadata"].get("failed")) for m in screen.messages] == [
            ("x", None),
            ("Whole.", None),
        ]


async def test_what_breaks_in_our_own_code_is_internal_and_the_next_message_is_answered(
    start: Starter, session_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    process = start(["ok"])

    async def broken(_session_id: str) -> Sequence[BaseTool]:
        if not process.stored:
            raise LookupError("a bug")
        return []

    process.turns._tools_for = broken
    async with process.tab(session_id) as (_, screen):
        await process.say(session_id, "x")
        await screen.runs_end()
        assert screen.events[-1]["code"] == "internal"
        await process.say(session_id, "y")
        await screen.runs_end(2)
        assert screen.spoken == "ok"
    assert "a bug" in caplog.text


# --- dying ----------------------------------------------------------------------------------------


async def taken_up(process: Process, session_id: str) -> None:
    """What a connect, the next message and the sweep do, until the lease has run out."""
    async with asyncio.timeout(5):
        while True:
            look = await process.store.look(session_id)
            if look is None or look.abandoned:
                break
    process.turns.look_after(session_id)


async def test_a_turn_whose_worker_died_is_answered_by_another_and_the_tabs_are_told(
    start: Starter, session_id: str
) -> None:
    gate = Gate()
    dying = start(["Half an answer", gate], lease=0.1)
    other = start(["The answer."], lease=5)
    async with other.tab(session_id) as (_, screen):
        await dying.say(session_id, "x")
        await gate.reached()
        await dying.turns.stop()
        await taken_up(other, session_id)
        await screen.runs_end(2)
        assert screen.of("RUN_ERROR")[0]["code"] == "stale_turn"
        dead = screen.of("RUN_STARTED")[0]["runId"]
        assert screen.of("RUN_ERROR")[0]["metadata"]["runId"] == dead
    async with other.tab(session_id) as (_, screen):
        assert [m["content"] for m in screen.messages] == ["x", "The answer."]


async def test_a_process_that_stops_gives_its_turns_up_at_once(
    start: Starter, session_id: str
) -> None:
    gate = Gate()
    leaving, other = start(["Half an answer", gate], lease=60), start(["The answer."], lease=60)
    async with other.tab(session_id) as (_, screen):
        await leaving.say(session_id, "x")
        await gate.reached()
        await leaving.turns.stop()
        other.turns.look_after(session_id)
        await screen.until(lambda: "RUN_FINISHED" in screen.kinds)
        verify(screen.events)
    async with other.tab(session_id) as (_, screen):
        assert [m["content"] for m in screen.messages] == ["x", "The answer."]


async def test_the_next_message_takes_up_what_a_dead_worker_left(
    start: Starter, session_id: str
) -> None:
    gate = Gate()
    dying, other = start([gate], lease=0.1), start(["One."], ["Two."], lease=5)
    await dying.say(session_id, "first")
    await gate.reached()
    await dying.turns.stop()
    async with other.tab(session_id) as (_, screen):
        async with asyncio.timeout(5):
            while not (await looked(other, session_id)).abandoned:
                pass
        await other.say(session_id, "second")
        await screen.until(lambda: screen.spoken == "One.Two.")


async def looked(process: Process, session_id: str) -> Any:
    return await process.store.look(session_id)


async def test_the_sweep_takes_up_what_a_dead_worker_left_though_nobody_comes(
    start: Starter, session_id: str
) -> None:
    gate = Gate()
    dying, other = start([gate], lease=0.1), start(["The answer."], lease=0.2)
    await dying.say(session_id, "x")
    await gate.reached()
    await dying.turns.stop()
    sweep = asyncio.create_task(other.turns.sweep())
    await answered(other, session_id)
    # The sweep strikes the session from the index once the transcript has all of it.
    await copied(other, session_id, 2)
    async with asyncio.timeout(5):
        while await other.store.due(-1):
            await asyncio.sleep(0)
    sweep.cancel()


def shard(session_id: str) -> int:
    return zlib.crc32(session_id.encode()) % SHARDS


async def test_the_sweep_goes_past_a_conversation_that_cannot_be_mended(
    start: Starter, session_id: str, redis_url: str
) -> None:
    gate = Gate()
    dying, other = start([gate], [gate], lease=0.1), start(["The answer."], lease=0.2)
    # In the same shard, and noted before.
    broken = next(
        other for other in iter(lambda: uuid4().hex, "") if shard(other) == shard(session_id)
    )
    await dying.store.open(broken)
    await dying.say(broken, "never")
    await dying.say(session_id, "x")
    await dying.turns.stop()
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        key = f"{{chat_history:{broken}}}"
        await client.hset(f"{key}:state", mapping={"cutting": "1", "first": "1"})
        await client.lset(f"{key}:events", -1, "no JSON")
    sweep = asyncio.create_task(other.turns.sweep())
    await answered(other, session_id)
    assert not sweep.done()
    sweep.cancel()


async def copied(process: Process, session_id: str, count: int) -> None:
    """Tells Redis that the transcript has the first messages of the session."""
    (found,) = await process.store.uncopied([session_id])
    assert await process.store.mark_copied([(session_id, count, found.entries[count - 1])]) == []


async def test_the_sweep_tells_the_transcript_what_it_has_missed(
    start: Starter, session_id: str
) -> None:
    first, other = start(["ok"], lease=0.2), start(lease=0.2)
    await first.say(session_id, "x")
    await answered(first, session_id)
    sweep = asyncio.create_task(other.turns.sweep())
    await answered(other, session_id)
    sweep.cancel()


async def test_a_message_of_which_three_workers_died_is_marked_failed(
    start: Starter, session_id: str
) -> None:
    for _ in range(TRIES):
        gate = Gate()
        dying = start([gate], lease=0.1)
        await (
            taken_up(dying, session_id)
            if await waiting(dying, session_id)
            else dying.say(session_id, "x", "id-1")
        )
        await gate.reached()
        await dying.turns.stop()
    other = start(["never said"], lease=5)
    async with other.tab(session_id) as (_, screen):
        await taken_up(other, session_id)
        await screen.until(lambda: any(e.get("code") == "internal" for e in screen.events))
    assert other.model.asked == []
    async with other.tab(session_id) as (_, screen):
        assert screen.messages[0]["metadata"]["failed"] is True


async def waiting(process: Process, session_id: str) -> bool:
    return bool((await looked(process, session_id)).waiting)


async def test_a_silent_model_keeps_its_turn_as_long_as_its_worker_lives(
    start: Starter, session_id: str
) -> None:
    gate = Gate()
    process = start([gate, "At last."], lease=0.3)
    keeper = asyncio.create_task(process.turns.keep_leases())
    async with process.tab(session_id) as (_, screen):
        await process.say(session_id, "x")
        started = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() < started + 1:
            assert not (await looked(process, session_id)).abandoned
            await asyncio.sleep(0)
        gate.open()
        await screen.runs_end()
        assert screen.spoken == "At last."
    keeper.cancel()


class SlowRenewals(Store):
    """Holds the renewal of a lease until the test lets it go."""

    gate: Gate

    async def renew(self, turns: Sequence[Turn]) -> list[tuple[Turn, StaleTurn]]:
        if turns:
            await self.gate()
        return await super().renew(turns)


async def test_a_renewal_that_comes_after_its_turn_does_not_stop_the_next_one(
    session_id: str, redis_url: str
) -> None:
    one, two = Gate(), Gate()
    process = Process(
        SlowRenewals(redis_url, replace(LIMITS, lease=0.3)), [one, "One."], [two, "Two."]
    )
    process.store.gate = renewal = Gate()  # type: ignore[attr-defined]
    keeper = asyncio.create_task(process.turns.keep_leases())
    try:
        async with process.tab(session_id) as (_, screen):
            await process.say(session_id, "first")
            await process.say(session_id, "second")
            await renewal.reached()
            one.open()
            await two.reached()
            renewal.open()
            await one_loop_for(process)
            two.open()
            await screen.runs_end(2)
            assert screen.spoken == "One.Two."
    finally:
        keeper.cancel()
        await process.turns.stop()
        await process.store.aclose()


async def one_loop_for(process: Process) -> None:
    """Returns when a call of Redis that was sent before this one has been answered and taken."""
    await process.store.due(0)
    await asyncio.sleep(0)


async def test_a_worker_that_stalled_says_nothing_once_it_wakes(
    start: Starter, session_id: str
) -> None:
    gate = Gate()
    stalled, other = start([gate, "Too late."], lease=0.1), start(["The answer."], lease=5)
    async with stalled.tab(session_id) as (_, screen), other.tab(session_id) as (_, seen):
        await stalled.say(session_id, "x")
        await gate.reached()
        await taken_up(other, session_id)
        await seen.until(lambda: seen.spoken == "The answer.")
        gate.open()
        async with asyncio.timeout(5):
            while stalled.turns._led:
                await asyncio.sleep(0)
        assert screen.spoken == ""
    async with other.tab(session_id) as (_, screen):
        assert [m["content"] for m in screen.messages] == ["x", "The answer."]


async def test_a_silent_turn_whose_fence_moved_stops_long_before_its_lease_would_run_out(
    start: Starter, session_id: str
) -> None:
    gate = Gate()
    stalled = start([gate, "Too late."], lease=60)
    keeper = asyncio.create_task(stalled.turns.keep_leases())
    await stalled.say(session_id, "x")
    await gate.reached()
    await stalled.store.purge(session_id)
    async with asyncio.timeout(5):
        while stalled.turns.busy:
            await asyncio.sleep(0)
    keeper.cancel()


async def test_a_process_that_drains_ends_its_turn_and_leaves_what_waits_to_others(
    start: Starter, session_id: str
) -> None:
    gate = Gate()
    leaving, other = start(["One, ", gate, "whole."]), start(["Two."], ["Three."], lease=60)
    async with other.tab(session_id) as (_, screen), leaving.tab(session_id) as (_, last):
        await leaving.say(session_id, "first")
        await gate.reached()
        leaving.turns.begin_no_more()
        await leaving.say(session_id, "second")
        gate.open()
        await last.runs_end()
        while leaving.turns.busy:
            await leaving.turns.one_ends(5)
        assert last.spoken == "One, whole."
        await leaving.say(session_id, "third")
        other.turns.look_after(session_id)
        await screen.until(lambda: screen.spoken.endswith("Two.Three."))
        verify(screen.events)
    assert len(leaving.model.asked) == 1


async def test_an_answers_end_that_no_later_event_makes_up_for_is_shown_all_the_same(
    start: Starter, session_id: str
) -> None:
    here, elsewhere = start(), start(["All of it."])
    keeper = asyncio.create_task(keep_current(here.store, here.connections))
    # Two processes, and between them a channel layer that loses everything.
    async with here.tab(session_id) as (_, screen):
        await elsewhere.say(session_id, "x")
        await screen.runs_end()
        assert screen.spoken == "All of it."
    keeper.cancel()


async def test_a_purge_silences_the_turn_and_closes_its_tabs(
    start: Starter, session_id: str
) -> None:
    gate = Gate()
    process = start(["So far", gate, " and never this"])
    async with process.tab(session_id) as (_, screen):
        await process.say(session_id, "x")
        await screen.until(lambda: screen.spoken == "So far")
        await process.store.purge(session_id)
        process.connections.close(session_id, GONE)
        gate.open()
        await screen.until(lambda: screen.closed == GONE)
        assert screen.spoken == "So far"
    async with process.tab(session_id) as (_, screen):
        assert screen.closed == GONE


async def test_redis_restarting_mid_answer_costs_a_pause_and_no_word(
    tmp_path: Path,
) -> None:
    server = RedisServer(tmp_path / "redis", tmp_path / "r.sock")
    server.start()
    gates = Gate(), Gate()
    process = Process(
        Store(server.url, LIMITS), ["Before, ", gates[0], "during, ", gates[1], "after."]
    )
    try:
        await process.store.open("s")
        async with process.tab("s") as (_, screen):
            await process.say("s", "x")
            await screen.until(lambda: screen.spoken == "Before, ")
            server.stop()
            gates[0].open()
            await gates[1].reached()
            gates[1].open()
            server.start()
            await screen.runs_end()
            assert screen.spoken == "Before, during, after."
    finally:
        await process.turns.stop()
        await process.store.aclose()
        server.stop()


class LosesAnswers(Store):
    """Commits, and never hears of it."""

    async def commit(self, *arguments: Any, **options: Any) -> Any:
        await super().commit(*arguments, **options)
        raise HistoryUnavailable


async def test_an_end_of_which_its_worker_never_heard_is_shown_all_the_same(
    session_id: str, redis_url: str
) -> None:
    process = Process(LosesAnswers(redis_url, replace(LIMITS, lease=0.2)), ["One."])
    try:
        async with process.tab(session_id) as (_, screen):
            await process.say(session_id, "x")
            await screen.runs_end()
            assert screen.spoken == "One."
    finally:
        await process.turns.stop()
        await process.store.aclose()


async def test_with_redis_away_a_tab_is_told_and_closed_to_come_back(tmp_path: Path) -> None:
    process = Process(Store("redis://127.0.0.1:1/0", LIMITS))
    async with process.tab("s") as (_, screen):
        await screen.until(lambda: screen.closed is not None)
        assert screen.closed == RESTART
        assert screen.events[0]["value"]["code"] == "history_unavailable"
    await process.store.aclose()


# --- tabs -----------------------------------------------------------------------------------------


async def test_a_tab_that_opens_as_its_conversation_ends_comes_back_to_a_new_one(
    start: Starter, session_id: str
) -> None:
    process = start()
    await process.store.close(session_id)
    async with process.tab(session_id) as (_, screen):
        assert (screen.closed, screen.events) == (GONE, [])


async def test_a_tab_that_cannot_be_written_to_is_closed_to_come_back() -> None:
    async def broken(_after: int) -> Missed:
        raise ValueError

    screen = Screen()
    await Tab(screen.send, screen.close, broken).run()
    assert screen.closed == RESTART


async def test_a_tab_that_sends_and_never_reads_costs_bounded_memory() -> None:
    shown = 0

    async def count(_text: str) -> None:
        nonlocal shown
        shown += 1
        if shown == BACKLOG:
            tab.close(GONE)

    async def nothing(_after: int) -> Missed:
        return Missed([], 0, [])

    screen = Screen()
    tab = Tab(count, screen.close, nothing)
    for _ in range(10 * BACKLOG):
        tab.tell("refused")
    await tab.run()
    assert (shown, screen.closed) == (BACKLOG, GONE)


async def test_events_that_overtook_each_other_are_shown_in_order(
    start: Starter, session_id: str
) -> None:
    process = start(["Hello."])
    async with process.tab(session_id) as (_, seen):
        await process.say(session_id, "x")
        await seen.runs_end()
    async with process.tab(session_id) as (tab, screen):
        newest = screen.events[-1]["metadata"]["seq"]
        frames = [json.dumps(event) for event in seen.events[2:]]
        tab.resume(0)
        tab.deliver(newest, frames[-1:])
        tab.deliver(1, frames[:3])
        await screen.until(lambda: len(screen.events) >= 2 + len(frames))
        numbers = [event["metadata"]["seq"] for event in screen.events[2:]]
        assert numbers == list(range(1, newest + 1))


async def test_a_repeated_acknowledgement_does_not_overtake_what_came_before_it(
    start: Starter, session_id: str
) -> None:
    # Nothing that is said in the other process reaches this one by itself.
    here, there = start(["Hello."], ["Bye."]), start()
    async with there.tab(session_id) as (tab, screen):
        async with here.tab(session_id) as (_, seen):
            await here.say(session_id, "x")
            await seen.runs_end()
            await here.say(session_id, "y", "id-2")
            await seen.runs_end(2)
        tab.acknowledge_again(await there.turns.accept(session_id, 1, "id-2", "y"))
        said = len(seen.events) - 2
        await screen.until(lambda: len(screen.events) == 2 + said + 3)
        numbers = [event["metadata"]["seq"] for event in screen.events[2:]]
        assert numbers[:said] == list(range(1, said + 1))
        assert max(numbers[said:]) < said


async def test_a_tab_that_resumes_gets_what_came_after_its_number(
    start: Starter, session_id: str
) -> None:
    process = start(["Hello."])
    async with process.tab(session_id) as (_, seen):
        await process.say(session_id, "x")
        await seen.runs_end()
    async with process.tab(session_id) as (tab, screen):
        tab.resume(4)
        await screen.until(lambda: len(screen.events) == 2 + len(seen.events[2:]) - 4)
        assert screen.events[2:] == seen.events[6:]


async def test_a_slow_tab_lags_within_bounds_slows_nobody_and_misses_nothing(
    start: Starter, session_id: str
) -> None:
    process = start(*[["answer"]] * 100)
    stuck = asyncio.Event()
    slow = Screen()

    async def slow_send(text: str) -> None:
        if slow.events:
            await stuck.wait()
        await slow.send(text)

    tab = Tab(slow_send, slow.close, partial(catch_up, process.store, process.renumber, session_id))
    process.connections.add(session_id, tab)
    writer = asyncio.create_task(tab.run())
    await slow.until(lambda: len(slow.events) == 1)
    async with process.tab(session_id) as (_, fast):
        for number in range(1, 100):
            await process.say(session_id, "x")
            await fast.runs_end(number)
        assert len(tab._events) <= BACKLOG
        stuck.set()
        newest = fast.events[-1]["metadata"]["seq"]
        await slow.until(lambda: slow.events[-1].get("metadata", {}).get("seq") == newest)
        verify(slow.events)
        assert len(slow.of("MESSAGES_SNAPSHOT")) == 2
    writer.cancel()


async def test_a_dead_tab_does_not_end_the_others_answer(start: Starter, session_id: str) -> None:
    async def broken(_text: str) -> None:
        raise OSError("the socket is gone")

    process = start(["Hello."])
    tab = Tab(
        broken, Screen().close, partial(catch_up, process.store, process.renumber, session_id)
    )
    process.connections.add(session_id, tab)
    writer = asyncio.create_task(tab.run())
    async with process.tab(session_id) as (_, screen):
        await process.say(session_id, "x")
        await screen.runs_end()
    await writer
