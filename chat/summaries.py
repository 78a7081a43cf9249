"""Notes on what has fallen out of the window, so that a long conversation keeps its beginning.

Made in the background after a turn, by the provider's model, from the notes so far and what was
said since; kept in the session's state, so that they go where it goes. No answer waits for them,
and none fails with them.
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from typing import Protocol
from uuid import uuid4

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from chat.conversations import Turn, Unsummarized
from chat.errors import HistoryUnavailable, ModelUnavailable
from chat.history import decode_all
from chat.prompts import NOTES
from chat.store import Store
from chat.window import UNSEEN, begins

logger = logging.getLogger(__name__)

# The notes are made anew when they do not reach into the window's last quarter but one, and then
# reach to its half. So they are there before messages fall out, and a quarter of a window passes
# until the next ones.
DUE, REACH = 3 / 4, 1 / 2
# Seconds until notes that did not come about are tried again, by whoever leads a turn then.
HOLD = 120.0
# Of a conversation that had none so far; what is older is left out.
MOST_MESSAGES = 200
# Characters, as the notes' maker sees them: of a message, of a tool's result, and of all.
OF_A_MESSAGE, OF_A_RESULT, OF_ALL = 1_000, 200, 40_000
# Characters of the notes, should they be longer than they were asked to be.
LONGEST = 2_000


class Writes(Protocol):
    """Has the provider's model write; "" where there is none, or it may not be asked now.

    What it costs is counted for the session's customer, once for each ``spend_id``.
    """

    async def __call__(
        self, session_id: str, spend_id: str, messages: Sequence[BaseMessage]
    ) -> str: ...


class Summaries:
    """Of the sessions whose turns this process leads.

    Args:
        store: the conversations.
        writes: the model.
        limit: tokens of the window.
    """

    def __init__(self, store: Store, writes: Writes, *, limit: int) -> None:
        self._store = store
        self._writes = writes
        self._limit = limit
        self._tasks: set[asyncio.Task[None]] = set()

    def after(self, turn: Turn, said: Sequence[BaseMessage]) -> None:
        """A turn has ended, ``said`` is what it added: makes the notes that are due."""
        messages = [*turn.window, *said]
        if all(message.id != turn.message.id for message in turn.window):
            messages.insert(len(turn.window), turn.message)
        if self._within(messages, DUE) + turn.start > turn.summarized:
            upto = self._within(messages, REACH) + turn.start
            task = asyncio.create_task(self.make(turn.session_id, upto))
            self._tasks.add(task)
            task.add_done_callback(self._done)

    async def make(self, session_id: str, upto: int) -> None:
        """Makes the notes up to position ``upto``, unless somebody else is at it.

        Raises:
            HistoryUnavailable, ModelUnavailable: they are not made now.
        """
        of = await self._store.unsummarized(
            session_id, upto, claim=uuid4().hex, hold=HOLD, most=MOST_MESSAGES
        )
        if of is None or not of.entries:
            return
        asked = [SystemMessage(NOTES), HumanMessage(_told(of))]
        if notes := (await self._writes(session_id, of.claim, asked)).strip():
            await self._store.keep_summary(session_id, of, notes[:LONGEST])

    async def settled(self) -> None:
        """Returns when all that is being made is made."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Gives up what is being made; a later turn makes it."""
        for task in self._tasks:
            task.cancel()
        await self.settled()

    def _within(self, messages: Sequence[BaseMessage], part: float) -> int:
        count = int(self._store.limits.window * part)
        return begins(messages, count=count, limit=int(self._limit * part))

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        match task.exception():
            case None:
                pass
            case HistoryUnavailable() | ModelUnavailable() as error:
                logger.warning("Notes on a conversation are made later: %s", error.code)
            case error:
                logger.error("Notes on a conversation failed", exc_info=error)


def _told(of: Unsummarized) -> str:
    """What the notes are made of, as text: so nothing in it is the maker's to obey or to answer."""
    lines = [line for message in decode_all(of.entries, of.first) if (line := _line(message))]
    since = "\n".join(lines)[-OF_ALL:]
    return (
        f"<notes>\n{of.summary or 'none yet'}\n</notes>\n\n"
        f"<said-since>\n{since}\n</said-since>\n\nWrite the notes anew."
    )


def _line(message: BaseMessage) -> str:
    text = str(message.text).strip()
    if UNSEEN & message.additional_kwargs.keys():
        return ""
    match message:
        case HumanMessage():
            return f"Customer: {text[:OF_A_MESSAGE]}"
        case AIMessage():
            calls = "".join(
                f"\nAssistant looks up: {call['name']} {json.dumps(call['args'])[:OF_A_RESULT]}"
                for call in message.tool_calls
            )
            return f"Assistant: {text[:OF_A_MESSAGE]}{calls}" if text else calls.strip()
        case ToolMessage():
            return f"Result: {text[:OF_A_RESULT]}"
    return ""
