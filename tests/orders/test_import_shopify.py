"""What becomes of what a Shopify file says."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chat.orders.importers import shopify
from chat.orders.intake import Report, import_orders
from chat.orders.models import Order, Shipment
from tests.orders.shopify_data import JSON, fulfilment, line, order, write

Load = Callable[..., Report]
pytestmark = pytest.mark.django_db


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(*orders: object) -> Report:
        with write(tmp_path / "orders.json", orders).open("rb") as file:
            return import_orders(shopify.read(file))

    return load


@pytest.fixture
def reasons(tmp_path: Path) -> Callable[..., list[str]]:
    def reasons(*orders: object) -> list[str]:
        lines: list[str] = []
        with write(tmp_path / "orders.json", orders).open("rb") as file:
            import_orders(shopify.read(file), on_bad=lines.append)
        return lines

    return reasons


def the_order() -> Order:
    return Order.objects.with_details().get()


# --- the order itself -------------------------------------------------------------------------


def test_an_order_comes_in_with_its_customer_lines_and_address(load: Load) -> None:
    assert load(order("#1018")).outcomes == {"new": 1}
    got = the_order()
    assert (got.number, got.currency, got.total) == ("1018", "EUR", Decimal("112.60"))
    assert got.placed_at == datetime(2026, 5, 19, 0, 15, tzinfo=UTC)
    assert (got.status, got.payment_status) == ("confirmed", "paid")
    assert got.customer is not None
    assert (got.customer.email, got.customer.get_full_name()) == ("dora@example.org", "Dora Ek")
    assert not got.customer.has_usable_password()
    assert [(str(row), row.sku, row.price) for row in got.lines.all()] == [
        ("2 × Kettle", "KET", Decimal("49.90")),
        ("1 × Mug - red", "MUG-R", Decimal("12.80")),
    ]
    assert (got.shipping_name, got.shipping_street) == ("Dora Ek", "Storgatan 3, Apt 4")
    assert (got.shipping_postal_code, got.shipping_city) == ("222 22", "Lund")
    assert got.shipping_country == "Sweden"
    assert got.fulfillment_status == "unfulfilled"


@pytest.mark.parametrize("missing", [{"shipping_address": None}, {"shipping_address": {}}])
def test_an_order_without_address_is_an_order(missing: JSON, load: Load) -> None:
    load(order(**missing))
    assert the_order().shipping_street == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "", "contact_email": "dora@example.org", "customer": None},
        {"email": None, "contact_email": None, "customer": {"email": "Dora@Example.org"}},
        {"email": "dora@example.org", "customer": {"email": "other@example.org"}},
    ],
)
def test_the_address_may_stand_in_three_places(changes: JSON, load: Load) -> None:
    load(order(**changes))
    customer = the_order().customer
    assert customer is not None
    assert customer.email == "dora@example.org"


def test_an_order_without_any_address_of_its_customer_has_none(load: Load) -> None:
    load(order(email=None, customer=None))
    assert the_order().customer is None


@pytest.mark.parametrize("amount", ["59.8", "59.80", "59.800", 59.8, "59.8000", " 59.80 "])
def test_amounts_come_as_texts_or_numbers(amount: object, load: Load) -> None:
    load(order(total_price=amount))
    assert the_order().total == Decimal("59.80")


def test_whole_amounts_may_be_numbers_too(load: Load) -> None:
    load(order(total_price=60))
    assert the_order().total == 60


@pytest.mark.parametrize(
    "written", ["2026-05-18T20:15:00-04:00", "2026-05-19T00:15:00Z", "2026-05-19T05:45:00+05:30"]
)
def test_times_are_the_same_moment_whatever_their_offset(written: str, load: Load) -> None:
    load(order(created_at=written))
    assert the_order().placed_at == datetime(2026, 5, 19, 0, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "status", "payment_status"),
    [
        ({"financial_status": "pending"}, "confirmed", "pending"),
        ({"financial_status": None}, "confirmed", "pending"),
        ({"financial_status": "partially_refunded"}, "confirmed", "partially_refunded"),
        ({"financial_status": "expired"}, "confirmed", "voided"),
        ({"closed_at": "2026-05-25T00:00:00Z"}, "completed", "paid"),
        (
            {"cancelled_at": "2026-05-20T00:00:00Z", "financial_status": "refunded"},
            "cancelled",
            "refunded",
        ),
        (
            {"cancelled_at": "2026-05-20T00:00:00Z", "closed_at": "2026-05-20T00:00:01Z"},
            "cancelled",
            "paid",
        ),
    ],
)
def test_states_of_order_and_payment(
    changes: JSON, status: str, payment_status: str, load: Load
) -> None:
    load(order(**changes))
    assert (the_order().status, the_order().payment_status) == (status, payment_status)


def test_pieces_taken_out_before_sending_are_not_waited_for_but_returned_ones_were_sent(
    load: Load,
) -> None:
    refunds = [
        {
            "refund_line_items": [
                {"line_item_id": 12, "quantity": 1, "restock_type": "cancel"},
                {"line_item_id": 11, "quantity": 1, "restock_type": "return"},
            ]
        }
    ]
    load(order(refunds=refunds, fulfillments=[fulfilment()]))
    got = the_order()
    assert [row.cancelled_quantity for row in got.lines.all()] == [0, 1]
    assert got.fulfillment_status == "fulfilled"


def test_fields_that_we_do_not_know_do_no_harm(load: Load) -> None:
    load(order(tax_lines=[{"price": "-3"}], note="internal", metafields={"": [None]}))
    assert the_order().note == ""


def test_an_order_written_without_ids_is_found_again(load: Load) -> None:
    bare = order()
    for thing in (bare, *bare["line_items"]):
        del thing["id"]
    bare["fulfillments"] = [{"status": "success", "created_at": "2026-05-19T09:00:00Z"}]
    load(bare)
    assert load(bare).outcomes == {"unchanged": 1}
    assert the_order().lines.count() == 2
    assert the_order().shipments.count() == 1


def test_a_default_title_is_not_part_of_the_articles_name(load: Load) -> None:
    load(order(line_items=[line(1, title="Lamp", variant_title="Default Title")]))
    assert the_order().lines.get().title == "Lamp"


def test_test_orders_are_left_out(load: Load) -> None:
    assert load(order(test=True)).outcomes == {"test orders left out": 1}
    assert not Order.objects.exists()


# --- parcels ----------------------------------------------------------------------------------


def test_several_fulfilments_are_several_parcels_with_their_pieces(load: Load) -> None:
    second = fulfilment(
        22,
        tracking_company="GLS",
        tracking_numbers=["GLS7"],
        tracking_urls=["https://gls-group.eu/GLS7"],
        shipment_status="delivered",
        line_items=[{"id": 12, "quantity": 1}],
    )
    load(order(fulfillments=[fulfilment(line_items=[{"id": 11, "quantity": 1}]), second]))
    got = the_order()
    assert [
        (p.carrier, p.tracking_number, p.tracking_url, p.status, [str(c) for c in p.contents.all()])
        for p in got.shipments.all()
    ] == [
        ("DHL", "0034001", "https://www.dhl.de/track/0034001", "in_transit", ["1 × Kettle"]),
        ("GLS", "GLS7", "https://gls-group.eu/GLS7", "delivered", ["1 × Mug - red"]),
    ]
    assert got.fulfillment_status == "partially_fulfilled"


def test_several_tracking_numbers_of_one_fulfilment_are_parcels_that_share_its_pieces(
    load: Load,
) -> None:
    numbers, urls = ["A1", "A2", "A1"], ["https://dhl.example/A1", "https://dhl.example/A2"]
    load(order(fulfillments=[fulfilment(tracking_numbers=numbers, tracking_urls=urls)]))
    got = the_order()
    assert [(p.tracking_number, p.tracking_url) for p in got.shipments.all()] == [
        ("A1", "https://dhl.example/A1"),
        ("A2", "https://dhl.example/A2"),
    ]
    assert [row.shipped_quantity for row in got.lines.all()] == [2, 0]
    assert got.fulfillment_status == "partially_fulfilled"


@pytest.mark.parametrize(
    ("changes", "number", "url"),
    [
        ({"tracking_numbers": None, "tracking_urls": None}, "0034001", "https://www.dhl.de/track/0034001"),
        ({"tracking_numbers": [], "tracking_urls": []}, "0034001", "https://www.dhl.de/track/0034001"),
        ({"tracking_urls": [], "tracking_url": None}, "0034001", ""),
        (
            {"tracking_numbers": [], "tracking_number": None, "tracking_urls": ["https://a.example"]},
            "",
            "https://a.example",
        ),
        ({"tracking_numbers": [None], "tracking_urls": [None]}, "", ""),
    ],
)  # fmt: skip
def test_a_fulfilment_is_a_parcel_with_or_without_tracking(
    changes: JSON, number: str, url: str, load: Load
) -> None:
    load(order(fulfillments=[fulfilment(**changes)]))
    parcel = the_order().shipments.get()
    assert (parcel.tracking_number, parcel.tracking_url) == (number, url)
    assert parcel.contents.get().quantity == 2


@pytest.mark.parametrize(
    ("status", "shipment_status", "expected", "has_left"),
    [
        ("success", None, "unknown", True),
        ("success", "label_printed", "pre_transit", False),
        ("success", "label_purchased", "pre_transit", False),
        ("success", "confirmed", "pre_transit", False),
        ("success", "carrier_picked_up", "in_transit", True),
        ("success", "in_transit", "in_transit", True),
        ("success", "delayed", "delayed", True),
        ("success", "out_for_delivery", "out_for_delivery", True),
        ("success", "attempted_delivery", "attempted_delivery", True),
        ("success", "ready_for_pickup", "available_for_pickup", True),
        ("success", "delivered", "delivered", True),
        ("success", "failure", "failure", True),
        ("success", "a_word_of_tomorrow", "unknown", True),
        ("pending", None, "pre_transit", False),
        ("open", None, "pre_transit", False),
        ("cancelled", "in_transit", "cancelled", False),
        ("error", None, "cancelled", False),
        ("failure", None, "cancelled", False),
    ],
)
def test_what_shopify_reports_of_a_parcel(
    status: str, shipment_status: str | None, expected: str, has_left: bool, load: Load
) -> None:
    load(order(fulfillments=[fulfilment(status=status, shipment_status=shipment_status)]))
    parcel = the_order().shipments.get()
    assert parcel.status == expected
    assert (parcel.shipped_at is not None) is has_left


def test_no_date_is_made_up(load: Load) -> None:
    load(order(fulfillments=[fulfilment(shipment_status="delivered")]))
    parcel = the_order().shipments.get()
    assert parcel.delivered_at is None
    assert parcel.estimated_delivery_from is None
    assert parcel.estimated_delivery_to is None
    assert parcel.last_event is not None
    assert parcel.last_event.occurred_at == datetime(2026, 5, 20, 4, 0, tzinfo=UTC)


# --- bad orders -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"created_at": "yesterday"}, "created_at: not a date"),
        ({"created_at": 1747606500}, "created_at: not a date"),
        ({"created_at": "2026-05-18T20:15:00"}, "created_at: a date without its offset from UTC"),
        ({"created_at": "0001-01-01T00:00:00+14:00"}, "created_at: not a date"),
        ({"created_at": None}, "created_at: missing"),
        ({"total_price": "-1.00"}, "total_price: negative"),
        ({"total_price": "NaN"}, "total_price: not an amount"),
        ({"total_price": "Infinity"}, "total_price: not an amount"),
        ({"total_price": "1_000"}, "total_price: not an amount"),
        ({"total_price": "١٢"}, "total_price: not an amount"),
        ({"total_price": "1e3"}, "total_price: not an amount"),
        ({"total_price": "12,80"}, "total_price: not an amount"),
        ({"total_price": "0.0001"}, "total_price: more than 11 digits or 3 decimals"),
        ({"total_price": "123456789012"}, "total_price: more than 11 digits or 3 decimals"),
        ({"total_price": True}, "total_price: not an amount"),
        ({"total_price": ["1"]}, "total_price: not an amount"),
        ({"total_price": None}, "total_price: missing"),
        ({"currency": "Euro"}, "currency: not a currency such as EUR"),
        ({"currency": None}, "currency: missing"),
        ({"email": "not an address"}, "email: not an e-mail address"),
        ({"financial_status": "odd"}, "financial_status: “odd” is not known"),
        ({"line_items": None}, "line_items: missing"),
        ({"line_items": "none"}, "line_items: not a list"),
        ({"line_items": [1]}, "line_items[0]: not an object"),
        ({"line_items": [line(1, quantity=-1)]}, "line_items[0].quantity: negative"),
        ({"line_items": [line(1, quantity=1.5)]}, "line_items[0].quantity: not a whole number"),
        ({"line_items": [line(1, quantity=True)]}, "line_items[0].quantity: not a whole number"),
        ({"line_items": [line(1, quantity=2**31)]}, "line_items[0].quantity: too large"),
        ({"line_items": [line(1, quantity=None)]}, "line_items[0].quantity: missing"),
        ({"line_items": [line(1, title=None)]}, "line_items[0].title: missing"),
        ({"line_items": [line(1, price="NaN")]}, "line_items[0].price: not an amount"),
        (
            {"line_items": [line(1, title="a\u0000b")]},
            "line_items[0].title: holds a character that cannot be stored, such as U+0000",
        ),
        (
            {"line_items": [line(1, title="x" * 100_000)]},
            "line_items[0].title: longer than 255 characters",
        ),
        ({"line_items": [line(1, sku={"a": 1})]}, "line_items[0].sku: not a text"),
        (
            {"line_items": [line(1), line(1)]},
            "line_items[1].id: the same as another's in this order",
        ),
        ({"shipping_address": []}, "shipping_address: not an object"),
        ({"fulfillments": {}}, "fulfillments: not a list"),
        (
            {"fulfillments": [fulfilment(), fulfilment()]},
            "fulfillments[1].id: the same as another's in this order",
        ),
        (
            {"fulfillments": [fulfilment(tracking_urls=["javascript:alert(1)"])]},
            "fulfillments[0].tracking_urls[0]: not a web address (http:// or https://)",
        ),
        (
            {"fulfillments": [fulfilment(updated_at="soon")]},
            "fulfillments[0].updated_at: not a date",
        ),
    ],
)
def test_a_bad_order_is_reported_with_its_place_and_reason_and_stops_no_other(
    changes: JSON, reason: str, reasons: Callable[..., list[str]]
) -> None:
    lines = reasons(order("#1017"), order("#1018", **changes), order("#1019"))
    assert lines == [f"orders[1] (#1018): {reason}"]
    assert set(Order.objects.values_list("number", flat=True)) == {"1017", "1019"}


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ("text", "orders[0]: not an object"),
        (None, "orders[0]: not an object"),
        ([], "orders[0]: not an object"),
        ({}, "orders[0]: name: missing"),
        ({"name": "#"}, "orders[0]: name: missing"),
        ({"name": "x" * 65}, "orders[0]: name: longer than 64 characters"),
        ({"name": "ß" * 64}, "orders[0]: name: longer than 64 characters"),
    ],
)
def test_what_is_no_order_is_reported_without_a_number(
    item: Any, reason: str, reasons: Callable[..., list[str]]
) -> None:
    assert reasons(item, order()) == [reason]
    assert Order.objects.count() == 1


def test_the_importer_maps_onto_statuses_that_exist() -> None:
    assert set(shopify.PAYMENT_STATUSES.values()) == set(Order.PaymentStatus)
    assert set(shopify.SHIPMENT_STATUSES.values()) <= set(Shipment.Status)
