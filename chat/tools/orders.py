"""list_orders and get_order: the customer's own orders as JSON for a model, and as order cards."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field

from chat.orders.models import (
    Order,
    OrderQuerySet,
    Shipment,
    TrackingEvent,
    normalize_number,
)
from chat.tools.answers import compact, iso

NEWEST_ORDERS = 20
NEWEST_EVENTS = 10

# Fewer digits than these name no order that is written otherwise: "2" is no "EN-2".
LEAST_DIGITS = 3
DIGITS = re.compile(r"[0-9]+")
NO_SIGN = re.compile(r"[^0-9A-Z]")

# The shop's notes explain holds and cancellations, but some are not for the customer's eyes.
INTERNAL = re.compile(
    r"\b(internal|fraud\w*|risk\w*|suspicio\w*|chargeback|black ?list\w*|do not tell)\b",
    re.IGNORECASE,
)


class ListOrders(BaseModel):
    """The customer's newest orders, newest first, each with its articles and parcels in brief.

    Use it to find out which order is meant, or for an overview; then get_order for the details.
    """


class GetOrder(BaseModel):
    """One order of the customer: articles, payment, address, every parcel with contents,
    tracking, scans (newest first) and expected delivery. Facts change: call it again each time.
    """

    model_config = ConfigDict(coerce_numbers_to_str=True)

    order_number: str = Field(description="The order's number, such as 1018 or #1018.")


def list_orders(customer: AbstractBaseUser | AnonymousUser) -> tuple[str, None]:
    """The newest orders in brief; says so if there are more."""
    newest = list(Order.objects.for_customer(customer).with_details()[: NEWEST_ORDERS + 1])
    now = timezone.now()
    orders = [_brief(order, now) for order in newest[:NEWEST_ORDERS]]
    facts: dict[str, Any] = {"orders": orders}
    if len(newest) > NEWEST_ORDERS:
        facts["more"] = "There are older orders too; get_order finds them by number."
    if not orders:
        facts["note"] = "This customer has no orders with this account."
    return compact(**facts), None


def get_order(
    customer: AbstractBaseUser | AnonymousUser, order_number: str
) -> tuple[str, dict[str, Any] | None]:
    """One order with all that is known of it, and its card.

    Somebody else's order and one that does not exist get the very same answer, so that numbers
    cannot be probed.
    """
    theirs = Order.objects.for_customer(customer)
    number = normalize_number(order_number)
    found = theirs.with_details()
    order = found.filter(number=number).first()
    if order is None and (alike := _written_otherwise(number, theirs)):
        order = found.filter(number=alike).first()
    if order is None:
        return compact(
            error="not_found",
            note="This customer has no order with this number. list_orders shows theirs.",
        ), None
    return compact(order=_detailed(order, timezone.now())), order_card(order)


def _written_otherwise(number: str, theirs: OrderQuerySet) -> str:
    """The customer's only order whose number people write like this: 1018 or en1018 for EN-1018."""
    digits = max(DIGITS.findall(number), key=len, default="")
    if len(digits) < LEAST_DIGITS:
        return ""
    key = NO_SIGN.sub("", number)
    near = list(theirs.filter(number__contains=digits).values_list("number", flat=True))
    for same in (
        [each for each in near if NO_SIGN.sub("", each) == key],
        [each for each in near if key == digits and digits in DIGITS.findall(each)],
    ):
        if same:
            return same[0] if len(same) == 1 else ""
    return ""


def order_card(order: Order) -> dict[str, Any]:
    """What the page shows as an order card: JSON, with dates in ISO 8601 or null."""
    return _head(order) | {
        "lines": [{"title": line.title, "quantity": line.quantity} for line in order.lines.all()],
        "shipments": [
            _route(parcel) | {"last_event": _scan(parcel.last_event) if parcel.last_event else None}
            for parcel in order.shipments.all()
        ],
    }


def _head(order: Order) -> dict[str, Any]:
    return {
        "number": order.number,
        "placed_at": iso(order.placed_at),
        "status": order.status,
        "payment_status": order.payment_status,
        "fulfillment_status": order.fulfillment_status.value,
        "total": _money(order.total),
        "currency": order.currency,
    }


def _money(amount: Decimal) -> str:
    """``49.90``; three decimals only where the third one says something, as in dinars."""
    cents = amount.quantize(Decimal("0.01"))
    return str(cents if cents == amount else amount)


def _route(parcel: Shipment) -> dict[str, Any]:
    return {
        "carrier": parcel.carrier or None,
        "tracking_number": parcel.tracking_number or None,
        "tracking_url": parcel.tracking_url or None,
        "status": parcel.status,
        "estimated_delivery_from": iso(parcel.estimated_delivery_from),
        "estimated_delivery_to": iso(parcel.estimated_delivery_to),
        "delivered_at": iso(parcel.delivered_at),
    }


def _scan(event: TrackingEvent) -> dict[str, Any]:
    return {
        "occurred_at": iso(event.occurred_at),
        "message": event.message,
        "city": event.city or None,
    }


def _brief(order: Order, now: datetime) -> dict[str, Any]:
    return _head(order) | {
        "open": order.is_open,
        "articles": [f"{line.quantity} × {line.title}" for line in order.lines.all()],
        "parcels": [
            {
                "carrier": parcel.carrier or None,
                "tracking_number": parcel.tracking_number or None,
                "status": parcel.status,
                "late": parcel.is_late(now),
                "estimated_delivery_from": iso(parcel.estimated_delivery_from),
                "estimated_delivery_to": iso(parcel.estimated_delivery_to),
                "delivered_at": iso(parcel.delivered_at),
                "last_scan_at": iso(parcel.last_event.occurred_at) if parcel.last_event else None,
            }
            for parcel in order.shipments.all()
        ],
    }


def _detailed(order: Order, now: datetime) -> dict[str, Any]:
    return _head(order) | {
        "open": order.is_open,
        "cancelled_at": iso(order.cancelled_at),
        "note_of_the_shop": None if INTERNAL.search(order.note) else order.note or None,
        "ship_to": _address(order),
        "lines": [
            {
                "title": line.title,
                "sku": line.sku or None,
                "quantity": line.quantity,
                "cancelled_quantity": line.cancelled_quantity,
                "not_yet_sent": max(line.open_quantity - line.shipped_quantity, 0),
                "price_each": _money(line.price),
            }
            for line in order.lines.all()
        ],
        "parcels": [_parcel(parcel, order, now) for parcel in order.shipments.all()],
    }


def _address(order: Order) -> dict[str, str] | str:
    parts = {
        "name": order.shipping_name,
        "street": order.shipping_street,
        "postal_code": order.shipping_postal_code,
        "city": order.shipping_city,
        "country": order.shipping_country,
    }
    return {key: value for key, value in parts.items() if value} or "not known"


def _parcel(parcel: Shipment, order: Order, now: datetime) -> dict[str, Any]:
    events = list(parcel.events.all())
    packed_together = [
        other
        for other in order.shipments.all()
        if parcel.external_id and other.external_id == parcel.external_id
    ]
    dated = parcel.estimated_delivery_from or parcel.estimated_delivery_to
    unknown = {
        "delivery date": parcel.is_open and not dated,
        "tracking number": not parcel.tracking_number,
        "when it was delivered": parcel.status == parcel.Status.DELIVERED
        and not parcel.delivered_at,
        "which of the contents are in this parcel": len(packed_together) > 1,
    }
    return _route(parcel) | {
        "service": parcel.service or None,
        "late": parcel.is_late(now),
        "shipped_at": iso(parcel.shipped_at),
        "contents": [
            {"title": content.order_line.title, "quantity": content.quantity}
            for content in parcel.contents.all()
        ],
        "events": [_scan(event) | {"status": event.status} for event in events[:NEWEST_EVENTS]],
        "older_events": max(len(events) - NEWEST_EVENTS, 0),
        "not_known": [name for name, missing in unknown.items() if missing],
    }
