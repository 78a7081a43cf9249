"""The conversation as a tab gets it on connecting: STATE_SNAPSHOT and MESSAGES_SNAPSHOT."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from chat import marks
from chat.events import Event, card_id


def state_snapshot(session_id: str, mode: str, expires_in: float, seq: int) -> Event:
    """``expires_in`` is in seconds; ``seq`` is the number just before the next event's."""
    expires_at = datetime.now(UTC) + timedelta(seconds=expires_in)
    return {
        "type": "STATE_SNAPSHOT",
        "snapshot": {
            "threadId": session_id,
            "mode": mode,
            "expiresAt": expires_at.isoformat(timespec="seconds"),
        },
        "metadata": {"seq": seq},
    }


def messages_snapshot(
    messages: Iterable[BaseMessage], waiting: Iterable[BaseMessage], again: set[str], seq: int
) -> Event:
    """The conversation, then the messages that wait for their answer.

    ``again`` are the ids of those among ``messages`` that are being tried again.
    """
    messages = list(messages)
    failed = marks.unanswered(messages) - again
    return {
        "type": "MESSAGES_SNAPSHOT",
        "messages": [
            shown for message in (*messages, *waiting) for shown in _shown(message, failed)
        ],
        "metadata": {"seq": seq},
    }


def _shown(message: BaseMessage, failed: set[str]) -> list[Event]:
    """The AG-UI messages that one stored message is to a customer."""
    metadata: Event = {
        name: message.additional_kwargs[name]
        for name in (marks.AT, marks.CUT, marks.REPLACED)
        if name in message.additional_kwargs
    }
    match message:
        case HumanMessage():
            if message.id in failed:
                metadata[marks.FAILED] = True
            return [_message(message, "user", metadata, content=message.text)]
        case AIMessage() if marks.FAILED in message.additional_kwargs:
            return []
        case AIMessage():
            calls = [
                {
                    "id": call["id"],
                    "type": "function",
                    "function": {
                        "name": call["name"],
                        # Not orjson, which refuses integers over 64 bits.
                        "arguments": json.dumps(call["args"], ensure_ascii=False),
                    },
                }
                for call in message.tool_calls
            ]
            fields: Event = {"content": message.text} | ({"toolCalls": calls} if calls else {})
            return [_message(message, "assistant", metadata, **fields)]
        case ToolMessage():
            result = _message(
                message, "tool", metadata, content=message.text, toolCallId=message.tool_call_id
            )
            if not isinstance(message.artifact, dict):
                return [result]
            card = {
                "id": card_id(result["id"]),
                "role": "activity",
                "activityType": "order",
                "content": message.artifact,
            }
            return [result, card]
        case _:
            # It stands for a message that cannot be read; the customer sees that it is missing.
            return [_message(message, "system", metadata, content=message.text)]


def _message(message: BaseMessage, role: str, metadata: Event, **fields: Any) -> Event:
    shown = {"id": message.id or "", "role": role, **fields}
    return shown | {"metadata": metadata} if metadata else shown
