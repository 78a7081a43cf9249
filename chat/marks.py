"""What we note on stored messages, in LangChain's ``additional_kwargs``.

AT        when it was said, ISO 8601 in UTC
ANSWERS   on the last message of a turn: the id of the customer's message that it answers
CUT       true on a reply that was stopped before its end
REPLACED  true on a cut reply after which the same turn's answer was begun anew
FIGURES   on the last message of a turn: what the answer took (chat.figures)
WITHHELD  true on the apology that stands for an answer which the guard did not let go
FAILED    the error code on an empty reply that stands for an answer that could not be given
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import uuid4

from langchain_core.messages import AIMessage, BaseMessage

AT, ANSWERS, CUT, REPLACED, FAILED = "at", "answers", "cut", "replaced", "failed"
FIGURES, WITHHELD = "figures", "withheld"


def now() -> str:
    """The time as the marks hold it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def failed_reply(code: str, answers: str) -> AIMessage:
    """Stands in the history for an answer that could not be given; no model ever sees it."""
    return AIMessage(
        "", id=uuid4().hex, additional_kwargs={AT: now(), FAILED: code, ANSWERS: answers}
    )


def replaced_reply(message_id: str, words: str) -> AIMessage:
    """What was said of a reply that breaks off; the answer begins anew behind it."""
    return AIMessage(words, id=message_id, additional_kwargs={CUT: True, REPLACED: True})


def unanswered(messages: Iterable[BaseMessage]) -> set[str]:
    """The ids of the customer's messages whose newest answer failed."""
    failed: set[str] = set()
    for message in messages:
        if answers := message.additional_kwargs.get(ANSWERS):
            if FAILED in message.additional_kwargs:
                failed.add(answers)
            else:
                failed.discard(answers)
    return failed
