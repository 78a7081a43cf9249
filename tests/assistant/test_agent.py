"""The loop of model and tools, against a model that does as its script says."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    ToolMessage,
)
from langchain_core.messages.ai import UsageMetadata
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from pydantic import BaseModel

from chat.agent import (
    OUT_OF_STEPS,
    Event,
    MessageFinished,
    TextDelta,
    ToolFinished,
    ToolStarted,
    answer,
)
from chat.errors import ModelUnavailable
from chat.guard.exit import NoGuard
from chat.llm.fake import TOKENS, FakeModel
from chat.llm.reply import MAX_CALLS, Reply
from tests.scripted_model import Piece, ScriptedChatModel, calls

QUESTION = [HumanMessage("Where is my parcel?")]


class Number(BaseModel):
    order_number: str


def order_tool(name: str = "get_order") -> BaseTool:
    async def get_order(order_number: str) -> tuple[str, dict[str, str]]:
        return f"order {order_number}", {"number": order_number}

    return StructuredTool.from_function(
        coroutine=get_order,
        name=name,
        description="An order.",
        args_schema=Number,
        response_format="content_and_artifact",
    )


def failing_tool(error: BaseException) -> BaseTool:
    async def get_order(order_number: str) -> str:
        raise error

    return StructuredTool.from_function(
        coroutine=get_order, description="An order.", args_schema=Number
    )


async def events(
    model: Any, tools: Sequence[BaseTool] = (), *, max_steps: int = 6, patience: float = 5
) -> list[Event]:
    asked = answer(model, tools, QUESTION, NoGuard(), max_steps=max_steps, timeout=patience)
    return [event async for event in asked]


def messages(happened: list[Event]) -> list[BaseMessage]:
    return [event.message for event in happened if isinstance(event, MessageFinished)]


def said(happened: list[Event]) -> str:
    return "".join(event.text for event in happened if isinstance(event, TextDelta))


async def the_tool_answer(*script: Piece, tools: Sequence[BaseTool] | None = None) -> ToolMessage:
    model = ScriptedChatModel(script, ["Done."])
    happened = messages(await events(model, [order_tool()] if tools is None else tools))
    asked, answered, last = happened
    assert isinstance(asked, AIMessage)
    assert isinstance(answered, ToolMessage)
    assert [call["id"] for call in asked.tool_calls] == [answered.tool_call_id]
    assert not asked.invalid_tool_calls
    assert last.text == "Done."
    return answered


# --- words ------------------------------------------------------------------------------------


async def test_words_are_streamed_as_they_come_and_then_stand_in_one_whole_message() -> None:
    happened = await events(ScriptedChatModel(["It ", "is ", "here."]))
    assert [e.text for e in happened if isinstance(e, TextDelta)] == ["It ", "is ", "here."]
    [message] = messages(happened)
    assert type(message) is AIMessage
    assert message.content == "It is here."
    assert {e.message_id for e in happened if isinstance(e, TextDelta)} == {message.id}


async def test_the_message_keeps_what_the_provider_says_of_it() -> None:
    usage: UsageMetadata = {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9}
    end = AIMessageChunk(
        content="", response_metadata={"finish_reason": "stop"}, usage_metadata=usage
    )
    [message] = messages(await events(ScriptedChatModel(["Hi.", end])))
    assert isinstance(message, AIMessage)
    assert message.usage_metadata == usage
    assert message.response_metadata["finish_reason"] == "stop"


async def test_content_blocks_are_streamed_by_their_text_alone() -> None:
    thought = AIMessageChunk(content=[{"type": "reasoning", "reasoning": "hm", "index": 0}])
    word = AIMessageChunk(content=[{"type": "text", "text": "Hello.", "index": 1}])
    happened = await events(ScriptedChatModel([thought, word]))
    assert said(happened) == messages(happened)[0].text == "Hello."


@given(st.text(st.characters(exclude_categories=()), min_size=1), st.data())
def test_whatever_the_chunks_cut_the_words_said_are_the_messages_and_can_be_stored(
    text: str, data: st.DataObject
) -> None:
    # As a provider sends them: UTF-16 code units escaped in JSON, cut anywhere.
    units = json.loads(json.dumps("words: " + text))
    units = "".join(
        chr(int.from_bytes(pair, "little"))
        for pair in _pairs(units.encode("utf-16-le", "surrogatepass"))
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(units)), max_size=4)))
    reply = Reply()
    pieces = [units[a:b] for a, b in zip([0, *cuts], [*cuts, len(units)], strict=True)]
    spoken = "".join(reply.take(AIMessageChunk(content=piece)) for piece in pieces)
    spoken += reply.finish()
    assert spoken == reply.message.text
    assert "\0" not in spoken
    spoken.encode()  # no lone surrogates
    if not any("\ud800" <= c <= "\udfff" for c in text):
        assert spoken == "words: " + text.replace("\0", "")


def _pairs(data: bytes) -> list[bytes]:
    return [data[at : at + 2] for at in range(0, len(data), 2)]


async def test_null_characters_in_tool_arguments_never_leave() -> None:
    script = [calls(("get_order", '{"order_number": "10\\u000018\\ud800"}'))]
    assert (await the_tool_answer(*script)).content == "order 1018\N{REPLACEMENT CHARACTER}"


async def test_the_fake_model_says_thirty_tokens() -> None:
    happened = await events(FakeModel(), [order_tool()])
    assert [e.text for e in happened if isinstance(e, TextDelta)] == TOKENS
    assert len(TOKENS) == 30


# --- tools ------------------------------------------------------------------------------------


async def test_a_tools_answer_goes_back_to_the_model_and_its_artifact_out() -> None:
    model = ScriptedChatModel(
        ["One moment. ", calls(("get_order", '{"order_number": "1018"}'))], ["It is here."]
    )
    happened = await events(model, [order_tool()])
    kinds = [type(event) for event in happened]
    assert kinds == [
        TextDelta,
        MessageFinished,
        ToolStarted,
        ToolFinished,
        MessageFinished,
        TextDelta,
        MessageFinished,
    ]
    asked, answered, last = messages(happened)
    started, finished = happened[2], happened[3]
    assert isinstance(started, ToolStarted)
    assert isinstance(finished, ToolFinished)
    assert started == ToolStarted(str(asked.id), "call-0", "get_order", '{"order_number": "1018"}')
    assert finished == ToolFinished(str(answered.id), "call-0", "order 1018", {"number": "1018"})
    assert isinstance(answered, ToolMessage)
    assert answered.artifact == {"number": "1018"}
    assert model.tools == ["get_order"]
    assert model.asked[1] == [*QUESTION, asked, answered]
    assert last.text == "It is here."
    assert len({message.id for message in (asked, answered, last)}) == 3


async def test_several_calls_run_side_by_side_and_are_answered_in_their_order() -> None:
    second_is_done = asyncio.Event()

    async def first() -> str:
        await second_is_done.wait()
        return "one"

    async def second() -> str:
        second_is_done.set()
        return "two"

    tools = [
        StructuredTool.from_function(coroutine=function, description="A tool.")
        for function in (first, second)
    ]
    happened = await events(
        ScriptedChatModel([calls(("first", ""), ("second", "{}"))], ["Ok."]), tools
    )
    assert [e.call_id for e in happened if isinstance(e, ToolStarted)] == ["call-0", "call-1"]
    assert [e.content for e in happened if isinstance(e, ToolFinished)] == ["one", "two"]


async def test_a_tool_that_raises_tells_the_model_and_the_log_not_the_customers_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    script = [calls(("get_order", '{"order_number": "1018"}'))]
    tool = failing_tool(RuntimeError("row with alice@example.com"))
    message = await the_tool_answer(*script, tools=[tool])
    assert message.status == "error"
    assert "does not work right now" in message.text
    assert "RuntimeError" in caplog.text
    assert "alice" not in caplog.text + message.text


async def test_what_a_tool_itself_says_of_its_failure_reaches_the_model() -> None:
    script = [calls(("get_order", '{"order_number": "1018"}'))]
    message = await the_tool_answer(*script, tools=[failing_tool(ToolException("Orders sleep."))])
    assert (message.status, message.text) == ("error", "Orders sleep.")


async def test_a_tool_that_hangs_is_given_up_after_the_timeout() -> None:
    async def get_order(order_number: str) -> str:
        await asyncio.Event().wait()
        return order_number

    tool = StructuredTool.from_function(coroutine=get_order, description="An order.")
    model = ScriptedChatModel([calls(("get_order", '{"order_number": "1"}'))], ["Sorry."])
    happened = messages(await events(model, [tool], patience=0.05))
    assert isinstance(happened[1], ToolMessage)
    assert happened[1].status == "error"


@pytest.mark.parametrize(
    ("name", "arguments", "hint"),
    [
        ("get_order", "{}", "order_number: Field required"),
        ("get_order", '{"order_number": {"a": 1}}', "order_number: Input should be a valid string"),
        ("get_order", '{"order_number": "10', "not valid JSON"),
        ("get_order", "[" * 100_000, "not valid JSON"),
        ("get_order", '["1018"]', "must be a JSON object"),
        (
            "delete_order",
            '{"order_number": "1018"}',
            "no tool delete_order. The tools are: get_order",
        ),
        ("functions.get_order", "{}", "no tool functions_get_order"),
        ("", "{}", "no tool unknown"),
    ],
)
async def test_a_wrong_call_is_answered_with_what_is_wrong(
    name: str, arguments: str, hint: str
) -> None:
    message = await the_tool_answer(calls((name, arguments)))
    assert message.status == "error"
    assert hint in message.text


async def test_a_whole_message_with_a_broken_call_is_mended_too() -> None:
    """Models that do not stream give an AIMessage with ``invalid_tool_calls``."""
    reply = Reply()
    broken = {
        "type": "invalid_tool_call",
        "id": "call-0",
        "name": "get_order",
        "args": "{",
        "error": "bad",
    }
    reply.take(AIMessage("", invalid_tool_calls=[broken]))
    assert reply.finish() == ""
    assert [call["args"] for call in reply.message.tool_calls] == [{}]
    assert not reply.message.invalid_tool_calls
    assert "not valid JSON" in reply.calls[0].problem


async def test_calls_without_an_id_or_with_the_same_id_get_their_own() -> None:
    def call(call_id: str | None, index: int) -> Any:
        return {
            "name": "get_order",
            "args": f'{{"order_number": "{index}"}}',
            "id": call_id,
            "index": index,
        }

    chunk = AIMessageChunk(
        content="", tool_call_chunks=[call("same", 0), call("same", 1), call(None, 2)]
    )
    happened = messages(await events(ScriptedChatModel([chunk], ["Ok."]), [order_tool()]))
    asked, *answered, _ = happened
    assert isinstance(asked, AIMessage)
    ids = [c["id"] for c in asked.tool_calls]
    assert len(set(ids)) == 3
    assert [m.tool_call_id for m in answered if isinstance(m, ToolMessage)] == ids
    assert [m.text for m in answered] == ["order 0", "order 1", "order 2"]


async def test_a_model_that_asks_for_everything_at_once_gets_the_first_ones() -> None:
    many = [("get_order", json.dumps({"order_number": str(n)})) for n in range(MAX_CALLS + 2)]
    happened = messages(await events(ScriptedChatModel([calls(*many)], ["Ok."]), [order_tool()]))
    statuses = [m.status for m in happened if isinstance(m, ToolMessage)]
    assert statuses == ["success"] * MAX_CALLS + ["error"] * 2


async def test_at_the_bound_of_steps_the_assistant_says_so() -> None:
    script = [calls(("get_order", '{"order_number": "1018"}'))]
    model = ScriptedChatModel(script, script, script)
    happened = await events(model, [order_tool()], max_steps=2)
    assert len(model.asked) == 2
    *_, last = messages(happened)
    assert isinstance(last, AIMessage)
    assert last.text == said(happened) == OUT_OF_STEPS
    assert not last.tool_calls


# --- a model that does not do its part ---------------------------------------------------------


async def test_a_silent_model_is_unavailable_and_the_customer_hears_why() -> None:
    model = ScriptedChatModel(["It is ", asyncio.Event().wait])
    with pytest.raises(ModelUnavailable, match="did not answer in time"):
        await events(model, patience=0.05)


async def test_a_providers_error_is_model_unavailable_and_its_text_is_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = ScriptedChatModel(["It ", RuntimeError("Incorrect API key sk-secret")])
    with pytest.raises(ModelUnavailable) as caught:
        await events(model)
    assert "RuntimeError" in caplog.text
    assert "sk-secret" not in caplog.text + str(caught.value)


@pytest.mark.parametrize("words", [[""], [" \n"]])
async def test_a_model_that_says_nothing_is_unavailable(words: list[str]) -> None:
    with pytest.raises(ModelUnavailable):
        await events(ScriptedChatModel(words))


@pytest.mark.parametrize(
    ("reason", "hint"), [("length", "go on"), ("content_filter", "other words"), ("stop", "")]
)
async def test_a_reply_that_was_cut_says_so(reason: str, hint: str) -> None:
    end = AIMessageChunk(content="", response_metadata={"finish_reason": reason})
    happened = await events(ScriptedChatModel(["The beginning", end]))
    assert said(happened) == messages(happened)[0].text
    assert said(happened).startswith("The beginning")
    assert hint in said(happened)
    assert bool(hint) == (said(happened) != "The beginning")


# --- cancellation ------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["model", "tool"])
async def test_cancelling_passes_through_at_once_and_leaves_no_task(where: str) -> None:
    reached, never, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def hang() -> str:
        reached.set()
        try:
            await never.wait()
        finally:
            ended.set()
        return ""

    tools = [StructuredTool.from_function(coroutine=hang, name="hang", description="Hangs.")]
    model = ScriptedChatModel(["A", hang] if where == "model" else [calls(("hang", "{}"))])
    before = asyncio.all_tasks()
    turn = asyncio.create_task(events(model, tools, patience=60))
    await reached.wait()
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    assert ended.is_set()
    assert asyncio.all_tasks() == before


async def test_a_listener_that_leaves_between_two_tools_stops_the_second() -> None:
    ended = asyncio.Event()

    async def quick() -> str:
        return "done"

    async def slow() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return ""

    tools = [
        StructuredTool.from_function(coroutine=function, description="A tool.")
        for function in (quick, slow)
    ]
    model = ScriptedChatModel([calls(("quick", "{}"), ("slow", "{}"))])
    before = asyncio.all_tasks()
    stream = answer(model, tools, QUESTION, NoGuard(), max_steps=6, timeout=600)
    async for event in stream:
        if isinstance(event, ToolFinished):
            break
    async with asyncio.timeout(5):
        await stream.aclose()
    assert ended.is_set()
    assert asyncio.all_tasks() == before
