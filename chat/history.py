"""The LangChain face of a conversation: one Redis List of messages for each session.

The only file that imports LangChain's base class, which langchain-core 2 removes.
"""

import asyncio
import json
import logging
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import redis
import redis.asyncio
from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    BaseMessageChunk,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    message_chunk_to_message,
    message_to_dict,
    messages_from_dict,
)
from pydantic import BaseModel

from chat import lua
from chat.errors import CorruptHistory

logger = logging.getLogger(__name__)

KINDS: dict[str, type[BaseMessage]] = {
    "human": HumanMessage,
    "ai": AIMessage,
    "tool": ToolMessage,
    "system": SystemMessage,
}
_to_json = json.JSONEncoder(separators=(",", ":")).encode
CORRUPT = "corrupt"  # the key in additional_kwargs of a message that stands for an unreadable one


def encode(message: BaseMessage) -> str:
    """One stored entry: the whole message as JSON, in ASCII so that any unicode survives.

    Raises:
        TypeError: a field of the message holds what JSON cannot express.
    """
    if isinstance(message, BaseMessageChunk):
        message = message_chunk_to_message(message)
    # The standard library's encoder, because orjson refuses lone surrogates and integers over
    # 64 bits and turns NaN into null, any of which a model's answer may hold.
    return _to_json(message_to_dict(message))


def decode(entry: bytes | str, position: int) -> BaseMessage:
    """The message of one stored entry; ``position`` is its index in the list, from 0.

    Raises:
        CorruptHistory: the entry is not a message.
    """
    try:
        try:
            fields = orjson.loads(entry)
        except orjson.JSONDecodeError:
            fields = json.loads(entry)
        return _message(fields)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # The error's text may quote the customer's words, which belong in no log.
        raise CorruptHistory(position, type(error).__name__) from None


def _message(fields: dict[str, Any]) -> BaseMessage:
    kind = KINDS.get(fields["type"])
    if kind is None:
        return messages_from_dict([fields])[0]
    # Pydantic's constructor alone, without LangChain's three around it, which only sort out their
    # positional arguments: half the cost of a message, and a turn reads twenty.
    message = kind.__new__(kind)
    BaseModel.__init__(message, **fields["data"])
    return message


def decode_all(entries: Iterable[bytes | str], first: int = 0) -> list[BaseMessage]:
    """All entries, oldest first; ``first`` is the position of the first of them.

    An entry that cannot be read is logged with its position, and a system message that says so
    stands in its place.
    """
    messages: list[BaseMessage] = []
    for position, entry in enumerate(entries, first):
        try:
            messages.append(decode(entry, position))
        except CorruptHistory as error:
            logger.error("Corrupt history: %s", error)
            messages.append(
                SystemMessage(
                    f"[Message {position} of this conversation cannot be read.]",
                    additional_kwargs={CORRUPT: {"position": position}},
                )
            )
    return messages


def readable_by_models(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """What a model provider accepts of a stretch of history.

    It begins at a human message, and no tool call stands without its answer nor an answer without
    its call, as OpenAI answers 400 to either; both can only be missing where an entry is corrupt.
    """
    answered = {m.tool_call_id for m in messages if isinstance(m, ToolMessage)}
    called: set[str | None] = set()
    kept: list[BaseMessage] = []
    for message in messages:
        if not kept and not isinstance(message, HumanMessage):
            continue
        if isinstance(message, AIMessage):
            if message.tool_calls:
                calls = [call for call in message.tool_calls if call["id"] in answered]
                if len(calls) < len(message.tool_calls):
                    message = message.model_copy(update={"tool_calls": calls})
                called.update(call["id"] for call in calls)
            if not message.tool_calls and not message.text:
                continue
        elif isinstance(message, ToolMessage) and message.tool_call_id not in called:
            continue
        kept.append(message)
    return kept


def history_key(session_id: str, prefix: str = "chat_history:") -> str:
    """The key of a session's list.

    Raises:
        ValueError: the id is empty, or a brace in id or prefix would split the Cluster slot that
            this key shares with the session's other keys.
    """
    if not session_id:
        raise ValueError("session_id: must not be empty")
    if set("{}") & set(prefix + session_id):
        raise ValueError("session_id and key_prefix: must not contain { or }")
    return prefix + session_id


class RedisChatMessageHistory(BaseChatMessageHistory):
    """A session's messages in Redis, for everything that takes a LangChain history.

    Args:
        session_id: the chat session; not empty and without ``{`` and ``}``.
        redis_client: a redis-py client, sync or async, standalone, Sentinel's or Cluster's.
            With a sync client the async methods work too, in a thread; with an async client the
            sync methods raise TypeError.
        ttl: seconds after the last message at which Redis forgets the conversation.
        key_prefix: goes before the session id in the key; without ``{`` and ``}``.

    Raises:
        ValueError: an argument out of the bounds above.
    """

    def __init__(
        self,
        session_id: str,
        redis_client: Any,
        ttl: int = 3600,
        key_prefix: str = "chat_history:",
    ) -> None:
        if ttl <= 0:
            raise ValueError("ttl: must be at least one second")
        self.key = history_key(session_id, key_prefix)
        self.session_id = session_id
        self.ttl = ttl
        self._client = redis_client
        self._is_async = isinstance(redis_client, redis.asyncio.Redis | redis.asyncio.RedisCluster)

    @property
    def messages(self) -> list[BaseMessage]:
        """All messages, oldest first; see :func:`decode_all` for unreadable ones."""
        return decode_all(self._sync_client.lrange(self.key, 0, -1))

    @messages.setter
    def messages(self, value: list[BaseMessage]) -> None:
        raise AttributeError("messages are only ever added: use add_messages")

    async def aget_messages(self) -> list[BaseMessage]:
        if not self._is_async:
            return await asyncio.to_thread(lambda: self.messages)
        return decode_all(await self._client.lrange(self.key, 0, -1))

    def add_message(self, message: BaseMessage) -> None:
        self.add_messages([message])

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Appends all of them, in order and in one step together with the TTL, or none."""
        if messages:
            self._sync_client.eval(*self._append_call(messages))

    async def aadd_messages(self, messages: Sequence[BaseMessage]) -> None:
        if not self._is_async:
            await asyncio.to_thread(self.add_messages, messages)
        elif messages:
            await self._client.eval(*self._append_call(messages))

    def clear(self) -> None:
        self._sync_client.delete(self.key)

    async def aclear(self) -> None:
        if not self._is_async:
            await asyncio.to_thread(self.clear)
        else:
            await self._client.delete(self.key)

    def get_window(self, limit: int) -> list[BaseMessage]:
        """The newest ``limit`` messages, extended back to a human one; see ``lua/window.lua``.

        Costs the same however long the conversation is.
        """
        return self._window(self._sync_client.eval(*self._window_call(limit)))

    async def aget_window(self, limit: int) -> list[BaseMessage]:
        if not self._is_async:
            return await asyncio.to_thread(self.get_window, limit)
        return self._window(await self._client.eval(*self._window_call(limit)))

    @property
    def _sync_client(self) -> Any:
        if self._is_async:
            raise TypeError(
                "this history has an async Redis client: use aget_messages, aadd_messages, aclear"
            )
        return self._client

    def _append_call(self, messages: Sequence[BaseMessage]) -> tuple[Any, ...]:
        entries = [encode(message) for message in messages]
        return lua.source("append"), 1, self.key, self.ttl, *entries

    def _window_call(self, limit: int) -> tuple[str, int, str, int]:
        if limit < 1:
            raise ValueError("limit: must be at least 1")
        return lua.source("window"), 1, self.key, limit

    @staticmethod
    def _window(reply: list[Any]) -> list[BaseMessage]:
        first, entries = reply
        return decode_all(entries, first)
