"""A customer of an imported file gets the truth about every one of their orders in every state.

The run asks each of the 1,000 orders one of the five questions, and every question of every order
with ``TEST_EVERY_QUESTION=1``.
"""

import os
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from langchain_core.messages import BaseMessage, HumanMessage

from chat.agent import TextDelta, answer
from chat.guard.guard import Guard
from chat.llm import create_model
from chat.tools import tools_for
from tests.assistant.clerk import Clerk
from tests.assistant.order_truth import Truth
from tests.assistant.shopify_shop import MANY, MANY_ORDERS, SHARED, orders, own_word
from tests.orders.shopify_data import write

COUNT = 1_000
EVERY_QUESTION = os.environ.get("TEST_EVERY_QUESTION") == "1"

QUESTIONS = {
    "where is my order {}?": Truth.wrong_state,
    "when will order {} arrive?": Truth.wrong_state,
    "what is in order {}?": Truth.wrong_contents,
    "is order {} paid?": Truth.wrong_payment,
    "can I cancel order {}?": Truth.wrong_cancelling,
}

pytestmark = pytest.mark.django_db(transaction=True)


def imported(count: int, folder: Path) -> list[Truth]:
    zone = timezone.get_default_timezone()
    made = list(orders(count, timezone.now()))
    call_command("import_orders", str(write(folder / "orders.json", made)), verbosity=0)
    return [Truth(order, zone) for order in made]


@pytest.fixture
def whole_file(tmp_path: Path) -> list[Truth]:
    """The orders of the file, imported."""
    return imported(COUNT, tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> list[Truth]:
    """Those of the customer who has two hundred, and of a few others."""
    return imported(MANY_ORDERS + 37, tmp_path)


@pytest.mark.once
async def test_every_order_of_an_imported_file_is_told_as_the_file_has_it(
    whole_file: list[Truth],
) -> None:
    model = create_model("offline", api_key="", base_url="", timeout=30)
    words = frozenset(own_word(number) for number in range(3 * COUNT + 3))
    customers = {user.email: user async for user in User.objects.all()}
    wrong = []
    for index, truth in enumerate(whole_file):
        tools = tools_for(customers[truth.order["email"]], "0" * 32)
        for at, (question, judge) in enumerate(QUESTIONS.items()):
            if not EVERY_QUESTION and at != index % len(QUESTIONS):
                continue
            asked: list[BaseMessage] = [HumanMessage(question.format(truth.order["name"]))]
            text = ""
            begun = timezone.localdate()
            guard = Guard(customers[truth.order["email"]].pk, asked, no_report)
            async for event in answer(model, tools, asked, guard, max_steps=6, timeout=30):
                text += event.text if isinstance(event, TextDelta) else ""
            problems = [*truth.untrue(text, begun, words), *judge(truth, text)]
            if problems and timezone.localdate() == begun:
                wrong.append(f"{asked[0].text} {problems}\n    {text}\n    {truth.order}")
    assert not wrong, f"{len(wrong)} answers are untrue:\n" + "\n".join(wrong[:5])


async def no_report(kind: str, text: str) -> None:
    raise AssertionError(f"withheld, a false alarm: {kind} in {text}")


GOES_ON = (
    "why?", "what does that mean?", "are you sure?", "how do I contact them?", "how much was it?",
    "was it refunded?", "so tomorrow?", "I have not received it", "can I change the address?",
    "the second parcel?", "don't cancel it",
)  # fmt: skip


@pytest.mark.once
def test_what_is_asked_next_is_told_as_the_file_has_it_too(file: list[Truth]) -> None:
    words = frozenset(own_word(number) for number in range(3 * COUNT))
    wrong = []
    for index, truth in enumerate(file):
        begun = timezone.localdate()
        following = GOES_ON[index % len(GOES_ON)]
        first = f"where is order {truth.order['name']}?"
        answer = clerk(truth.order["email"]).ask(first, following).text
        problems = list(truth.untrue(answer, begun, words))
        if problems and timezone.localdate() == begun:
            wrong.append(f"{first} {following} {problems}\n    {answer}\n    {truth.order}")
    assert not wrong, f"{len(wrong)} answers are untrue:\n" + "\n".join(wrong[:5])


def clerk(email: str) -> Clerk:
    return Clerk(User.objects.get(email=email))


def of_many(file: list[Truth]) -> list[Truth]:
    """The orders of the customer who has two hundred, newest first."""
    theirs = [truth for truth in file if truth.order["email"] == MANY]
    return sorted(theirs, key=lambda truth: truth.moments[0], reverse=True)


def test_of_two_hundred_orders_each_is_found_however_its_number_is_written(
    file: list[Truth],
) -> None:
    numbers = {truth.number for truth in of_many(file)[-15:]}  # far older than a list shows
    assert {number.strip("0123456789") for number in numbers} == {"", "EN-", "-DE", "S", "SHOP-"}
    for number in numbers:
        digits = "".join(filter(str.isdigit, number))
        spoken = number.lower().replace("-", "")
        for written in (number, f"#{number}", digits, f"#{digits}", f"{digits}?", spoken):
            answer = clerk(MANY).ask(f"where is my order {written}").text
            assert f"#{number} " in answer or f"#{number} was" in answer, (written, answer)


def test_a_bare_number_alone_is_an_order_too(file: list[Truth]) -> None:
    truth = next(each for each in of_many(file) if each.number.startswith("EN-"))
    for written in (truth.number[3:], truth.number.lower(), f"{truth.number[3:]}?"):
        assert f"#{truth.number}" in clerk(MANY).ask(written).text


def test_somebody_elses_number_is_found_in_no_way_of_writing_it(file: list[Truth]) -> None:
    strangers = next(
        each for each in file if each.order["email"] != MANY and each.number.startswith("EN-")
    )
    for written in (strangers.number, strangers.number[3:], strangers.number.lower()):
        answer = clerk(MANY).ask(f"where is order {written}?").text
        assert "I cannot find" in answer
        assert all(line["title"] not in answer for line in strangers.order["line_items"])


def test_a_list_of_two_hundred_orders_says_that_there_are_older_ones(file: list[Truth]) -> None:
    answer = clerk(MANY).ask("show me all my orders").text
    assert [f"#{each.number}" in answer for each in of_many(file)[:3]] == [True] * 3
    assert "There are older ones too" in answer


def test_an_article_of_an_older_order_is_not_denied(file: list[Truth]) -> None:
    oldest = next(each for each in reversed(of_many(file)) if each.order["line_items"])
    name = oldest.order["line_items"][0]["title"].split()[0]
    answer = clerk(MANY).ask(f"where is my {name}?").text
    assert "in your newest orders" in answer
    assert "its number helps" in answer


def test_an_article_that_is_in_several_orders_is_asked_about(file: list[Truth]) -> None:
    holding = [
        truth.number
        for truth in of_many(file)[:20]
        if any(line["title"] == SHARED for line in truth.order["line_items"])
    ]
    reply = clerk(MANY).ask("when does my evergreen teapot come?")
    named = [number for number in holding if f"#{number}" in reply.text]
    assert named
    assert len(named) == 1 or "Which one" in reply.text
