"""What staff see of the assistant: how the provider is, and what answers took and cost."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone
from langchain_core.messages import AIMessage, HumanMessage
from pytest_django import DjangoAssertNumQueries, Settings

from chat import marks, runtime
from chat.budget import Spent, parse
from chat.models import ChatSession, TranscriptMessage
from chat.prices import parse as parse_prices
from chat.reports import described
from chat.transcripts import Copy, write

pytestmark = pytest.mark.django_db

PAGE = "/admin/chat/answer/"
PROVIDERS = {
    "model": "openai:mini",
    "read": 12_000,
    "cached": 9_000,
    "written": 345,
    "reasoning": 45,
    "cost": 4_567,
    "steps": 2,
    "tools": 1,
    "first": 800,
    "whole": 2_100,
}
INSTEAD = {"model": "offline", "because": "HTTP 503", "steps": 2, "tools": 1, "cost": 0}


@pytest.fixture(autouse=True)
def provider(settings: Settings, redis_url: str) -> Iterator[None]:
    settings.ASSISTANT_MODEL = "openai:mini"
    settings.ASSISTANT_PRICES = parse_prices('{"currency": "EUR", "mini": {"in": 1, "out": 2}}')
    settings.ASSISTANT_DAILY_BUDGET = parse("customer=0.50,shop=20")
    yield


@pytest.fixture
def staff(client: Client) -> Client:
    user = User.objects.create_user("staff", is_staff=True)
    user.groups.add(Group.objects.get(name="support staff"))
    client.force_login(user)
    return client


def answered(name: str, *figures: dict[str, Any], days_ago: int = 0, **marked: bool) -> ChatSession:
    """A customer of this name whose messages were answered, for these figures."""
    customer = User.objects.create_user(name)
    session = ChatSession.objects.create(session_id=name, customer=customer, login=name)
    said = [
        message
        for each in figures
        for message in (
            HumanMessage("where?"),
            AIMessage("Here.", additional_kwargs={marks.FIGURES: each, **marked}),
        )
    ]
    write([Copy(name, 0, said)])
    if days_ago:
        at = timezone.now() - timedelta(days=days_ago)
        TranscriptMessage.objects.filter(session=session).update(created_at=at)
    return session


def row(page: Any, table: str, **wanted: Any) -> dict[str, Any]:
    [found] = [
        row for row in page.context[table] if all(row[name] == wanted[name] for name in wanted)
    ]
    return dict(found)


def test_the_sums_of_a_day_are_told_by_model_and_reason(staff: Client) -> None:
    answered("alice", PROVIDERS, PROVIDERS, INSTEAD)
    answered("bob", {"model": "openai:mini", "read": 10, "written": 1})
    answered("carol", PROVIDERS, days_ago=1)
    page = staff.get(PAGE)
    paid = row(page, "by_model", model="openai:mini", because=None)
    assert {name: paid[name] for name in ("answers", "read", "cached", "written", "reasoning")} == {
        "answers": 3,
        "read": 24_010,
        "cached": 18_000,
        "written": 691,
        "reasoning": 90,
    }
    assert (paid["cost"], paid["unknown"]) == (9_134, 1), "an unknown cost is not nothing"
    assert (paid["first"], paid["whole"]) == (800, 2_100)
    assert row(page, "by_model", model="offline", because="HTTP 503")["answers"] == 1
    text = page.content.decode()
    for shown in ("24,010", "18,000", "EUR 0.0091", "HTTP 503", "0.80 s", "2.1 s"):
        assert shown in text
    yesterday = (timezone.localdate() - timedelta(days=1)).isoformat()
    assert row(staff.get(f"{PAGE}?day={yesterday}"), "by_model")["answers"] == 1
    assert [row["answers"] for row in page.context["by_day"]] == [4, 1]


def test_what_the_guard_withheld_is_counted_by_day_by_model_and_by_customer(staff: Client) -> None:
    answered("alice", PROVIDERS, PROVIDERS)
    answered("bob", PROVIDERS, PROVIDERS, PROVIDERS, **{marks.WITHHELD: True})
    page = staff.get(PAGE)
    assert row(page, "by_day")["withheld"] == 3
    assert row(page, "by_model")["withheld"] == 3
    assert row(page, "by_customer", customer="bob")["withheld"] == 3
    assert row(page, "by_customer", customer="alice")["withheld"] == 0
    assert '<td class="number alarm">3</td>' in page.text


def test_the_dearest_customers_come_first(staff: Client) -> None:
    answered("alice", PROVIDERS)
    answered("bob", PROVIDERS, PROVIDERS)
    answered("carol", {"model": "openai:mini", "read": 10})
    customers = staff.get(PAGE).context["by_customer"]
    assert [row["customer"] for row in customers] == ["bob", "alice", "carol"]
    assert [row["cost"] for row in customers] == [9_134, 4_567, None]


def test_staff_see_that_the_provider_rests_since_when_and_why(staff: Client) -> None:
    assert "The provider is asked." in staff.get(PAGE).content.decode()

    async def outage() -> None:
        async with runtime.store() as store:
            breaker = runtime.make_breaker(store)
            for kind in ("HTTP 503", "HTTP 503", "time-out"):
                await breaker.failed(kind)

    async_to_sync(outage)()
    page = staff.get(PAGE)
    since = timezone.localtime(page.context["now"].health.since).strftime("%Y-%m-%d %H:%M:%S")
    assert f"The provider rests since {since}" in page.content.decode()
    assert "Last failure: time-out" in page.content.decode()


def test_staff_see_the_budgets_and_what_was_counted(staff: Client) -> None:
    async def spend() -> None:
        async with runtime.store() as store:
            await runtime.make_budget(store).count(1, "run", Spent(1_230_000, 5_000))

    async_to_sync(spend)()
    text = staff.get(PAGE).content.decode()
    assert "shop EUR 20.00, each customer EUR 0.50" in text
    assert "EUR 1.23, 5,000 tokens" in text


def test_without_redis_the_page_says_so_and_shows_the_sums(
    staff: Client, settings: Settings
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answered("alice", PROVIDERS)
    text = staff.get(PAGE).content.decode()
    assert "Redis does not answer" in text
    assert "12,000" in text


def test_without_a_provider_there_is_nobody_to_rest(staff: Client, settings: Settings) -> None:
    settings.ASSISTANT_MODEL = "offline"
    text = staff.get(PAGE).content.decode()
    assert "The provider" not in text


def test_many_answers_cost_as_many_queries_as_few(
    staff: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    answered("alice", PROVIDERS)
    with django_assert_num_queries(7):
        staff.get(PAGE)
    for number in range(25):
        answered(f"customer{number}", PROVIDERS, INSTEAD)
    with django_assert_num_queries(7):
        staff.get(PAGE)


def test_customers_and_staff_outside_of_the_group_see_nothing(client: Client) -> None:
    client.force_login(User.objects.create_user("alice"))
    assert client.get(PAGE).status_code == 302
    client.force_login(User.objects.create_user("temp", is_staff=True))
    assert client.get(PAGE).status_code == 403
    assert "state and costs" not in client.get("/admin/").content.decode()


def test_nothing_can_be_added_or_changed_and_nonsense_shows_today(staff: Client) -> None:
    session = answered("alice", PROVIDERS)
    pk = session.transcript.get(role="ai").pk
    assert staff.get(f"{PAGE}add/").status_code == 403
    for address in (f"{PAGE}{pk}/change/", f"{PAGE}{pk}/delete/", f"{PAGE}{pk}/history/"):
        assert staff.post(address, {"post": "yes"}).status_code in (403, 404), address
    assert staff.get(f"{PAGE}?day=nonsense").context["day"] == timezone.localdate()
    assert staff.get(f"{PAGE}?day=9999-01-01").context["day"] == timezone.localdate()
    assert staff.get(f"{PAGE}?day=0001-01-01").status_code == 200


def test_the_transcript_shows_what_each_answer_took(staff: Client) -> None:
    answered("alice", PROVIDERS, INSTEAD)
    text = staff.get("/admin/chat/chatsession/alice/change/").content.decode()
    assert (
        "openai:mini · 12,000 tokens read (9,000 cached) · 345 written (45 reasoning) · EUR 0.0046"
        " · 2 steps, 1 tool call · first words after 0.80 s, all after 2.1 s"
    ) in text
    assert "offline, because: HTTP 503 · 2 steps" in text


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    assert "cost unknown" in described({"model": "m", "read": 1})
    assert "about 1 tokens read" in described({"model": "m", "read": 1, "guessed": True})
