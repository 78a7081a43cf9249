"""A second file: newer data updates, older data changes nothing, and what people did stays."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from chat.orders.importers import shopify
from chat.orders.intake import Report, import_orders
from chat.orders.models import Order, OrderLine, Shipment, ShipmentLine, TrackingEvent
from tests.orders.conftest import PLACED_AT, MakeOrder
from tests.orders.shopify_data import JSON, fulfilment, line, order, write

Load = Callable[..., Report]
pytestmark = pytest.mark.django_db

LATER = "2026-05-21T10:00:00Z"
LATEST = "2026-05-22T10:00:00Z"


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(*orders: object, dry_run: bool = False) -> Report:
        with write(tmp_path / "orders.json", orders).open("rb") as file:
            return import_orders(shopify.read(file), dry_run=dry_run)

    return load


def the_parcel() -> Shipment:
    return Shipment.objects.get()


def everything() -> list[list[tuple[object, ...]]]:
    tables = (User, Order, OrderLine, Shipment, ShipmentLine, TrackingEvent)
    return [list(table._default_manager.order_by("pk").values_list()) for table in tables]


def test_the_same_file_twice_changes_nothing(load: Load) -> None:
    orders = [order(f"#{n}", fulfillments=[fulfilment()]) for n in range(1001, 1005)]
    load(*orders)
    before = everything()
    report = load(*orders)
    assert report.outcomes == {"unchanged": 4}
    assert not report.made
    assert everything() == before


def test_newer_data_updates_the_order_its_lines_and_its_parcels(load: Load) -> None:
    load(order(fulfillments=[fulfilment()]))
    parcel = the_parcel()
    newer = order(
        updated_at=LATER,
        total_price="99.80",
        financial_status="partially_refunded",
        line_items=[line(11, title="Kettle", quantity=3, price="49.90"), line(13, title="Tea")],
        fulfillments=[fulfilment(updated_at=LATER, shipment_status="delivered")],
        shipping_address=None,
    )
    assert load(newer).outcomes == {"updated": 1}
    got = Order.objects.get()
    assert got.total == Decimal("99.80")
    assert (got.payment_status, got.shipping_city) == ("partially_refunded", "")
    assert [str(row) for row in got.lines.all()] == ["3 × Kettle", "1 × Tea"]
    assert the_parcel() == parcel
    assert [e.status for e in the_parcel().events.all()] == ["delivered", "in_transit"]
    assert the_parcel().status == "delivered"


def test_an_older_file_does_not_undo_newer_data(load: Load) -> None:
    old = order(fulfillments=[fulfilment()], email="somebody.else@example.org")
    new = order(
        updated_at=LATER,
        cancelled_at=LATER,
        fulfillments=[fulfilment(status="cancelled", updated_at=LATER)],
    )
    load(new)
    before = everything()
    assert load(old).outcomes == {"older than what is here": 1}
    assert everything() == before


def test_without_updated_at_the_newest_date_in_the_order_tells_how_new_it_is(load: Load) -> None:
    load(order(updated_at=None, fulfillments=[fulfilment(updated_at=LATER)]))
    assert load(order(updated_at=None)).outcomes == {"older than what is here": 1}
    assert load(order(updated_at=LATEST)).outcomes == {"updated": 1}


def test_an_order_that_moves_to_another_address_moves_to_that_customer_alone(load: Load) -> None:
    load(order(email="first@example.org", customer=None))
    load(order(email="second@example.org", customer=None, updated_at=LATER))
    first, second = (User.objects.get(email=f"{name}@example.org") for name in ("first", "second"))
    assert not Order.objects.for_customer(first).exists()
    assert Order.objects.for_customer(second).count() == 1


def test_an_order_that_names_no_address_any_more_keeps_its_customer(load: Load) -> None:
    load(order())
    load(order(email=None, customer=None, updated_at=LATER))
    customer = Order.objects.get().customer
    assert customer is not None
    assert customer.email == "dora@example.org"


def test_a_fulfilment_cancelled_later_no_longer_counts_as_sent(load: Load) -> None:
    load(order(fulfillments=[fulfilment()]))
    load(order(updated_at=LATER, fulfillments=[fulfilment(status="cancelled", updated_at=LATER)]))
    assert the_parcel().status == "cancelled"
    assert the_parcel().shipped_at is None
    assert Order.objects.get().fulfillment_status == "unfulfilled"


@pytest.mark.parametrize("before", ["0034001", None])
def test_a_tracking_number_that_changes_or_becomes_known_stays_one_parcel(
    before: str | None, load: Load
) -> None:
    load(order(fulfillments=[fulfilment(tracking_numbers=[before], tracking_number=None)]))
    load(order(updated_at=LATER, fulfillments=[fulfilment(tracking_numbers=["NEW"])]))
    assert the_parcel().tracking_number == "NEW"
    assert the_parcel().contents.get().quantity == 2


def test_a_parcel_more_and_a_parcel_less(load: Load) -> None:
    def with_numbers(updated_at: str, *numbers: str) -> JSON:
        parcels = [fulfilment(tracking_numbers=list(numbers), tracking_urls=[])]
        return order(updated_at=updated_at, fulfillments=parcels)

    def statuses() -> dict[str, str]:
        return dict(Shipment.objects.values_list("tracking_number", "status"))

    load(with_numbers("2026-05-20T09:00:00Z", "A"))
    load(with_numbers("2026-05-20T10:00:00Z", "B", "A"))
    assert statuses() == {"A": "in_transit", "B": "in_transit"}
    load(with_numbers(LATER, "B"))
    assert statuses() == {"A": "cancelled", "B": "in_transit"}
    assert load(with_numbers(LATER, "B")).outcomes == {"unchanged": 1}
    load(with_numbers(LATEST, "A", "B"))
    assert Shipment.objects.get(tracking_number="A").is_open


def test_a_fulfilment_that_is_gone_is_marked_and_its_scans_stay(load: Load) -> None:
    load(order(fulfillments=[fulfilment()]))
    load(order(updated_at=LATER, fulfillments=[]))
    assert the_parcel().status == "cancelled"
    assert the_parcel().events.count() == 2


def test_a_file_that_says_nothing_of_parcels_leaves_them_alone(load: Load) -> None:
    load(order(fulfillments=[fulfilment()]))
    load(order(updated_at=LATER, fulfillments=None))
    assert the_parcel().status == "in_transit"


def test_lines_removed_from_an_order_leave_its_parcels_too(load: Load) -> None:
    load(order(fulfillments=[fulfilment()]))
    load(order(updated_at=LATER, line_items=[line(12)], fulfillments=[fulfilment()]))
    assert [row.external_id for row in OrderLine.objects.all()] == ["12"]
    assert not the_parcel().contents.exists()


def test_what_staff_added_to_an_order_stays(load: Load) -> None:
    load(order(fulfillments=[fulfilment()]))
    got = Order.objects.get()
    got.note = "The customer called."
    got.save()
    replacement = got.shipments.create(carrier="DPD", tracking_number="REPLACEMENT")
    TrackingEvent.objects.create(
        shipment=Shipment.objects.get(tracking_number="0034001"),
        occurred_at=PLACED_AT + timedelta(days=9),
        status="failure",
        source="staff",
        external_id="1",
    )
    load(order(updated_at=LATER, fulfillments=[fulfilment()]))
    got.refresh_from_db()
    replacement.refresh_from_db()
    assert got.note == "The customer called."
    assert replacement.status == "unknown"
    assert Shipment.objects.get(tracking_number="0034001").status == "failure"


def test_a_parcel_that_staff_typed_in_before_is_not_doubled(load: Load) -> None:
    load(order())
    Order.objects.get().shipments.create(tracking_number="0034001", service="Express")
    load(order(updated_at=LATER, fulfillments=[fulfilment()]))
    assert the_parcel().external_id == "21"
    assert the_parcel().service == "Express"
    assert the_parcel().contents.get().quantity == 2


def test_a_late_carrier_scan_counts_more_than_what_shopify_said_before_it(load: Load) -> None:
    load(order(fulfillments=[fulfilment()]))
    TrackingEvent.objects.create(
        shipment=the_parcel(),
        occurred_at=PLACED_AT + timedelta(days=9),
        status="delivered",
        source="dhl",
        external_id="1",
    )
    newer = fulfilment(updated_at=LATER, shipment_status="out_for_delivery")
    load(order(updated_at=LATER, fulfillments=[newer]))
    assert the_parcel().status == "delivered"
    assert the_parcel().events.count() == 3


def test_an_order_typed_in_by_hand_becomes_the_files(
    load: Load, alice: User, make_order: MakeOrder
) -> None:
    make_order(alice, number="1018", source_updated_at=None)
    load(order("#1018"))
    got = Order.objects.get()
    assert got.source == "shopify"
    assert not Order.objects.for_customer(alice).exists()
    assert [str(row) for row in got.lines.all()] == ["2 × Kettle", "1 × Mug - red"]


# --- twice in one file ------------------------------------------------------------------------


@pytest.mark.parametrize("newest_first", [True, False])
def test_of_an_order_twice_in_a_file_the_newer_counts(newest_first: bool, load: Load) -> None:
    orders = [order(updated_at=LATER, total_price="5.00"), order(total_price="7.00")]
    report = load(*(orders if newest_first else reversed(orders)))
    assert report.outcomes == {"new": 1, "repeated in the file": 1}
    assert Order.objects.get().total == 5


def test_two_orders_of_a_file_with_one_number_are_not_taken_for_one(load: Load) -> None:
    report = load(order(id=1), order(id=2, email="other@example.org", updated_at=LATER))
    assert report.outcomes == {"new": 1, "bad": 1}
    customer = Order.objects.get().customer
    assert customer is not None
    assert customer.email == "dora@example.org"


# --- dry run ----------------------------------------------------------------------------------


def test_a_dry_run_tells_what_the_real_run_then_does_and_changes_nothing(load: Load) -> None:
    load(order("#1"), order("#2"), order("#3", updated_at=LATER))
    orders = [
        order("#1"),
        order("#2", updated_at=LATER, total_price="1.00", email="eve@example.org"),
        order("#3"),
        order("#4", email="EVE@example.org", fulfillments=[fulfilment()]),
        order("#4", email="eve@example.org", updated_at=LATER),
        order("#5", total_price="-1"),
        order("#6", test=True),
    ]
    before = everything()
    dry = load(*orders, dry_run=True)
    assert everything() == before
    real = load(*orders)
    assert dry == real
    assert real.made == {"eve@example.org"}
    assert sorted(real.outcomes.values()) == [1] * 7
