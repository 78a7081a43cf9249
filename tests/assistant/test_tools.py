"""The tools on a real database, for their owner, a stranger, staff and nobody."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.utils import timezone
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool
from pytest_django import DjangoAssertNumQueries

from chat.agent import MessageFinished, answer
from chat.guard.exit import NoGuard
from chat.help.models import HelpArticle
from chat.models import ChatSession, HandoffRequest
from chat.orders.models import Order, OrderLine
from chat.tools import tools_for
from chat.tools.help import search_help
from chat.tools.orders import get_order, list_orders
from tests.assistant.shop import order, parcel, scan
from tests.scripted_model import ScriptedChatModel, calls

pytestmark = pytest.mark.django_db

NOW = timezone.now()


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice")


@pytest.fixture
def bob() -> User:
    return User.objects.create_user("bob")


@pytest.fixture
def staff() -> User:
    return User.objects.create_superuser("staff")


@pytest.fixture
def kettle(alice: User) -> Order:
    return order(alice, "1018", "Kettle", note="Packed with care.")


def looked_up(customer: Any, number: str) -> dict[str, Any]:
    content, _ = get_order(customer, number)
    found: dict[str, Any] = json.loads(content)
    return found


# --- whose order -------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["1018", "#1018", " # 1018 "])
def test_the_owner_finds_the_order_however_the_number_is_written(
    alice: User, kettle: Order, number: str
) -> None:
    assert looked_up(alice, number)["order"]["number"] == "1018"


def test_somebody_elses_order_and_an_unknown_one_get_the_very_same_answer(
    bob: User, staff: User, kettle: Order
) -> None:
    unknown = get_order(bob, "9999")
    assert get_order(bob, "1018") == unknown
    assert get_order(staff, "1018") == unknown
    assert get_order(AnonymousUser(), "1018") == unknown
    assert "1018" not in unknown[0]


def test_both_refusals_cost_the_same_queries(
    bob: User, kettle: Order, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in ("1018", "9999"):
        with django_assert_num_queries(2):
            get_order(bob, number)


def test_each_customer_lists_their_own_orders_only(
    alice: User, bob: User, staff: User, kettle: Order
) -> None:
    order(bob, "1019", "Lamp")
    for customer, numbers in ((alice, ["1018"]), (bob, ["1019"]), (staff, [])):
        content, _ = list_orders(customer)
        assert [each["number"] for each in json.loads(content)["orders"]] == numbers


def test_the_schema_that_the_model_sees_has_no_customer(alice: User) -> None:
    schemas = {tool.name: set(tool.args) for tool in tools_for(alice, "a" * 32)}
    assert schemas == {
        "list_orders": set(),
        "get_order": {"order_number"},
        "search_help": {"query"},
        "request_human": {"reason"},
    }


# --- what an order says ------------------------------------------------------------------------


def test_an_order_tells_its_parcels_with_contents_scans_dates_and_address(alice: User) -> None:
    made = order(
        alice,
        "1018",
        "Kettle",
        shipping_name="Alice Winter",
        shipping_street="Lindenallee 14",
        shipping_city="Hamburg",
    )
    sent = parcel(
        made,
        carrier="DHL",
        tracking_number="0034",
        tracking_url="https://dhl.example/0034",
        estimated_delivery_from=NOW + timedelta(days=1),
        estimated_delivery_to=NOW + timedelta(days=2),
    )
    scan(sent, NOW - timedelta(hours=2), "in_transit", "Sorted.", "Hamburg")
    scan(sent, NOW - timedelta(hours=9), "in_transit", "Taken over.", "Leipzig")
    content, card = get_order(alice, "1018")
    facts = json.loads(content)
    assert facts["today"] == timezone.localdate().isoformat()
    assert facts["order"]["ship_to"]["street"] == "Lindenallee 14"
    assert facts["order"]["total"] == "49.90"
    [told] = facts["order"]["parcels"]
    assert told["status"] == "in_transit"
    assert told["contents"] == [{"title": "Kettle", "quantity": 1}]
    assert [event["city"] for event in told["events"]] == ["Hamburg", "Leipzig"]
    assert told["estimated_delivery_from"] == (NOW + timedelta(days=1)).isoformat(
        timespec="minutes"
    )
    assert told["late"] is False
    assert told["not_known"] == []
    assert card is not None
    assert card["shipments"] == [
        {
            "carrier": "DHL",
            "tracking_number": "0034",
            "tracking_url": "https://dhl.example/0034",
            "status": "in_transit",
            "estimated_delivery_from": told["estimated_delivery_from"],
            "estimated_delivery_to": told["estimated_delivery_to"],
            "delivered_at": None,
            "last_event": {
                "occurred_at": told["events"][0]["occurred_at"],
                "message": "Sorted.",
                "city": "Hamburg",
            },
        }
    ]
    assert json.loads(json.dumps(card)) == card
    assert (card["number"], card["lines"]) == ("1018", [{"title": "Kettle", "quantity": 1}])


def test_what_is_not_known_is_null_and_named(alice: User) -> None:
    parcel(order(alice, "1018", "Kettle"))
    [told] = looked_up(alice, "1018")["order"]["parcels"]
    assert told["estimated_delivery_from"] is None
    assert told["tracking_number"] is None
    assert told["not_known"] == ["delivery date", "tracking number"]
    assert looked_up(alice, "1018")["order"]["ship_to"] == "not known"


def test_parcels_that_left_together_do_not_claim_to_know_what_is_in_which(alice: User) -> None:
    made = order(alice, "1018", "Kettle", "Tea")
    parcel(made, external_id="f1", tracking_number="1")
    parcel(made, external_id="f1", tracking_number="2")
    for told in looked_up(alice, "1018")["order"]["parcels"]:
        assert "which of the contents are in this parcel" in told["not_known"]


def test_only_the_newest_scans_are_told_and_how_many_there_are_beside(alice: User) -> None:
    sent = parcel(order(alice, "1018", "Kettle"))
    for hour in range(14):
        scan(sent, NOW - timedelta(hours=hour), "in_transit", f"{hour} hours ago")
    [told] = looked_up(alice, "1018")["order"]["parcels"]
    assert [event["message"] for event in told["events"]] == [f"{n} hours ago" for n in range(10)]
    assert told["older_events"] == 4


def test_what_has_not_left_yet_is_counted_for_each_article(alice: User) -> None:
    made = order(alice, "1018", "Kettle")
    parcel(made)
    OrderLine.objects.create(order=made, title="Tea", quantity=3, cancelled_quantity=1, price="1")
    kettle, tea = looked_up(alice, "1018")["order"]["lines"]
    assert (kettle["not_yet_sent"], tea["not_yet_sent"]) == (0, 2)


@pytest.mark.parametrize(
    ("note", "told"),
    [
        ("We wait for the bank transfer.", "We wait for the bank transfer."),
        ("Internal: call the bank first.", None),
        ("Suspected fraud, see ticket.", None),
        ("", None),
    ],
)
def test_notes_that_are_not_for_customers_stay_in_the_shop(
    alice: User, note: str, told: str | None
) -> None:
    order(alice, "1018", "Kettle", status="on_hold", note=note)
    assert looked_up(alice, "1018")["order"]["note_of_the_shop"] == told


def test_a_long_list_holds_the_newest_twenty_and_says_that_there_are_more(alice: User) -> None:
    for number in range(21):
        order(alice, str(number), "Kettle", placed_at=NOW - timedelta(days=number))
    facts = json.loads(list_orders(alice)[0])
    assert [each["number"] for each in facts["orders"]] == [str(n) for n in range(20)]
    assert "older orders" in facts["more"]
    Order.objects.get(number="20").delete()
    assert "more" not in json.loads(list_orders(alice)[0])


def test_a_list_costs_the_same_queries_for_one_order_and_for_many(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(6):
        parcel(order(alice, str(number), "Kettle", "Tea"))
        with django_assert_num_queries(8):
            list_orders(alice)


def test_a_customer_without_orders_is_told_so(bob: User) -> None:
    assert "no orders" in json.loads(list_orders(bob)[0])["note"]


# --- help --------------------------------------------------------------------------------------


@pytest.fixture
def articles() -> Iterator[None]:
    for slug, title, body, published in (
        ("returns", "Returns and refunds", "Send back anything within 30 days.", True),
        ("payment", "Payment", "Pay by credit card, PayPal or bank transfer.", True),
        ("delivery", "Delivery times and costs", "Usually 2 to 3 days, 4.90 €.", True),
        ("draft", "Refunds in gold", "Refunds are paid in gold.", False),
    ):
        HelpArticle.objects.create(slug=slug, title=title, body=body, published=published)
    yield


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("refund", "returns"),
        ("How do I return something?", "returns"),
        ("paying with paypal", "payment"),
        ("DELIVERY COST", "delivery"),
    ],
)
@pytest.mark.usefixtures("articles")
def test_help_finds_the_published_article_and_names_it(query: str, slug: str) -> None:
    content, _ = search_help(query)
    found = json.loads(content)["articles"]
    assert found[0]["slug"] == slug
    assert found[0]["title"]
    assert found[0]["text"]
    assert "draft" not in {article["slug"] for article in found}


@pytest.mark.parametrize("query", ["warranty of submarines", "", "is it the"])
@pytest.mark.usefixtures("articles")
def test_help_says_when_nothing_is_written(query: str) -> None:
    facts = json.loads(search_help(query)[0])
    assert facts["articles"] == []
    assert "nothing" in facts["note"]


# --- a person ----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
async def test_a_person_is_asked_for_once_even_if_the_model_asks_twice_at_once() -> None:
    def session() -> ChatSession:
        return ChatSession.objects.create(customer=User.objects.create_user("alice"), login="x")

    chat = await sync_to_async(session)()
    tools = {tool.name: tool for tool in tools_for(chat.customer, chat.session_id)}
    reason = ("request_human", '{"reason": "Wants a new address for 1018"}')
    answers = await tool_messages([*tools.values()], calls(reason, reason))
    before = [json.loads(answer.text)["already_requested_before"] for answer in answers]
    assert sorted(before) == [False, True]
    [request] = [one async for one in HandoffRequest.objects.all()]
    assert (request.session_id, request.reason) == (chat.session_id, "Wants a new address for 1018")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("closed", [True, False], ids=["closed", "purged"])
async def test_nobody_is_asked_into_a_conversation_that_has_ended(closed: bool) -> None:
    customer = await User.objects.acreate(username="alice")
    session_id = "f" * 32
    if closed:
        await ChatSession.objects.acreate(
            session_id=session_id, customer=customer, login="x", closed_at=NOW
        )
    [message] = await tool_messages(
        tools_for(customer, session_id), calls(("request_human", '{"reason": "Help"}'))
    )
    assert message.status == "error"
    assert "has ended" in message.text
    assert not await HandoffRequest.objects.aexists()


# --- through the loop --------------------------------------------------------------------------


async def tool_messages(tools: list[BaseTool], asked: Any) -> list[ToolMessage]:
    model = ScriptedChatModel([asked], ["Done."])
    happened = answer(model, tools, [HumanMessage("?")], NoGuard(), max_steps=3, timeout=5)
    finished = [event.message async for event in happened if isinstance(event, MessageFinished)]
    assert isinstance(finished[-1], AIMessage)
    return [message for message in finished if isinstance(message, ToolMessage)]


@pytest.mark.django_db(transaction=True)
async def test_a_tool_message_carries_the_order_card_and_takes_a_bare_number() -> None:
    customer = await User.objects.acreate(username="alice")
    await sync_to_async(order)(customer, "1018", "Kettle")
    [message] = await tool_messages(
        tools_for(customer, "a" * 32), calls(("get_order", '{"order_number": 1018}'))
    )
    assert message.status == "success"
    assert message.artifact["number"] == "1018"


@pytest.mark.django_db(transaction=True)
async def test_a_database_that_fails_is_told_to_the_model(
    caplog: pytest.LogCaptureFixture,
) -> None:
    customer = await User.objects.acreate(username="alice")

    def rename(old: str, new: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")

    table = Order._meta.db_table
    await sync_to_async(rename)(table, "out_of_reach")
    try:
        [message] = await tool_messages(
            tools_for(customer, "a" * 32), calls(("get_order", '{"order_number": "1018"}'))
        )
    finally:
        await sync_to_async(rename)("out_of_reach", table)
    assert message.status == "error"
    assert "cannot be looked up right now" in message.text
    assert "1018" not in caplog.text
