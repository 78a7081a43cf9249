"""What belongs to whom: a customer's own identifiers, and whether a number is somebody else's."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model

from chat.guard.seen import Doubt, Seen
from chat.help.models import HelpArticle
from chat.orders.models import Order, Shipment

# Of an order: what of it may be told to its customer. Its note may be internal: what of it may be
# told, a tool tells.
ORDER_FIELDS = (
    *("number", "shipping_name", "shipping_street", "shipping_city"),
    *("shipping_postal_code", "shipping_country"),
)
PARCEL_FIELDS = ("tracking_number", "tracking_url", "events__message")


def may_see(customer_id: int) -> Seen:
    """What the customer's account and orders hold, and what the shop tells everybody."""
    user = get_user_model()._default_manager.get(pk=customer_id)
    orders = Order.objects.for_customer(user)
    parcels = Shipment.objects.filter(order__in=orders)
    published = HelpArticle.objects.filter(published=True)
    rows: list[tuple[Any, ...]] = [
        *orders.values_list(*ORDER_FIELDS),
        *orders.values_list("lines__title", "lines__sku"),
        *parcels.values_list(*PARCEL_FIELDS),
    ]
    articles = [text for row in published.values_list("title", "body") for text in row]
    seen = Seen()
    seen.add([str(getattr(user, "email", "")), *{text for row in rows for text in row if text}])
    seen.add(articles)
    seen.add_links([*articles, *parcels.values_list("tracking_url", flat=True)])
    seen.hosts |= {host.lower() for host in settings.ALLOWED_HOSTS}
    return seen


def somebody_elses(customer_id: int, doubt: Doubt) -> str:
    """Whether something in doubt is another customer's, as a kind; "" where nothing is.

    An order that belongs to nobody yet is somebody else's.
    """
    keys, addresses = doubt.may_be(), doubt.emails | doubt.spoken
    others = get_user_model()._default_manager.exclude(pk=customer_id)
    if addresses and others.filter(email__in=addresses).exists():
        return "e-mail address"
    if not keys:
        return ""
    if Order.objects.filter(number_key__in=keys).exclude(customer_id=customer_id).exists():
        return "order number"
    parcels = Shipment.objects.filter(tracking_key__in=keys)
    if parcels.exclude(order__customer_id=customer_id).exists():
        return "tracking number"
    return ""
