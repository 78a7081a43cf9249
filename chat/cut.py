"""What was said before a turn was stopped, put together from its events."""

import json
from collections.abc import Iterable
from uuid import uuid4

from langchain_core.messages import AIMessage, BaseMessage, ToolCall, ToolMessage

from chat import marks
from chat.events import Event, Run, card_id


def closing_events(run: Run, said: Iterable[Event]) -> list[Event]:
    """Ends what ``said`` has left open, and the run, as AG-UI's verifier wants it."""
    open_texts: dict[str, None] = {}
    open_calls: dict[str, None] = {}
    for event in said:
        match event["type"]:
            case "TEXT_MESSAGE_START" if event["role"] == "assistant":
                open_texts[event["messageId"]] = None
            case "TEXT_MESSAGE_END":
                open_texts.pop(event["messageId"], None)
            case "TOOL_CALL_START":
                open_calls[event["toolCallId"]] = None
            case "TOOL_CALL_END":
                open_calls.pop(event["toolCallId"], None)
    return [
        *(run.text_end(message_id) for message_id in open_texts),
        *(run.tool_call_end(call_id) for call_id in open_calls),
        run.finished("cancelled"),
    ]


def messages_said(said: Iterable[Event], answers: str) -> list[BaseMessage]:
    """The messages that the events of a stopped turn make, the last of them marked as cut.

    Tool calls without an answer are dropped, as a model may not be shown them. ``answers`` is the
    id of the customer's message.
    """
    texts: dict[str, str] = {}
    calls: dict[str, dict[str, ToolCall]] = {}
    arguments: dict[str, str] = {}
    results: dict[str, ToolMessage] = {}
    cards: dict[str, Event] = {}
    replaced: set[str] = set()
    for event in said:
        match event["type"]:
            case "TEXT_MESSAGE_START" if event["role"] == "assistant":
                texts.setdefault(event["messageId"], "")
            case "TEXT_MESSAGE_CONTENT" if event["messageId"] in texts:
                texts[event["messageId"]] += event["delta"]
            case "TEXT_MESSAGE_END" if event["metadata"].get(marks.REPLACED):
                replaced.add(event["messageId"])
            case "TOOL_CALL_START":
                message_id, call_id = event["parentMessageId"], event["toolCallId"]
                texts.setdefault(message_id, "")
                call = ToolCall(name=event["toolCallName"], args={}, id=call_id, type="tool_call")
                calls.setdefault(message_id, {})[call_id] = call
            case "TOOL_CALL_ARGS":
                call_id = event["toolCallId"]
                arguments[call_id] = arguments.get(call_id, "") + event["delta"]
            case "TOOL_CALL_RESULT":
                results[event["toolCallId"]] = ToolMessage(
                    event["content"], tool_call_id=event["toolCallId"], id=event["messageId"]
                )
            case "ACTIVITY_SNAPSHOT":
                cards[event["messageId"]] = event["content"]
    messages: list[BaseMessage] = []
    for message_id, text in texts.items():
        answered = [c for i, c in calls.get(message_id, {}).items() if i in results]
        for call in answered:
            # Not orjson: a model may have said NaN or 1e999, which json reads as it wrote them.
            call["args"] = json.loads(arguments[str(call["id"])])
        if text or answered:
            messages.append(AIMessage(text, id=message_id, tool_calls=answered))
            messages += [results[str(call["id"])] for call in answered]
    if not messages or not isinstance(messages[-1], AIMessage):
        messages.append(AIMessage("", id=uuid4().hex))
    for result in results.values():
        result.artifact = cards.get(card_id(str(result.id)))
    for message in messages:
        message.additional_kwargs[marks.AT] = marks.now()
        if message.id in replaced:
            message.additional_kwargs |= {marks.CUT: True, marks.REPLACED: True}
    messages[-1].additional_kwargs.pop(marks.REPLACED, None)  # nothing came after it
    messages[-1].additional_kwargs |= {marks.CUT: True, marks.ANSWERS: answers}
    return messages
