"""Looks through the transcripts for what belongs to another customer than was shown it.

The guard should not have let any of it go; this finds what left before there was one, or past it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count

from chat.guard.customers import may_see, somebody_elses
from chat.guard.holding import is_doubtful
from chat.guard.plain import plain
from chat.guard.seen import Doubt, Seen
from chat.models import ChatSession, TranscriptMessage

# Messages that are read from the database at a time.
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """A message that shows what is another customer's; ``kind`` says what."""

    session_id: str
    position: int
    kind: str


@dataclass(frozen=True, slots=True)
class Audited:
    """One session, and what was found in it."""

    messages: int
    findings: tuple[Finding, ...] = ()


def audit() -> Iterator[Audited]:
    """Goes through all sessions, customer by customer.

    Raises:
        django.db.Error: the database does not answer.
    """
    sessions = ChatSession.objects.annotate(messages=Count("transcript")).filter(messages__gt=0)
    customer_id, theirs = None, Seen()
    for session in sessions.order_by("customer_id", "pk").iterator(CHUNK):
        if session.customer_id != customer_id:
            customer_id, theirs = session.customer_id, may_see(session.customer_id)
        yield _session(session, theirs)


def _session(session: ChatSession, theirs: Seen) -> Audited:
    heard, findings, count = Seen(), [], 0
    messages = TranscriptMessage.objects.filter(session=session).order_by("position")
    for message in messages.defer("payload").iterator(CHUNK):
        count += 1
        if message.role == "human":
            heard.add([message.text])
        elif kind := _others(message.text, session.customer_id, theirs, heard):
            findings.append(Finding(session.pk, message.position, kind))
    return Audited(count, tuple(findings))


def _others(text: str, customer_id: int, theirs: Seen, heard: Seen) -> str:
    if not is_doubtful(plain(text)[0]):
        return ""
    doubt = Doubt.about(text).without(theirs).without(heard)
    return somebody_elses(customer_id, doubt) if doubt else ""
