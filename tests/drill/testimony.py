"""What a customer would have seen of a sound installation, for tests to plant faults in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, message_to_dict

from chat import events, marks
from chat.drill.findings import Witness
from chat.drill.screen import Screen

AT = "2026-11-22T17:07:16.048+00:00"
Frames = list[str]


@dataclass
class Turn:
    """A message and its answer, whose ids are ``mN`` and ``aN``."""

    number: int
    said: str
    answer: str

    @property
    def message(self) -> HumanMessage:
        kwargs = {marks.AT: AT}
        return HumanMessage(self.said, id=f"m{self.number}", additional_kwargs=kwargs)

    @property
    def reply(self) -> AIMessage:
        kwargs = {marks.AT: AT, marks.ANSWERS: f"m{self.number}"}
        return AIMessage(self.answer, id=f"a{self.number}", additional_kwargs=kwargs)

    def acknowledged(self) -> list[events.Event]:
        return events.acknowledgement(f"m{self.number}", self.said, AT)

    def answered(self) -> list[events.Event]:
        run = events.Run("thread", f"r{self.number}")
        half = len(self.answer) // 2
        reply = f"a{self.number}"
        return [
            run.started(),
            run.text_start(reply),
            run.text(reply, self.answer[:half]),
            run.text(reply, self.answer[half:]),
            run.text_end(reply),
            run.finished(),
        ]


@dataclass
class Account:
    """A customer with two tabs; the parts may be changed before :meth:`witness`."""

    name: str = "anna"
    turns: list[Turn] = field(
        default_factory=lambda: [Turn(1, "Where is it?", "On its way."), Turn(2, "When?", "Today.")]
    )

    def __post_init__(self) -> None:
        self.history: list[BaseMessage] = []
        said: list[events.Event] = []
        for turn in self.turns:
            self.history += [turn.message, turn.reply]
            said += [*turn.acknowledged(), *turn.answered()]
        self.tabs = [snapshots() + frames(said), snapshots() + frames(said)]
        self.pages: list[str] = []
        self.sessions = 1
        self.transcript: dict[int, Any] | None = None

    def witness(self) -> Witness:
        copies = dict(enumerate(map(message_to_dict, self.history)))
        return Witness(
            name=self.name,
            said={f"m{turn.number}": turn.said for turn in self.turns},
            screens=[screen_of(tab) for tab in self.tabs],
            frames=self.tabs,
            pages=self.pages,
            sessions=self.sessions,
            history=self.history,
            transcript=copies if self.transcript is None else self.transcript,
        )


def frames(said: Sequence[events.Event], first: int = 1) -> Frames:
    """The events as they are sent, numbered from ``first``."""
    return [events.frame(events.encode(event), seq) for seq, event in enumerate(said, first)]


def snapshots(messages: Sequence[events.Event] = (), seq: int = 0) -> Frames:
    """What a connection begins with."""
    state = {"threadId": "thread", "mode": "bot", "expiresAt": AT}
    return [
        orjson.dumps(event | {"metadata": {"seq": seq}}).decode()
        for event in (
            {"type": "STATE_SNAPSHOT", "snapshot": state},
            {"type": "MESSAGES_SNAPSHOT", "messages": messages},
        )
    ]


def screen_of(tab: Frames) -> Screen:
    screen = Screen()
    for text in tab:
        screen.take(orjson.loads(text))
    return screen


def other(message: BaseMessage, **changes: Any) -> BaseMessage:
    return message.model_copy(update=changes)
