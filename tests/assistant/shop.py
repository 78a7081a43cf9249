"""Small orders for the tools' tests, each made by one call."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from chat.orders.models import Order, OrderLine, Shipment, ShipmentLine, TrackingEvent


def order(customer: User | None, number: str, *titles: str, **fields: Any) -> Order:
    """An order with one piece of each article."""
    made = Order.objects.create(
        customer=customer,
        number=number,
        currency="EUR",
        **{"placed_at": timezone.now() - timedelta(days=3), "total": "49.90"} | fields,
    )
    for title in titles:
        OrderLine.objects.create(order=made, title=title, quantity=1, price="49.90")
    return made


def parcel(of: Order, **fields: Any) -> Shipment:
    """A parcel with everything in the order that is not in another one yet."""
    made = Shipment.objects.create(order=of, **fields)
    for line in of.lines.all():
        if not line.shipped.exists():
            ShipmentLine.objects.create(shipment=made, order_line=line, quantity=line.quantity)
    return made


def scan(of: Shipment, at: datetime, status: str, message: str = "", city: str = "") -> None:
    """A tracking event of the parcel."""
    TrackingEvent.objects.create(
        shipment=of,
        occurred_at=at,
        status=status,
        message=message,
        city=city,
        source="test",
        external_id=f"{at:%s%f}{status}",
    )
