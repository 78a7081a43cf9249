"""The guard of one turn: knows what its customer may see, and judges what wants to leave."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from django.db import Error as DatabaseFailure
from langchain_core.messages import BaseMessage, HumanMessage

from chat.database import in_thread
from chat.guard.customers import may_see, somebody_elses
from chat.guard.exit import Exit, Withheld
from chat.guard.seen import Doubt, Seen

# In staff's words: whose it is cannot be known while the database does not answer.
UNCHECKED = "a number that could not be checked"

# Told what was withheld: its kind, and the text for staff.
Report = Callable[[str, str], Awaitable[None]]


class Guard:
    """Of one turn.

    Args:
        customer_id: whose turn it is.
        said: the conversation as the model sees it; what the customer wrote may be repeated.
        report: told what was withheld.
    """

    def __init__(self, customer_id: int, said: Sequence[BaseMessage], report: Report) -> None:
        self._customer_id = customer_id
        self._said = said
        self._report = report
        self._heard: Seen | None = None  # from what was said, and this turn's tools
        self._new: list[str] = []  # not in that yet
        self._theirs: Seen | None = None

    def exit(self) -> Exit:
        """Where the words of one reply leave."""
        return Exit(self._judge)

    async def check_call(self, arguments: str) -> None:
        """What the model calls a tool with, which the customer is shown.

        Raises:
            Withheld: it holds what is not the customer's.
        """
        if kind := await self._judge(arguments, ""):
            raise Withheld(kind, arguments)

    async def check_result(self, content: str) -> None:
        """What a tool has answered; from here on the reply may repeat it.

        Raises:
            Withheld: it holds another customer's, as no tool's answer should.
        """
        # In a thread: it may be long.
        doubt = await asyncio.to_thread(Doubt.about, content)
        if doubt:
            try:
                kind = await in_thread(somebody_elses)(self._customer_id, doubt)
                if kind:  # what the customer has by the same number is theirs as well
                    doubt = doubt.without(await self._may_see())
                    kind = await in_thread(somebody_elses)(self._customer_id, doubt)
            except DatabaseFailure:
                kind = UNCHECKED
            if kind:
                raise Withheld(kind, content)
        self._new.append(content)

    async def report(self, withheld: Withheld, said: str) -> None:
        """Keeps for staff what was withheld, behind what had been ``said``."""
        await self._report(withheld.kind, said + withheld.text)

    async def _judge(self, words: str, before: str) -> str:
        doubt = Doubt.about(words, before)
        if not doubt:
            return ""
        doubt = doubt.without(await self._have_heard())
        if not doubt:
            return ""
        try:
            # Most numbers are nobody's: then it does not matter what is the customer's.
            if not (doubt.certain or await in_thread(somebody_elses)(self._customer_id, doubt)):
                return ""
            doubt = doubt.without(await self._may_see())
            return doubt.certain or await in_thread(somebody_elses)(self._customer_id, doubt)
        except DatabaseFailure:
            return doubt.certain or UNCHECKED

    async def _have_heard(self) -> Seen:
        if self._heard is None:
            self._heard = Seen()
            self._new += [str(m.text) for m in self._said if isinstance(m, HumanMessage)]
        if self._new:
            new, self._new = self._new, []
            # In a thread: a window of long messages takes a while.
            await asyncio.to_thread(self._heard.add, new)
        return self._heard

    async def _may_see(self) -> Seen:
        if self._theirs is None:
            self._theirs = await in_thread(may_see)(self._customer_id)
        return self._theirs
