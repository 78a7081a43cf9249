"""What the offline assistant says of orders in states that the demo shop does not have."""

import json
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage

from chat.llm.offline.intents import Intent
from chat.llm.offline.model import OfflineModel
from chat.llm.offline.wording import dates, orders, payments, rules
from chat.llm.offline.wording.orders import Part
from chat.llm.offline.wording.phrases import articles, listing
from chat.orders.models import Order, OrderLine, Shipment
from chat.tools.help import search_help
from chat.tools.orders import get_order, list_orders
from tests.assistant.shop import order, parcel, scan

NOW = timezone.now()
TODAY = date(2026, 11, 23)  # a Monday


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice")


def told(customer: User, number: str = "1018", *wanted: str) -> str:
    content, _ = get_order(customer, number)
    facts = json.loads(content)
    return orders.route(facts["order"], date.fromisoformat(facts["today"]), Part(wanted))


@pytest.mark.parametrize(
    ("fields", "parts", "never"),
    [
        ({"status": "failure", "carrier": "DHL"}, ["sorry", "DHL reports a problem"], "arrive"),
        ({"status": "error"}, ["the carrier reports a problem", "a colleague"], "arrive"),
        (
            {"status": "delayed", "estimated_delivery_to": NOW + timedelta(days=3)},
            ["sorry", "delayed", "should arrive on"],
            "no new date",
        ),
        ({"status": "delayed"}, ["sorry", "no new date"], "should arrive"),
        (
            {"status": "in_transit", "estimated_delivery_to": NOW - timedelta(days=3)},
            ["sorry", "is late", "should have arrived on", "no new date", "a colleague"],
            "should arrive",
        ),
        (
            {"status": "out_for_delivery", "estimated_delivery_to": NOW - timedelta(days=3)},
            ["out for delivery", "sorry that it is late"],
            "should have",
        ),
        (
            {"status": "pre_transit", "estimated_delivery_to": NOW - timedelta(days=3)},
            ["has not taken it over", "sorry", "should have arrived"],
            "should arrive",
        ),
        ({"status": "delivered"}, ["was delivered, but I do not know when"], "None"),
        ({"status": "unknown"}, ["no tracking", "date is not known"], "should arrive"),
        (
            {"status": "unknown", "tracking_number": "77"},
            ["has left us", "delivery date is not known", "tracking number is 77"],
            "should arrive",
        ),
        ({"status": "available_for_pickup"}, ["waiting for you to collect it"], "None"),
        ({"status": "attempted_delivery", "carrier": "UPS"}, ["UPS tried to deliver"], "None"),
        ({"status": "return_to_sender"}, ["sent back to us"], "None"),
    ],
)
def test_a_parcel_is_told_with_what_is_known_and_no_more(
    alice: User, fields: dict[str, Any], parts: list[str], never: str
) -> None:
    parcel(order(alice, "1018", "Kettle, steel"), **fields)
    text = told(alice)
    assert [part for part in parts if part not in text] == []
    assert never not in text
    assert "#1018" in text


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"status": "confirmed", "payment_status": "paid"}, "has not left us yet. A delivery date"),
        ({"status": "confirmed"}, "its payment is still open"),
        ({"status": "completed"}, "no parcel is noted"),
        ({"status": "on_hold"}, "I do not know the reason"),
        ({"status": "cancelled", "payment_status": "voided"}, "Nothing was charged"),
        ({"status": "cancelled", "payment_status": "paid"}, "does not show as paid back yet"),
    ],
)
def test_an_order_without_parcels_is_told_by_its_state(
    alice: User, fields: dict[str, Any], part: str
) -> None:
    order(alice, "1018", "Kettle", **fields)
    assert part in told(alice)


def test_what_is_still_to_be_sent_is_told_beside_the_parcels(alice: User) -> None:
    made = order(alice, "1018", "Kettle")
    parcel(made, status="delivered", delivered_at=NOW)
    OrderLine.objects.create(order=made, title="Tea", quantity=2, price="3")
    text = told(alice)
    assert "was delivered today" in text
    assert "Not sent yet: 2 × Tea" in text
    assert "has not left us yet" in told(alice, "1018", "Tea")
    assert "was delivered today" in told(alice, "1018", "Kettle")


def test_a_cancelled_parcel_does_not_count_beside_its_replacement(alice: User) -> None:
    made = order(alice, "1018", "Kettle")
    parcel(made, status="cancelled")
    scan(parcel(made, carrier="GLS"), NOW - timedelta(hours=1), "in_transit", "Sorted.", "Kassel")
    made.lines.get().shipped.create(shipment=made.shipments.latest("pk"), quantity=1)
    text = told(alice)
    assert "on its way with GLS" in text
    assert "two parcels" not in text


def test_parcels_that_share_their_contents_are_told_without_claiming_what_is_in_which(
    alice: User,
) -> None:
    made = order(alice, "1018", "Kettle")
    for number in ("1", "2"):
        sent = parcel(made, external_id="f1", tracking_number=number, status="in_transit")
        if number == "2":
            sent.contents.create(order_line=made.lines.get(), quantity=1)
    text = told(alice)
    assert "1. Parcel 1 is on its way" in text
    assert "2. Parcel 2 is on its way" in text


@pytest.mark.parametrize("status", Order.Status.values)
@pytest.mark.parametrize("payment", Order.PaymentStatus.values)
def test_every_state_of_order_and_payment_has_its_words(
    alice: User, status: str, payment: str
) -> None:
    order(alice, "1018", status=status, payment_status=payment)
    facts = json.loads(get_order(alice, "1018")[0])
    today = date.fromisoformat(facts["today"])
    name = orders.title(facts["order"])
    for text in (
        orders.route(facts["order"], today),
        payments.payment(facts["order"], f"Your {name}"),
        payments.refund(facts["order"], name, today),
    ):
        assert "order #1018" in text
        assert "None" not in text


QUESTIONS = (
    "where is #{}", "when does #{} come", "what is in order #{}", "#{} says delivered but nothing",
    "change the address of #{}", "can I change the address of #{}", "cancel #{}",
    "can I cancel #{}", "I want to return #{}", "was #{} refunded", "is #{} paid",
    "my #{} arrived broken", "where is the kettle of #{}", "list my orders", "where is my order",
    "where is my refund", "it says delivered but i have nothing", "and the tea?",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_whatever_an_order_looks_like_every_question_gets_an_answer(alice: User, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    for number in range(3):
        _any_order(alice, f"{seed}-{number}01", chance)
    for question in QUESTIONS:
        text = _answered(alice, question.format(f"{seed}-{chance.randrange(3)}01"))
        assert text.strip()
        assert "None" not in text
        assert "  " not in text
        assert ".." not in text


def _any_order(customer: User, number: str, chance: random.Random) -> None:
    titles = ["Kettle, steel", "Kettle, black", "Tea", "", "X" * 300, "Mug “Ötzi”."]
    made = order(
        customer,
        number,
        *chance.sample(titles, chance.randrange(4)),
        status=chance.choice(Order.Status.values),
        payment_status=chance.choice(Order.PaymentStatus.values),
        note=chance.choice(["", "We wait.", "Internal: risk"]),
        shipping_street=chance.choice(["", "Lane 1"]),
    )
    for position in range(chance.randrange(4)):
        begin = chance.choice([None, NOW + timedelta(hours=chance.randrange(-99, 99))])
        sent = (
            parcel(
                made,
                carrier=chance.choice(["", "DHL"]),
                tracking_number=chance.choice(["", f"T{position}"]),
                tracking_url=chance.choice(["", "https://carrier.example/t"]),
                status=chance.choice(Shipment.Status.values),
                external_id=chance.choice(["", "f"]) if position < 2 else "",
                estimated_delivery_from=begin,
                estimated_delivery_to=chance.choice([None, begin and begin + timedelta(hours=9)]),
                shipped_at=chance.choice([None, NOW]),
                delivered_at=chance.choice([None, NOW]),
            )
            if position == 0 or not made.shipments.filter(external_id="f").exists()
            else None
        )
        if sent and chance.random() < 0.6:
            state = chance.choice(Shipment.Status.values)
            scan(sent, NOW - timedelta(hours=4), state, chance.choice(["", "Seen."]), "")


def _answered(customer: User, question: str) -> str:
    """The offline model's answer, its tools called directly so that errors show."""
    tools: dict[str, Callable[..., tuple[str, Any]]] = {
        "list_orders": partial(list_orders, customer),
        "get_order": partial(get_order, customer),
        "search_help": search_help,
        "request_human": lambda reason: ('{"today": "2026-11-23", "requested": true}', None),
    }
    model = OfflineModel(tool_names=frozenset(tools))
    messages: list[BaseMessage] = [HumanMessage(question)]
    for _ in range(6):
        reply = model.invoke(messages)
        messages.append(reply)
        if not reply.tool_calls:
            return str(reply.text)
        for call in reply.tool_calls:
            content, _artifact = tools[call["name"]](**call["args"])
            messages.append(ToolMessage(content, tool_call_id=call["id"], name=call["name"]))
    raise AssertionError(f"no answer within six steps: {messages}")


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        (at(24, 9), at(24, 13), "tomorrow, Tuesday 24 November, between 9:00 and 13:00"),
        (at(23, 9), at(23, 13), "today between 9:00 and 13:00"),
        (at(24), at(24, 23, 59), "tomorrow, Tuesday 24 November"),
        (at(24), at(26), "between tomorrow, Tuesday 24 November and Thursday 26 November"),
        (at(20), at(25), "between today and Wednesday 25 November"),
        (None, at(26), "on Thursday 26 November"),
        (None, at(26, 18), "on Thursday 26 November by 18:00"),
        (at(26, 9), None, "on Thursday 26 November after 9:00"),
        (at(20), at(20), "on Friday 20 November"),
        (None, None, ""),
    ],
)
def test_dates_are_told_as_people_do(
    begin: datetime | None, end: datetime | None, words: str
) -> None:
    assert dates.window(begin, end, TODAY) == words


@pytest.mark.parametrize(
    ("article", "over"),
    [
        ("You can send back anything within 30 days after it arrived.", True),
        ("You can return it within 60 days.", False),
        ("Once you return it, the money goes back within 14 days.", False),
        ("We pay within 14 days. You can return it whenever you like.", False),
    ],
)
def test_only_the_days_for_a_return_are_held_against_the_day_it_came(
    alice: User, article: str, over: bool
) -> None:
    today = timezone.localdate()
    parcel(
        order(alice, "1001", "Pan", placed_at=NOW - timedelta(days=50)),
        status="delivered",
        delivered_at=NOW - timedelta(days=44),
    )
    facts = json.loads(get_order(alice, "1001")[0])["order"]
    told = rules.rule(Intent.RETURN, article, facts, today)
    assert "44 days ago" in told
    assert ("That is over the" in told) == over


def test_the_year_is_told_where_it_is_another() -> None:
    assert dates.on_day(date(2027, 1, 4), TODAY) == "on Monday 4 January 2027"
    assert dates.on_day(date(2026, 11, 22), TODAY) == "yesterday, Sunday 22 November"


def test_articles_are_listed_briefly_and_told_apart() -> None:
    def line(title: str, quantity: int = 1) -> dict[str, Any]:
        return {"title": title, "quantity": quantity}

    assert articles([line("Kettle, steel, 1.7 l"), line("Tea", 2)]) == "Kettle and 2 × Tea"
    assert articles([line("Mug, red"), line("Mug, blue")]) == "Mug (red) and Mug (blue)"
    assert articles([line(str(n)) for n in range(5)]) == "0, 1 and three more"
    assert articles([]) == ""
    assert listing(["a", "b", "c"], "or") == "a, b or c"
