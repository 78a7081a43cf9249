"""The shop's name, and how its pages say what its tables hold; the words: :mod:`chat.wording`.

Every template has these without loading them.
"""

from decimal import Decimal

from django import template
from django.conf import settings

from chat import wording
from chat.orders.models import Order, Shipment

register = template.Library()

DEMO_SHOP = "Copper & Oak"


@register.simple_tag
def shop_name() -> str:
    return settings.SHOP_NAME or DEMO_SHOP


@register.simple_tag
def is_demo_shop() -> bool:
    return not settings.SHOP_NAME


register.filter("headline", wording.headline)
register.filter("arrival", wording.arrival)
register.filter("day", wording.day)


@register.filter
def parcel_words(parcel: Shipment) -> wording.Phrase:
    return wording.PARCELS[parcel.status]


@register.filter
def payment_words(order: Order) -> wording.Phrase:
    return wording.PAYMENTS[order.payment_status]


@register.filter
def money(amount: Decimal, currency: str) -> str:
    """``1234.500`` and ``EUR`` → ``EUR 1,234.50``; a third decimal only where it is not zero."""
    places = 2 if amount == round(amount, 2) else 3
    return f"{currency} {amount:,.{places}f}"


@register.filter
def web_address(url: str) -> str:
    """The URL where it is safe to link to; imported files can hold anything."""
    return url if url.startswith(("https://", "http://")) else ""
