"""One answer while it is being made: what it says so far, and what it will leave behind."""

import asyncio

from langchain_core.messages import AIMessage, BaseMessage

from chat import agent, marks
from chat.agent import MessageFinished, TextDelta, ToolFinished, ToolStarted
from chat.events import Event, Run


class Progress:
    """Collects what the agent does, as events for the tabs and messages for the history.

    ``wake`` is set whenever there is something new to say.
    """

    def __init__(self, run: Run, answers: str) -> None:
        self.messages: list[BaseMessage] = []
        self.wake = asyncio.Event()
        self._run = run
        self._answers = answers
        self._events: list[Event] = []
        self._open_text: str | None = None

    def add(self, happened: agent.Event) -> None:
        match happened:
            case TextDelta(message_id, text):
                self._add_text(message_id, text)
            case ToolStarted(message_id, call_id, name, arguments):
                self._events += self._run.tool_call(message_id, call_id, name, arguments)
            case ToolFinished(message_id, call_id, content, artifact):
                self._events.append(self._run.tool_result(message_id, call_id, content))
                if isinstance(artifact, dict):
                    self._events.append(self._run.order_card(message_id, artifact))
            case MessageFinished(message):
                self._finish(message)
        self.wake.set()

    def take(self) -> list[Event]:
        """What has not been said yet, words of one message joined."""
        events, self._events = self._events, []
        return events

    def finished(self) -> list[BaseMessage]:
        """The messages of the whole answer, the last marked with what it answers."""
        self.messages[-1].additional_kwargs[marks.ANSWERS] = self._answers
        return self.messages

    def _add_text(self, message_id: str, text: str) -> None:
        if self._open_text != message_id:
            self._open_text = message_id
            self._events.append(self._run.text_start(message_id))
        newest = self._events[-1] if self._events else None
        if newest and newest["type"] == "TEXT_MESSAGE_CONTENT":
            newest["delta"] += text
        else:
            self._events.append(self._run.text(message_id, text))

    def _finish(self, message: BaseMessage) -> None:
        if isinstance(message, AIMessage) and self._open_text is not None:
            broken_off = marks.REPLACED in message.additional_kwargs
            end = self._run.text_broken_off if broken_off else self._run.text_end
            self._events.append(end(self._open_text))
            self._open_text = None
        message.additional_kwargs[marks.AT] = marks.now()
        self.messages.append(message)
