"""Which model answers a turn, what that cost, and who may spend how much.

The first line is the model of the settings. Where that is a provider's, ``offline`` is the second:
it goes on where the provider fails, and answers at once while the provider rests or the day's
budget is spent. A customer is not left without an answer, and is told nothing of whose it is.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.tools import BaseTool

from chat import agent, marks
from chat.agent import Event, Guard, MessageFinished, TextDelta
from chat.breaker import Breaker
from chat.budget import Budget, Spent
from chat.course import Course
from chat.errors import ModelUnavailable
from chat.figures import Figures, Tokens
from chat.guard.exit import NoGuard, Withheld
from chat.llm import close
from chat.llm.reply import new_id
from chat.prices import Price

logger = logging.getLogger(__name__)

# In place of an answer that the guard did not let go.
APOLOGY = (
    "I am sorry, I had to stop: my answer may have held something that is not yours to see. Please"
    " ask me again in other words, or tell me that you would like to talk to a person."
)
NO_TOKENS = UsageMetadata(input_tokens=0, output_tokens=0, total_tokens=0)
# Steps of model and tools in one answer, for each of the lines.
STEPS = 8

# Why the second line answers, beside the kinds of failures of chat.errors.ModelUnavailable.
RESTS = "the provider rests"
PLAIN = "plainly asked"
SPENT = "the {}'s budget is spent"


@dataclass(frozen=True, slots=True)
class Line:
    """A model, under the name that staff know it by."""

    name: str
    model: BaseChatModel


class FastPath(Protocol):
    """Which questions the second line answers at once: :mod:`chat.llm.offline.fast_path`."""

    def plain(self, messages: Sequence[BaseMessage]) -> bool: ...

    def sure(self, messages: Sequence[BaseMessage], said: Sequence[BaseMessage]) -> bool: ...


@dataclass(frozen=True, slots=True)
class Account:
    """Who pays: the budget, and how to find a session's customer (None: it was deleted)."""

    budget: Budget
    customer_of: Callable[[str], Awaitable[int | None]]


class Assistant:
    """Answers customers.

    Args:
        first: the model of the settings.
        second: answers where the first, a provider's, does not; None where none would do better.
        breaker: whether the first is asked at all.
        account: what the first may cost; None where that is not limited.
        fast_path: what the second answers though the first could be asked.
        price: of the first one's tokens, where it is known.
        timeout: seconds without a byte from a model after which it has failed.
    """

    def __init__(
        self,
        first: Line,
        second: Line | None = None,
        *,
        breaker: Breaker | None = None,
        account: Account | None = None,
        fast_path: FastPath | None = None,
        price: Price | None = None,
        timeout: float,
    ) -> None:
        self._first = first
        self._second = second
        self._breaker = breaker
        self._account = account
        self._fast_path = fast_path
        self._price = price
        self._timeout = timeout
        self._courses: dict[str, Course] = {}  # of the turns that run, by run id

    async def aclose(self) -> None:
        """Counts what is still to be counted, and closes the connections to the provider."""
        if self._account is not None:
            await self._account.budget.settled()
        for line in (self._first, self._second):
            if line is not None:
                await close(line.model)

    def answer(
        self,
        session_id: str,
        run_id: str,
        tools: Sequence[BaseTool],
        messages: Sequence[BaseMessage],
        guard: Guard,
    ) -> AsyncGenerator[Event, None]:
        """As :func:`chat.agent.answer`; the last message carries what the answer took.

        ``run_id`` is that of the turn, whose cost is counted once. Where ``guard`` does not let the
        answer go, an apology stands in its place.

        Raises ``ModelUnavailable`` where the first line fails and there is no second.
        """
        if self._second is None:
            asked = self._asked(self._first, tools, messages, guard)
            return self._by(self._first, Course(self._first.name, messages), asked)
        return self._by_two(self._second, session_id, run_id, tools, messages, guard)

    @property
    def provided(self) -> bool:
        """Whether the first line is a provider's model."""
        return self._second is not None

    async def aside(self, session_id: str, spend_id: str, messages: Sequence[BaseMessage]) -> str:
        """What the first line says beside the turns, as for notes; "" where it is not to be asked.

        Its tokens count for the session's customer, once for each ``spend_id``.

        Raises ``ModelUnavailable`` where it fails.
        """
        customer_id = await self._account.customer_of(session_id) if self._account else None
        if not self.provided or await self._why_second(customer_id):
            return ""
        said, text = AIMessage(""), ""
        asking = agent.answer(
            self._first.model, (), messages, NoGuard(), max_steps=1, timeout=self._timeout
        )
        try:
            async with aclosing(asking) as events:
                async for event in events:
                    if isinstance(event, MessageFinished) and isinstance(event.message, AIMessage):
                        said = event.message
                        # Calls of tools that it was not given are no words.
                        text = "" if said.tool_calls else str(said.text)
                        break
        except ModelUnavailable as error:
            await self._failed(error)
            raise
        guessed = Tokens.guessed(messages, text)
        told = {"input_tokens": guessed.read, "output_tokens": guessed.written}
        await self.spend(session_id, spend_id, said.usage_metadata or told)
        return text

    def stopped(self, run_id: str) -> dict[str, Any] | None:
        """What an answer took that is being stopped; None where it is not given here, or for free.

        For :data:`chat.marks.FIGURES` of what is kept of it.
        """
        course = self._courses.get(run_id)
        if course is None:
            return None
        course.stops()
        return course.figures.as_json(self._price)

    async def ask(self) -> None:
        """Asks the first line something of our own, to see whether it is there.

        Raises ``ModelUnavailable`` where it is not.
        """
        await agent.ask(self._first.model, timeout=self._timeout)

    async def spend(self, session_id: str, spend_id: str, usage: Mapping[str, Any]) -> None:
        """Counts what the first line was asked beside the turns, as for a summary.

        ``usage`` is LangChain's ``usage_metadata``; it is counted once for each ``spend_id``.
        """
        if self._account is not None:
            customer_id = await self._account.customer_of(session_id)
            figures = Figures(self._first.name, tokens=Tokens.counted(usage))
            if (paying := self._pay(figures, customer_id, spend_id)) is not None:
                await asyncio.shield(paying)

    async def _by_two(
        self,
        second: Line,
        session_id: str,
        run_id: str,
        tools: Sequence[BaseTool],
        messages: Sequence[BaseMessage],
        guard: Guard,
    ) -> AsyncGenerator[Event, None]:
        course = self._courses[run_id] = Course(self._first.name, messages)
        customer_id: int | None = None
        try:
            if surely := await self._surely(second, tools, messages, guard):
                course.goes_on(second.name, PLAIN)
                async with aclosing(self._by(second, course, surely)) as events:
                    async for event in events:
                        yield event
                return
            if self._account is not None:
                customer_id = await self._account.customer_of(session_id)
            pay = partial(self._pay, course.figures, customer_id, run_id)
            why, told = await self._why_second(customer_id), messages
            if not why:
                course.begins()
                asked = self._asked(self._first, tools, messages, guard)
                try:
                    async with aclosing(self._by(self._first, course, asked, pay)) as events:
                        async for event in events:
                            yield event
                    return
                except ModelUnavailable as error:
                    why = error.kind
                    await self._failed(error)
                # The customer has read it, so it stays; the answer begins anew below it.
                if broken := course.breaks_off():
                    yield MessageFinished(broken)
                told = [*messages, *course.looked_up()]
            course.goes_on(second.name, why)
            asked = self._asked(second, tools, told, guard)
            async with aclosing(self._by(second, course, asked, pay)) as events:
                async for event in events:
                    yield event
        finally:
            del self._courses[run_id]
            if not course.ended:
                # Stopped, by the customer or with the process; the counting goes on nevertheless.
                course.stops()
                self._pay(course.figures, customer_id, run_id)

    async def _by(
        self,
        line: Line,
        course: Course,
        answering: AsyncGenerator[Event, None],
        pay: Callable[[], asyncio.Task[None] | None] | None = None,
    ) -> AsyncGenerator[Event, None]:
        async with aclosing(answering) as events:
            async for event in events:
                course.note(event)
                if isinstance(event, MessageFinished) and isinstance(event.message, AIMessage):
                    if self._breaker is not None and line is self._first:
                        self._breaker.answered()
                    if not (event.message.tool_calls or _goes_on(event.message)):
                        course.ends()
                        taken = course.figures.as_json(self._price)
                        event.message.additional_kwargs[marks.FIGURES] = taken
                        if pay is not None and (paying := pay()) is not None:
                            # Before the turn ends, and so before the customer's next one begins.
                            await asyncio.shield(paying)
                yield event

    async def _asked(
        self,
        line: Line,
        tools: Sequence[BaseTool],
        messages: Sequence[BaseMessage],
        guard: Guard,
    ) -> AsyncGenerator[Event, None]:
        """What the line says, as far as the guard lets it go, and an apology for the rest."""
        open_id, words = "", ""
        try:
            async with aclosing(self._raw(line, tools, messages, guard)) as events:
                async for event in events:
                    if isinstance(event, TextDelta):
                        open_id, words = event.message_id, words + event.text
                    elif isinstance(event, MessageFinished):
                        words = ""
                    yield event
        except Withheld as withheld:
            await guard.report(withheld, words)
            apology = AIMessage(APOLOGY, id=new_id(), additional_kwargs={marks.WITHHELD: True})
            if words:
                yield MessageFinished(marks.replaced_reply(open_id, words))
                # Its tokens are counted with those.
                apology.usage_metadata = NO_TOKENS
            yield TextDelta(str(apology.id), APOLOGY)
            yield MessageFinished(apology)

    def _raw(
        self,
        line: Line,
        tools: Sequence[BaseTool],
        messages: Sequence[BaseMessage],
        guard: Guard,
    ) -> AsyncGenerator[Event, None]:
        return agent.answer(
            line.model, tools, messages, guard, max_steps=STEPS, timeout=self._timeout
        )

    async def _surely(
        self,
        second: Line,
        tools: Sequence[BaseTool],
        messages: Sequence[BaseMessage],
        guard: Guard,
    ) -> AsyncGenerator[Event, None] | None:
        """The second line's whole answer, where it is plainly asked for and surely right."""
        if self._fast_path is None or not self._fast_path.plain(messages):
            return None
        try:
            async with aclosing(self._raw(second, tools, messages, guard)) as events:
                happened = [event async for event in events]
        except ModelUnavailable:
            return None
        except Withheld as withheld:
            await guard.report(withheld, "")
            return None
        said = [event.message for event in happened if isinstance(event, MessageFinished)]
        return _again(happened) if self._fast_path.sure(messages, said) else None

    async def _why_second(self, customer_id: int | None) -> str:
        """Why the first line is not even asked; empty where it is."""
        if self._breaker is not None and self._breaker.rests:
            return RESTS
        if self._account is None or customer_id is None:
            return ""
        whose = await self._account.budget.exhausted(customer_id)
        return SPENT.format(whose) if whose else ""

    async def _failed(self, error: ModelUnavailable) -> None:
        logger.warning("%s gave no answer: %s", self._first.name, error.kind)
        if self._breaker is not None and error.outage:
            await self._breaker.failed(error.kind)

    def _pay(
        self, figures: Figures, customer_id: int | None, spend_id: str
    ) -> asyncio.Task[None] | None:
        """Begins to count what is to be counted; it is done whether awaited or not."""
        if self._account is None or customer_id is None or not figures.tokens.all:
            return None
        spent = Spent(figures.cost(self._price) or 0, figures.tokens.all)
        return self._account.budget.count(customer_id, spend_id, spent)


def _goes_on(message: AIMessage) -> bool:
    """Whether the answer begins anew behind it."""
    return marks.REPLACED in message.additional_kwargs


async def _again(happened: Sequence[Event]) -> AsyncGenerator[Event, None]:
    for event in happened:
        yield event
