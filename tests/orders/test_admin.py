import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chat.orders.models import Order, Shipment, TrackingEvent
from tests.orders.conftest import PLACED_AT, MakeOrder

LIST = "/admin/orders/order/"


def page_of(thing: Order | Shipment) -> str:
    return f"/admin/orders/{thing._meta.model_name}/{thing.pk}/change/"


def scan(parcel: Shipment, number: int, message: str = "") -> None:
    TrackingEvent.objects.create(
        shipment=parcel,
        occurred_at=PLACED_AT + timedelta(hours=number),
        status="in_transit",
        message=message,
        source="dhl",
        external_id=f"{number}",
    )


@pytest.fixture
def as_supporter(client: Client, supporter: User) -> Client:
    client.force_login(supporter)
    return client


def found(client: Client, query: str) -> set[str]:
    html = client.get(LIST, {"q": query}).content.decode()
    return set(re.findall(r">#(\w+)</a>", html))


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("1018", {"1018"}),
        ("#1018", {"1018"}),
        (" #1018 ", {"1018"}),
        ("winter", {"1018"}),
        ("Alice Winter", {"1018"}),
        ("alice@example.com", {"1018"}),
        ("mallory", {"1019"}),
        ("003401019", {"1019"}),
        ("00340", {"1018", "1019"}),
        ("nothing of that kind", set()),
    ],
)
def test_staff_find_orders_by_number_customer_and_tracking_number(
    query: str,
    numbers: set[str],
    as_supporter: Client,
    alice: User,
    mallory: User,
    make_order: MakeOrder,
) -> None:
    User.objects.filter(pk=alice.pk).update(last_name="Winter")
    make_order(alice, parcels=1, number="1018")
    make_order(mallory, parcels=1, number="1019")
    assert found(as_supporter, query) == numbers


def test_an_order_with_two_matching_parcels_is_listed_once(
    as_supporter: Client, make_order: MakeOrder
) -> None:
    make_order(parcels=2, number="1018")
    html = as_supporter.get(LIST, {"q": "003401018"}).content.decode()
    assert html.count(">#1018</a>") == 1


def test_parcels_are_found_by_tracking_number_and_by_order(
    as_supporter: Client, make_order: MakeOrder
) -> None:
    parcel = make_order(number="1018").shipments.get()
    for query in (parcel.tracking_number, "#1018"):
        html = as_supporter.get("/admin/orders/shipment/", {"q": query}).content.decode()
        assert page_of(parcel) in html


def test_the_date_hierarchy_leads_to_a_year_and_a_month(
    as_supporter: Client, make_order: MakeOrder
) -> None:
    make_order(number="1018", placed_at=datetime(2025, 3, 1, tzinfo=UTC))
    make_order(number="1019", placed_at=datetime(2026, 4, 1, tzinfo=UTC))
    html = as_supporter.get(LIST).content.decode()
    assert "?placed_at__year=2025" in html
    html = as_supporter.get(LIST, {"placed_at__year": 2025}).content.decode()
    assert ">#1018</a>" in html and ">#1019</a>" not in html


def queries_of(client: Client, url: str) -> int:
    assert client.get(url).status_code == 200  # fills the caches of content types
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def fill(order: Order, parcels: int) -> None:
    line = order.lines.get()
    for number in range(parcels):
        parcel = order.shipments.create(tracking_number=f"{order.number}-{number}")
        parcel.contents.create(order_line=line, quantity=1)
        for hour in range(5):
            scan(parcel, hour)


@pytest.mark.parametrize("login", ["supporter", "admin_user"])
def test_thirty_orders_cost_as_many_queries_as_three(
    login: str, client: Client, request: pytest.FixtureRequest, make_order: MakeOrder
) -> None:
    client.force_login(request.getfixturevalue(login))
    for number in range(3):
        fill(make_order(User.objects.create_user(f"a{number}")), parcels=1)
    few = queries_of(client, LIST)
    for number in range(27):
        fill(make_order(User.objects.create_user(f"b{number}")), parcels=3)
    assert queries_of(client, LIST) == few


@pytest.mark.parametrize("login", ["supporter", "admin_user"])
def test_an_order_of_ten_parcels_costs_as_many_queries_as_one_of_one(
    login: str, client: Client, request: pytest.FixtureRequest, alice: User, make_order: MakeOrder
) -> None:
    client.force_login(request.getfixturevalue(login))
    small, large = make_order(alice, parcels=0), make_order(alice, parcels=0)
    fill(small, parcels=1)
    fill(large, parcels=10)
    assert queries_of(client, page_of(large)) == queries_of(client, page_of(small))


@pytest.mark.parametrize("login", ["supporter", "admin_user"])
def test_a_parcel_with_many_articles_and_scans_costs_as_many_queries_as_with_one(
    login: str, client: Client, request: pytest.FixtureRequest, make_order: MakeOrder
) -> None:
    client.force_login(request.getfixturevalue(login))
    small, large = make_order().shipments.get(), make_order().shipments.get()
    scan(small, 0)
    for number in range(8):
        scan(large, number)
        line = large.order.lines.create(title=f"Mug {number}", quantity=1, price=1)
        large.contents.create(order_line=line, quantity=1)
    assert queries_of(client, page_of(large)) == queries_of(client, page_of(small))


def test_support_staff_read_an_order_with_its_parcels_and_scans_and_have_no_form(
    as_supporter: Client, alice: User, make_order: MakeOrder
) -> None:
    order = make_order(alice, number="1018")
    parcel = order.shipments.get()
    Shipment.objects.update(tracking_url="https://www.dhl.de/track/1")
    scan(parcel, 1, "Sorted in Hamburg <script>")
    html = as_supporter.get(page_of(order)).content.decode()
    assert "2 × Kettle" in html
    assert "Sorted in Hamburg &lt;script&gt;" in html
    assert 'href="https://www.dhl.de/track/1"' in html
    assert not re.search(
        r'<(?:input type="(?!hidden)[^>]*|select|textarea)[^>]* name="(?!q")', html
    )
    assert 'name="_save"' not in html
    assert as_supporter.post(page_of(order), {"number": "1"}).status_code == 403
    assert as_supporter.get(page_of(parcel)).status_code == 200
    assert as_supporter.post(page_of(parcel), {"carrier": "x"}).status_code == 403
    assert as_supporter.get(f"{LIST}add/").status_code == 403


def test_customers_and_staff_without_the_permission_see_no_orders(
    client: Client, alice: User, make_order: MakeOrder
) -> None:
    order = make_order(alice)
    client.force_login(alice)
    assert client.get(page_of(order)).status_code == 302
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    assert client.get(page_of(order)).status_code == 403


@pytest.mark.parametrize(
    ("url", "clickable"), [("https://www.dhl.de/track/1", True), ("javascript:alert(1)", False)]
)
def test_only_a_web_address_is_made_clickable(
    url: str, clickable: bool, as_supporter: Client, make_order: MakeOrder
) -> None:
    order = make_order()
    Shipment.objects.update(tracking_url=url)
    for page in (page_of(order), page_of(order.shipments.get()), "/admin/orders/shipment/"):
        assert (f'href="{url}"' in as_supporter.get(page).content.decode()) is clickable


def test_orders_are_filtered_by_the_status_of_their_parcels(
    as_supporter: Client, make_order: MakeOrder
) -> None:
    make_order(number="1018", parcels=2).shipments.update(status="delayed")
    make_order(number="1019")
    html = as_supporter.get(LIST, {"shipments__status__exact": "delayed"}).content.decode()
    assert "By parcel status" in html
    assert html.count(">#1018</a>") == 1
    assert ">#1019</a>" not in html


def scan_form(parcel: Shipment, *scans: dict[str, str]) -> dict[str, str]:
    form = {"order": f"{parcel.order_id}", "carrier": parcel.carrier}
    form |= {"tracking_number": parcel.tracking_number, "tracking_url": "", "service": ""}
    for prefix in ("contents", "events"):
        form |= {f"{prefix}-INITIAL_FORMS": "0", f"{prefix}-TOTAL_FORMS": "0"}
    form["events-TOTAL_FORMS"] = f"{len(scans)}"
    for number, fields in enumerate(scans):
        form |= {f"events-{number}-{name}": value for name, value in fields.items()}
        form[f"events-{number}-shipment"] = f"{parcel.pk}"
    return form


def test_a_scan_added_by_staff_moves_the_status_and_names_its_source(
    admin_client: Client, parcel: Shipment
) -> None:
    scan(parcel, 1)
    response = admin_client.post(
        page_of(parcel),
        scan_form(
            parcel,
            {
                "occurred_at_0": "2026-05-22",
                "occurred_at_1": "10:00:00",
                "status": "delivered",
                "message": "The driver called.",
            },
        ),
    )
    assert response.status_code == 302, response.content.decode()
    parcel.refresh_from_db()
    assert parcel.status == "delivered"
    assert [event.source for event in parcel.events.all()] == ["staff", "dhl"]


def test_not_even_a_superuser_can_change_a_scan(admin_client: Client, parcel: Shipment) -> None:
    scan(parcel, 1, "as the carrier said")
    event = parcel.events.get()
    form = scan_form(parcel, {"id": f"{event.pk}", "message": "changed", "DELETE": "on"})
    form["events-INITIAL_FORMS"] = "1"
    admin_client.post(page_of(parcel), form)
    assert parcel.events.get().message == "as the carrier said"


def test_an_order_typed_in_with_its_hash_is_stored_without(
    admin_client: Client, alice: User
) -> None:
    form = {
        "number": "#2001",
        "customer": f"{alice.pk}",
        "placed_at_0": "2026-05-20",
        "placed_at_1": "10:00",
        "total": "10",
        "currency": "EUR",
        "status": "confirmed",
        "payment_status": "paid",
    }
    for prefix in ("lines", "shipments"):
        form |= {f"{prefix}-INITIAL_FORMS": "0", f"{prefix}-TOTAL_FORMS": "0"}
    for expected in (302, 200):  # the second time the number is taken
        response = admin_client.post(f"{LIST}add/", form)
        assert response.status_code == expected
    assert "already exists" in response.content.decode()
    assert Order.objects.get().number == "2001"
