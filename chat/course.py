"""One answer while it is made: what was said, by whom, and what it took so far."""

from collections.abc import Sequence
from time import monotonic

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from chat import marks
from chat.agent import Event, MessageFinished, TextDelta
from chat.figures import Figures, Tokens


class Course:
    """Notes what an agent does for one answer.

    ``model`` begins it, with ``messages`` before it.
    """

    def __init__(self, model: str, messages: Sequence[BaseMessage]) -> None:
        self.figures = Figures(model)
        self._begun = monotonic()
        self._messages = messages
        self._said: list[BaseMessage] = []
        self._open_id = ""
        self._open: list[str] = []
        self._paid = False
        self._awaited = 0  # tool calls whose answers are still to come
        self.ended = False

    def begins(self) -> None:
        """A model is asked whose tokens are counted."""
        self._paid = True

    def note(self, event: Event) -> None:
        """What the agent did next."""
        if isinstance(event, TextDelta):
            if not self.figures.first:
                self.figures.first = self._elapsed()
            self._open_id = event.message_id
            self._open.append(event.text)
        elif isinstance(event, MessageFinished):
            self._finish(event.message)

    def goes_on(self, model: str, because: str) -> None:
        """Another model answers from here on."""
        self._paid = False
        self.figures.model, self.figures.because = model, because

    def breaks_off(self) -> AIMessage | None:
        """The model failed. Answers the message whose end is missing, where words were shown."""
        if not self._open:
            return None
        words = "".join(self._open)
        if self._paid:
            # Tokens were used, of which nothing was told.
            self._guess(words)
        self._open.clear()
        return marks.replaced_reply(self._open_id, words)

    def stops(self) -> None:
        """Nobody wants to hear the rest. What the model was just asked has its price."""
        if self._paid and not self._awaited:
            self._guess("".join(self._open))
        self._paid = False
        self.figures.whole = self._elapsed()

    def ends(self) -> None:
        """The last words were said."""
        self._paid, self.ended = False, True
        self.figures.whole = self._elapsed()

    def looked_up(self) -> list[BaseMessage]:
        """What this turn's tools answered, and their calls.

        Without those that failed: the next model may call them better.
        """
        failed = {
            message.tool_call_id
            for message in self._said
            if isinstance(message, ToolMessage) and message.status == "error"
        }
        kept: list[BaseMessage] = []
        for message in self._said:
            if isinstance(message, AIMessage):
                calls = [call for call in message.tool_calls if call["id"] not in failed]
                if calls:
                    kept.append(message.model_copy(update={"tool_calls": calls}))
            elif isinstance(message, ToolMessage) and message.tool_call_id not in failed:
                kept.append(message)
        return kept

    def _finish(self, message: BaseMessage) -> None:
        if isinstance(message, AIMessage):
            self.figures.steps += 1
            self.figures.tools += len(message.tool_calls)
            self._awaited = len(message.tool_calls)
            self._open.clear()
            if self._paid:
                self._count(message)
        else:
            self._awaited -= 1
        self._said.append(message)

    def _count(self, message: AIMessage) -> None:
        if message.usage_metadata is None:
            self._guess(str(message.text))
        else:
            self.figures.tokens += Tokens.counted(message.usage_metadata)

    def _guess(self, written: str) -> None:
        self.figures.guessed = True
        self.figures.tokens += Tokens.guessed([*self._messages, *self._said], written)

    def _elapsed(self) -> int:
        """Milliseconds; at least one, for none means not yet."""
        return max(1, round(1000 * (monotonic() - self._begun)))
