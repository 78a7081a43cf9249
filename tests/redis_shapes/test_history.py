"""LangChain's face of a conversation, on the clients of each shape."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import pytest
import redis
import redis.asyncio
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.sentinel import Sentinel

from chat.history import RedisChatMessageHistory
from tests.redis_shapes.servers import MASTER_NAME, SentinelRedis

CALL: Any = {"name": "get_order", "args": {"order_number": "1018"}, "id": "c", "type": "tool_call"}
SAID: list[BaseMessage] = [
    HumanMessage("Where is my parcel?", id="1"),
    AIMessage("", id="2", tool_calls=[CALL]),
    ToolMessage("On its way.", id="3", tool_call_id="c"),
    AIMessage("On its way.", id="4"),
]


@pytest.fixture(params=["sentinel", "cluster"])
def shape(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture
def client(shape: Any) -> Iterator[Any]:
    if isinstance(shape, SentinelRedis):
        addresses = [("127.0.0.1", node.port) for node in shape.sentinels]
        sentinel: Any = Sentinel(addresses)  # type: ignore[no-untyped-call]
        found: Any = sentinel.master_for(MASTER_NAME)
    else:
        found = redis.RedisCluster("127.0.0.1", shape.nodes[0].port)
    yield found
    found.close()
    if isinstance(shape, SentinelRedis):
        for each in sentinel.sentinels:
            each.close()


@pytest.fixture
async def async_client(shape: Any) -> AsyncIterator[Any]:
    if isinstance(shape, SentinelRedis):
        addresses = [("127.0.0.1", node.port) for node in shape.sentinels]
        sentinel: Any = AsyncSentinel(addresses)  # type: ignore[no-untyped-call]
        found: Any = sentinel.master_for(MASTER_NAME)
    else:
        found = redis.asyncio.RedisCluster("127.0.0.1", shape.nodes[0].port)
    yield found
    await found.aclose()
    if isinstance(shape, SentinelRedis):
        await sentinel.aclose()


async def test_a_sync_and_an_async_client_see_the_same_conversation(
    client: Any, async_client: Any
) -> None:
    session_id = uuid4().hex
    sync = RedisChatMessageHistory(session_id, client, ttl=60)
    sync.add_messages(SAID)
    assert sync.messages == SAID
    assert sync.get_window(1) == SAID
    assert await sync.aget_messages() == SAID  # in a thread
    history = RedisChatMessageHistory(session_id, async_client, ttl=60)
    assert await history.aget_messages() == SAID
    await history.aadd_messages(SAID)
    assert await history.aget_window(1) == SAID
    assert sync.messages == SAID * 2
    await history.aclear()
    assert await history.aget_messages() == []
    with pytest.raises(TypeError, match="aget_messages"):
        assert history.messages
