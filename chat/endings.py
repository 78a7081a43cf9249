"""How a chat session ends: its login ends, or the customer begins a new conversation.

An ended session takes no further messages. Those that it took before are still answered, so that
nothing is lost; nobody is shown it, for its tabs are closed.
"""

import logging
from collections.abc import Sequence

from asgiref.sync import async_to_sync
from django.db.models import QuerySet

from chat import runtime
from chat.broadcast import close_tabs
from chat.connections import GONE, LOGGED_OUT
from chat.errors import HistoryUnavailable
from chat.models import ChatSession
from chat.sessions import close_row, login_of

logger = logging.getLogger(__name__)


def end_login(session_key: str) -> None:
    """The login session with this key is over, and with it its conversation."""
    _end_current(session_key, ChatSession.ClosedBecause.LOGOUT, LOGGED_OUT)


def end_logins_of(customer_id: int) -> None:
    """All login sessions of this customer are over."""
    theirs = ChatSession.objects.filter(customer_id=customer_id)
    _end(theirs, ChatSession.ClosedBecause.LOGOUT, LOGGED_OUT)


def begin_anew(session_key: str) -> None:
    """The customer wants a new conversation: the next connect makes it."""
    _end_current(session_key, ChatSession.ClosedBecause.RESET, GONE)


def _end_current(session_key: str, because: ChatSession.ClosedBecause, code: int) -> None:
    _end(ChatSession.objects.filter(login=login_of(session_key)), because, code)


def _end(sessions: QuerySet[ChatSession], because: ChatSession.ClosedBecause, code: int) -> None:
    # The database from the caller's own thread: it may be in the middle of a transaction.
    session_ids = list(sessions.filter(closed_at=None).values_list("session_id", flat=True))
    for session_id in session_ids:
        close_row(session_id, because)
    if session_ids:
        async_to_sync(_close)(session_ids, code)


async def _close(session_ids: list[str], code: int) -> None:
    _close_here(session_ids, code)
    async with runtime.store() as store:
        for session_id in session_ids:
            # First: a tab that finds it closed in Redis does not know why.
            await close_tabs(session_id, code)
            try:
                await store.close(session_id)
            except HistoryUnavailable:
                # No socket opens it any more, for the row is closed; tabs elsewhere find that out.
                logger.warning("Session %s is ended in the database only", session_id)


def forget(session_ids: Sequence[str]) -> None:
    """The sessions of a customer who was deleted, their rows with it: Redis forgets them too."""
    if session_ids:
        async_to_sync(_forget)(session_ids)


async def _forget(session_ids: Sequence[str]) -> None:
    _close_here(session_ids, LOGGED_OUT)
    async with runtime.store() as store:
        for place, session_id in enumerate(session_ids):
            try:
                await store.purge(session_id)
            except HistoryUnavailable:
                logger.error(
                    "A deleted customer's conversations stay in Redis until they expire there, or"
                    " `purge_sessions --session ID` deletes them: %s",
                    ", ".join(session_ids[place:]),
                )
                return
            await close_tabs(session_id, LOGGED_OUT)


def _close_here(session_ids: Sequence[str], code: int) -> None:
    if (running := runtime.current()) is not None:
        for session_id in session_ids:
            running.connections.close(session_id, code)
