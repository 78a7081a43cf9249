"""What ``offline`` answers at once though a provider is there: little, and that surely."""

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.utils import timezone
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from chat import marks
from chat.agent import MessageFinished
from chat.assistant import Assistant, Line
from chat.guard.exit import NoGuard, Withheld
from chat.llm import create_model
from chat.llm.offline import fast_path
from chat.models import ChatSession
from chat.orders.models import Shipment
from chat.tools import tools_for
from tests.assistant.shop import order, parcel
from tests.scripted_model import ScriptedChatModel

PLAIN = [
    "Where is my order?",
    "where's my parcel",
    "WHERE IS MY PACKAGE",
    "Hi, where is my order #1018?",
    "Hello! Where is my order? Thanks!",
    "order status 1018",
    "status of order EN-1018 please",
    "Can you track my parcel?",
    "when will my order arrive",
    "When will my delivery be here?",
    "Has my order been shipped?",
    "has order 1018 shipped",
    "any update on my order?",
    "Could you tell me where my order is",
]
NOT_PLAIN = [
    # another wish, or one more
    "Where is my order? I want to cancel it.",
    "Where is my order and can I change the address?",
    "When will my order arrive? Where is order 1018?",
    "Where are #1018 and #1019?",
    "Can I get a refund for order 1018?",
    "I want to return my order",
    "cancel order 1018",
    "Where is my refund for order 1018?",
    "Where is my invoice",
    # not of this customer's orders
    "When do you deliver?",
    "Where do you ship to?",
    "where can I track my order",
    "when can I get my money",
    "How long does delivery take?",
    "Where are you?",
    "Where is my phone?",
    "where is my mind",
    # anger, denial, and what only a thread can tell
    "WHERE THE HELL IS MY ORDER",
    "My order has not arrived",
    "It says delivered but nothing is here",
    "where is it",
    "and the other one?",
    "Where is the other parcel?",
    "what about my order",
    "is that my order",
    "Where is my kettle?",
    # nothing to look up
    "hello",
    "thanks",
    "my order",
    "1018",
    "",
    "where is my order " * 9,
    "wo ist meine Bestellung",
]


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_question_for_one_order_is_one(text: str) -> None:
    assert fast_path.plain([SystemMessage("s"), HumanMessage(text)])


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_everything_else_is_for_the_provider(text: str) -> None:
    assert not fast_path.plain([SystemMessage("s"), HumanMessage(text)])


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice")


class Strict(NoGuard):
    """Lets no order's number go."""

    def __init__(self) -> None:
        self.reported: list[str] = []

    def exit(self) -> "Strict":  # type: ignore[override]
        return self

    async def say(self, text: str) -> str:
        if "1018" in text:
            raise Withheld("order number", text)
        return text

    async def end(self) -> str:
        return ""

    async def report(self, withheld: Withheld, said: str) -> None:
        self.reported.append(withheld.kind)


async def answer(
    customer: User, text: str, *, fast: bool = True, guard: NoGuard | None = None
) -> BaseMessage:
    """The last message of the answer; the provider would say "First."."""
    session = await ChatSession.objects.acreate(customer=customer, login="x")
    provider: BaseChatModel = ScriptedChatModel(["First."])
    offline = create_model("offline", api_key="", base_url="", timeout=5)
    assistant = Assistant(
        Line("openai:x", provider),
        Line("offline", offline),
        fast_path=fast_path if fast else None,
        timeout=5,
    )
    tools = tools_for(customer, session.session_id)
    asked = [HumanMessage(text)]
    *_, last = [e async for e in assistant.answer("s", "r", tools, asked, guard or NoGuard())]
    assert isinstance(last, MessageFinished)
    return last.message


@sync_to_async
def sends(customer: User, *numbers: str, delivered: bool = False) -> None:
    for number in numbers:
        made = order(customer, number, "Kettle")
        if delivered:
            at = timezone.now() - timedelta(days=30)
            parcel(made, status=Shipment.Status.DELIVERED, delivered_at=at)


@pytest.mark.django_db(transaction=True)
async def test_the_only_order_under_way_is_told_at_once(alice: User) -> None:
    await sends(alice, "1018")
    said = await answer(alice, "Where is my order?")
    assert "1018" in said.text
    taken = said.additional_kwargs[marks.FIGURES]
    assert (taken["model"], taken["because"], taken["cost"]) == ("offline", "plainly asked", 0)


@pytest.mark.django_db(transaction=True)
async def test_what_the_guard_withholds_of_it_is_reported_and_the_provider_asked(
    alice: User,
) -> None:
    await sends(alice, "1018")
    guard = Strict()
    assert (await answer(alice, "Where is my order?", guard=guard)).text == "First."
    assert guard.reported == ["order number"]


@pytest.mark.django_db(transaction=True)
async def test_off_means_off(alice: User) -> None:
    await sends(alice, "1018")
    assert (await answer(alice, "Where is my order?", fast=False)).text == "First."


@pytest.mark.django_db(transaction=True)
async def test_of_several_orders_one_must_be_named(alice: User) -> None:
    await sends(alice, "1018", "1019")
    assert (await answer(alice, "Where is my order?")).text == "First."
    assert "1019" in (await answer_again(alice, "Where is my order 1019?")).text


@pytest.mark.django_db(transaction=True)
async def test_an_order_that_is_nowhere_or_long_delivered_is_for_the_provider(alice: User) -> None:
    await sends(alice, "1018", delivered=True)
    assert (await answer(alice, "Where is my order?")).text == "First."
    assert (await answer_again(alice, "Where is my order 4711?")).text == "First."


async def answer_again(customer: User, text: str) -> BaseMessage:
    """The same in another session."""
    await ChatSession.objects.filter(customer=customer).adelete()
    return await answer(customer, text)


def test_an_answer_of_which_nothing_is_known_is_not_sure() -> None:
    asked = [HumanMessage("Where is my order #1018?")]
    assert not fast_path.sure(asked, [AIMessage("It is on its way.")])
