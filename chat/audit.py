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
# Messages whose numbers the database is asked for at a time.
TOGETHER = 50


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
    for session in sessions.order_by("customer_id", "pk").iterator(CHUNK):
        yield _session(session)


def _session(session: ChatSession) -> Audited:
    heard, doubts, count = Seen(), dict[int, Doubt](), 0
    messages = TranscriptMessage.objects.filter(session=session).order_by("position")
    for message in messages.defer("payload").iterator(CHUNK):
        count += 1
        if message.role == "human":
            heard.add([message.text])
        elif is_doubtful(plain(message.text)[0]):
            doubts[message.position] = Doubt.about(message.text).without(heard)
    customer_id = session.customer_id
    positions, findings = [position for position, doubt in doubts.items() if doubt], []
    for at in range(0, len(positions), TOGETHER):
        some = positions[at : at + TOGETHER]
        # Most show nobody else's: one question for all of them tells.
        if somebody_elses(customer_id, Doubt.of_all([doubts[position] for position in some])):
            theirs = may_see(customer_id)
            findings += [
                Finding(session.pk, position, kind)
                for position in some
                if (kind := somebody_elses(customer_id, doubts[position].without(theirs)))
            ]
    return Audited(count, tuple(findings))
