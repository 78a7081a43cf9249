"""The offline assistant in a conversation of which it sees the end only."""

from datetime import date
from typing import Any

import pytest
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    message_to_dict,
    messages_from_dict,
)

from chat.llm import create_model
from chat.llm.offline.conversation import REMEMBERED, About, read
from chat.prompts import system_prompt

TODAY = date(2026, 11, 24)


def replied(text: str, about: About | None = None, **metadata: Any) -> AIMessage:
    return AIMessage(
        text, response_metadata=metadata | ({"about": about.as_json()} if about else {})
    )


def small_talk(turns: int, history: list[BaseMessage]) -> None:
    """So many turns of it, answered by the model itself."""
    model = create_model("offline", api_key="", base_url="", timeout=5)
    for _ in range(turns):
        history.append(HumanMessage("thanks"))
        history.append(model.invoke(history))


def seen(history: list[BaseMessage], count: int = 6) -> list[BaseMessage]:
    """Its end, as it comes back from Redis."""
    return messages_from_dict([message_to_dict(message) for message in history[-count:]])


@pytest.mark.parametrize(
    ("about", "focus", "choices"),
    [
        (About(intent="where", orders=("1018",), open=True), ("1018",), ()),
        (
            About(intent="where", orders=("1018",), choices=("1018", "1019")),
            ("1018",),
            ("1018", "1019"),
        ),
    ],
)
def test_orders_are_known_when_the_reply_about_them_is_out_of_sight(
    about: About, focus: tuple[str, ...], choices: tuple[str, ...]
) -> None:
    history: list[BaseMessage] = [HumanMessage("Where is it?"), replied("Here.", about)]
    small_talk(12, history)
    talked = read([*seen(history), HumanMessage("and when?")])
    assert (talked.focus, talked.choices) == (focus, choices)
    assert talked.order_intent == "where"
    assert not talked.first
    assert read([HumanMessage("and when?")]).focus == ()


def test_an_order_spoken_of_since_is_meant_instead() -> None:
    history: list[BaseMessage] = [replied("Here.", About(orders=("1018",)))]
    small_talk(8, history)
    history.append(replied("There.", About(orders=("1019",))))
    assert read([*seen(history), HumanMessage("and when?")]).focus == ("1019",)
    small_talk(8, history)
    talked = read([*seen(history), HumanMessage("and when?")])
    assert talked.focus == ("1019",)
    assert talked.spoken == ("1018", "1019")


def test_a_reply_remembers_so_many_others() -> None:
    history: list[BaseMessage] = [
        replied("Here.", About(orders=(str(number),))) for number in range(1000, 1020)
    ]
    small_talk(1, history)
    assert len(history[-1].response_metadata["before"]) == REMEMBERED


def test_where_another_model_has_answered_its_notes_tell_of_the_orders() -> None:
    notes = "They asked for order #1018, which is late."
    window = [HumanMessage("thanks"), AIMessage("You are welcome."), HumanMessage("and when?")]
    talked = read([SystemMessage(system_prompt(TODAY, notes)), *window])
    assert talked.focus == ("1018",)
    assert read([SystemMessage(system_prompt(TODAY)), *window]).focus == ()
