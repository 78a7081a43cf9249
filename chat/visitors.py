"""Who has tabs open in this process: how many, how fast they send, and whether they still may."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from django.db import Error as DatabaseFailure

from chat.connections import GONE, LOGGED_OUT, Tab
from chat.database import in_thread
from chat.errors import HistoryUnavailable
from chat.logins import Login, holding
from chat.models import ChatSession
from chat.pace import Pace
from chat.sessions import close_row
from chat.store import SESSIONS_AT_ONCE, Store

logger = logging.getLogger(__name__)

# Sockets of one customer in this process: many tabs on several devices.
SOCKETS = 50
# Frames of one customer in a minute, over all their sockets here, beside their messages.
FRAMES = 100
# Tabs that are looked after in one go.
BATCH = 500


@dataclass(slots=True, eq=False)
class Visit:
    """One socket of a customer. Its session and its tab come a moment later.

    ``pace`` is that of all the customer's sockets here.
    """

    login: Login
    pace: Pace
    session_id: str = ""
    tab: Tab | None = None


@dataclass(slots=True)
class _Customer:
    pace: Pace
    sockets: int = 0


class Visitors:
    """The sockets of this process, by customer. ``store`` is where their conversations are."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._customers: dict[int, _Customer] = {}
        self._visits: set[Visit] = set()
        messages, period = store.limits.rate
        messages *= SESSIONS_AT_ONCE
        self._burst = FRAMES + messages
        self._interval = 1 / (FRAMES / 60 + messages / (period / 1000))

    def enter(self, login: Login) -> Visit | None:
        """Somebody comes in; None when they have too many sockets open."""
        customer = self._customers.get(login.customer_id)
        if customer is None:
            customer = _Customer(Pace(self._burst, self._interval))
            self._customers[login.customer_id] = customer
        if customer.sockets >= SOCKETS:
            return None
        customer.sockets += 1
        visit = Visit(login, customer.pace)
        self._visits.add(visit)
        return visit

    def leave(self, visit: Visit) -> None:
        """The socket is closed. What its customer has sent counts on."""
        self._visits.discard(visit)
        self._customers[visit.login.customer_id].sockets -= 1
        self._forget(visit.login.customer_id)

    async def check(self, visits: Sequence[Visit]) -> list[int | None]:
        """For each visit the code to close it with; None for those that may stay.

        Ends the conversations of logins that hold no more, in Redis too, and deletes there those
        that the database has no more.

        Raises:
            django.db.Error: the database does not answer.
        """
        found = await _check(visits)
        try:
            for session_id in found.ended:
                await self._store.close(session_id)
            for session_id in found.deleted:
                # Whoever deleted it has mostly purged it too: no second tombstone for nothing.
                if await self._store.look(session_id) is not None:
                    await self._store.purge(session_id)
        except HistoryUnavailable:
            # No socket opens them any more, for their rows are closed or gone.
            logger.warning("Sessions ended in the database only: %s", found.ended | found.deleted)
        return found.codes

    async def keep_checking(self) -> None:
        """Closes the tabs whose login or session has ended unheard; runs until cancelled.

        A login that runs out, an account that was blocked by an UPDATE: nobody says so. Of what was
        said while Redis was away, other processes have heard nothing.
        """
        while True:
            await asyncio.sleep(2 * self._store.limits.lease)
            for customer_id in list(self._customers):
                self._forget(customer_id)
            try:
                await self.check_all()
            except DatabaseFailure as failure:
                logger.warning("Logins were not checked: %s", type(failure).__name__)

    async def check_all(self) -> None:
        """Checks every tab of this process once, and closes those that may not stay.

        Raises:
            django.db.Error: the database does not answer.
        """
        visits = [visit for visit in self._visits if visit.tab is not None]
        for start in range(0, len(visits), BATCH):
            batch = visits[start : start + BATCH]
            for visit, code in zip(batch, await self.check(batch), strict=True):
                if code is not None and visit.tab is not None:
                    visit.tab.close(code)

    def _forget(self, customer_id: int) -> None:
        customer = self._customers[customer_id]
        if not customer.sockets and customer.pace.is_rested(monotonic()):
            del self._customers[customer_id]


@dataclass(frozen=True, slots=True)
class _Found:
    codes: list[int | None]
    ended: set[str]  # sessions that were open until now, and whose login holds no more
    deleted: set[str]  # sessions that have no row


@in_thread
def _check(visits: Sequence[Visit]) -> _Found:
    session_ids = {visit.session_id for visit in visits}
    rows = ChatSession.objects.filter(pk__in=session_ids).values_list("session_id", "closed_at")
    closed_at = dict(rows)
    # After the rows: a login ends before its session is closed, so whoever sees this sees that too.
    logins = holding({visit.login for visit in visits})
    living = {session_id for session_id in closed_at if closed_at[session_id] is None}
    ended = {visit.session_id for visit in visits if visit.login not in logins} & living
    for session_id in ended:
        close_row(session_id, ChatSession.ClosedBecause.LOGOUT)

    def code(visit: Visit) -> int | None:
        if visit.login not in logins:
            return LOGGED_OUT
        return None if visit.session_id in living else GONE

    return _Found([code(visit) for visit in visits], ended, session_ids - closed_at.keys())
