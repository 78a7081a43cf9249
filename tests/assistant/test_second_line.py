"""Where the provider fails, ``offline`` goes on: no customer is left without an answer."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool, ToolException

from chat import marks
from chat.agent import Event, MessageFinished, TextDelta, ToolStarted
from chat.assistant import Assistant, Line
from chat.errors import ModelUnavailable
from chat.guard.exit import NoGuard
from chat.llm import create_model
from tests.openai_server import CUT, SILENCE, Answer, OpenAIServer, calls, chunk, refuses, says
from tests.scripted_model import Piece, ScriptedChatModel
from tests.scripted_model import calls as scripted_calls

ASKED = [SystemMessage("Be kind."), HumanMessage("Where is my order #1018?")]


class Lookups:
    """The tools, as far as these tests go, and what they were asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def tools(self) -> list[BaseTool]:
        async def get_order(order_number: str) -> str:
            """One order."""
            self.asked.append(order_number)
            if order_number == "unwell":
                raise ToolException("no such number")
            return json.dumps({"today": "2026-11-22", "order": None})

        async def list_orders() -> str:
            """All orders."""
            self.asked.append("all")
            return json.dumps({"today": "2026-11-22", "orders": []})

        async def search_help(query: str) -> str:
            """Articles."""
            return json.dumps({"articles": []})

        return [
            StructuredTool.from_function(coroutine=tool, handle_tool_error=False)
            for tool in (get_order, list_orders, search_help)
        ]


def two_lines(
    first: BaseChatModel, second: BaseChatModel | None = None, timeout: float = 5
) -> Assistant:
    spare = second or create_model("offline", api_key="", base_url="", timeout=5)
    return Assistant(Line("openai:test-model", first), Line("offline", spare), timeout=timeout)


async def events(
    assistant: Assistant, tools: Sequence[BaseTool] = (), messages: Sequence[BaseMessage] = ASKED
) -> list[Event]:
    try:
        return [event async for event in assistant.answer("s", "r", tools, messages, NoGuard())]
    finally:
        await assistant.aclose()


def finished(happened: Sequence[Event]) -> list[BaseMessage]:
    return [event.message for event in happened if isinstance(event, MessageFinished)]


def figures(happened: Sequence[Event]) -> dict[str, Any]:
    taken: dict[str, Any] = finished(happened)[-1].additional_kwargs[marks.FIGURES]
    return taken


BREAKS: dict[str, tuple[Answer, str]] = {
    "too many": (refuses(429), "HTTP 429"),
    "its own failure": (refuses(503), "HTTP 503"),
    "silent": (Answer([SILENCE]), "time-out"),
    "silent after its first byte": (Answer([chunk({"role": "assistant"}), SILENCE]), "time-out"),
    "cut before its first word": (
        Answer([chunk({"role": "assistant", "content": ""}), CUT]),
        "broken off",
    ),
    "nothing but an end": (Answer([chunk({}, "stop")]), "no words"),
}


@pytest.mark.parametrize("name", BREAKS)
async def test_whatever_breaks_before_the_first_word_the_customer_simply_gets_an_answer(
    name: str,
) -> None:
    answer, because = BREAKS[name]
    lookups = Lookups()
    with OpenAIServer() as server:
        server.otherwise = answer
        model = create_model("openai:test-model", api_key="k", base_url=server.url, timeout=5)
        patience = 0.5 if because == "time-out" else 5
        happened = await events(two_lines(model, timeout=patience), lookups.tools())
    last = finished(happened)[-1]
    assert "1018" in last.text
    assert not any(word in last.text.lower() for word in ("technical", "error", "unavailable"))
    assert lookups.asked == ["1018", "all"]
    assert figures(happened)["model"] == "offline"
    assert because in figures(happened)["because"]
    assert not any(marks.CUT in message.additional_kwargs for message in finished(happened))


async def test_a_provider_that_cannot_be_reached_costs_no_answer() -> None:
    model = create_model(
        "openai:test-model", api_key="k", base_url="http://127.0.0.1:1/v1", timeout=5
    )
    happened = await events(two_lines(model), Lookups().tools())
    assert "1018" in finished(happened)[-1].text


async def test_what_was_said_before_the_break_stays_and_the_answer_begins_anew() -> None:
    with OpenAIServer() as server:
        server.otherwise = Answer(
            [chunk({"role": "assistant", "content": "Let me "}), chunk({"content": "see"}), CUT]
        )
        model = create_model("openai:test-model", api_key="k", base_url=server.url, timeout=5)
        happened = await events(two_lines(model), Lookups().tools())
    broken, *_, last = finished(happened)
    assert broken.text == "Let me see"
    assert broken.additional_kwargs == {marks.CUT: True, marks.REPLACED: True}
    assert "1018" in last.text
    assert broken.id != last.id
    assert {e.message_id for e in happened if isinstance(e, TextDelta)} == {broken.id, last.id}
    taken = figures(happened)
    assert taken["guessed"]
    assert taken["read"] > 0, "the provider has read the question, and will ask to be paid"


async def test_the_second_line_goes_on_with_what_this_turn_looked_up() -> None:
    lookups = Lookups()
    first = ScriptedChatModel(
        [scripted_calls(("get_order", '{"order_number": "1018"}'))], [RuntimeError("gone")]
    )
    happened = await events(two_lines(first), lookups.tools())
    assert lookups.asked == ["1018", "all"], "what was looked up is not looked up again"
    assert [e.name for e in happened if isinstance(e, ToolStarted)] == ["get_order", "list_orders"]
    assert "1018" in finished(happened)[-1].text


async def test_calls_that_went_wrong_are_no_facts_for_the_second_line() -> None:
    first = ScriptedChatModel(
        [
            scripted_calls(
                ("get_order", '{"order_number": "unwell"}'),
                ("no_such_tool", "{}"),
                ("get_order", '{"order_number": "1018"}'),
            )
        ],
        [RuntimeError("gone")],
    )
    second = ScriptedChatModel(["It is on its way."])
    happened = await events(two_lines(first, second), Lookups().tools())
    *_, called, result = second.asked[0]
    assert isinstance(called, AIMessage)
    assert [call["args"] for call in called.tool_calls] == [{"order_number": "1018"}]
    assert isinstance(result, ToolMessage)
    assert result.tool_call_id == called.tool_calls[0]["id"]
    assert len(finished(happened)) == 5, "the history has all of it"


async def test_without_a_second_line_the_failure_is_told() -> None:
    alone = Assistant(Line("scripted", ScriptedChatModel([RuntimeError("x")])), timeout=1)
    with pytest.raises(ModelUnavailable):
        await events(alone)


async def test_a_stop_in_the_middle_of_the_second_line_leaves_nothing_running() -> None:
    reached = asyncio.Event()

    async def hold() -> None:
        reached.set()
        await asyncio.Event().wait()

    script: list[Piece] = ["It is ", hold]
    assistant = two_lines(ScriptedChatModel([RuntimeError("x")]), ScriptedChatModel(script))
    task = asyncio.create_task(events(assistant))
    await asyncio.wait_for(reached.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_what_an_answer_took_is_kept_with_its_last_message() -> None:
    with OpenAIServer() as server:
        server.answers += [calls(("list_orders", "{}")), says("You ", "have ", "none.")]
        model = create_model("openai:test-model", api_key="k", base_url=server.url, timeout=5)
        happened = await events(two_lines(model), Lookups().tools())
    taken = figures(happened)
    assert taken["model"] == "openai:test-model"
    assert "because" not in taken
    assert (taken["steps"], taken["tools"], taken["written"] >= 3) == (2, 1, True)
    assert 0 < taken["first"] <= taken["whole"]
    assert "cost" not in taken, "a price that nobody told is not nothing"
    assert [marks.FIGURES in m.additional_kwargs for m in finished(happened)] == [
        False,
        False,
        True,
    ]
