from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.http import HttpRequest
from django.test import override_settings

from chat.help.models import HelpArticle
from chat.management.demo.shop import seed
from chat.orders.models import Order, OrderLine, Shipment, ShipmentLine, TrackingEvent

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)
TABLES = (User, Order, OrderLine, Shipment, ShipmentLine, TrackingEvent, HelpArticle)
CARRIER_HOSTS = {
    "www.dhl.de",
    "tracking.dpd.de",
    "gls-group.eu",
    "www.myhermes.de",
    "www.ups.com",
}


def orders_of(username: str) -> list[Order]:
    customer = User.objects.get(username=username)
    return list(Order.objects.for_customer(customer).with_details())


def test_the_demo_refuses_to_run_with_debug_off() -> None:
    with override_settings(DEBUG=False), pytest.raises(CommandError, match="DEBUG=True"):
        call_command("seed_demo")
    assert not User.objects.exists()


def test_the_four_accounts_can_log_in_and_only_staff_is_staff() -> None:
    with override_settings(DEBUG=True):
        call_command("seed_demo")
    for username in ("alice", "bob", "carol", "staff"):
        user = authenticate(HttpRequest(), username=username, password="demo")
        assert isinstance(user, User)
        assert user.is_staff == (username == "staff")
        assert not user.is_superuser
        assert user.first_name and user.email
        groups = {group.name for group in user.groups.all()}
        assert groups == ({"support staff", "help writers"} if user.is_staff else set())


def test_every_state_that_customers_ask_about_is_there() -> None:
    seed(NOW)
    shown = {str(status) for status in Shipment.objects.values_list("status", flat=True)}
    assert shown >= {
        "pre_transit",
        "in_transit",
        "delayed",
        "out_for_delivery",
        "attempted_delivery",
        "available_for_pickup",
        "delivered",
        "return_to_sender",
        "unknown",
    }
    assert Order.objects.filter(status="on_hold").exists()
    assert Order.objects.filter(status="cancelled", payment_status="refunded").exists()
    assert TrackingEvent.objects.filter(message__icontains="neighbour").exists()
    assert Shipment.objects.filter(tracking_number="", shipped_at__isnull=False).exists()


def test_of_bobs_two_parcels_one_has_come_and_one_is_late() -> None:
    seed(NOW)
    parcels = next(order for order in orders_of("bob") if order.shipments.count() == 2)
    assert sorted((p.status, p.is_late(NOW)) for p in parcels.shipments.all()) == [
        ("delayed", True),
        ("delivered", False),
    ]


def test_alice_waits_for_exactly_one_order_and_it_is_her_newest() -> None:
    seed(NOW)
    orders = orders_of("alice")
    assert 4 <= len(orders) <= 6
    assert [order.is_open for order in orders] == [True] + [False] * (len(orders) - 1)
    parcel = orders[0].shipments.get()
    assert parcel.status == "in_transit"
    assert parcel.estimated_delivery_to == datetime(2026, 5, 21, 13, 0, tzinfo=UTC)


def test_no_two_customers_share_an_order_or_a_tracking_number() -> None:
    seed(NOW)
    numbers = [s.tracking_number for s in Shipment.objects.exclude(tracking_number="")]
    assert len(numbers) == len(set(numbers))
    states = {
        name: sorted(s.status for order in orders_of(name) for s in order.shipments.all())
        for name in ("alice", "bob", "carol")
    }
    assert states["alice"] != states["bob"] != states["carol"] != states["alice"]


def test_tracking_links_lead_to_the_carriers_own_hosts() -> None:
    seed(NOW)
    links = [s.tracking_url for s in Shipment.objects.exclude(tracking_number="")]
    assert {urlsplit(link).hostname for link in links} == CARRIER_HOSTS
    assert all(urlsplit(link).scheme == "https" for link in links)


@pytest.mark.parametrize("hour", [0, 4, 9, 13, 19, 23])
def test_nothing_has_happened_in_the_future_and_no_open_window_has_passed(hour: int) -> None:
    now = NOW.replace(hour=hour, minute=1)
    seed(now)
    assert not Order.objects.filter(placed_at__gt=now).exists()
    assert not TrackingEvent.objects.filter(occurred_at__gt=now).exists()
    today = Shipment.objects.get(status="out_for_delivery")
    assert not today.is_late(now)
    for parcel in Shipment.objects.exclude(shipped_at=None).select_related("order"):
        assert parcel.shipped_at is not None
        assert parcel.order.placed_at < parcel.shipped_at


def test_a_second_run_duplicates_nothing_and_moves_the_dates() -> None:
    seed(NOW)
    counts = [table.objects.count() for table in TABLES]
    before = {order.number: order.placed_at for order in Order.objects.all()}
    seed(NOW + timedelta(days=3))
    assert [table.objects.count() for table in TABLES] == counts
    for order in Order.objects.all():
        assert order.placed_at - before[order.number] == timedelta(days=3)
    newest = orders_of("alice")[0].shipments.get().last_event
    assert newest is not None
    assert newest.occurred_at.date() == (NOW + timedelta(days=3)).date()


def test_a_second_run_keeps_what_people_added() -> None:
    seed(NOW)
    alice = User.objects.get(username="alice")
    alice.set_password("her own")
    alice.save()
    order = orders_of("alice")[0]
    parcel = order.shipments.get()
    scan = TrackingEvent.objects.create(
        shipment=parcel, occurred_at=NOW, status="delayed", source="staff", external_id="1"
    )
    order.lines.create(title="Gift wrap", quantity=1, price=2)
    Order.objects.create(number="9", customer=alice, placed_at=NOW, currency="EUR", total=1)
    HelpArticle.objects.filter(slug="returns").update(body="Our own words.")

    seed(NOW)

    alice.refresh_from_db()
    assert alice.check_password("her own")
    assert TrackingEvent.objects.filter(pk=scan.pk).exists()
    assert order.lines.filter(title="Gift wrap").exists()
    assert Order.objects.filter(number="9", customer=alice).exists()
    assert HelpArticle.objects.get(slug="returns").body == "Our own words."


def test_an_order_that_is_somebody_elses_by_now_is_left_alone() -> None:
    dora = User.objects.create_user("dora")
    Order.objects.create(number="48211", customer=dora, placed_at=NOW, currency="EUR", total=1)
    assert seed(NOW).kept == ("48211",)
    assert Order.objects.get(number="48211").customer == dora


def test_totals_follow_the_delivery_costs_that_the_help_article_names() -> None:
    seed(NOW)
    article = HelpArticle.objects.get(slug="delivery-times-and-costs").body
    assert "4.90 €" in article and "From 50 €" in article
    for order in Order.objects.prefetch_related("lines"):
        goods = sum(line.price * line.quantity for line in order.lines.all())
        assert float(order.total - goods) == (0 if goods >= 50 else 4.9)
