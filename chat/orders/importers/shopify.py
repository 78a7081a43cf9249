"""Shopify's Admin REST orders: ``{"orders": [...]}`` → records. docs/orders.md has the tables.

Read as a stream: the file may be far larger than the memory. Names and meanings are those of
Shopify's REST reference (resources Order, Fulfillment, Refund); `docs/orders.md` says which of
them were checked against it.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import zip_longest
from typing import BinaryIO

import ijson

from chat.orders.fields import Fields, web_address
from chat.orders.models import Order, Shipment, normalize_number
from chat.orders.records import (
    BrokenFile,
    Invalid,
    LineRecord,
    OrderRecord,
    ParcelRecord,
    Person,
    Row,
)

SOURCE = "shopify"

PAYMENT_STATUSES = {
    "": Order.PaymentStatus.PENDING,
    "unpaid": Order.PaymentStatus.PENDING,
    "expired": Order.PaymentStatus.VOIDED,
    **{str(status): status for status in Order.PaymentStatus},
}

#: ``shipment_status`` of a fulfilment: what the carrier told Shopify.
SHIPMENT_STATUSES = {
    "label_printed": Shipment.Status.PRE_TRANSIT,
    "label_purchased": Shipment.Status.PRE_TRANSIT,
    "confirmed": Shipment.Status.PRE_TRANSIT,
    "carrier_picked_up": Shipment.Status.IN_TRANSIT,
    "in_transit": Shipment.Status.IN_TRANSIT,
    "delayed": Shipment.Status.DELAYED,
    "out_for_delivery": Shipment.Status.OUT_FOR_DELIVERY,
    "attempted_delivery": Shipment.Status.ATTEMPTED_DELIVERY,
    "ready_for_pickup": Shipment.Status.AVAILABLE_FOR_PICKUP,
    "picked_up": Shipment.Status.DELIVERED,
    "delivered": Shipment.Status.DELIVERED,
    "failure": Shipment.Status.FAILURE,
}

#: ``status`` of a fulfilment: what became of the shop's wish to send something. These tell more
#: than ``shipment_status``; "success" does not, it says only that the parcel is with the carrier.
_NEVER_LEFT = {"cancelled", "error", "failure"}
_NOT_YET_SENT = {"pending", "open"}

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read(file: BinaryIO) -> Iterator[Row]:
    """The file's orders, one by one.

    Raises:
        BrokenFile: where the file cannot be read on; what was yielded before is good.
    """
    begin = file.tell()
    if file.read(len(_BYTE_ORDER_MARK)) == _BYTE_ORDER_MARK:
        begin = file.tell()
    file.seek(begin)
    place = "at its beginning"
    try:
        _check_shape(file)
        file.seek(begin)
        # use_float: with Decimals the parser in C dies of a whole number of 5,000 digits.
        for index, item in enumerate(ijson.items(file, "orders.item", use_float=True)):
            yield _row(index, item)
            place = f"after orders[{index}]"
    except (ijson.JSONError, UnicodeDecodeError) as error:
        reason = str(error).strip("b'\"").split("\\n")[0].split("\n")[0].rstrip(".")
        raise BrokenFile(f"the file is cut off or no JSON in UTF-8, {place}: {reason}") from error


def _check_shape(file: BinaryIO) -> None:
    """Whether there is a list of orders at all, or the parser would find none and say nothing."""
    expected = 'expected {"orders": [...]}'
    for prefix, event, _ in ijson.parse(file, use_float=True):
        if prefix == "" and event not in {"start_map", "map_key", "end_map"}:
            raise BrokenFile(f"the file holds no object; {expected}")
        if prefix == "orders":
            if event != "start_array":
                raise BrokenFile(f'"orders" is no list; {expected}')
            return
    raise BrokenFile(f'the file has no "orders"; {expected}')


def _row(index: int, item: object) -> Row:
    place = f"orders[{index}]"
    try:
        order = Fields(item)
        number = _number(order)
    except Invalid as problem:
        return Row(place, problem)
    place = f"{place} (#{number})"
    try:
        return Row(place, _order(order, number))
    except Invalid as problem:
        return Row(place, problem)


def _number(order: Fields) -> str:
    name = "name" if order.has("name") or not order.has("order_number") else "order_number"
    number = normalize_number(order.text(name, 64))
    if not number:
        raise Invalid(name, "missing")
    if len(number) > 64:  # some characters have an upper case of several
        raise Invalid(name, "longer than 64 characters")
    return number


def _order(order: Fields, number: str) -> OrderRecord:
    placed_at = order.required_moment("created_at")
    cancelled_at, closed_at = order.moment("cancelled_at"), order.moment("closed_at")
    fulfilments = order.children("fulfillments")
    # Shopify moves updated_at with every change. Where it is missing or lags behind, the newest
    # date in the order tells how new the data is.
    times = [placed_at, cancelled_at, closed_at, order.moment("updated_at")]
    times += [at for f in fulfilments for at in (f.moment("created_at"), f.moment("updated_at"))]
    updated_at = max(at for at in times if at is not None)
    status = Order.Status.CONFIRMED
    if cancelled_at:
        status = Order.Status.CANCELLED
    elif closed_at:
        status = Order.Status.COMPLETED
    columns = {
        "placed_at": placed_at,
        "currency": _currency(order),
        "total": order.amount("total_price"),
        "status": status,
        "payment_status": _payment_status(order),
        "cancelled_at": cancelled_at,
        **_address(order.child("shipping_address")),
    }
    parcels = [
        parcel
        for index, fulfilment in enumerate(fulfilments)
        for parcel in _parcels(fulfilment, index, updated_at)
    ]
    ids = [_id(fulfilment, f"fulfillment-{i}") for i, fulfilment in enumerate(fulfilments)]
    _refuse_twice(ids, "fulfillments")
    return OrderRecord(
        source=SOURCE,
        source_id=order.text("id", 64),
        number=number,
        updated_at=updated_at,
        customer=_customer(order),
        columns=columns,
        lines=_lines(order),
        parcels=tuple(parcels) if order.has("fulfillments") else None,
        is_test=order.flag("test"),
    )


def _payment_status(order: Fields) -> Order.PaymentStatus:
    status = order.text("financial_status", 64).lower()
    if status not in PAYMENT_STATUSES:
        raise Invalid("financial_status", f"“{status}” is not known")
    return PAYMENT_STATUSES[status]


def _currency(order: Fields) -> str:
    currency = order.text("currency", 64).upper()
    if not currency:
        raise Invalid("currency", "missing")
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha()):
        raise Invalid("currency", "not a currency such as EUR")
    return currency


def _customer(order: Fields) -> Person:
    """The address given with the order counts before that of the customer's account."""
    account = order.child("customer")
    email = order.email("email") or order.email("contact_email")
    if account is None:
        return Person(email)
    return Person(
        email or account.email("email"),
        account.text("first_name", 150),
        account.text("last_name", 150),
    )


def _address(address: Fields | None) -> dict[str, str]:
    address = address or Fields({})
    name = address.text("name", 255) or " ".join(
        filter(None, (address.text("first_name", 127), address.text("last_name", 127)))
    )
    street = ", ".join(filter(None, (address.text("address1", 255), address.text("address2", 255))))
    return {
        "shipping_name": name,
        "shipping_street": street,
        "shipping_city": address.text("city", 255),
        "shipping_postal_code": address.text("zip", 64),
        "shipping_country": address.text("country", 255) or address.text("country_code", 64),
    }


def _lines(order: Fields) -> tuple[LineRecord, ...]:
    if not order.has("line_items"):
        raise Invalid("line_items", "missing")
    cancelled: dict[str, int] = {}
    for refund in order.children("refunds"):
        for item in refund.children("refund_line_items"):
            # "cancel": taken out before it was sent. "return" came back, which is another thing.
            if item.text("restock_type", 64) == "cancel":
                line_id = item.text("line_item_id", 64)
                cancelled[line_id] = cancelled.get(line_id, 0) + item.integer("quantity")
    lines = []
    for index, item in enumerate(order.children("line_items")):
        line_id = _id(item, f"line-{index}")
        quantity = item.integer("quantity")
        lines.append(
            LineRecord(
                external_id=line_id,
                sku=item.text("sku", 120),
                title=_title(item),
                quantity=quantity,
                cancelled_quantity=min(cancelled.get(line_id, 0), quantity),
                price=item.amount("price"),
            )
        )
    _refuse_twice([line.external_id for line in lines], "line_items")
    return tuple(lines)


def _title(item: Fields) -> str:
    """With the variant, or nobody can tell the red mug from the blue one."""
    title = item.text("title", 255)
    variant = item.text("variant_title", 255)
    if not title:
        title, variant = item.text("name", 520), ""
    if not title:
        raise Invalid(item.at("title"), "missing")
    # "Default Title" is what Shopify calls the one variant of an article that has none.
    return title if variant in {"", "Default Title"} else f"{title} - {variant}"


def _parcels(fulfilment: Fields, index: int, updated_at: datetime) -> Iterator[ParcelRecord]:
    """One for each tracking number, or one without.

    Shopify does not say what is in which of several parcels: each gets all of the contents, see
    :class:`~chat.orders.models.ShipmentLine`.
    """
    status, message = _reported(fulfilment)
    created_at = fulfilment.moment("created_at")
    contents: dict[str, int] = {}
    for item in fulfilment.children("line_items"):
        line_id = item.text("id", 64)
        quantity = item.integer("quantity")
        if line_id and quantity:
            contents[line_id] = contents.get(line_id, 0) + quantity
    has_left = status not in {Shipment.Status.PRE_TRANSIT, Shipment.Status.CANCELLED}
    for number, url in _tracking(fulfilment):
        yield ParcelRecord(
            external_id=_id(fulfilment, f"fulfillment-{index}"),
            carrier=fulfilment.text("tracking_company", 80),
            tracking_number=number,
            tracking_url=url,
            shipped_at=created_at if has_left else None,
            contents=contents,
            status=status,
            reported_at=fulfilment.moment("updated_at") or created_at or updated_at,
            message=message,
        )


def _reported(fulfilment: Fields) -> tuple[Shipment.Status | None, str]:
    status = fulfilment.text("status", 64).lower()
    if status in _NEVER_LEFT:
        return Shipment.Status.CANCELLED, "The shop took this parcel back before it left."
    reported = fulfilment.text("shipment_status", 64).lower()
    if reported:
        # Shopify may add a word: then nothing is known, rather than something wrong said.
        return SHIPMENT_STATUSES.get(reported, Shipment.Status.UNKNOWN), ""
    return (Shipment.Status.PRE_TRANSIT if status in _NOT_YET_SENT else None), ""


def _tracking(fulfilment: Fields) -> list[tuple[str, str]]:
    """The tracking numbers with their links; each number once, and always at least one pair."""
    numbers = fulfilment.texts("tracking_numbers", 80) or [fulfilment.text("tracking_number", 80)]
    urls = fulfilment.texts("tracking_urls", 500) or [fulfilment.text("tracking_url", 500)]
    links: dict[str, str] = {}
    for index, (number, url) in enumerate(zip_longest(numbers, urls, fillvalue="")):
        link = web_address(url, fulfilment.at(f"tracking_urls[{index}]"))
        links[number] = links.get(number) or link
    # A link without a number of its own belongs to the fulfilment, not to one more parcel.
    if len(links) > 1 and "" in links:
        spare = links.pop("")
        first = next(iter(links))
        links[first] = links[first] or spare
    return list(links.items())


def _id(item: Fields, otherwise: str) -> str:
    """The id, or the place in the list where a file was written without ids."""
    return item.text("id", 64) or otherwise


def _refuse_twice(ids: list[str], name: str) -> None:
    seen: set[str] = set()
    for index, one in enumerate(ids):
        if one in seen:
            raise Invalid(f"{name}[{index}].id", "the same as another's in this order")
        seen.add(one)
