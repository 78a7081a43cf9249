"""Customers who are made for a drill and removed after it, with orders of their own."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from chat.drill.canaries import Canaries
from chat.models import ChatSession
from chat.orders.models import Order, OrderLine, Shipment, ShipmentLine, TrackingEvent
from chat.retention import Selection, purge
from chat.store import Store

PREFIX = "isolation-drill-"
# RFC 2606 keeps .invalid free: no customer of the shop has an address there.
DOMAIN = "@isolation-drill.invalid"
# Seconds between a drill's signs of life, and without one until it counts as dead.
BEAT, DEAD = 3, 15
# Customers made in one transaction: the shop's own writers wait for no longer than that.
BATCH = 50
# Seconds until a login that nobody removed ends by itself.
LOGIN_LASTS = 3600


@dataclass(frozen=True, slots=True)
class Customer:
    """``place`` counts them from 0, ``login`` is the key of the login session."""

    place: int
    pk: int
    name: str
    login: str
    orders: tuple[str, ...]


def new_run() -> str:
    """A name for a drill, which its customers carry."""
    return secrets.token_hex(4)


def of_drills(run: str = "") -> QuerySet[User]:
    """The customers of one drill, or of all.

    Told by all that sign-up and import cannot make together: the name, an address that nobody has,
    and no password.
    """
    return User.objects.filter(
        username__startswith=f"{PREFIX}{run}",
        email__endswith=DOMAIN,
        password__startswith=UNUSABLE_PASSWORD_PREFIX,
        is_staff=False,
        is_superuser=False,
    )


@database_sync_to_async
def make(run: str, places: range, canaries: Canaries) -> list[Customer]:
    """Customers with no password, two orders each, and a login.

    The login sessions are made here and not by the login form: a form needs a password that would
    let others in too, and checking hundreds of them would keep the site busy for minutes. The
    session's key can be worked out again by whoever has the secret key (:func:`_login_key`), so a
    later drill removes it too.
    """
    with transaction.atomic():
        users = User.objects.bulk_create(
            User(
                username=f"{PREFIX}{run}-{place:04}",
                email=f"{run}-{place:04}{DOMAIN}",
                password=make_password(None),
                last_login=timezone.now(),
            )
            for place in places
        )
        orders = [_orders(user, canaries) for user in users]
        logins = [_log_in(user) for user in users]
    return [
        Customer(place, user.pk, user.username, login, numbers)
        for place, user, login, numbers in zip(places, users, logins, orders, strict=True)
    ]


@database_sync_to_async
def beat(run: str) -> None:
    """Says that the drill lives, so that no other one clears up after it."""
    of_drills(run).filter(username__endswith="-0000").update(last_login=timezone.now())


@database_sync_to_async
def others_alive() -> bool:
    """Whether another drill is under way."""
    return of_drills().filter(last_login__gt=timezone.now() - timedelta(seconds=DEAD)).exists()


async def remove(store: Store, run: str = "") -> int:
    """Removes the customers of one drill, or of all, with everything they have.

    Answers how many there were. May be called again after it failed or was killed.

    Raises:
        HistoryUnavailable: Redis does not answer.
        django.db.Error: the database does not.
    """
    users = await database_sync_to_async(lambda: list(of_drills(run)))()
    await _log_out(users)
    for user in users:
        session_ids = await _session_ids(user)
        async for _ in purge(store, Selection(customer=user)):
            pass
        for session_id in session_ids:
            await store.forget(session_id)
        await store.forget_customer(user.pk)
    for session_id in await _delete(users):
        await store.purge(session_id)
        await store.forget(session_id)
    return len(users)


@database_sync_to_async
def _session_ids(user: User) -> list[str]:
    return list(ChatSession.objects.filter(customer=user).values_list("session_id", flat=True))


@database_sync_to_async
def _delete(users: list[User]) -> list[str]:
    """Answers the sessions of tabs that were opening all this time, which go too."""
    late: list[str] = []
    for start in range(0, len(users), BATCH):
        pks = [user.pk for user in users[start : start + BATCH]]
        with transaction.atomic():
            # Locked: a session that is being made refers to its customer, and comes before or
            # fails.
            list(User.objects.select_for_update().filter(pk__in=pks))
            sessions = ChatSession.objects.filter(customer__in=pks)
            late += sessions.values_list("session_id", flat=True)
            Order.objects.filter(customer__in=pks).delete()
            User.objects.filter(pk__in=pks).delete()
    return late


# --- logins -----------------------------------------------------------------------------------


def _login_session(key: str | None = None) -> Any:
    """A login session, by whatever engine the site uses."""
    return import_module(settings.SESSION_ENGINE).SessionStore(key)


def _login_key(user: User) -> str:
    """128 bits that nobody guesses without the site's secret key and the drill's random name."""
    return salted_hmac("chat.drill", user.username, algorithm="sha256").hexdigest()[:32]


def _log_in(user: User) -> str:
    session = _login_session()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.set_expiry(LOGIN_LASTS)
    # Not before: reading a session that is not there yet gives it another key.
    session._session_key = _login_key(user)
    session.save(must_create=True)
    return str(session.session_key)


@database_sync_to_async
def _log_out(users: Iterable[User]) -> None:
    for user in users:
        _login_session(_login_key(user)).delete()


# --- orders -----------------------------------------------------------------------------------


def _orders(user: User, canaries: Canaries) -> tuple[str, ...]:
    """One order on its way and one that has arrived; answers their numbers, newest first."""
    return (
        _order(user, canaries, days_ago=2, status=Shipment.Status.IN_TRANSIT),
        _order(user, canaries, days_ago=30, status=Shipment.Status.DELIVERED),
    )


def _order(user: User, canaries: Canaries, days_ago: int, status: Shipment.Status) -> str:
    now = timezone.now()
    placed = now - timedelta(days=days_ago)
    arrives = placed + timedelta(days=3)
    name = user.username
    order = Order.objects.create(
        number=canaries.number("order number", name),
        customer=user,
        placed_at=placed,
        currency="EUR",
        total=Decimal("49.90"),
        payment_status=Order.PaymentStatus.PAID,
        shipping_name=f"Robin {canaries.word('recipient', name)}",
        shipping_street=f"{canaries.word('address', name)} 1",
        shipping_city="Hamburg",
    )
    line = OrderLine.objects.create(
        order=order,
        title=f"Teapot {canaries.word('article', name)}",
        quantity=1,
        price=Decimal("49.90"),
    )
    tracking = canaries.number("tracking number", name)
    parcel = Shipment(
        order=order,
        carrier="DHL",
        tracking_number=tracking,
        tracking_url=f"https://isolation-drill.invalid/{tracking}",
        status=status,
        shipped_at=placed + timedelta(hours=20),
        estimated_delivery_to=arrives,
        delivered_at=arrives if status == Shipment.Status.DELIVERED else None,
    )
    # Not save(), which asks for scans that cannot be there yet; record() below follows them.
    Shipment.objects.bulk_create([parcel])
    ShipmentLine.objects.create(shipment=parcel, order_line=line, quantity=1)
    TrackingEvent.objects.record(
        [
            TrackingEvent(
                shipment=parcel,
                occurred_at=min(arrives, now - timedelta(hours=1)),
                status=status,
                message="Scanned on its way.",
                city="Hamburg",
                source="isolation drill",
                external_id="1",
            )
        ]
    )
    return order.number
