"""Customers who asked for a person."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from chat.errors import SessionClosed
from chat.models import ChatSession, HandoffRequest

# Asking again within this time changes nothing: the request still stands.
ONCE_IN = timedelta(minutes=10)
REASON_CHARS = 1_000


def request_handoff(session_id: str, reason: str) -> bool:
    """Puts the conversation before the shop's staff. False when a request stands already.

    Raises:
        SessionClosed: the conversation has ended.
    """
    with transaction.atomic():
        # The lock makes two requests at the same time one.
        session = ChatSession.objects.select_for_update().filter(pk=session_id).first()
        if session is None or session.closed_at is not None:
            raise SessionClosed
        if session.handoffs.filter(created_at__gt=timezone.now() - ONCE_IN).exists():
            return False
        HandoffRequest.objects.create(session=session, reason=reason[:REASON_CHARS])
    return True
