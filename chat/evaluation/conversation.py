"""A customer of a case speaks, by the very turn that customers' messages go through."""

from collections.abc import Sequence
from time import perf_counter
from uuid import uuid4

from django.contrib.auth.models import User
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from chat import marks
from chat.database import in_thread
from chat.evaluation.judging import Called, Heard
from chat.models import HandoffRequest
from chat.runtime import Runtime
from chat.sessions import open_session

# Seconds after which a turn that has not ended is given up: many times what a slow model takes.
PATIENCE = 600.0


class Conversation:
    """One login of a customer, with a conversation of its own."""

    def __init__(self, runtime: Runtime, customer: User, session_id: str) -> None:
        self._runtime = runtime
        self._customer = customer
        self._session_id = session_id

    @classmethod
    async def opened(cls, runtime: Runtime, customer: User) -> "Conversation":
        """As when a tab opens after a login."""
        session = await open_session(runtime.store, customer.pk, f"evaluation-{uuid4().hex}")
        return cls(runtime, customer, session.session_id)

    async def say(self, text: str) -> Heard:
        """Sends a message and waits for the end of its turn.

        Raises:
            ChatError: it was not taken.
        """
        message_id, turns = str(uuid4()), self._runtime.turns
        began = perf_counter()
        await turns.accept(self._session_id, self._customer.pk, message_id, text)
        while self._session_id in turns.busy and perf_counter() - began < PATIENCE:
            await turns.one_ends(PATIENCE)
        seconds = perf_counter() - began
        stored = (await self._runtime.store.snapshot(self._session_id)).messages
        at = next((at for at, m in enumerate(stored) if m.id == message_id), len(stored))
        handoff = await _person_asked_for(self._session_id)
        return _heard(text, stored[at + 1 :], seconds, handoff=handoff)


def _heard(say: str, stored: Sequence[BaseMessage], seconds: float, *, handoff: bool) -> Heard:
    replies = [message for message in stored if isinstance(message, AIMessage)]
    results = {m.tool_call_id: str(m.text) for m in stored if isinstance(m, ToolMessage)}
    failed = [
        m.additional_kwargs[marks.FAILED] for m in replies if marks.FAILED in m.additional_kwargs
    ]
    return Heard(
        say=say,
        answer="\n".join(text for message in replies if (text := str(message.text).strip())),
        calls=tuple(
            Called(call["name"], call["args"], results.get(str(call["id"]), ""))
            for message in replies
            for call in message.tool_calls
        ),
        failed=failed[0] if failed else "" if replies else "no_end",
        handoff=handoff,
        seconds=seconds,
        figures=replies[-1].additional_kwargs.get(marks.FIGURES, {}) if replies else {},
        withheld=any(marks.WITHHELD in message.additional_kwargs for message in replies),
    )


@in_thread
def _person_asked_for(session_id: str) -> bool:
    return HandoffRequest.objects.filter(session=session_id).exists()
