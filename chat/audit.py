"""Looks through the transcripts for what belongs to another customer than was shown it.

The guard should not have let any of it go; this finds what left before there was one, or past it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from django.db.models import F

from chat.guard.customers import may_see, somebody_elses
from chat.guard.holding import is_doubtful
from chat.guard.plain import plain
from chat.guard.seen import Doubt, Seen
from chat.models import TranscriptMessage

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
    """Goes through all sessions.

    Raises:
        django.db.Error: the database does not answer.
    """
    messages = TranscriptMessage.objects.annotate(customer_id=F("session__customer_id"))
    columns = messages.values_list("session_id", "customer_id", "position", "role", "text")
    # In the order of the table's index: nothing is sorted, however much there is.
    in_order = columns.order_by("session_id", "position").iterator(CHUNK)
    for (session_id, customer_id), rows in groupby(in_order, key=itemgetter(0, 1)):
        yield _session(session_id, customer_id, (row[2:] for row in rows))


def _session(session_id: str, customer_id: int, rows: Iterable[tuple[int, str, str]]) -> Audited:
    heard, doubts, count = Seen(), dict[int, Doubt](), 0
    for position, role, text in rows:
        count += 1
        if role == "human":
            heard.add([text])
        elif is_doubtful(plain(text)[0]) and (doubt := Doubt.about(text).without(heard)):
            doubts[position] = doubt
    positions, findings = list(doubts), list[Finding]()
    for at in range(0, len(positions), TOGETHER):
        some = positions[at : at + TOGETHER]
        # Most show nobody else's: one question for all of them tells.
        if somebody_elses(customer_id, Doubt.of_all([doubts[position] for position in some])):
            theirs = may_see(customer_id)
            findings += [
                Finding(session_id, position, kind)
                for position in some
                if (kind := somebody_elses(customer_id, doubts[position].without(theirs)))
            ]
    return Audited(count, tuple(findings))
