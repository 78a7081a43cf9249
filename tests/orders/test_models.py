from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries

from chat.orders.models import (
    AppendOnly,
    Order,
    OrderLine,
    Shipment,
    ShipmentLine,
    TrackingEvent,
    normalize_number,
)
from tests.orders.conftest import PLACED_AT, MakeOrder

Status = Shipment.Status


def scan(parcel: Shipment, hours: int, status: Shipment.Status, source: str = "dhl") -> None:
    TrackingEvent.objects.create(
        shipment=parcel,
        occurred_at=PLACED_AT + timedelta(hours=hours),
        status=status,
        source=source,
        external_id=f"{hours}",
    )


# --- whose orders -----------------------------------------------------------------------------


def test_customers_see_their_own_orders_and_nobody_elses(
    alice: User, mallory: User, supporter: User, make_order: MakeOrder
) -> None:
    hers = make_order(alice)
    make_order(None)
    assert list(Order.objects.for_customer(alice)) == [hers]
    assert not Order.objects.for_customer(mallory).exists()
    assert not Order.objects.for_customer(supporter).exists()
    assert not Order.objects.for_customer(AnonymousUser()).exists()


def test_details_of_many_orders_cost_as_many_queries_as_those_of_one(
    alice: User, make_order: MakeOrder, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(1, 6):
        order = make_order(alice, parcels=3, number=f"A{number}")
        for hours, parcel in enumerate(order.shipments.all()):
            scan(parcel, hours, Status.IN_TRANSIT)
    with django_assert_num_queries(8):
        for order in Order.objects.for_customer(alice).with_details():
            assert order.fulfillment_status == "fulfilled"
            assert order.is_open
            for parcel in order.shipments.all():
                assert parcel.last_event
                assert [str(content) for content in parcel.contents.all()] == ["2 × Kettle"]


# --- constraints in the database --------------------------------------------------------------


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(lambda o: make_number_twice(o), id="a number twice"),
        pytest.param(lambda o: Order.objects.filter(pk=o.pk).update(total=-1), id="total"),
        pytest.param(lambda o: Order.objects.filter(pk=o.pk).update(number=""), id="no number"),
        pytest.param(lambda o: Order.objects.filter(pk=o.pk).update(number="#1"), id="hash"),
        pytest.param(lambda o: OrderLine.objects.update(price=Decimal("-0.01")), id="price"),
        pytest.param(lambda o: OrderLine.objects.update(quantity=-1), id="quantity"),
        pytest.param(lambda o: OrderLine.objects.update(cancelled_quantity=-1), id="cancelled"),
        pytest.param(lambda o: OrderLine.objects.update(cancelled_quantity=3), id="too many"),
        pytest.param(lambda o: ShipmentLine.objects.update(quantity=0), id="an empty content"),
        pytest.param(lambda o: same_line_twice_in_a_parcel(o), id="a line twice in a parcel"),
        pytest.param(
            lambda o: Shipment.objects.update(
                estimated_delivery_from=PLACED_AT,
                estimated_delivery_to=PLACED_AT - timedelta(days=1),
            ),
            id="a window that ends before it begins",
        ),
    ],
)
def test_the_database_refuses(broken: Callable[[Order], object], make_order: MakeOrder) -> None:
    order = make_order()
    with pytest.raises(IntegrityError), transaction.atomic():
        broken(order)


def make_number_twice(order: Order) -> None:
    Order.objects.create(number=order.number, placed_at=PLACED_AT, currency="EUR", total=0)


def same_line_twice_in_a_parcel(order: Order) -> None:
    order.shipments.get().contents.create(order_line=order.lines.get(), quantity=1)


def test_an_event_counts_once_for_each_shipment_source_and_external_id(parcel: Shipment) -> None:
    scan(parcel, 1, Status.IN_TRANSIT)
    with pytest.raises(IntegrityError), transaction.atomic():
        scan(parcel, 1, Status.DELIVERED)
    scan(parcel, 1, Status.IN_TRANSIT, source="another")
    assert parcel.events.count() == 2


def test_a_customer_with_orders_cannot_be_deleted_by_accident(
    alice: User, make_order: MakeOrder
) -> None:
    order = make_order(alice)
    with pytest.raises(IntegrityError):
        alice.delete()
    assert Order.objects.filter(pk=order.pk, customer=alice).exists()


# --- numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["1018", "#1018", " # 1018 ", "##1018", "#10\x0018"])
def test_a_number_is_stored_without_its_hash(typed: str) -> None:
    assert normalize_number(typed) == "1018"


def test_a_saved_order_has_its_number_in_the_stored_form(make_order: MakeOrder) -> None:
    order = make_order(number="#ab-7")
    order.refresh_from_db()
    assert order.number == "AB-7"
    assert str(order) == "#AB-7"


# --- a parcel's status follows its newest scan ------------------------------------------------


def test_the_status_is_that_of_the_newest_scan_though_scans_come_out_of_order(
    parcel: Shipment,
) -> None:
    for hours, status in ((1, Status.PRE_TRANSIT), (30, Status.DELIVERED), (9, Status.IN_TRANSIT)):
        scan(parcel, hours, status)
    parcel.refresh_from_db()
    assert parcel.status == Status.DELIVERED
    assert parcel.last_event is not None
    assert parcel.last_event.status == Status.DELIVERED


def test_of_two_scans_at_the_same_moment_the_later_recorded_counts(parcel: Shipment) -> None:
    scan(parcel, 1, Status.OUT_FOR_DELIVERY)
    scan(parcel, 1, Status.ATTEMPTED_DELIVERY, source="courier")
    parcel.refresh_from_db()
    assert parcel.status == Status.ATTEMPTED_DELIVERY
    assert parcel.last_event is not None
    assert parcel.last_event.status == Status.ATTEMPTED_DELIVERY


def test_scans_recorded_together_leave_out_the_known_ones(parcel: Shipment) -> None:
    scan(parcel, 5, Status.DELIVERED)
    events = [
        TrackingEvent(
            shipment=parcel,
            occurred_at=PLACED_AT + timedelta(hours=hours),
            status=Status.IN_TRANSIT,
            source="dhl",
            external_id=f"{hours}",
        )
        for hours in (4, 5)
    ]
    TrackingEvent.objects.record(events)
    TrackingEvent.objects.record(events)
    assert parcel.events.count() == 2
    parcel.refresh_from_db()
    assert parcel.status == Status.DELIVERED


def test_a_parcel_read_before_its_newest_scan_does_not_undo_it_when_saved(
    parcel: Shipment,
) -> None:
    stale = Shipment.objects.get(pk=parcel.pk)
    scan(parcel, 1, Status.DELIVERED)
    stale.carrier = "DPD"
    stale.save()
    assert stale.status == Status.DELIVERED
    parcel.refresh_from_db()
    assert (parcel.status, parcel.carrier) == (Status.DELIVERED, "DPD")


def test_a_parcel_without_scans_keeps_its_status(parcel: Shipment) -> None:
    parcel.status = Status.PRE_TRANSIT
    parcel.save()
    assert parcel.status == Status.PRE_TRANSIT
    assert parcel.last_event is None


@pytest.mark.parametrize(
    "change",
    [
        lambda event: event.save(),
        lambda event: event.delete(),
        lambda event: TrackingEvent.objects.filter(pk=event.pk).update(status="delivered"),
        lambda event: TrackingEvent.objects.filter(pk=event.pk).delete(),
        lambda event: TrackingEvent.objects.bulk_update([event], ["status"]),
        lambda event: event.shipment.events.all().delete(),
    ],
)
def test_scans_cannot_be_changed_or_taken_back(
    change: Callable[[TrackingEvent], object], parcel: Shipment
) -> None:
    scan(parcel, 1, Status.IN_TRANSIT)
    event = parcel.events.get()
    event.status = Status.DELIVERED
    with pytest.raises(AppendOnly, match="record another one"), transaction.atomic():
        change(event)
    assert parcel.events.get().status == Status.IN_TRANSIT


# --- what follows from the rows ---------------------------------------------------------------


def test_fulfilment_follows_the_pieces_that_left(make_order: MakeOrder) -> None:
    order = make_order(parcels=0)
    assert order.fulfillment_status == "unfulfilled"
    line = order.lines.get()
    order.shipments.create().contents.create(order_line=line, quantity=1)
    assert order.fulfillment_status == "partially_fulfilled"
    rest = order.shipments.create()
    rest.contents.create(order_line=line, quantity=1)
    assert order.fulfillment_status == "fulfilled"
    scan(rest, 1, Status.CANCELLED)
    assert order.fulfillment_status == "partially_fulfilled"


def test_pieces_taken_out_of_the_order_are_not_waited_for(make_order: MakeOrder) -> None:
    order = make_order(parcels=0)
    line = order.lines.get()
    order.shipments.create().contents.create(order_line=line, quantity=1)
    line.cancelled_quantity = 1
    line.save()
    assert order.fulfillment_status == "fulfilled"


def test_parcels_of_one_fulfilment_share_their_pieces(make_order: MakeOrder) -> None:
    order = make_order(parcels=0)
    line = order.lines.get()
    for tracking_number in ("A", "B"):
        parcel = order.shipments.create(external_id="77", tracking_number=tracking_number)
        parcel.contents.create(order_line=line, quantity=1)
    assert line.shipped_quantity == 1
    assert order.fulfillment_status == "partially_fulfilled"


@pytest.mark.parametrize(
    ("order_status", "parcel_status", "is_open"),
    [
        ("confirmed", "in_transit", True),
        ("completed", "in_transit", True),
        ("completed", "unknown", False),
        ("confirmed", "failure", True),
        ("confirmed", "unknown", True),
        ("confirmed", "delivered", False),
        ("completed", "return_to_sender", False),
        ("cancelled", "in_transit", False),
    ],
)
def test_an_order_is_open_while_its_customer_waits_for_something(
    order_status: str, parcel_status: str, is_open: bool, make_order: MakeOrder
) -> None:
    order = make_order(status=order_status)
    order.shipments.update(status=parcel_status)
    assert order.is_open is is_open


def test_an_order_not_sent_is_open_until_the_shop_completes_it(make_order: MakeOrder) -> None:
    assert make_order(parcels=0).is_open
    assert not make_order(parcels=0, status="completed").is_open


def test_a_parcel_is_late_only_when_a_promised_date_has_passed(parcel: Shipment) -> None:
    assert not parcel.is_late(PLACED_AT)
    parcel.estimated_delivery_to = PLACED_AT
    assert not parcel.is_late(PLACED_AT)
    assert parcel.is_late(PLACED_AT + timedelta(seconds=1))
    parcel.status = Status.DELIVERED
    assert not parcel.is_late(PLACED_AT + timedelta(days=1))
