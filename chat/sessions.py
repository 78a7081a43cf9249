"""Which login session has which chat session. The client never names one."""

import asyncio
from collections.abc import Awaitable, Callable

from django.contrib.auth import get_user_model
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from chat.database import in_thread
from chat.models import ChatSession, new_session_id
from chat.store import Store


def login_of(session_key: str) -> str:
    """What we keep of a login session's key: a keyed hash, for the key itself would let in."""
    return salted_hmac("chat.sessions", session_key, algorithm="sha256").hexdigest()


@in_thread
def _current(login: str, customer_id: int) -> ChatSession | None:
    return ChatSession.objects.filter(login=login, customer_id=customer_id, closed_at=None).first()


@in_thread
def _is_customer(customer_id: int) -> bool:
    return get_user_model()._default_manager.filter(pk=customer_id).exists()


@in_thread
def _create(session_id: str, login: str, customer_id: int) -> ChatSession:
    with transaction.atomic():
        return ChatSession.objects.create(
            session_id=session_id, login=login, customer_id=customer_id
        )


async def open_session(
    store: Store,
    customer_id: int,
    session_key: str,
    check: Callable[[str], Awaitable[None]] | None = None,
) -> ChatSession:
    """The login's chat session; made when there is none, and anew when Redis has forgotten it.

    ``check`` is called with its id where Redis has forgotten only some of it.

    Raises:
        HistoryUnavailable: Redis does not answer.
        django.db.Error: the database does not, or the customer is no longer there.
    """
    login = login_of(session_key)
    while True:
        session = await _current(login, customer_id)
        look = await store.look(session.session_id) if session is not None else None
        if session is not None and look is not None:
            if check is not None and look.length < session.message_count:
                await check(session.session_id)
            return session
        if session is not None:
            await in_thread(close_row)(session.session_id, ChatSession.ClosedBecause.EXPIRED)
        session_id = new_session_id()
        # Redis first: a row says that the state was there, so its absence means forgotten.
        await store.open(session_id)
        try:
            return await _create(session_id, login, customer_id)
        except DatabaseError as error:
            # Both, though the tab that is opening may be gone before the second.
            await asyncio.shield(_take_back(store, session_id))
            # Another tab of the same login was faster, and the next round finds what it made. For a
            # customer who was deleted every round would fail.
            if not isinstance(error, IntegrityError) or not await _is_customer(customer_id):
                raise


async def _take_back(store: Store, session_id: str) -> None:
    """Nothing remains of a session that no row knows of."""
    await store.purge(session_id)
    await store.forget(session_id)


def close_row(session_id: str, because: ChatSession.ClosedBecause) -> bool:
    """Notes that a session has ended. False when it had ended before."""
    return bool(
        ChatSession.objects.filter(pk=session_id, closed_at=None).update(
            closed_at=timezone.now(), closed_because=because
        )
    )
