"""``audit_transcripts`` finds what was shown to the wrong customer, and nothing else."""

from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from chat.management.demo.shop import seed
from chat.models import ChatSession, TranscriptMessage


@pytest.fixture
def sessions(db: None) -> dict[str, ChatSession]:
    seed(timezone.now())
    return {
        name: ChatSession.objects.create(customer=User.objects.get(username=name), login=name)
        for name in ("alice", "bob")
    }


def say(session: ChatSession, *said: tuple[str, str]) -> None:
    there = session.transcript.count()
    TranscriptMessage.objects.bulk_create(
        TranscriptMessage(
            session=session,
            position=position,
            role=role,
            text=text,
            payload={},
            created_at=timezone.now(),
        )
        for position, (role, text) in enumerate(said, there)
    )


def audited() -> tuple[str, bool]:
    """What was printed, and whether it was all right."""
    out = StringIO()
    try:
        call_command("audit_transcripts", stdout=out)
    except CommandError:
        return out.getvalue(), False
    return out.getvalue(), True


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Your order #48207 is out for delivery.", "order number"),
        ("That is 4 8 2 0 7, I think.", "order number"),
        ("Write to bob@example.com.", "e-mail address"),
        ('{"order": {"number": "48207"}}', "order number"),
    ],
)
def test_what_was_shown_to_the_wrong_customer_is_found(
    text: str, kind: str, sessions: dict[str, ChatSession]
) -> None:
    for name, session in sessions.items():
        say(session, ("human", "Where is it?"), ("tool", text), ("ai", "On its way."))
        say(session, ("human", "Which?"), ("ai", text)) if name == "alice" else None
    printed, fine = audited()
    alice = sessions["alice"].pk
    assert not fine
    found = [f"{alice}[{position}]: another customer's {kind}" for position in (1, 4)]
    assert printed.splitlines() == [*found, "8 messages in 2 sessions, 2 findings."]


def test_what_is_their_own_or_was_asked_for_is_no_finding(
    sessions: dict[str, ChatSession],
) -> None:
    say(
        sessions["alice"],
        ("human", "Where is #48207? My neighbour bob@example.com asks."),
        ("ai", "I cannot find #48207. Yours is #48211, 00340434171209348211, 1850 W, 13:00."),
    )
    assert audited() == ("2 messages in 1 sessions, 0 findings.\n", True)


def test_a_leak_among_ten_thousand_messages_is_found_and_nothing_else(
    sessions: dict[str, ChatSession],
) -> None:
    ordinary = [
        ("human", "Where is my parcel?"),
        ("ai", "Your order #48211 should arrive tomorrow, 26 November, between 9:00 and 13:00."),
    ]
    for name in range(50):
        customer = sessions["alice"].customer
        session = ChatSession.objects.create(customer=customer, login=f"login {name}")
        say(session, *(ordinary * 100))
    say(sessions["alice"], ("ai", "It is 48207."))
    printed, fine = audited()
    assert not fine
    assert printed.splitlines()[-1] == "10,001 messages in 51 sessions, 1 findings."
