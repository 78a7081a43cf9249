"""The landing page, the chat page and the orders page, as Django sends them."""

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from chat import wording
from chat.orders.models import Order, Shipment
from tests.page.conftest import place_order, send_parcel

Browser = Callable[[User], Client]


def question_in(page: str) -> str:
    found = re.search(r'id="chat-settings"[^>]*>(.*?)</script>', page)
    assert found
    question: str = json.loads(found[1])["question"]
    return question


def test_a_visitor_is_invited_to_log_in_and_gets_no_chat(db: None, client: Client) -> None:
    page = client.get("/").text

    assert "Log in to ask about your order" in page
    assert "data-chat" not in page


def test_a_customer_has_the_chat_on_the_landing_page(alice: User, browser_of: Browser) -> None:
    assert "data-chat" in browser_of(alice).get("/").text


def test_every_page_calls_the_shop_by_its_name(
    alice: User, client: Client, browser_of: Browser, settings: Settings
) -> None:
    settings.SHOP_NAME = "Pots & Pans"
    mine = ["/", "/chat/", "/orders/", "/help/", "/no-such-page/"]
    pages = [browser_of(alice).get(address).text for address in mine]
    pages += [client.get("/accounts/login/").text, client.get("/accounts/signup/").text]
    pages += [render_to_string(name) for name in ("403.html", "403_csrf.html", "500.html")]
    for page in pages:
        assert "Pots &amp; Pans" in page
        assert "Copper" not in page
        assert "demo shop" not in page


@pytest.mark.parametrize("address", ["/chat/", "/orders/"])
def test_pages_of_a_customer_ask_a_visitor_to_log_in(
    address: str, db: None, client: Client
) -> None:
    assert client.get(address).headers["Location"] == f"/accounts/login/?next={address}"


@pytest.mark.parametrize("address", ["/chat/", "/orders/"])
def test_browsers_do_not_keep_pages_of_a_customer(
    address: str, alice: User, browser_of: Browser
) -> None:
    assert "no-store" in browser_of(alice).get(address).headers["Cache-Control"]


@pytest.mark.parametrize("address", ["/", "/chat/", "/orders/", "/accounts/login/"])
def test_pages_keep_their_own_content_security_policy(
    address: str, alice: User, client: Client, browser_of: Browser
) -> None:
    """No inline script and no inline style: the policy would block them."""
    browser = client if "login" in address else browser_of(alice)
    response = browser.get(address)

    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", response.text)
    inline = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", response.text)
    assert all('type="application/json"' in attributes for attributes in inline)


def test_orders_are_the_customers_own(
    alice: User, bob: User, staff: User, browser_of: Browser
) -> None:
    place_order(alice, "1018")
    place_order(bob, "2044")
    place_order(None, "3001")

    assert "#1018" in browser_of(alice).get("/orders/").text
    for stranger in (bob, staff):
        page = browser_of(stranger).get("/orders/").text
        assert "1018" not in page
        assert "3001" not in page


def test_the_question_about_an_order_is_prepared_for_its_owner_only(
    alice: User, bob: User, staff: User, browser_of: Browser
) -> None:
    place_order(alice, "1018")

    owner = browser_of(alice).get("/chat/?order=%231018").text
    assert question_in(owner) == "Where is my order #1018?"
    for stranger in (bob, staff):
        assert question_in(browser_of(stranger).get("/chat/?order=1018").text) == ""
    # PostgreSQL takes no U+0000 in a query.
    assert question_in(browser_of(alice).get("/chat/?order=%00").text) == ""


def test_words_in_the_address_never_reach_the_composer(alice: User, browser_of: Browser) -> None:
    page = browser_of(alice).get("/chat/?order=cancel+everything").text

    assert question_in(page) == ""


def test_an_order_says_where_each_parcel_is(alice: User, browser_of: Browser) -> None:
    order = place_order(alice, "1018")
    send_parcel(
        order,
        quantity=1,
        status=Shipment.Status.DELIVERED,
        delivered_at=timezone.now() - timedelta(days=1),
    )
    late = send_parcel(order, quantity=1, tracking_number="00341", status=Shipment.Status.DELAYED)
    late.events.create(
        occurred_at=timezone.now(), status=late.status, message="Held at the depot", city="Ulm",
        source="dhl", external_id="1",
    )  # fmt: skip

    page = browser_of(alice).get("/orders/").text

    assert "1 of 2 parcels delivered" in page
    assert "On its way, but late" in page
    assert "No delivery date known yet" in page
    assert f"Ulm, {wording.day(late.events.get().occurred_at)}: Held at the depot" in page


def test_a_parcel_to_be_collected_awaits_no_delivery_date(alice: User, browser_of: Browser) -> None:
    send_parcel(place_order(alice, "1018"), status=Shipment.Status.AVAILABLE_FOR_PICKUP)

    page = browser_of(alice).get("/orders/").content.decode()

    assert "Waiting for you at a pick-up point" in page
    assert "No delivery date" not in page


def test_a_tracking_address_that_is_no_web_address_is_not_linked(
    alice: User, browser_of: Browser
) -> None:
    send_parcel(place_order(alice, "1018"), tracking_url="javascript:alert(1)")

    page = browser_of(alice).get("/orders/").text

    assert "javascript:" not in page
    assert "00340" in page


def test_words_of_an_imported_order_are_escaped(alice: User, browser_of: Browser) -> None:
    order = place_order(alice, "1018")
    order.lines.update(title="<script>alert(1)</script>")

    assert "<script>alert" not in browser_of(alice).get("/orders/").text


def test_orders_are_paged_at_a_cost_that_does_not_grow(
    alice: User, browser_of: Browser, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(1001, 1013):
        parcel = send_parcel(place_order(alice, str(number)))
        parcel.events.create(
            occurred_at=timezone.now(), status=parcel.status, source="dhl", external_id="1"
        )
    browser = browser_of(alice)

    with django_assert_max_num_queries(11):
        page = browser.get("/orders/").text
    assert page.count("<article") == 10
    assert "Page 1 of 2" in page
    assert browser.get("/orders/?page=2").text.count("<article") == 2


@pytest.mark.parametrize(
    ("kind", "statuses"),
    [
        ("parcels", Shipment.Status.values),
        ("orders", Order.Status.values),
        ("payments", Order.PaymentStatus.values),
    ],
)
def test_every_status_has_peoples_words(kind: str, statuses: list[str]) -> None:
    words = wording.for_page()[kind]

    assert set(words) == set(statuses)
    assert not any("_" in phrase["text"] for phrase in words.values())
