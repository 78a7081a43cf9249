"""What the model sees of a conversation, by count and by tokens."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from chat import marks
from chat.conversations import Turn
from chat.window import SHORT, SHORTENED, begins, tokens, view


def turn(window: list[BaseMessage], text: str = "And now?", **fields: Any) -> Turn:
    return Turn("s", "r", 1, 1, HumanMessage(text, id="newest"), 1, window, **fields)


def looked_up(number: int, result: int = 10) -> list[BaseMessage]:
    """A whole turn of four messages; the tool's result has so many characters."""
    call = {"type": "tool_call", "id": f"c{number}", "name": "get_order", "args": {"n": number}}
    return [
        HumanMessage(f"Where is {number}?", id=f"h{number}"),
        AIMessage("", tool_calls=[call]),
        ToolMessage("x" * result, tool_call_id=f"c{number}"),
        AIMessage(f"It is here, {number}."),
    ]


def texts(messages: list[BaseMessage]) -> list[str]:
    return [message.text for message in messages]


@pytest.mark.parametrize(
    ("message", "count"),
    [
        (HumanMessage(""), 4),
        (HumanMessage("a" * 40), 14),
        (HumanMessage("привет"), 4 + 12 // 4),
        (AIMessage("", tool_calls=[{"id": "a", "name": "abcd", "args": {}}]), 4 + 6 // 4),
        (HumanMessage([{"type": "text", "text": "a" * 40}]), 14),
    ],
)
def test_tokens_are_counted_by_bytes_and_the_same_for_all_models(
    message: BaseMessage, count: int
) -> None:
    assert tokens(message) == count


def test_within_the_bound_all_of_the_window_is_seen() -> None:
    window = looked_up(1) + looked_up(2)
    seen, more = view(turn(window), 10_000)
    assert texts(seen) == [*texts(window), "And now?"]
    assert not more


def test_what_lies_before_the_window_is_known_to_be_there() -> None:
    assert view(turn(looked_up(1), start=4), 10_000)[1]


def test_old_results_are_shortened_before_anything_falls_out() -> None:
    window = looked_up(1, 4_000) + looked_up(2, 4_000)
    seen, more = view(turn(window), 1_300)
    results = [message.text for message in seen if isinstance(message, ToolMessage)]
    assert results == ["x" * SHORT + SHORTENED, "x" * 4_000]
    assert len(seen) == 9
    assert not more
    assert len(window[2].text) == 4_000, "the history's own message stays whole"


def test_whole_turns_fall_out_the_oldest_first() -> None:
    window = looked_up(1) + looked_up(2) + looked_up(3)
    one = sum(map(tokens, looked_up(1)))
    seen, more = view(turn(window), 2 * one + tokens(HumanMessage("And now?")))
    assert seen[0].text == "Where is 2?"
    assert more


def test_the_newest_message_always_stands() -> None:
    seen, more = view(turn(looked_up(1), "long " * 4_000), 100)
    assert texts(seen) == ["long " * 4_000]
    assert more


def test_failed_and_replaced_answers_are_not_seen() -> None:
    window: list[BaseMessage] = [
        HumanMessage("1", id="1"),
        AIMessage("", additional_kwargs={marks.FAILED: "internal"}),
        AIMessage("It is", additional_kwargs={marks.REPLACED: True}),
        AIMessage("It is here."),
        HumanMessage("And now?", id="newest"),
        AIMessage("", additional_kwargs={marks.FAILED: "internal"}),
    ]
    assert texts(view(turn(window), 10_000)[0]) == ["1", "It is here.", "And now?"]


@st.composite
def conversations(draw: st.DrawFn) -> list[BaseMessage]:
    lengths = draw(st.lists(st.integers(0, 3_000), max_size=8))
    messages: list[BaseMessage] = []
    for number, length in enumerate(lengths):
        messages += looked_up(number, length) if length % 2 else looked_up(number)[::3]
    return messages


@settings(deadline=None, max_examples=60)
@given(conversations(), st.integers(20, 3_000))
def test_whatever_the_bound_no_call_is_parted_from_its_answer(
    window: list[BaseMessage], limit: int
) -> None:
    seen, _ = view(turn(window), limit)
    assert seen[-1].text == "And now?"
    assert isinstance(seen[0], HumanMessage)
    asked = [call["id"] for m in seen if isinstance(m, AIMessage) for call in m.tool_calls]
    assert asked == [m.tool_call_id for m in seen if isinstance(m, ToolMessage)]
    assert len(seen) == 1 or sum(map(tokens, seen)) <= limit
    assert json.dumps(texts(seen)) == json.dumps(texts(view(turn(window), limit)[0]))


@settings(deadline=None, max_examples=60)
@given(conversations(), st.integers(1, 40), st.integers(0, 3_000))
def test_where_a_window_begins_is_the_furthest_human_message_within_the_bounds(
    messages: list[BaseMessage], count: int, limit: int
) -> None:
    def fits(index: int) -> bool:
        rest = messages[index:]
        return len(rest) <= count and sum(map(tokens, rest)) <= limit

    fitting = [i for i, m in enumerate(messages) if isinstance(m, HumanMessage) and fits(i)]
    assert begins(messages, count=count, limit=limit) == (fitting or [len(messages)])[0]
