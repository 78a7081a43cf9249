"""AG-UI 1.0 events as the socket sends them, built as plain dicts on the hot path.

Tests validate each against ``ag-ui-protocol``'s types. An event is kept in Redis without its
number, as JSON that ends in its metadata, and :func:`frame` puts the number in.
"""

from typing import Any

import orjson

Event = dict[str, Any]


def encode(event: Event) -> bytes:
    """JSON in UTF-8, with the metadata last."""
    return orjson.dumps(event)


def frame(body: bytes, seq: int) -> str:
    """What goes over the socket: the event with its number."""
    return (body[:-2] + b',"seq":%d}}' % seq).decode()


def acknowledgement(message_id: str, text: str, at: str) -> list[Event]:
    """A customer's message is stored: from here on it is never lost. ``at`` is ISO 8601."""
    metadata = {"at": at}
    return [
        {
            "type": "TEXT_MESSAGE_START",
            "messageId": message_id,
            "role": "user",
            "metadata": metadata,
        },
        {
            "type": "TEXT_MESSAGE_CONTENT",
            "messageId": message_id,
            "delta": text,
            "metadata": metadata,
        },
        {"type": "TEXT_MESSAGE_END", "messageId": message_id, "metadata": metadata},
    ]


def refused(code: str, message: str, **details: Any) -> Event:
    """A frame that changed nothing; ``details`` are ``id`` and ``retryAfterMs``."""
    value = {"code": code, "message": message}
    value |= {name: detail for name, detail in details.items() if detail is not None}
    return {"type": "CUSTOM", "name": "refused", "value": value}


class Run:
    """The events of one turn."""

    def __init__(self, session_id: str, run_id: str) -> None:
        self.run_id = run_id
        self._ids = {"threadId": session_id, "runId": run_id}
        self._metadata = {"runId": run_id}

    def owns(self, event: Event) -> bool:
        """Whether the event is one of this turn's."""
        return bool(event["metadata"].get("runId") == self.run_id)

    def started(self) -> Event:
        return self._event("RUN_STARTED", **self._ids)

    def finished(self, outcome: str = "success") -> Event:
        """``outcome`` is success or cancelled."""
        return self._event("RUN_FINISHED", **self._ids, outcome={"type": outcome})

    def error(self, code: str, message: str) -> Event:
        return self._event("RUN_ERROR", code=code, message=message)

    def text_start(self, message_id: str) -> Event:
        return self._event("TEXT_MESSAGE_START", messageId=message_id, role="assistant")

    def text(self, message_id: str, delta: str) -> Event:
        return self._event("TEXT_MESSAGE_CONTENT", messageId=message_id, delta=delta)

    def text_end(self, message_id: str) -> Event:
        return self._event("TEXT_MESSAGE_END", messageId=message_id)

    def text_broken_off(self, message_id: str) -> Event:
        """The text ends before its end, and the answer begins anew in another message."""
        end = self.text_end(message_id)
        return end | {"metadata": self._metadata | {"cut": True, "replaced": True}}

    def tool_call(self, message_id: str, call_id: str, name: str, arguments: str) -> list[Event]:
        return [
            self._event(
                "TOOL_CALL_START",
                toolCallId=call_id,
                toolCallName=name,
                parentMessageId=message_id,
            ),
            self._event("TOOL_CALL_ARGS", toolCallId=call_id, delta=arguments),
            self.tool_call_end(call_id),
        ]

    def tool_call_end(self, call_id: str) -> Event:
        return self._event("TOOL_CALL_END", toolCallId=call_id)

    def tool_result(self, message_id: str, call_id: str, content: str) -> Event:
        return self._event(
            "TOOL_CALL_RESULT",
            messageId=message_id,
            toolCallId=call_id,
            content=content,
            role="tool",
        )

    def order_card(self, tool_message_id: str, card: dict[str, Any]) -> Event:
        return self._event(
            "ACTIVITY_SNAPSHOT",
            messageId=card_id(tool_message_id),
            activityType="order",
            content=card,
        )

    def _event(self, kind: str, **fields: Any) -> Event:
        return {"type": kind, **fields, "metadata": self._metadata}


def card_id(tool_message_id: str) -> str:
    """The id of the order card that belongs to a tool's message."""
    return f"{tool_message_id}:card"
