"""Bad models fail and good ones pass, through the real turn, on a server of OpenAI's protocol."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from chat.evaluation import orders, report
from chat.evaluation.cases import Case, read
from chat.evaluation.trials import Trial, run
from chat.management.demo.articles import articles
from chat.management.demo.shop import CUSTOMERS, seed
from chat.models import ChatSession, TranscriptMessage
from chat.orders.models import Order, Shipment
from chat.tools.orders import get_order
from supportbot import env
from tests.openai_server import Answer, OpenAIServer, Request, calls, refuses, says

STATUS = {
    "id": "kettle",
    "kind": "order_status",
    "customer": "alice",
    "turns": [
        {
            "say": "Where is my kettle?",
            "calls": [{"tool": "get_order", "arguments": {"order_number": "48211"}}],
            "says": ["DHL", "{date:+1}"],
        }
    ],
}
LOOKS_UP = ("get_order", '{"order_number": "48211"}')
TRUE = "#48211 is with DHL and comes tomorrow."

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("redis_url"),
]


def shipped() -> list[Case]:
    return cases_in(*sorted((env.ROOT / "chat/evaluation/cases").glob("*.jsonl")))


def cases(folder: Path, *lines: dict[str, Any]) -> list[Case]:
    file = folder / "cases.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    return cases_in(file)


def cases_in(*files: Path) -> list[Case]:
    names = [account.username for account in CUSTOMERS]
    return read(
        files, customers=names, orders=[], articles=[article.slug for article in articles()]
    )


@pytest.fixture
def model(settings: Any) -> Iterator[OpenAIServer]:
    """What the assistant asks."""
    with OpenAIServer() as server:
        settings.ASSISTANT_MODEL = "openai:test"
        settings.OPENAI_BASE_URL = server.url
        settings.CHAT_RATE_LIMIT = (999_999, 1_000)
        yield server


def after_a_look(*words: str) -> Callable[[Request], Answer]:
    """Looks the order up, then says so."""

    def answer(request: Request) -> Answer:
        looked_up = request.body["messages"][-1]["role"] == "tool"
        return says(*words) if looked_up else calls(LOOKS_UP)

    return answer


def problems(trials: list[Trial]) -> list[str]:
    return [problem.expected for trial in trials for problem in trial.problems]


async def test_a_good_model_passes(model: OpenAIServer, tmp_path: Path) -> None:
    model.otherwise = after_a_look(TRUE)
    [trial] = await run(cases(tmp_path, STATUS), 1, seed)
    assert trial.passed, problems([trial])
    [heard] = trial.heard
    assert (heard.answer, [call.tool for call in heard.calls]) == (TRUE, ["get_order"])
    assert "48211" in heard.calls[0].answered
    assert heard.figures["read"] > 0
    assert heard.figures["written"] > 0


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (after_a_look("With DHL; it comes on 31 December."), "to hear “{date:+1}”"),
        (
            after_a_look("With DHL tomorrow, or on 3 March 2040."),
            "no date that nobody has named: 3 March 2040",
        ),
        (after_a_look(TRUE, " Or do you mean #48202?"), "an answer that the guard lets go"),
        (says(TRUE), "a call of get_order(order_number=“48211”), and nothing was called"),
        (refuses(401), "an answer by that model, not by offline (HTTP 401)"),
    ],
    ids=["wrong date", "made-up date", "somebody else's order", "no tool", "second line"],
)
async def test_a_bad_model_fails(
    answer: Answer | Callable[[Request], Answer], expected: str, model: OpenAIServer, tmp_path: Path
) -> None:
    model.otherwise = answer
    trials = await run(cases(tmp_path, STATUS), 1, seed)
    assert expected in problems(trials)
    assert report.share_passed(trials) == 0


async def test_a_flaky_model_shows_between_pass_1_and_pass_k(
    model: OpenAIServer, tmp_path: Path
) -> None:
    asked = 0

    def every_other(request: Request) -> Answer:
        nonlocal asked
        if request.body["messages"][-1]["role"] != "tool":
            return calls(LOOKS_UP)
        asked += 1
        return says(TRUE if asked % 2 else "I do not know.")

    model.otherwise = every_other
    trials = await run(cases(tmp_path, STATUS), 4, seed)
    assert report.rows(trials)[-1].passes == pytest.approx((1 / 2, 1 / 6, 0, 0))


async def test_each_conversation_is_apart_and_goes_the_way_of_a_customers(
    model: OpenAIServer, tmp_path: Path
) -> None:
    model.otherwise = after_a_look(TRUE)
    done: list[Trial] = []
    turns = [STATUS["turns"][0], {"say": "Thanks", "says": ["DHL"]}]
    await run(cases(tmp_path, STATUS | {"turns": turns}), 3, seed, done.append)
    assert sorted(trial.number for trial in done) == [1, 2, 3]
    assert await ChatSession.objects.filter(customer__username="alice").acount() == 3
    # In each the model sees that conversation's two messages, and no other's.
    said = [
        [m["content"] for m in request.body["messages"] if m["role"] == "user"]
        for request in model.requests
    ]
    assert max(map(len, said)) == 2
    assert await TranscriptMessage.objects.filter(text="Thanks").acount() > 0


async def test_after_midnight_a_conversation_is_held_again_on_the_new_day(
    model: OpenAIServer, tmp_path: Path
) -> None:
    model.otherwise = after_a_look(TRUE)
    times = iter([timezone.now() - timedelta(days=1)])  # of setting the stage; then it is today

    def clock() -> datetime:
        return next(times, timezone.now())

    [trial] = await run(cases(tmp_path, STATUS), 1, seed, clock=clock)
    assert trial.passed, problems([trial])
    assert await ChatSession.objects.acount() == 2


async def test_offline_is_held_to_the_same(settings: Any, tmp_path: Path) -> None:
    settings.ASSISTANT_MODEL = "offline"
    inline = {
        "id": "chair",
        "kind": "order_status",
        "orders": [
            {
                "number": "61001",
                "placed": "-3 10:00",
                "articles": ["Chair, teak at 80.00"],
                "parcels": [
                    {
                        "carrier": "GLS",
                        "expected": ["2 09:00", "2 13:00"],
                        "scans": [["-1 10:00", "in_transit", "Not before {date:+2}.", "Kiel"]],
                    }
                ],
            }
        ],
        "turns": [{"say": "Where is 61001?", "says": ["GLS", "{date:+2}", "Kiel"]}],
    }
    wrong = STATUS | {"id": "wrong", "turns": [{"say": "Where is 48211?", "says": ["UPS"]}]}
    trials = await run(cases(tmp_path, inline, wrong), 1, seed)
    assert [trial.passed for trial in trials] == [True, False], problems(trials)
    assert report.rows(trials)[-1].cost == 0


async def test_no_shipped_case_passes_with_a_model_that_only_makes_words(settings: Any) -> None:
    settings.ASSISTANT_MODEL = "fake"
    settings.CHAT_RATE_LIMIT = (999_999, 1_000)
    trials = await run(shipped(), 1, seed)
    assert [trial.case.name for trial in trials if trial.passed] == []


def test_orders_of_a_case_become_rows_with_dates_from_today(tmp_path: Path) -> None:
    now = timezone.now().replace(hour=0, minute=30)
    customer = User.objects.create(username="case")
    [case] = cases(
        tmp_path,
        {
            "id": "a",
            "kind": "k",
            "orders": [
                {
                    "number": "#61001",
                    "placed": "0 09:00",
                    "articles": ["2 × Mug, red at 8.90", "Tea"],
                    "note": "Kept until {date:+5}.",
                    "address": ["Ring 1", "10115", "Berlin"],
                    "parcels": [
                        {
                            "carrier": "DHL",
                            "tracking": "7",
                            "articles": ["Tea"],
                            "expected": ["0 09:00", "0 10:00"],
                            "scans": [
                                ["-1 10:00", "pre_transit"],
                                ["0 03:00", "in_transit"],
                                ["0 08:00", "delivered", "At the door."],
                            ],
                        },
                        {"carrier": "GLS", "shipped": "-1 12:00"},
                    ],
                }
            ],
            "turns": [{"say": "Hi", "says": ["x"]}],
        },
    )
    for _ in range(2):  # as often as one likes
        orders.put_in(customer, case.orders or (), now)
    [order] = Order.objects.all()
    tea, mugs = order.shipments.all()
    assert (order.number, str(order.total.quantize(order.total.__class__("0.01")))) == (
        "61001",
        "27.80",
    )
    assert order.placed_at < now
    assert [line.order_line.title for line in mugs.contents.all()] == ["Mug, red"]
    assert (tea.status, tea.delivered_at) == (
        Shipment.Status.DELIVERED,
        now - timedelta(minutes=5),
    )
    assert tea.estimated_delivery_to is not None
    assert tea.estimated_delivery_to > now  # what is expected today is not late yet
    assert (now + timedelta(days=5)).strftime("%B") in order.note
    assert "Berlin" in get_order(customer, "61001")[0]
