"""Puts the demo shop into the database, as often as one likes.

A second run moves the demo's dates to today and puts its own rows right again. What people added
stays: accounts and their passwords, orders, lines, scans, articles and changes to articles.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import NamedTuple

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.db import models, transaction

from chat.help.models import HelpArticle
from chat.management.demo.articles import articles
from chat.management.demo.orders import DemoOrder, Parcel, Scan, demo_orders
from chat.orders.models import Order, OrderLine, Shipment, ShipmentLine, TrackingEvent

SOURCE = "demo"
PASSWORD = "demo"  # noqa: S105 the demo's login is no secret; the command refuses in production
STAFF_GROUPS = ("support staff", "help writers")


class Account(NamedTuple):
    username: str
    first_name: str
    last_name: str
    street: str = ""
    postal_code: str = ""
    city: str = ""

    @property
    def email(self) -> str:
        return f"{self.username}@example.com"


CUSTOMERS = (
    Account("alice", "Alice", "Winter", "Lindenallee 14", "20259", "Hamburg"),
    Account("bob", "Bob", "Okafor", "Venloer Straße 310", "50823", "Cologne"),
    Account("carol", "Carol", "Sánchez", "Rosenheimer Straße 28", "81669", "Munich"),
)
STAFF = Account("staff", "Sam", "Keller")


class Seeded(NamedTuple):
    """``kept`` are numbers that belong to an order of somebody else's, which was left alone."""

    orders: int
    articles: int
    kept: tuple[str, ...]


@transaction.atomic
def seed(now: datetime, written: Sequence[HelpArticle] | None = None) -> Seeded:
    """Make the demo shop or bring it up to date; ``now`` is an aware time in UTC.

    ``written`` are the help articles, not saved; where None, the demo's.
    """
    users = _seed_accounts()
    addresses = {account.username: account for account in CUSTOMERS}
    wanted = demo_orders(now.date())
    others = set(
        Order.objects.filter(number__in=[order.number for order in wanted])
        .exclude(source=SOURCE)
        .values_list("number", flat=True)
    )
    # The demo's scans are made up, so they alone may be taken back: they move to new dates.
    models.QuerySet.delete(
        TrackingEvent.objects.filter(source=SOURCE, shipment__order__source=SOURCE)
    )
    ours = [order for order in wanted if order.number not in others]
    for order in ours:
        _seed_order(order, users[order.customer], addresses[order.customer], now)
    new_articles = [
        HelpArticle.objects.get_or_create(
            slug=article.slug,
            language=article.language,
            defaults={
                "title": article.title,
                "body": article.body,
                "published": article.published,
            },
        )[1]
        for article in (articles() if written is None else written)
    ]
    return Seeded(len(ours), sum(new_articles), tuple(sorted(others)))


def _seed_accounts() -> dict[str, User]:
    accounts = (*CUSTOMERS, STAFF)
    users = {
        user.username: user
        for user in User.objects.filter(username__in=[account.username for account in accounts])
    }
    # One hash for all: hashing is slow on purpose, and this password is public.
    password = make_password(PASSWORD) if len(users) < len(accounts) else ""
    for account in accounts:
        if account.username not in users:
            users[account.username] = User.objects.create(
                username=account.username,
                first_name=account.first_name,
                last_name=account.last_name,
                email=account.email,
                password=password,
                is_staff=account is STAFF,
            )
    for name in STAFF_GROUPS:
        users[STAFF.username].groups.add(Group.objects.get_or_create(name=name)[0])
    return users


def _seed_order(demo: DemoOrder, customer: User, address: Account, now: datetime) -> None:
    placed_at = min(_moment(now, demo.day, demo.time), now - timedelta(minutes=30))
    order, _ = Order.objects.update_or_create(
        number=demo.number,
        defaults={
            "customer": customer,
            "placed_at": placed_at,
            "currency": "EUR",
            "total": demo.total,
            "status": demo.status,
            "payment_status": demo.payment_status,
            "note": demo.note,
            "cancelled_at": _moment(now, *demo.cancelled) if demo.cancelled else None,
            "shipping_name": customer.get_full_name(),
            "shipping_street": demo.street or address.street,
            "shipping_city": address.city,
            "shipping_postal_code": address.postal_code,
            "shipping_country": "Germany",
            "source": SOURCE,
            "source_updated_at": now,
        },
    )
    lines = {
        product.sku: OrderLine.objects.update_or_create(
            order=order,
            external_id=product.sku,
            defaults={
                "sku": product.sku,
                "title": product.title,
                "quantity": quantity,
                "price": product.price,
            },
        )[0]
        for product, quantity in demo.lines
    }
    for position, parcel in enumerate(demo.parcels, start=1):
        _seed_parcel(order, f"demo-{position}", parcel, lines, now)


def _seed_parcel(
    order: Order, external_id: str, parcel: Parcel, lines: dict[str, OrderLine], now: datetime
) -> None:
    scans = _past(parcel.scans, now)
    handed_over = [at for at, scan in scans if scan.status != Shipment.Status.PRE_TRANSIT]
    delivered = [at for at, scan in scans if scan.status == Shipment.Status.DELIVERED]
    shipped_at = _moment(now, *parcel.shipped) if parcel.shipped else next(iter(handed_over), None)
    begin, end = _window(parcel, now)
    shipment, _ = Shipment.objects.update_or_create(
        order=order,
        external_id=external_id,
        defaults={
            "carrier": parcel.carrier,
            "service": parcel.service,
            "tracking_number": parcel.tracking_number,
            "tracking_url": parcel.tracking_url,
            "shipped_at": shipped_at,
            "delivered_at": delivered[-1] if delivered else None,
            "estimated_delivery_from": begin,
            "estimated_delivery_to": end,
        },
    )
    for sku in parcel.lines:
        ShipmentLine.objects.update_or_create(
            shipment=shipment,
            order_line=lines[sku],
            defaults={"quantity": lines[sku].quantity},
        )
    TrackingEvent.objects.record(
        TrackingEvent(
            shipment=shipment,
            occurred_at=at,
            status=scan.status,
            message=scan.message,
            city=scan.city,
            country="Germany" if scan.city else "",
            source=SOURCE,
            external_id=f"{position}",
        )
        for position, (at, scan) in enumerate(scans, start=1)
    )


def _moment(now: datetime, day: int, clock: str) -> datetime:
    return datetime.combine(now.date() + timedelta(days=day), time.fromisoformat(clock), now.tzinfo)


def _past(scans: Iterable[Scan], now: datetime) -> list[tuple[datetime, Scan]]:
    """The scans with their times, in order, none in the future however early in the day it is.

    What happened today stays today if it can: the driver who is out at 6:58 is out at midnight too.
    """
    past: list[tuple[datetime, Scan]] = []
    limit = now
    for scan in reversed(list(scans)):
        before, day = limit - timedelta(minutes=5), _moment(now, scan.day, "00:00")
        limit = min(_moment(now, scan.day, scan.time), max(before, day) if day < limit else before)
        past.append((limit, scan))
    return past[::-1]


def _window(parcel: Parcel, now: datetime) -> tuple[datetime | None, datetime | None]:
    """When the parcel is expected; a window that ends today has not ended yet."""
    if parcel.expected is None:
        return None, None
    day, begin, end = parcel.expected
    last = _moment(now, day, end)
    if day == 0 and last < now + timedelta(hours=1):
        last = _moment(now, day, "23:59")
    return _moment(now, day, begin), last
