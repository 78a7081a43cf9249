"""Providers that speak the protocol badly, slowly, or break off: a real HTTP server, on purpose."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool

from chat.agent import MessageFinished, TextDelta, ToolStarted, answer
from chat.errors import ModelUnavailable
from chat.guard.exit import NoGuard
from chat.llm import close
from chat.llm.completions import LONGEST_WAIT
from chat.llm.event_stream import LONGEST
from chat.llm.openai import create
from chat.llm.reply import LONGEST_TEXT, TOO_LONG
from tests.openai_server import (
    CUT,
    CUT_IN_A_CHARACTER,
    DONE,
    SILENCE,
    Answer,
    Cut,
    OpenAIServer,
    chunk,
    refuses,
    says,
)

ASKED = [HumanMessage("Where is #1018?")]
HELLO = says("Hello.")


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@pytest.fixture
async def model(server: OpenAIServer) -> AsyncIterator[BaseChatModel]:
    model = create("test-model", api_key="", base_url=server.url, timeout=5, pause=0.001)
    yield model
    await close(model)


async def get_order(order_number: str) -> str:
    """One order."""
    return f"order {order_number}"


TOOLS: list[BaseTool] = [StructuredTool.from_function(coroutine=get_order)]


class Heard:
    """What came of an answer: its words, the arguments of its calls, its last message."""

    def __init__(self) -> None:
        self.words = ""
        self.calls: list[str] = []
        self.results: list[str] = []
        self.message = AIMessage("")


async def ask(model: BaseChatModel, patience: float = 5) -> Heard:
    heard = Heard()
    async for event in answer(model, TOOLS, ASKED, NoGuard(), max_steps=3, timeout=patience):
        match event:
            case TextDelta(_, text):
                heard.words += text
            case ToolStarted(_, _, _, arguments):
                heard.calls.append(arguments)
            case MessageFinished(AIMessage() as message):
                heard.message = message
            case MessageFinished(ToolMessage() as message):
                heard.results.append(message.text)
    return heard


def event(fields: Any) -> bytes:
    return f"data: {json.dumps(fields)}\n\n".encode()


def word(text: Any, **fields: Any) -> dict[str, Any]:
    return chunk({"content": text}, **fields)


STOP = chunk({}, "stop")


# --- accents of the protocol ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "pieces",
    [
        [b": thinking\n\n", word("Grüße"), b":\n\n", STOP, DONE],
        [b"retry: 100\n\n", b"event: message\nid: 7\n" + event(word("Grüße")), STOP, DONE],
        [event(word("Grüße")).replace(b"\n", b"\r\n"), STOP, DONE],
        [b'data: {"choices": [{"delta":\ndata: {"content": "Gr\xc3\xbc\xc3\x9fe"}}]}\n\n', DONE],
        [b'data:{"choices": [{"delta": {"content": "Gr\xc3', b'\xbc\xc3\x9fe"}}]}\n', b"\n", DONE],
        [word("Grüße", choices=None), word("Grüße"), STOP, DONE],
        [word("Grüße"), STOP, chunk({}, choices=[]), DONE],
        [word("Grüße"), STOP],
        [word("Grüße"), DONE],
        [word("Grüße"), STOP, DONE, word(" not said")],
        [chunk({"content": None, "tool_calls": None}), word("Grüße"), STOP, DONE],
        [chunk(None, choices=[{"index": 0, "finish_reason": None}]), word("Grüße"), STOP, DONE],
        [word("Grüße"), chunk(None, choices=[{"delta": None, "finish_reason": "stop"}])],
        [chunk({"reasoning_content": "Hm."}), chunk({"reasoning": "So."}), word("Grüße"), STOP],
    ],
    ids=[
        "comments",
        "other fields",
        "lines end in CRLF",
        "an event of two lines",
        "parted in a character",
        "no choices",
        "no choices, an empty list",
        "no [DONE]",
        "no reason to end",
        "more after [DONE]",
        "nulls",
        "no delta",
        "a null delta that ends",
        "thoughts",
    ],
)
async def test_what_is_unusual_and_harmless_is_read(
    server: OpenAIServer, model: BaseChatModel, pieces: list[Any]
) -> None:
    server.answers.append(Answer(pieces))
    assert (await ask(model)).words == "Grüße"
    assert len(server.requests) == 1


async def test_a_character_in_two_halves_is_joined(
    server: OpenAIServer, model: BaseChatModel
) -> None:
    server.answers.append(Answer([word("\ud83d"), word("\ude00"), STOP, DONE]))
    assert (await ask(model)).words == "😀"


@pytest.mark.parametrize(
    "places",
    [
        [{"index": 0}, {"index": 0}, {"index": 1}, {"index": 1}],
        [{"index": 0, "id": "a"}, {"index": 0}, {"index": 2, "id": "b"}, {"index": 2}],
        [{"index": 0, "id": "a"}, {"index": 0}, {"index": 0, "id": "b"}, {"index": 0}],
        [{"id": "a"}, {"id": "a"}, {"id": "b"}, {"id": "b"}],
        [{"index": None, "id": "a"}, {}, {"id": "b"}, {}],
        [{}, {}, {}, {}],
    ],
    ids=["no ids", "a gap", "all under one index", "ids only", "ids once", "neither"],
)
async def test_calls_are_put_together_however_they_are_numbered(
    server: OpenAIServer, model: BaseChatModel, places: list[Any]
) -> None:
    texts = ['{"order_nu', 'mber": "1018"}', '{"order_number"', ': "1019"}']
    deltas = [
        chunk({"tool_calls": [place | {"function": {"name": name, "arguments": text}}]})
        for place, text, name in zip(places, texts, ("get_order", None) * 2, strict=True)
    ]
    server.answers += [Answer([*deltas, chunk({}, "tool_calls"), DONE]), HELLO]
    assert (await ask(model)).results == ["order 1018", "order 1019"]


async def test_a_name_in_every_fragment_is_one_name(
    server: OpenAIServer, model: BaseChatModel
) -> None:
    deltas = [
        {"index": 0, "id": "a", "function": {"name": "get_order", "arguments": text}}
        for text in ('{"order_', 'number": ', '"1018"}')
    ]
    server.answers += [Answer([*(chunk({"tool_calls": [d]}) for d in deltas), STOP, DONE]), HELLO]
    assert (await ask(model)).results == ["order 1018"]


async def test_arguments_that_are_an_object_are_taken(
    server: OpenAIServer, model: BaseChatModel
) -> None:
    call = {"function": {"name": "get_order", "arguments": {"order_number": "1018"}}}
    server.answers += [Answer([chunk({"tool_calls": [call]}, "stop"), DONE]), HELLO]
    assert (await ask(model)).results == ["order 1018"]


async def test_usage_in_every_chunk_is_counted_once(
    server: OpenAIServer, model: BaseChatModel
) -> None:
    def so_far(spoken: int) -> dict[str, Any]:
        return {"prompt_tokens": 9, "completion_tokens": spoken, "total_tokens": 9 + spoken}

    server.answers.append(
        Answer([word("A", usage=so_far(1)), word("B", usage=so_far(2)), STOP, DONE])
    )
    usage = (await ask(model)).message.usage_metadata
    assert usage is not None
    assert (usage["input_tokens"], usage["output_tokens"]) == (9, 2)


@pytest.mark.parametrize(
    "usage", ["many", [], 7, {"prompt_tokens": "9"}, {"prompt_tokens_details": {"x": {}}}]
)
async def test_usage_that_is_none_costs_no_answer(
    server: OpenAIServer, model: BaseChatModel, usage: Any
) -> None:
    server.answers.append(Answer([word("Hello."), STOP, chunk(usage=usage), DONE]))
    assert (await ask(model)).words == "Hello."


# --- what is no answer ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "broken",
    [
        b"data: {not json\n\n",
        b'data: {"choices": [{"delta": {"content": "\xff"}}]}\n\n',
        event([1, 2]),
        event("chunk"),
        event({"choices": "none"}),
        event({"choices": [7]}),
        event({"choices": [{"delta": ["Hello"]}]}),
        event({"choices": [{"delta": {"content": 7}}]}),
        event({"choices": [{"delta": {"tool_calls": 7}}]}),
        event({"choices": [{"delta": {"tool_calls": [None]}}]}),
        event({"choices": [{"delta": {"tool_calls": [{"function": {"name": 7}}]}}]}),
        event({"choices": [{"delta": {"role": "user", "content": "Where?"}}]}),
        event({"error": {"code": "server_error"}}),
        b"data: " + b"x" * (LONGEST + 1),
        b"data: xxx\n" * (LONGEST // 9),
        Cut(b""),
    ],
    ids=[
        "no JSON",
        "no UTF-8",
        "a list",
        "a text",
        "choices that are none",
        "a choice that is none",
        "a delta that is none",
        "words that are none",
        "calls that are none",
        "a call that is none",
        "a name that is none",
        "another's role",
        "an error",
        "without an end",
        "of lines without an end",
        "cut off",
    ],
)
@pytest.mark.parametrize("words", [[], [word("It is ")]], ids=["first", "later"])
async def test_what_cannot_be_read_is_model_unavailable(
    server: OpenAIServer, model: BaseChatModel, words: list[Any], broken: Any
) -> None:
    server.otherwise = Answer([*words, broken, DONE])
    with pytest.raises(ModelUnavailable) as caught:
        await ask(model)
    assert caught.value.outage


@pytest.mark.parametrize("status", [200, 502, 403])
async def test_a_page_for_people_is_model_unavailable(
    server: OpenAIServer, model: BaseChatModel, status: int
) -> None:
    page = b"<html><h1>Bad gateway</h1></html>"
    server.otherwise = Answer([page], status, {"content-type": "text/html"})
    with pytest.raises(ModelUnavailable):
        await ask(model)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_conversation_is_not_sent_on_to_another_address(
    server: OpenAIServer, model: BaseChatModel, status: int
) -> None:
    with OpenAIServer() as elsewhere:
        elsewhere.otherwise = HELLO
        location = f"{elsewhere.url}/chat/completions"
        server.answers.append(Answer([], status, {"location": location}))
        with pytest.raises(ModelUnavailable):
            await ask(model)
        assert elsewhere.requests == []


@pytest.mark.parametrize("end", [CUT, SILENCE], ids=["cut", "silence"])
async def test_what_breaks_after_the_reason_to_end_costs_no_answer(
    server: OpenAIServer, model: BaseChatModel, end: Any
) -> None:
    server.answers.append(Answer([word("Hello."), STOP, end]))
    assert (await ask(model)).words == "Hello."
    assert len(server.requests) == 1


async def test_a_slow_answer_is_heard_to_its_end_though_it_takes_longer_than_the_timeout(
    server: OpenAIServer, model: BaseChatModel
) -> None:
    slow = [piece for n in range(4) for piece in (0.2, word(f"{n} "))]
    thinking = [piece for _ in range(3) for piece in (0.2, chunk({"reasoning_content": "Hm."}))]
    server.answers.append(Answer([*thinking, *slow, STOP, DONE]))
    assert (await ask(model, patience=1)).words == "0 1 2 3 "


async def test_comments_alone_are_silence(server: OpenAIServer, model: BaseChatModel) -> None:
    def forever() -> Iterator[Any]:
        while True:
            yield b": still here\n\n"
            yield 0.02

    server.answers.append(Answer(forever()))
    with pytest.raises(ModelUnavailable):
        await ask(model, patience=0.2)


async def test_a_reply_without_an_end_is_ended(server: OpenAIServer, model: BaseChatModel) -> None:
    def forever() -> Iterator[Any]:
        while True:
            yield word("and on " * 100)

    server.answers.append(Answer(forever()))
    heard = await ask(model)
    assert len(heard.words) < LONGEST_TEXT + 1_000
    assert heard.words.endswith(TOO_LONG)
    assert heard.message.text == heard.words
    assert await asyncio.to_thread(server.requests[0].gone.wait, 5)


async def test_a_call_without_an_end_is_not_run(server: OpenAIServer, model: BaseChatModel) -> None:
    def forever() -> Iterator[Any]:
        while True:
            function = {"name": "get_order", "arguments": "1018" * 200}
            yield chunk({"tool_calls": [{"index": 0, "function": function}]})

    server.answers += [Answer(forever()), HELLO]
    heard = await ask(model)
    assert "not valid JSON" in heard.results[0]
    assert heard.words == "Hello."


@pytest.mark.parametrize(
    ("words", "finish"), [([], "content_filter"), ([], "length"), ([word(" \n")], "stop")]
)
async def test_a_model_that_has_nothing_to_say_refuses_this_conversation_only(
    server: OpenAIServer, model: BaseChatModel, words: list[Any], finish: str
) -> None:
    server.answers.append(Answer([*words, chunk({}, finish), DONE]))
    with pytest.raises(ModelUnavailable) as caught:
        await ask(model)
    assert not caught.value.outage


async def test_a_filtered_answer_says_that_it_stopped(
    server: OpenAIServer, model: BaseChatModel
) -> None:
    server.answers.append(says("Well, ", finish="content_filter"))
    assert (
        await ask(model)
    ).words == "Well,  … (I had to stop here. Please ask me in other words.)"


@pytest.mark.parametrize(
    ("status", "code", "outage"),
    [
        (400, "context_length_exceeded", False),
        (413, "too_large", False),
        (401, "invalid_api_key", True),
    ],
)
async def test_a_refused_conversation_is_told_from_a_broken_provider(
    server: OpenAIServer,
    model: BaseChatModel,
    caplog: pytest.LogCaptureFixture,
    status: int,
    code: str,
    outage: bool,
) -> None:
    error = json.dumps({"error": {"message": "#1018", "code": code}}).encode()
    server.answers.append(Answer([error], status, {"content-type": "application/json"}))
    with pytest.raises(ModelUnavailable) as caught:
        await ask(model)
    assert caught.value.outage is outage
    assert code in caplog.text
    assert "1018" not in caplog.text
    assert len(server.requests) == 1


# --- again, before the first word ----------------------------------------------------------------


@pytest.mark.parametrize(
    "broken",
    [
        Answer([CUT]),
        Answer([CUT_IN_A_CHARACTER]),
        Answer([chunk({"role": "assistant", "content": ""}), CUT]),
        Answer([chunk({"reasoning_content": "Let me see"}), CUT]),
        Answer([chunk({"role": "assistant", "content": ""})]),
        Answer([event({"error": {"message": "overloaded"}})]),
        refuses(429, retry_after="0"),
        refuses(500),
        Answer([b"<html>"], 503, {"content-type": "text/html"}),
    ],
    ids=["cut", "in a character", "role", "thoughts", "early end", "error", "429", "500", "503"],
)
async def test_what_breaks_before_the_first_word_is_asked_again(
    server: OpenAIServer, model: BaseChatModel, broken: Answer
) -> None:
    server.answers += [broken, broken, HELLO]
    assert (await ask(model)).words == "Hello."
    bodies = [request.body for request in server.requests]
    assert bodies == [bodies[0]] * 3


@pytest.mark.parametrize(
    "begun",
    [word("It is "), chunk({"tool_calls": [{"index": 0, "function": {"name": "get_order"}}]})],
    ids=["words", "a call"],
)
@pytest.mark.parametrize("end", [CUT, CUT_IN_A_CHARACTER], ids=["cut", "in a character"])
async def test_what_breaks_later_is_not(
    server: OpenAIServer, model: BaseChatModel, begun: Any, end: Cut
) -> None:
    server.answers += [Answer([begun, end]), HELLO]
    with pytest.raises(ModelUnavailable):
        await ask(model)
    assert len(server.requests) == 1


async def test_three_times_are_enough(server: OpenAIServer, model: BaseChatModel) -> None:
    server.otherwise = refuses(503)
    with pytest.raises(ModelUnavailable):
        await ask(model)
    assert len(server.requests) == 3


@pytest.mark.parametrize("name", ["retry_after", "retry_after_ms"])
async def test_a_provider_that_asks_to_wait_is_left_alone_so_long(
    server: OpenAIServer, model: BaseChatModel, name: str
) -> None:
    server.answers += [refuses(429, **{name: "0.2" if name == "retry_after" else "200"}), HELLO]
    began = asyncio.get_running_loop().time()
    assert (await ask(model)).words == "Hello."
    assert asyncio.get_running_loop().time() >= began + 0.2


@pytest.mark.parametrize(
    "asked",
    [
        str(LONGEST_WAIT + 1),
        format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True),
    ],
    ids=["seconds", "a date"],
)
async def test_a_customer_is_not_kept_waiting_for_a_provider_that_wants_minutes(
    server: OpenAIServer, model: BaseChatModel, asked: str
) -> None:
    server.answers += [refuses(429, retry_after=asked), HELLO]
    with pytest.raises(ModelUnavailable) as caught:
        await ask(model)
    assert caught.value.outage
    assert len(server.requests) == 1


@pytest.mark.parametrize("asked", ["soon", "-1", "Wed, 21 Oct 2015 07:28:00 GMT"])
async def test_a_wait_that_makes_no_sense_is_none(
    server: OpenAIServer, model: BaseChatModel, asked: str
) -> None:
    server.answers += [refuses(429, retry_after=asked), HELLO]
    assert (await ask(model)).words == "Hello."


# --- connections and requests --------------------------------------------------------------------


async def test_the_connection_serves_the_next_reply(
    server: OpenAIServer, model: BaseChatModel
) -> None:
    server.otherwise = Answer(HELLO.pieces, keep=True)
    for _ in range(3):
        await ask(model)
    assert server.connections == 1


async def test_a_connection_that_the_server_closed_meanwhile_costs_no_answer(
    server: OpenAIServer, model: BaseChatModel
) -> None:
    # Announced as one that stays.
    server.otherwise = Answer(HELLO.pieces, headers={"connection": "keep-alive"})
    for _ in range(3):
        assert (await ask(model)).words == "Hello."


@pytest.mark.parametrize("but", ["", "127.0.0.1"])
async def test_a_proxy_of_the_environment_is_used(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch, but: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url.removesuffix("/v1"))
    monkeypatch.setenv("NO_PROXY", but)
    server.answers.append(HELLO)
    model = create("x", api_key="", base_url="http://127.0.0.1:9/v1", timeout=5, pause=0.001)
    if but:
        with pytest.raises(ModelUnavailable):
            await ask(model)
    else:
        await ask(model)
    paths = [request.path for request in server.requests]
    assert paths == ([] if but else ["http://127.0.0.1:9/v1/chat/completions"])
    await close(model)


@pytest.mark.parametrize("name", ["gpt-4.1-mini", "gpt-5", "o1", "o4-mini"])
async def test_nothing_is_asked_for_that_a_model_might_refuse(
    server: OpenAIServer, name: str
) -> None:
    server.answers.append(HELLO)
    model = create(name, api_key="", base_url=server.url, timeout=5)
    await ask(model)
    await close(model)
    asked = server.requests[0].body
    assert set(asked) == {"model", "messages", "tools", "stream", "stream_options"}


async def test_thoughts_are_neither_said_nor_sent_back(
    server: OpenAIServer, model: BaseChatModel
) -> None:
    call = {"index": 0, "id": "a", "function": {"name": "get_order", "arguments": "{}"}}
    thoughts = {"reasoning_content": "secret", "reasoning": "secret"}
    server.answers += [Answer([chunk(thoughts), chunk({"tool_calls": [call]}), STOP, DONE]), HELLO]
    assert (await ask(model)).words == "Hello."
    assert "secret" not in json.dumps(server.requests[1].body)
