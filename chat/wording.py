"""People's words for what the shop's tables say about an order.

The orders page uses them directly; the chat page gets them with its settings, so that an order
card in the chat says the same. ``tone`` names the colour: ``good`` arrived or paid, ``going`` on
its way, ``waiting`` nothing to do yet, ``attention`` the customer should look, ``off`` over.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from chat.orders.models import Order, Shipment

PARCEL = Shipment.Status
PAYMENT = Order.PaymentStatus


@dataclass(frozen=True)
class Phrase:
    """What is said about a status, and its tone."""

    text: str
    tone: str


PARCELS: dict[str, Phrase] = {
    PARCEL.UNKNOWN: Phrase("No news from the carrier yet", "waiting"),
    PARCEL.PRE_TRANSIT: Phrase("Label printed, not yet with the carrier", "waiting"),
    PARCEL.IN_TRANSIT: Phrase("On its way", "going"),
    PARCEL.DELAYED: Phrase("On its way, but late", "attention"),
    PARCEL.OUT_FOR_DELIVERY: Phrase("Out for delivery", "going"),
    PARCEL.ATTEMPTED_DELIVERY: Phrase("The carrier could not hand it over", "attention"),
    PARCEL.AVAILABLE_FOR_PICKUP: Phrase("Waiting for you at a pick-up point", "attention"),
    PARCEL.DELIVERED: Phrase("Delivered", "good"),
    PARCEL.RETURN_TO_SENDER: Phrase("Sent back to us", "attention"),
    PARCEL.FAILURE: Phrase("Could not be delivered", "attention"),
    PARCEL.CANCELLED: Phrase("Parcel cancelled", "off"),
    PARCEL.ERROR: Phrase("The carrier reports a problem", "attention"),
}

ORDERS: dict[str, Phrase] = {
    Order.Status.PENDING: Phrase("Received, not confirmed yet", "waiting"),
    Order.Status.CONFIRMED: Phrase("Being prepared", "waiting"),
    Order.Status.ON_HOLD: Phrase("On hold", "attention"),
    Order.Status.CANCELLED: Phrase("Cancelled", "off"),
    Order.Status.COMPLETED: Phrase("Completed", "good"),
}

PAYMENTS: dict[str, Phrase] = {
    PAYMENT.PENDING: Phrase("Payment open", "attention"),
    PAYMENT.AUTHORIZED: Phrase("Payment authorised", "waiting"),
    PAYMENT.PARTIALLY_PAID: Phrase("Partly paid", "attention"),
    PAYMENT.PAID: Phrase("Paid", "good"),
    PAYMENT.PARTIALLY_REFUNDED: Phrase("Partly refunded", "off"),
    PAYMENT.REFUNDED: Phrase("Refunded", "off"),
    PAYMENT.VOIDED: Phrase("Payment cancelled", "off"),
}

# The order's own status says more than its parcels do.
BEFORE_PARCELS = (Order.Status.PENDING, Order.Status.ON_HOLD, Order.Status.CANCELLED)

# The carrier brings these no more, so a delivery date, or that none is known, would mislead.
NOT_EXPECTED = (
    *(PARCEL.DELIVERED, PARCEL.AVAILABLE_FOR_PICKUP),
    *(PARCEL.RETURN_TO_SENDER, PARCEL.FAILURE, PARCEL.CANCELLED),
)


def headline(order: Order) -> Phrase:
    """The one thing to say about an order (with details): shipped is not delivered."""
    parcels = [parcel.status for parcel in order.shipments.all()]
    if order.status in BEFORE_PARCELS or not parcels:
        return ORDERS[order.status]
    complete = order.fulfillment_status == order.FulfillmentStatus.FULFILLED
    if complete and len(set(parcels)) == 1:
        return PARCELS[parcels[0]]
    arrived = parcels.count(PARCEL.DELIVERED)
    tone = "attention" if any(PARCELS[p].tone == "attention" for p in parcels) else "going"
    if not arrived:
        return Phrase("Partly on its way", tone)
    if len(parcels) == 1:
        return Phrase("Partly delivered", tone)
    return Phrase(f"{arrived} of {len(parcels)} parcels delivered", tone)


def day(moment: datetime | date) -> str:
    """``Tue 24 Nov``, with the year where it is not this one; in the shop's time zone."""
    if isinstance(moment, datetime):
        moment = timezone.localtime(moment).date()
    year = "" if moment.year == timezone.localdate().year else f" {moment.year}"
    return f"{moment:%a} {moment.day} {moment:%b}{year}"


def arrival(parcel: Shipment) -> str:
    """When the parcel came or should come; where no date is known, it says so; never a guess."""
    if parcel.status == PARCEL.DELIVERED:
        if parcel.delivered_at is None:
            return ""
        return f"{day(parcel.delivered_at)}, {timezone.localtime(parcel.delivered_at):%H:%M}"
    if parcel.status in NOT_EXPECTED:
        return ""
    first = parcel.estimated_delivery_from or parcel.estimated_delivery_to
    last = parcel.estimated_delivery_to or parcel.estimated_delivery_from
    if first is None or last is None:
        return "No delivery date known yet"
    if timezone.localtime(last).date() < timezone.localdate():
        return f"Was expected by {day(last)}"
    if day(first) == day(last):
        return f"Expected {day(first)}"
    return f"Expected {day(first)} to {day(last)}"


def for_page() -> dict[str, dict[str, dict[str, Any]]]:
    """All phrases by the statuses' names, for the chat page's order cards."""
    return {
        kind: {str(status): asdict(phrase) for status, phrase in phrases.items()}
        for kind, phrases in (("parcels", PARCELS), ("orders", ORDERS), ("payments", PAYMENTS))
    }
