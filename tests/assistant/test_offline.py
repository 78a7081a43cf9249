"""Conversations with the offline assistant over the demo shop: what it looks up and says."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from chat.agent import MessageFinished, TextDelta, ToolStarted, answer
from chat.guard.exit import NoGuard
from chat.help.models import HelpArticle
from chat.llm import create_model
from chat.llm.offline.model import OfflineModel
from chat.management.demo.shop import seed
from chat.models import ChatSession, HandoffRequest
from chat.orders.models import Order
from chat.tools import tools_for

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Answered:
    """What the assistant said to the last message, and which tools it called for it."""

    text: str = ""
    tools: list[tuple[str, str]] = field(default_factory=list)
    pieces: int = 0

    @property
    def looked_up(self) -> list[str]:
        """Arguments of get_order."""
        return [json.loads(a)["order_number"] for name, a in self.tools if name == "get_order"]

    @property
    def called(self) -> set[str]:
        return {name for name, _ in self.tools}


Ask = Callable[..., Awaitable[Answered]]


@pytest.fixture
async def ask() -> Ask:
    """``await ask("alice", "Where is it?", "and when?")`` is the answer to the last."""
    await sync_to_async(seed)(timezone.now())
    model = create_model("offline", api_key="", base_url="", timeout=5)

    async def conversation(customer: str, *said: str | Callable[[], Awaitable[None]]) -> Answered:
        user = await User.objects.aget(username=customer)
        session = await ChatSession.objects.acreate(customer=user, login=os.urandom(8).hex())
        history: list[BaseMessage] = [SystemMessage("You are the assistant.")]
        last = Answered()
        for text in said:
            if callable(text):
                await text()
                continue
            last = Answered()
            history.append(HumanMessage(text))
            tools = tools_for(user, session.session_id)
            async for event in answer(model, tools, history, NoGuard(), max_steps=6, timeout=5):
                match event:
                    case TextDelta():
                        last.pieces += 1
                        last.text += event.text
                    case ToolStarted():
                        last.tools.append((event.name, event.arguments))
                    case MessageFinished():
                        history.append(event.message)
        return last

    return conversation


# --- one order is meant -------------------------------------------------------------------------


async def test_where_is_my_parcel_is_answered_with_place_carrier_day_and_link(ask: Ask) -> None:
    found = await ask("alice", "Where is my parcel?")
    assert found.looked_up == ["48211"]
    assert "on its way with DHL" in found.text
    assert "tomorrow, " in found.text
    assert "between 9:00 and 13:00" in found.text
    assert "Hamburg" in found.text
    assert "https://www.dhl.de/" in found.text
    assert found.pieces > 2, "it is streamed"


async def test_and_when_means_the_same_order_which_is_looked_up_again(ask: Ask) -> None:
    found = await ask("alice", "Where is my parcel?", "and when will it come?")
    assert found.looked_up == ["48211"]
    assert found.text.startswith("Your order #48211")
    assert "should arrive tomorrow, " in found.text


async def test_facts_of_an_earlier_turn_are_not_repeated_when_they_have_changed(ask: Ask) -> None:
    async def meanwhile() -> None:
        await Order.objects.filter(number="48211").aupdate(status=Order.Status.CANCELLED)

    assert "on its way" in (await ask("alice", "Where is #48211?", "and now?")).text
    assert "cancelled" in (await ask("alice", "Where is #48211?", meanwhile, "and now?")).text


@pytest.mark.parametrize("number", ["#48202", "48202", "order 48202", "where is 48202?"])
async def test_an_order_is_found_by_its_number(ask: Ask, number: str) -> None:
    assert (await ask("bob", number)).looked_up == ["48202"]


@pytest.mark.parametrize(
    ("customer", "said", "number"),
    [
        ("bob", "where is the vacuum cleaner", "48202"),
        ("bob", "my vaccum", "48202"),
        ("bob", "when do the jars come", "48180"),
        ("carol", "has the timer been sent", "48188"),
        ("carol", "where are the red mugs?", "48195"),
        ("alice", "track 00340434171209348211", "48211"),
        ("bob", "where is my latest order", "48224"),
        ("alice", "did i order a toaster?", "47955"),
    ],
)
async def test_an_order_is_found_by_what_is_in_it_or_its_tracking_number(
    ask: Ask, customer: str, said: str, number: str
) -> None:
    assert (await ask(customer, said)).looked_up == [number]


# --- several orders are in question -------------------------------------------------------------


async def test_with_several_orders_in_question_it_shows_them_and_asks(ask: Ask) -> None:
    found = await ask("bob", "Where is my order?")
    assert found.called == {"list_orders"}
    for number in ("48224", "48207", "48202", "48180"):
        assert f"#{number}" in found.text
    assert "47903" not in found.text
    assert found.text.endswith("Which one do you mean?")


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("the second one", "48207"),
        ("2", "48207"),
        ("the 2nd", "48207"),
        ("the last one", "48180"),
        ("number three", "48202"),
        ("the vacuum", "48202"),
        ("#48180", "48180"),
        ("48180", "48180"),
        ("I mean the lamp please", "48224"),
    ],
)
async def test_the_choice_is_understood(ask: Ask, said: str, number: str) -> None:
    found = await ask("bob", "Where is my order?", said)
    assert found.looked_up == [number]
    assert f"#{number}" in found.text


async def test_a_correction_takes_the_other_one(ask: Ask) -> None:
    found = await ask("bob", "where is my order", "the first one", "no, the second")
    assert found.looked_up == ["48207"]


async def test_the_question_is_kept_while_it_asks_which(ask: Ask) -> None:
    found = await ask("bob", "cancel my order", "the lamp")
    assert ("request_human" in found.called) is True
    assert "48224" in found.text


async def test_and_the_other_one_means_what_was_not_spoken_of(ask: Ask) -> None:
    await Order.objects.filter(number__in=["48202", "48180"]).adelete()
    found = await ask("bob", "where is my order?", "the first", "and the other one?")
    assert found.looked_up == ["48207"]


async def test_back_to_an_earlier_order_after_a_detour(ask: Ask) -> None:
    found = await ask("alice", "where is my parcel", "how can i pay", "and when will it arrive?")
    assert found.looked_up == ["48211"]


async def test_both_are_told_at_once(ask: Ask) -> None:
    await Order.objects.filter(number__in=["48202", "48180"]).adelete()
    found = await ask("bob", "where is my order?", "both")
    assert found.looked_up == ["48224", "48207"]


@pytest.mark.parametrize(
    ("said", "looked_up", "told"),
    [
        (
            "where's my espresso maker and can I cancel the lamp?",
            ["48207", "48224"],
            ["out for delivery", "our staff can still cancel it"],
        ),
        (
            "Where is 48202? And how can I pay by paypal?",
            ["48202"],
            ["UPS tried to deliver", "[Payment and invoices](/help/payment/)"],
        ),
        (
            "when do the jars come? cancel order 48224 please",
            ["48180", "48224"],
            ["late", "I have asked a colleague to cancel your order #48224"],
        ),
    ],
)
async def test_two_questions_in_one_message_are_both_answered(
    ask: Ask, said: str, looked_up: list[str], told: list[str]
) -> None:
    found = await ask("bob", said)
    assert sorted(found.looked_up) == looked_up
    assert [part for part in told if part not in found.text] == []


async def test_two_questions_with_the_same_answer_get_it_once(ask: Ask) -> None:
    found = await ask("alice", "Where is my parcel? When will it come?")
    assert found.looked_up == ["48211"]
    assert found.text.count("#48211") == 1


async def test_a_number_without_its_letters_finds_the_order(ask: Ask) -> None:
    await Order.objects.filter(number="48211").aupdate(number="EN-48211")
    found = await ask("alice", "where is order 48211?")
    assert "Your order #EN-48211" in found.text


# --- every state --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("customer", "number", "told"),
    [
        ("bob", "48207", ["out for delivery with DPD today", "dpd.de"]),
        ("bob", "48202", ["UPS tried to deliver", "yesterday", "Nobody was at home", "ups.com"]),
        (
            "bob",
            "48180",
            ["two parcels", "letterbox", "I am sorry", "late", "Kassel", "no new date", "GLS"],
        ),
        ("bob", "48224", ["on hold", "We wait for the bank transfer"]),
        ("carol", "48226", ["label", "has not taken it over", "no delivery date yet"]),
        ("carol", "48195", ["waiting for you to collect it", "Packstation 142", "until"]),
        ("carol", "48188", ["no tracking", "delivery date is not known"]),
        ("carol", "48071", ["sent back to us", "paid back"]),
        ("carol", "48229", ["on hold", "house number is missing"]),
        ("alice", "48163", ["was delivered", "neighbour: Petersen", "Hamburg"]),
        ("alice", "48090", ["was cancelled", "paid back"]),
        ("alice", "47955", ["was delivered", "in person"]),
    ],
)
async def test_every_state_is_told_as_it_is(
    ask: Ask, customer: str, number: str, told: list[str]
) -> None:
    found = await ask(customer, f"where is {number}?")
    if number == "48180":
        told = told[:-1]
    assert [part for part in told if part not in found.text] == []


async def test_where_no_date_is_known_none_is_named(ask: Ask) -> None:
    found = await ask("carol", "when will #48226 arrive")
    assert "no delivery date" in found.text
    assert "should arrive" not in found.text


# --- somebody else's ----------------------------------------------------------------------------


async def test_a_strangers_order_and_an_unknown_one_are_answered_alike(ask: Ask) -> None:
    strangers = await ask("bob", "where is #48211")
    unknown = await ask("bob", "where is #99999")
    assert strangers.text.replace("48211", "99999") == unknown.text
    assert "I cannot find #48211 in your account" in strangers.text
    assert "kettle" not in strangers.text.lower()


async def test_a_customer_without_orders_is_told_so(ask: Ask) -> None:
    await User.objects.acreate(username="dora")
    assert "cannot find any orders" in (await ask("dora", "where is my parcel")).text


# --- what needs a person ------------------------------------------------------------------------


async def test_a_person_is_called_at_once_and_no_time_is_promised(ask: Ask) -> None:
    found = await ask("alice", "I want to talk to a human")
    assert found.called == {"request_human"}
    assert "I have asked a colleague" in found.text
    request = await HandoffRequest.objects.aget()
    assert "talk to a human" in request.reason


async def test_a_cancellation_that_staff_can_still_do_is_passed_on_not_promised(ask: Ask) -> None:
    found = await ask("bob", "please cancel order 48224")
    assert found.called == {"get_order", "request_human"}
    assert "not cancelled before they say so" in found.text
    assert "48224" in (await HandoffRequest.objects.aget()).reason


@pytest.mark.parametrize("next_said", ["thanks, and the lamp?", "no, the lamp", "the lamp"])
async def test_naming_another_thing_after_a_cancellation_does_not_cancel_it_too(
    ask: Ask, next_said: str
) -> None:
    found = await ask("bob", "cancel 48207", next_said)
    assert found.looked_up == ["48224"]
    assert "request_human" not in found.called


async def test_whoever_only_asks_whether_it_can_be_cancelled_is_told_and_offered(ask: Ask) -> None:
    asked = await ask("bob", "can I still cancel order 48224?")
    assert asked.called == {"get_order"}
    assert "Shall I ask a colleague" in asked.text
    agreed = await ask("bob", "can I still cancel order 48224?", "yes please")
    assert agreed.called == {"request_human"}


async def test_an_order_that_has_left_cannot_be_cancelled(ask: Ask) -> None:
    found = await ask("alice", "cancel my order")
    assert "request_human" not in found.called
    assert "already left us" in found.text


async def test_a_new_address_is_passed_on_while_the_parcel_is_here(ask: Ask) -> None:
    found = await ask("carol", "send 48229 to my new address please")
    assert "request_human" in found.called
    assert "write the new address" in found.text
    given = await ask("carol", "send 48229 to my new address please", "Hauptstr. 12, 12345 Berlin")
    assert "Our staff can read that here" in given.text


async def test_a_parcel_on_its_way_keeps_its_address(ask: Ask) -> None:
    found = await ask("alice", "I need to change the delivery address")
    assert "can no longer change its address" in found.text
    assert "https://www.dhl.de/" in found.text


async def test_delivered_but_not_received_says_where_it_was_left_and_what_to_check(
    ask: Ask,
) -> None:
    found = await ask("alice", "it says delivered but i never got my mugs!!")
    assert found.looked_up == ["48163"]
    assert "Petersen" in found.text
    assert "Please ask there first" in found.text
    assert "colleague" in found.text


# --- rules --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "title", "quote"),
    [
        ("how do I return something", "Returns", "return label"),
        ("how can I pay?", "Payment and invoices", "credit card"),
        ("how much is shipping", "Delivery times and costs", "4.90"),
        ("my mug arrived broken", "Something arrived damaged or is missing", "14 days"),
        ("do you ship to Austria?", "Delivery options and countries", "European Union"),
        ("is there express shipping?", "Delivery options and countries", "12.90"),
    ],
)
async def test_rules_are_quoted_from_the_article_with_a_link_to_it(
    ask: Ask, said: str, title: str, quote: str
) -> None:
    found = await ask("alice", said)
    assert re.search(rf"\[{re.escape(title)}\]\(/help/[a-z-]+/\)", found.text)
    assert quote in found.text
    assert "**" not in found.text


async def test_what_the_shop_has_not_written_is_not_made_up(ask: Ask) -> None:
    found = await ask("alice", "do you give a discount for students?")
    assert "written nothing about that" in found.text


async def test_a_return_of_a_thing_says_when_it_came(ask: Ask) -> None:
    found = await ask("bob", "I want to return the frying pan")
    assert found.looked_up == ["47903"]
    assert "was delivered" in found.text
    assert "30 days" in found.text


async def test_a_refund_is_told_from_the_order(ask: Ask) -> None:
    found = await ask("carol", "was #48071 refunded?")
    assert "72.90 € was paid back" in found.text
    assert "no refund is noted" in (await ask("alice", "has 48211 been refunded")).text


async def test_a_payment_is_told_from_the_order(ask: Ask) -> None:
    assert "not paid yet" in (await ask("bob", "did my payment for 48224 go through?")).text
    assert "is paid" in (await ask("bob", "have I paid for #48207?")).text


# --- tone and limits ----------------------------------------------------------------------------


async def test_anger_is_met_with_one_short_apology(ask: Ask) -> None:
    found = await ask("alice", "WHERE THE HELL IS MY PARCEL!!! THIS IS RIDICULOUS")
    assert found.looked_up == ["48211"]
    assert found.text.startswith("I am sorry for the trouble.")
    assert found.text.lower().count("sorry") == 1


async def test_a_greeting_is_returned_once(ask: Ask) -> None:
    assert (await ask("alice", "hi, where is my parcel?")).text.startswith("Hello! Your order")
    again = await ask("alice", "hi, where is my parcel?", "hello, when does it come")
    assert not again.text.startswith("Hello!")


@pytest.mark.parametrize("said", ["tell me a joke", "cancel my newsletter", "asdf gh", "???", "…"])
async def test_what_it_cannot_help_with_it_says_with_what_it_can(ask: Ask, said: str) -> None:
    found = await ask("alice", said)
    assert "sorry" in found.text
    assert "I can look up your orders" in found.text
    assert "get_order" not in found.called


async def test_ok_after_a_mere_offer_calls_nobody(ask: Ask) -> None:
    assert (await ask("alice", "how do i return it", "ok")).called == set()


async def test_a_database_that_fails_is_told_as_such(ask: Ask) -> None:
    await HelpArticle.objects.all().adelete()
    model = OfflineModel().bind_tools(tools_for(User(username="x"), "0" * 32))
    failed = [
        HumanMessage("where is my parcel"),
        AIMessage("", tool_calls=[{"name": "list_orders", "args": {}, "id": "1"}]),
        ToolMessage("broken", tool_call_id="1", name="list_orders", status="error"),
    ]
    said = await model.ainvoke(failed)
    assert not said.tool_calls
    assert "cannot look that up right now" in said.text


# --- as a chat model ----------------------------------------------------------------------------


def test_it_answers_without_tools_and_by_invoke_too() -> None:
    assert OfflineModel().invoke([HumanMessage("hello")]).text.startswith("Hello!")
    assert "cannot look that up" in OfflineModel().invoke([HumanMessage("where is it")]).text
    assert OfflineModel().invoke([]).text


async def test_another_models_earlier_replies_tell_which_order_it_is() -> None:
    model = OfflineModel().bind_tools(tools_for(User(username="x"), "0" * 32))
    said = await model.ainvoke(
        [
            HumanMessage("hello"),
            AIMessage("Your order #1018 is on its way."),
            HumanMessage("when will it come?"),
        ]
    )
    assert [call["args"] for call in said.tool_calls] == [{"order_number": "1018"}]


@given(st.lists(st.text(max_size=200), min_size=1, max_size=3))
def test_whatever_is_written_gets_an_answer(texts: list[str]) -> None:
    history: list[BaseMessage] = []
    for text in texts:
        history.append(HumanMessage(text))
        reply = OfflineModel().invoke(history)
        assert reply.text.strip()
        history.append(reply)


def test_the_same_words_get_the_same_answer() -> None:
    said = {OfflineModel().invoke([HumanMessage("what can you do")]).text for _ in range(3)}
    assert len(said) == 1


def test_the_longest_message_is_understood_in_no_time() -> None:
    """Generous, for a busy machine: what grows with the square of the length takes far longer."""
    long = "where is my parcel and the kettle " * 120
    OfflineModel().invoke([HumanMessage(long)])
    started = time.process_time()
    OfflineModel().invoke([HumanMessage(long)])
    assert time.process_time() - started < 2


def test_loop_and_offline_model_need_neither_django_nor_openai() -> None:
    code = (
        "import sys, chat.agent, chat.llm.offline.model, chat.prompts;"
        "print([m for m in ('django', 'redis', 'openai', 'langchain_openai') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_asking_for_the_address_changes_nothing(ask: Ask) -> None:
    found = await ask("carol", "why is the kettle on hold?", "whats the adress")
    assert "Rosenheimer Straße, 81669 Munich" in found.text
    assert "request_human" not in found.called


async def test_a_house_number_that_was_missing_is_passed_on(ask: Ask) -> None:
    found = await ask("carol", "why is the kettle on hold?", "house number is 28")
    assert "request_human" in found.called


async def test_where_to_collect_a_parcel_is_no_change_of_address(ask: Ask) -> None:
    found = await ask("carol", "my toaster", "where do i pick it up")
    assert "Packstation 142" in found.text
    assert "address" not in found.text


async def test_what_travels_in_another_parcel_is_not_called_missing(ask: Ask) -> None:
    found = await ask("bob", "i only got the knives not the jars")
    assert "Storage jars is late" in found.text
    assert "broken" not in found.text


async def test_a_parcel_that_stays_missing_is_passed_on_to_a_person(ask: Ask) -> None:
    missing = ("it says delivered but i dont have it", "Petersen says he doesn't have it")
    found = await ask("alice", *missing)
    assert found.called == {"request_human"}
    assert "to look for order #48163" in found.text


async def test_the_last_order_is_the_newest_and_the_last_one_of_a_list_its_last(ask: Ask) -> None:
    assert (await ask("alice", "my orders", "how much was my last order")).looked_up == ["48211"]
    assert (await ask("alice", "my orders", "the last one")).looked_up == ["47955"]


async def test_the_money_is_that_of_the_order_spoken_of(ask: Ask) -> None:
    found = await ask("alice", "refund for the wok?", "when do i get the money")
    assert "43.90 € was paid back" in found.text


async def test_a_question_about_paying_is_answered_by_the_passage_about_it(
    ask: Ask,
) -> None:
    assert "the carrier collects them" in (await ask("alice", "do i have to pay customs")).text
    assert "by e-mail" in (await ask("alice", "can i get an invoice")).text


async def test_after_asking_for_a_person_how_long_means_the_person(ask: Ask) -> None:
    found = await ask("alice", "can i speak to somebody", "how long will that take")
    assert "cannot say when" in found.text
    assert "48211" not in found.text


async def test_words_that_are_not_english_are_met_with_that(ask: Ask) -> None:
    assert "English only" in (await ask("alice", "Moin, wo ist mein Paket?")).text


async def test_not_understood_twice_it_offers_a_person(ask: Ask) -> None:
    found = await ask("alice", "read what i wrote", "you dont get the point at all")
    assert "Shall I ask a colleague" in found.text


@pytest.mark.parametrize("said", ["any chance to get it earlier?", "whether the kettle works"])
async def test_a_right_word_is_not_corrected_into_one_that_does_something(
    ask: Ask, said: str
) -> None:
    found = await ask("alice", said)
    assert "cancel" not in found.text
    assert "cannot help with" not in found.text


async def test_what_is_returned_is_not_what_is_cancelled(ask: Ask) -> None:
    found = await ask("carol", "return mugs & cancel kettle")
    assert "asked a colleague to cancel your order #48229" in found.text
    assert "#48195 (Two-slice toaster and 2 × Stoneware mug) has already left us" not in found.text


async def test_where_to_send_the_money_is_no_question_about_a_refund(ask: Ask) -> None:
    assert "refund" not in (await ask("bob", "where do i transfer the money")).text
