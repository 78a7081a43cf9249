"""Orders that a case brings along: their compact form, and the rows they become.

A moment is ``"-1 16:45"``: days from today and a time of day in the shop's time zone. What has
happened lies in the past however early in the day it is; a window that ends today ends at midnight.
"""

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from chat.evaluation.dates import filled_in
from chat.orders.models import (
    Order,
    OrderLine,
    Shipment,
    ShipmentLine,
    TrackingEvent,
    normalize_number,
)

SOURCE = "evaluation"

_MOMENT = re.compile(r"([+-]?\d{1,3}) ([01]\d|2[0-3]):([0-5]\d)")
_ARTICLE = re.compile(r"(?:([1-9]\d{0,3}) × )?(.+?)(?: at (\d+\.\d\d))?")


class Moment(NamedTuple):
    """Days from today, and a time of day."""

    day: int
    clock: time

    def after(self, now: datetime) -> datetime:
        return datetime.combine(now.date() + timedelta(days=self.day), self.clock, now.tzinfo)


class Article(NamedTuple):
    """``price`` is of one piece."""

    quantity: int
    title: str
    price: Decimal


def _moment(value: object) -> Moment:
    match = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('takes days from today and a time, such as "-1 16:45"')
    return Moment(int(match[1]), time(int(match[2]), int(match[3])))


def _article(value: object) -> Article:
    match = _ARTICLE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('takes an article such as "Kettle" or "2 × Mug, red at 8.90"')
    return Article(int(match[1] or 1), match[2], Decimal(match[3] or "10.00"))


def _scan(value: object) -> Any:
    if not isinstance(value, list) or not 2 <= len(value) <= 4:
        raise ValueError('takes ["-1 16:45", "in_transit", "message", "city"]; the last two if any')
    return dict(zip(("at", "status", "message", "city"), value, strict=False))


def _number(value: object) -> str:
    if not isinstance(value, str) or not normalize_number(value):
        raise ValueError("takes an order's number as a text")
    return normalize_number(value)


When = Annotated[Moment, BeforeValidator(_moment)]
Line = Annotated[Article, BeforeValidator(_article)]


class Shape(BaseModel):
    """What a case may hold: nothing else, and nothing of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Scan(Shape):
    at: When
    status: Annotated[Shipment.Status, Field(strict=False)]
    message: str = ""
    city: str = ""


class Parcel(Shape):
    """Without ``articles`` it holds everything that is in no parcel before it."""

    carrier: str = ""
    tracking: str = ""
    url: str = ""
    service: str = ""
    articles: Annotated[tuple[str, ...], Field(strict=False)] = ()
    shipped: When | None = None
    expected: Annotated[tuple[When, When] | None, Field(strict=False)] = None
    scans: Annotated[tuple[Annotated[Scan, BeforeValidator(_scan)], ...], Field(strict=False)] = ()


class InlineOrder(Shape):
    """Without ``total`` it costs what its articles cost."""

    number: Annotated[str, BeforeValidator(_number)]
    placed: When
    articles: Annotated[tuple[Line, ...], Field(strict=False, min_length=1)]
    status: Annotated[Order.Status, Field(strict=False)] = Order.Status.CONFIRMED
    payment: Annotated[Order.PaymentStatus, Field(strict=False)] = Order.PaymentStatus.PAID
    note: str = ""
    cancelled: When | None = None
    address: Annotated[tuple[str, str, str] | None, Field(strict=False)] = None
    parcels: Annotated[tuple[Parcel, ...], Field(strict=False)] = ()

    def strangers(self) -> list[str]:
        """The articles that a parcel names and the order does not have."""
        titles = {article.title for article in self.articles}
        return [
            title for parcel in self.parcels for title in parcel.articles if title not in titles
        ]


@transaction.atomic
def put_in(customer: User, orders: Sequence[InlineOrder], now: datetime) -> None:
    """Makes the customer's orders, in place of those they have; ``now`` is an aware time."""
    Order.objects.for_customer(customer).delete()
    for order in orders:
        _put_in(customer, order, timezone.localtime(now))


def _put_in(customer: User, inline: InlineOrder, now: datetime) -> None:
    street, postal_code, city = inline.address or ("", "", "")
    order = Order.objects.create(
        number=inline.number,
        customer=customer,
        placed_at=min(inline.placed.after(now), now - timedelta(hours=1)),
        currency="EUR",
        total=sum((line.quantity * line.price for line in inline.articles), Decimal(0)),
        status=inline.status,
        payment_status=inline.payment,
        note=filled_in(inline.note, now.date()),
        cancelled_at=min(inline.cancelled.after(now), now) if inline.cancelled else None,
        shipping_name=customer.get_full_name(),
        shipping_street=street,
        shipping_postal_code=postal_code,
        shipping_city=city,
        source=SOURCE,
    )
    lines = {
        article.title: OrderLine.objects.create(
            order=order, title=article.title, quantity=article.quantity, price=article.price
        )
        for article in inline.articles
    }
    for parcel in inline.parcels:
        inside = [lines.pop(title) for title in parcel.articles or list(lines) if title in lines]
        _put_parcel(order, parcel, inside, now)


def _put_parcel(order: Order, parcel: Parcel, inside: Sequence[OrderLine], now: datetime) -> None:
    scans = [
        (min(scan.at.after(now), now - timedelta(minutes=5 * (len(parcel.scans) - place))), scan)
        for place, scan in enumerate(parcel.scans)
    ]
    taken = [at for at, scan in scans if scan.status != Shipment.Status.PRE_TRANSIT]
    arrived = [at for at, scan in scans if scan.status == Shipment.Status.DELIVERED]
    begin, end = (each.after(now) for each in parcel.expected) if parcel.expected else (None, None)
    if end is not None and parcel.expected is not None and parcel.expected[1].day == 0:
        end = datetime.combine(now.date(), time(23, 59), now.tzinfo)
    made = Shipment.objects.create(
        order=order,
        carrier=parcel.carrier,
        service=parcel.service,
        tracking_number=parcel.tracking,
        tracking_url=parcel.url,
        shipped_at=parcel.shipped.after(now) if parcel.shipped else next(iter(taken), None),
        delivered_at=arrived[-1] if arrived else None,
        estimated_delivery_from=begin,
        estimated_delivery_to=end,
    )
    for line in inside:
        ShipmentLine.objects.create(shipment=made, order_line=line, quantity=line.quantity)
    TrackingEvent.objects.record(
        TrackingEvent(
            shipment=made,
            occurred_at=at,
            status=scan.status,
            message=filled_in(scan.message, now.date()),
            city=scan.city,
            source=SOURCE,
            external_id=str(place),
        )
        for place, (at, scan) in enumerate(scans)
    )
