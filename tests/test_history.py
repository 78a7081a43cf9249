import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import redis
import redis.asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.runnables import RunnableLambda
from langchain_core.runnables.history import RunnableWithMessageHistory

from chat.errors import CorruptHistory
from chat.history import (
    RedisChatMessageHistory,
    decode,
    encode,
    history_key,
    readable_by_models,
)

EVERYTHING: list[BaseMessage] = [
    SystemMessage("be kind", id="s", name="shop"),
    HumanMessage(
        [
            {"type": "text", "text": "Wo ist mein Päckchen? 📦 \ud800"},
            {"type": "image_url", "image_url": {"url": "x"}},
        ],
        id="h",
        name="alice",
        additional_kwargs={"at": "2026-01-01T00:00:00+00:00", "nested": {"a": [1, None, True]}},
    ),
    AIMessage(
        "",
        id="a",
        tool_calls=[
            {"name": "get_order", "args": {"n": 2**70, "x": []}, "id": "c", "type": "tool_call"}
        ],
        invalid_tool_calls=[
            {"name": "y", "args": "{", "id": "d", "error": None, "type": "invalid_tool_call"}
        ],
        additional_kwargs={"refusal": None},
        response_metadata={"model_name": "m", "logprobs": {"p": -0.5}},
        usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
    ),
    ToolMessage(
        '{"order": "1018"}',
        tool_call_id="c",
        id="t",
        name="get_order",
        artifact={"card": [1, {"a": None}]},
        status="error",
    ),
    AIMessage("Done\u2028.\x00", id="b"),
]


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
async def aclient(redis_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def history(client: redis.Redis) -> RedisChatMessageHistory:
    return RedisChatMessageHistory("s1", client, ttl=60)


def test_every_field_of_every_message_survives_the_round_trip(
    history: RedisChatMessageHistory,
) -> None:
    history.add_messages(EVERYTHING)
    assert history.messages == EVERYTHING


async def test_every_field_survives_on_an_async_client(aclient: redis.asyncio.Redis) -> None:
    history = RedisChatMessageHistory("s1", aclient)
    await history.aadd_messages(EVERYTHING)
    assert await history.aget_messages() == EVERYTHING


async def test_the_async_methods_work_on_a_sync_client(history: RedisChatMessageHistory) -> None:
    await history.aadd_messages(EVERYTHING)
    assert await history.aget_messages() == history.messages == EVERYTHING
    assert await history.aget_window(1) == history.get_window(1)
    await history.aclear()
    assert history.messages == []


async def test_the_sync_methods_on_an_async_client_say_what_to_use(
    aclient: redis.asyncio.Redis,
) -> None:
    history = RedisChatMessageHistory("s1", aclient)
    calls: list[Any] = [
        lambda: history.messages,
        lambda: history.add_message(HumanMessage("x")),
        history.clear,
        lambda: history.get_window(3),
    ]
    for call in calls:
        with pytest.raises(TypeError, match="aget_messages"):
            call()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.characters(codec=None, exclude_categories=[])))
def test_any_unicode_survives(text: str) -> None:
    assert decode(encode(HumanMessage(text)), 0).content == text


def test_one_list_for_a_session_holds_one_json_object_a_message(client: redis.Redis) -> None:
    history = RedisChatMessageHistory("abc", client, key_prefix="shop:")
    history.add_messages([HumanMessage("one"), AIMessage("two")])
    entries: Any = client.lrange("shop:abc", 0, -1)
    assert [json.loads(entry)["type"] for entry in entries] == ["human", "ai"]
    assert json.loads(entries[0])["data"]["content"] == "one"


def test_messages_and_ttl_are_one_step(
    history: RedisChatMessageHistory, client: redis.Redis
) -> None:
    history.add_messages([HumanMessage("x"), AIMessage("y")])
    ttl: Any = client.ttl(history.key)
    assert 0 < ttl <= 60
    client.persist(history.key)
    asked: Any = client.info("commandstats")
    history.add_messages([HumanMessage(str(number)) for number in range(10_000)])
    after: Any = client.info("commandstats")
    assert after["cmdstat_eval"]["calls"] == asked["cmdstat_eval"]["calls"] + 1
    ttl = client.ttl(history.key)
    assert (len(history.messages), 0 < ttl <= 60) == (10_002, True)


def test_nothing_is_added_when_one_of_the_messages_cannot_be_stored(
    history: RedisChatMessageHistory,
) -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        history.add_messages(
            [HumanMessage("x"), ToolMessage("y", tool_call_id="c", artifact=object())]
        )
    assert history.messages == []


def test_streamed_chunks_are_stored_as_whole_messages(history: RedisChatMessageHistory) -> None:
    history.add_message(AIMessageChunk(content="all of it", id="x"))
    assert history.messages == [AIMessage("all of it", id="x")]


def test_sessions_do_not_see_each_other(client: redis.Redis) -> None:
    alice = RedisChatMessageHistory("alice", client)
    bob = RedisChatMessageHistory("bob", client)
    alice.add_message(HumanMessage("my order is 1018"))
    assert bob.messages == []
    bob.clear()
    assert len(alice.messages) == 1


@pytest.mark.parametrize("session_id", ["", "a{b", "a}b"])
def test_an_id_that_would_split_the_cluster_slot_is_refused(
    session_id: str, client: redis.Redis
) -> None:
    with pytest.raises(ValueError, match="session_id"):
        RedisChatMessageHistory(session_id, client)


def test_a_prefix_with_braces_and_a_ttl_of_nothing_are_refused(client: redis.Redis) -> None:
    with pytest.raises(ValueError, match="key_prefix"):
        RedisChatMessageHistory("a", client, key_prefix="{x}:")
    with pytest.raises(ValueError, match="ttl"):
        RedisChatMessageHistory("a", client, ttl=0)
    assert history_key("a") == "chat_history:a"


@pytest.mark.parametrize(
    "entry", [b"{", b"[]", b'"x"', b'{"type": "nobody", "data": {}}', b"\xff", b"{}"]
)
def test_a_corrupt_entry_is_reported_with_its_position_and_the_rest_is_read(
    entry: bytes,
    history: RedisChatMessageHistory,
    client: redis.Redis,
    caplog: pytest.LogCaptureFixture,
) -> None:
    history.add_message(HumanMessage("before"))
    client.rpush(history.key, entry)
    history.add_message(AIMessage("after"))
    with caplog.at_level(logging.ERROR):
        before, corrupt, after = history.messages
    assert (before.content, after.content) == ("before", "after")
    assert "1" in str(corrupt.content)
    assert corrupt.additional_kwargs == {"corrupt": {"position": 1}}
    assert "message 1 cannot be read" in caplog.text
    with pytest.raises(CorruptHistory) as error:
        decode(entry, 1)
    assert error.value.position == 1


def test_a_window_holds_the_newest_messages(history: RedisChatMessageHistory) -> None:
    history.add_messages([HumanMessage(str(number)) for number in range(30)])
    assert [m.content for m in history.get_window(3)] == ["27", "28", "29"]
    assert len(history.get_window(100)) == 30
    with pytest.raises(ValueError, match="limit"):
        history.get_window(0)


def test_a_window_reaches_back_to_a_human_message_however_many_tool_messages_that_takes(
    history: RedisChatMessageHistory,
) -> None:
    history.add_messages([HumanMessage("old"), AIMessage("old"), HumanMessage("question")])
    for number in range(25):
        call = {"name": "t", "args": {}, "id": str(number), "type": "tool_call"}
        history.add_messages(
            [AIMessage("", tool_calls=[call]), ToolMessage("x", tool_call_id=str(number))]
        )
    window = history.get_window(5)
    assert window[0].content == "question"
    assert len(window) == 51


def test_a_window_of_a_long_conversation_reads_as_much_as_of_a_short_one(
    history: RedisChatMessageHistory, client: redis.Redis
) -> None:
    def commands_and_bytes() -> tuple[int, int]:
        client.config_resetstat()
        sent: Any = client.info("stats")
        before = sent["total_net_output_bytes"]
        history.get_window(10)
        after: Any = client.info("stats")
        return len(history.get_window(10)), (after["total_net_output_bytes"] - before) // 1000

    history.add_messages([HumanMessage("x" * 50)] * 10)
    short = commands_and_bytes()
    history.add_messages([HumanMessage("x" * 50)] * 9_990)
    assert commands_and_bytes() == short


def test_models_are_shown_no_call_without_answer_and_no_answer_without_call() -> None:
    call: Any = {"name": "t", "args": {}, "type": "tool_call"}
    shown = readable_by_models(
        [
            AIMessage("the rest of an older turn"),
            HumanMessage("question"),
            AIMessage("", tool_calls=[call | {"id": "lost"}]),
            SystemMessage("[Message 3 of this conversation cannot be read.]"),
            ToolMessage("answer without call", tool_call_id="gone"),
            AIMessage("partly", tool_calls=[call | {"id": "kept"}, call | {"id": "lost2"}]),
            ToolMessage("answer", tool_call_id="kept"),
            AIMessage("reply"),
        ]
    )
    assert [message.type for message in shown] == ["human", "system", "ai", "tool", "ai"]
    partly = shown[2]
    assert isinstance(partly, AIMessage)
    assert [each["id"] for each in partly.tool_calls] == ["kept"]


@pytest.mark.filterwarnings("ignore:.*RunnableWithMessageHistory.*")  # deprecated, and promised
async def test_it_works_under_runnable_with_message_history(client: redis.Redis) -> None:
    def reply(messages: Any) -> AIMessage:
        return AIMessage(f"{len(messages)} messages seen")

    chain = RunnableWithMessageHistory(
        RunnableLambda(reply), lambda session_id: RedisChatMessageHistory(session_id, client)
    )
    config: Any = {"configurable": {"session_id": "s"}}
    assert chain.invoke([HumanMessage("one")], config).content == "1 messages seen"
    assert (await chain.ainvoke([HumanMessage("two")], config)).content == "3 messages seen"
    async for _ in chain.astream([HumanMessage("three")], config):
        pass
    assert len(RedisChatMessageHistory("s", client).messages) == 6
