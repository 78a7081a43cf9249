"""AG-UI's rules for a stream: each event of its type, and each run in order.

The order is that of the verifier in ``@ag-ui/client``: a run begins with RUN_STARTED, nothing but a
new RUN_STARTED follows its end, and RUN_FINISHED leaves no text and no tool call open.
"""

from collections.abc import Iterable
from typing import Any

from ag_ui.core import Event
from pydantic import TypeAdapter

_event: TypeAdapter[Any] = TypeAdapter(Event)
_outside_of_runs = {"STATE_SNAPSHOT", "MESSAGES_SNAPSHOT", "CUSTOM"}


def verify(events: Iterable[dict[str, Any]]) -> None:
    """Raises when an event is malformed or out of order."""
    running: str | None = None
    texts: set[str] = set()
    calls: set[str] = set()
    newest = 0
    for event in events:
        _event.validate_python(event)
        kind, metadata = event["type"], event.get("metadata", {})
        if "seq" in metadata and kind not in _outside_of_runs:
            assert metadata["seq"] > newest, f"{kind} has number {metadata['seq']} after {newest}"
            newest = metadata["seq"]
        if kind in _outside_of_runs or "at" in metadata:
            continue
        if kind == "RUN_STARTED":
            assert running is None, "a run begins within a run"
            running = event["runId"]
            continue
        assert running is not None, f"{kind} outside of a run"
        assert metadata["runId"] == running
        match kind:
            case "TEXT_MESSAGE_START":
                assert event["messageId"] not in texts
                texts.add(event["messageId"])
            case "TEXT_MESSAGE_CONTENT":
                assert event["messageId"] in texts
                assert event["delta"]
            case "TEXT_MESSAGE_END":
                texts.remove(event["messageId"])
            case "TOOL_CALL_START":
                calls.add(event["toolCallId"])
            case "TOOL_CALL_ARGS":
                assert event["toolCallId"] in calls
            case "TOOL_CALL_END":
                calls.remove(event["toolCallId"])
            case "RUN_FINISHED":
                assert not texts, "a text is left open"
                assert not calls, "a tool call is left open"
                running = None
            case "RUN_ERROR":
                texts.clear()
                calls.clear()
                running = None
