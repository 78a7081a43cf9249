"""The OpenAI provider through the loop, against a real HTTP server that behaves and misbehaves."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool

from chat.agent import Event, MessageFinished, TextDelta, ToolStarted, answer
from chat.errors import ModelUnavailable
from chat.guard.exit import NoGuard
from chat.llm import close, create_model
from chat.llm.openai import create
from tests.openai_server import (
    CUT,
    DONE,
    SILENCE,
    Answer,
    OpenAIServer,
    calls,
    chunk,
    refuses,
    says,
)

ASKED = [SystemMessage("Be kind."), HumanMessage("Where is #1018?")]
KEY = "sk-very-secret"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@pytest.fixture
async def model(server: OpenAIServer) -> AsyncIterator[BaseChatModel]:
    model = create("test-model", api_key=KEY, base_url=server.url, timeout=5, pause=0.001)
    yield model
    await close(model)


@pytest.fixture
def tools() -> list[BaseTool]:
    async def get_order(order_number: str) -> str:
        """One order."""
        return f"order {order_number}"

    return [StructuredTool.from_function(coroutine=get_order)]


async def events(
    model: BaseChatModel, tools: list[BaseTool], messages: Any = ASKED, patience: float = 5
) -> list[Event]:
    asked = answer(model, tools, messages, NoGuard(), max_steps=5, timeout=patience)
    return [event async for event in asked]


def finished(happened: list[Event]) -> list[BaseMessage]:
    return [event.message for event in happened if isinstance(event, MessageFinished)]


def said(happened: list[Event]) -> list[str]:
    return [event.text for event in happened if isinstance(event, TextDelta)]


# --- as it should be ---------------------------------------------------------------------------


async def test_words_stream_with_the_usage_at_the_end(
    server: OpenAIServer, model: BaseChatModel, tools: list[BaseTool]
) -> None:
    server.answers.append(says("Hello ", "Alice."))
    happened = await events(model, tools)
    assert said(happened) == ["Hello ", "Alice."]
    [message] = finished(happened)
    assert isinstance(message, AIMessage)
    assert message.usage_metadata is not None
    assert message.usage_metadata["total_tokens"] == 22
    assert message.id != "chatcmpl-1"
    [request] = server.requests
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body["stream"] is True
    assert request.body["stream_options"] == {"include_usage": True}
    assert [m["role"] for m in request.body["messages"]] == ["system", "user"]
    [tool] = request.body["tools"]
    assert tool["function"]["name"] == "get_order"
    assert list(tool["function"]["parameters"]["properties"]) == ["order_number"]


async def test_parallel_calls_with_streamed_arguments_are_run_and_answered(
    server: OpenAIServer, model: BaseChatModel, tools: list[BaseTool]
) -> None:
    server.answers += [
        calls(("get_order", '{"order_number": "1018"}'), ("get_order", '{"order_number": "1019"}')),
        says("Both are here."),
    ]
    happened = await events(model, tools)
    started = [event.arguments for event in happened if isinstance(event, ToolStarted)]
    assert started == ['{"order_number": "1018"}', '{"order_number": "1019"}']
    sent = server.requests[1].body["messages"]
    assert [m["role"] for m in sent] == ["system", "user", "assistant", "tool", "tool"]
    assert [m["content"] for m in sent[3:]] == ["order 1018", "order 1019"]
    assert [m["tool_call_id"] for m in sent[3:]] == [c["id"] for c in sent[2]["tool_calls"]]


async def test_a_server_of_ones_own_needs_no_key(server: OpenAIServer) -> None:
    model = create_model("openai:test-model", api_key="", base_url=server.url, timeout=5)
    server.answers.append(says("Hello."))
    assert said(await events(model, [])) == ["Hello."]
    assert "authorization" not in server.requests[0].headers
    await close(model)


async def test_the_stored_history_of_a_turn_can_be_sent_again(
    server: OpenAIServer, model: BaseChatModel, tools: list[BaseTool]
) -> None:
    server.answers += [
        calls(("bad.name", '{"a'), ("get_order", '{"order_number": "1"}')),
        says("Sorry."),
        says("Still here."),
    ]
    history = [*ASKED, *finished(await events(model, tools))]
    await events(model, tools, [*history, HumanMessage("And now?")])
    sent = server.requests[2].body["messages"]
    asked = [call["id"] for m in sent for call in m.get("tool_calls", ())]
    answered = [m["tool_call_id"] for m in sent if m["role"] == "tool"]
    assert asked == answered
    for call in (call for m in sent for call in m.get("tool_calls", ())):
        json.loads(call["function"]["arguments"])
        assert call["function"]["name"].replace("_", "").isalnum()


# --- calls that are wrong ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments", "hint"),
    [
        ("get_order", '{"order_number": "10', "not valid JSON"),
        ("get_order", "order 1018", "not valid JSON"),
        ("get_order", '{"number": "1018"}', "order_number: Field required"),
        ("get_parcel", "{}", "no tool get_parcel"),
    ],
)
async def test_a_wrong_call_is_told_to_the_model_which_then_answers(
    server: OpenAIServer,
    model: BaseChatModel,
    tools: list[BaseTool],
    name: str,
    arguments: str,
    hint: str,
) -> None:
    server.answers += [calls((name, arguments)), says("I am sorry.")]
    happened = await events(model, tools)
    told = server.requests[1].body["messages"][-1]
    assert told["role"] == "tool"
    assert hint in told["content"]
    assert finished(happened)[-1].text == "I am sorry."


async def test_whole_calls_without_an_index_are_run(
    server: OpenAIServer, model: BaseChatModel, tools: list[BaseTool]
) -> None:
    def whole(number: str) -> dict[str, Any]:
        function = {"name": "get_order", "arguments": json.dumps({"order_number": number})}
        return {"id": f"call_{number}", "type": "function", "function": function}

    server.answers += [
        Answer(
            [
                chunk({"tool_calls": [whole("1"), whole("2")]}),
                chunk({"tool_calls": [whole("3")]}, "tool_calls"),
                DONE,
            ]
        ),
        says("Done."),
    ]
    happened = await events(model, tools)
    results = [m.text for m in finished(happened) if isinstance(m, ToolMessage)]
    assert results == ["order 1", "order 2", "order 3"]


async def test_a_refusal_is_said(
    server: OpenAIServer, model: BaseChatModel, tools: list[BaseTool]
) -> None:
    server.answers.append(
        Answer([chunk({"refusal": "I can not "}), chunk({"refusal": "do that."}, "stop"), DONE])
    )
    assert said(await events(model, tools)) == ["I can not ", "do that."]


async def test_an_answer_cut_by_its_length_says_so(
    server: OpenAIServer, model: BaseChatModel
) -> None:
    server.answers.append(says("A long story", finish="length"))
    [message] = finished(await events(model, []))
    assert message.text.startswith("A long story … ")


# --- a server that fails -----------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_passing_failure_before_the_first_word_is_tried_again(
    server: OpenAIServer, model: BaseChatModel, status: int
) -> None:
    server.answers += [refuses(status, retry_after_ms="1"), says("Hello.")]
    assert said(await events(model, [])) == ["Hello."]
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
async def test_a_lasting_failure_is_model_unavailable_and_logs_neither_key_nor_words(
    server: OpenAIServer, model: BaseChatModel, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    complaint = f"Incorrect API key {KEY} for: Where is #1018?"
    server.answers += [refuses(status, complaint, retry_after_ms="1")] * 3
    with pytest.raises(ModelUnavailable) as caught:
        await events(model, [])
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("chat")]
    assert str(status) in " ".join(ours)
    assert KEY not in caplog.text + str(caught.value)
    assert "1018" not in " ".join(ours)


@pytest.mark.parametrize(
    "pieces",
    [
        [chunk({"content": "It is "}), CUT],
        [chunk({"content": "It is "}), b"data: {not json\n\n", DONE],
        [chunk({"content": "It is "}), b'data: {"error": {"message": "overloaded"}}\n\n'],
        [DONE],
        [chunk({"content": ""}, "stop"), DONE],
        [b"<html>hello</html>"],
    ],
    ids=["cut", "broken chunk", "error in the stream", "nothing", "empty", "no event stream"],
)
async def test_a_stream_that_breaks_is_model_unavailable(
    server: OpenAIServer, model: BaseChatModel, pieces: list[Any]
) -> None:
    server.answers.append(Answer(pieces))
    with pytest.raises(ModelUnavailable):
        await events(model, [])


@pytest.mark.parametrize("words", [[], [chunk({"content": "It is "})]], ids=["first", "later"])
async def test_silence_longer_than_the_timeout_is_model_unavailable(
    server: OpenAIServer, model: BaseChatModel, words: list[Any]
) -> None:
    server.answers.append(Answer([*words, SILENCE]))
    with pytest.raises(ModelUnavailable):
        await events(model, [], patience=0.2)
    assert await asyncio.to_thread(server.requests[0].gone.wait, 5)


async def test_nobody_at_the_address_is_model_unavailable() -> None:
    model = create_model("openai:x", api_key="", base_url="http://127.0.0.1:9/v1", timeout=1)
    with pytest.raises(ModelUnavailable):
        await events(model, [])
    await close(model)


@pytest.mark.parametrize("how", ["cancelled", "closed"])
async def test_a_turn_that_ends_early_hangs_up(
    server: OpenAIServer, model: BaseChatModel, how: str
) -> None:
    server.answers.append(Answer([chunk({"content": "It is "}), SILENCE]))
    heard = asyncio.Event()
    stream = answer(model, [], ASKED, NoGuard(), max_steps=5, timeout=60)

    async def listen() -> None:
        async for _ in stream:
            heard.set()
            if how == "closed":
                await stream.aclose()
                return

    turn = asyncio.create_task(listen())
    await heard.wait()
    if how == "cancelled":
        turn.cancel()
    await asyncio.gather(turn, return_exceptions=True)
    assert await asyncio.to_thread(server.requests[0].gone.wait, 5)


def test_an_unknown_provider_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="openai, offline, fake"):
        create_model("mystery:x", api_key="", base_url="", timeout=1)
