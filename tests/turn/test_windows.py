"""What a process keeps of the conversations it has read, so as not to read it again."""

from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from chat import conversations
from chat.conversations import Windows
from chat.history import encode


def read(windows: Windows, session_id: str, messages: list[BaseMessage]) -> list[BaseMessage]:
    """Reads Redis's answer with these messages, the last of them to be answered."""
    entries = [encode(message).encode() for message in messages]
    reply: list[Any] = [1, 1, b"id", entries[-1], 7, [0, entries[:-1]], b"", 0]
    return windows.turn_from(session_id, "run", reply).window


TALK: list[BaseMessage] = [
    HumanMessage("Where is it?", id="1"),
    AIMessage("On its way.", id="2"),
    HumanMessage("Since when?", id="3"),
    AIMessage("Since Monday.", id="4"),
    HumanMessage("Thanks", id="5"),
]


def test_a_message_is_read_once_and_the_window_is_what_redis_says() -> None:
    windows = Windows()
    first = read(windows, "a", TALK[:3])
    assert first == TALK[:2]
    longer = read(windows, "a", TALK)
    assert longer == TALK[:4]
    assert longer[0] is first[0]
    other = [HumanMessage("Where is it?", id="1"), AIMessage("It is lost.", id="2"), TALK[2]]
    assert read(windows, "a", other) == other[:2], "what Redis says now counts, not what was read"
    assert read(windows, "a", TALK[2:]) == TALK[2:4], "what has left the window is gone"


def test_no_session_is_given_what_another_has_read() -> None:
    windows = Windows()
    ours, theirs = read(windows, "a", TALK), read(windows, "b", TALK)
    assert ours == theirs
    assert not any(one is other for one, other in zip(ours, theirs, strict=True))


def test_little_is_kept_and_nothing_of_those_who_have_left() -> None:
    windows = Windows()
    first = read(windows, "0", TALK)
    for number in range(1, conversations.REMEMBERED):
        read(windows, str(number), TALK)
    assert read(windows, "0", TALK)[0] is first[0]
    for number in range(conversations.REMEMBERED, 2 * conversations.REMEMBERED):
        read(windows, str(number), TALK)
    assert read(windows, "0", TALK)[0] is not first[0]
    newest = read(windows, "0", TALK)
    windows.forget("0")
    assert read(windows, "0", TALK)[0] is not newest[0]
