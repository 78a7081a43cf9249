"""What the provider may cost in a day, counted on a real Redis."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import date

import pytest
import redis

from chat.budget import Budget, Limit, Limits, Spent, parse
from chat.scripts import Scripts

LIMITS = parse("customer=0.50,shop=20")
CENT = 10_000
MONDAY = date(2026, 11, 23)

Starter = Callable[..., Budget]


@pytest.fixture
async def process(redis_url: str) -> AsyncIterator[Starter]:
    """Starts processes as far as budgets go, each with connections of its own."""
    started: list[Scripts] = []

    def start(limits: Limits = LIMITS, today: date = MONDAY) -> Budget:
        started.append(Scripts(redis_url))
        return Budget(started[-1], limits, lambda: today)

    yield start
    for scripts in started:
        await scripts.aclose()


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("", Limits()),
        ("customer=0.50,shop=20", Limits(Limit(500_000), Limit(20_000_000))),
        (" shop = 0 ", Limits(shop=Limit(0))),
        ("customer=0.000001", Limits(Limit(1))),
        ("shop=5000000 tokens", Limits(shop=Limit(5_000_000, in_tokens=True))),
        ("customer=1000tokens,shop=1", Limits(Limit(1_000, True), Limit(1_000_000))),
    ],
)
def test_a_budget_is_money_or_tokens_for_each_customer_and_the_shop(
    text: str, limits: Limits
) -> None:
    assert parse(text) == limits


@pytest.mark.parametrize(
    "text",
    [
        *("20", "customer", "customer=", "customer=-1", "customer=1e3", "customer=1,customer=2"),
        *("staff=1", "shop=1;customer=2", "shop=€20", "shop=1.5 tokens", "shop=1,", "shop=٣"),
    ],
)
def test_anything_else_is_no_budget(text: str) -> None:
    with pytest.raises(ValueError, match="no budget"):
        parse(text)


async def test_a_customer_over_the_budget_is_one_in_every_process_and_others_are_not(
    process: Starter,
) -> None:
    one, other = process(), process()
    await one.count(1, "run-1", Spent(49 * CENT, 10))
    assert await other.exhausted(1) == ""
    await other.count(1, "run-2", Spent(1 * CENT, 10))
    assert await one.exhausted(1) == "customer"
    assert await one.exhausted(2) == ""
    assert await one.spent(1) == Spent(50 * CENT, 20)


async def test_the_shops_budget_is_that_of_all_customers_together(process: Starter) -> None:
    budget = process()
    for customer in range(50):
        await budget.count(customer, f"run-{customer}", Spent(40 * CENT, 1))
    assert await budget.exhausted(1_000) == "shop"


async def test_a_budget_in_tokens_needs_no_price(process: Starter) -> None:
    budget = process(parse("customer=100 tokens"))
    await budget.count(1, "run-1", Spent(0, 99))
    assert await budget.exhausted(1) == ""
    await budget.count(1, "run-2", Spent(0, 1))
    assert await budget.exhausted(1) == "customer"


async def test_a_new_day_begins_with_nothing_spent(process: Starter) -> None:
    await process().count(1, "run-1", Spent(100 * CENT, 1))
    assert await process().exhausted(1) == "customer"
    assert await process(today=date(2026, 11, 24)).exhausted(1) == ""


async def test_an_answer_is_counted_once_however_often_it_is_told(process: Starter) -> None:
    one, other = process(), process()
    await asyncio.gather(*(b.count(1, "run-1", Spent(7, 3)) for b in (one, other) for _ in "ab"))
    assert await one.spent(1) == await one.spent() == Spent(7, 3)


async def test_no_sum_is_lost_when_many_processes_count_at_once(process: Starter) -> None:
    processes = [process() for _ in range(8)]
    await asyncio.gather(
        *(
            b.count(1, f"run-{n}-{m}", Spent(1, 1))
            for n, b in enumerate(processes)
            for m in range(50)
        )
    )
    assert await processes[0].spent(1) == await processes[0].spent() == Spent(400, 400)


async def test_reading_and_then_writing_would_lose_some(redis_url: str) -> None:
    """What the script protects from, without it."""
    clients = [redis.asyncio.Redis.from_url(redis_url) for _ in range(8)]

    async def count(client: "redis.asyncio.Redis") -> None:
        for _ in range(10):
            spent = int(await client.get("spent") or 0)
            await client.set("spent", spent + 1)

    await asyncio.gather(*map(count, clients))
    assert int(await clients[0].get("spent") or 0) < 80
    for client in clients:
        await client.aclose()


async def test_turns_that_run_at_once_go_over_by_what_they_cost_and_no_further(
    process: Starter,
) -> None:
    processes = [process() for _ in range(4)]
    answered = 0

    async def turns(budget: Budget, name: str) -> None:
        nonlocal answered
        for number in range(20):
            if await budget.exhausted(1):
                return
            await asyncio.sleep(0)  # the model answers
            await budget.count(1, f"{name}-{number}", Spent(10 * CENT, 1))
            answered += 1

    await asyncio.gather(*(turns(each, str(n)) for n, each in enumerate(processes)))
    assert 5 <= answered < 5 + len(processes)


async def test_an_answer_nobody_waits_for_any_more_is_counted_all_the_same(
    process: Starter,
) -> None:
    budget = process()

    async def turn() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            budget.count(1, "run-1", Spent(5, 5))

    task = asyncio.create_task(turn())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await budget.settled()
    assert await budget.spent(1) == Spent(5, 5)


async def test_what_is_kept_of_a_day_goes_away(process: Starter, redis_url: str) -> None:
    await process().count(1, "run-1", Spent(5, 5))
    with redis.Redis.from_url(redis_url) as client:
        keys = client.keys("*")
        assert len(keys) == 4
        assert all(0 < client.pttl(key) <= 2 * 86_400_000 for key in keys)


async def test_a_redis_that_is_away_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    scripts = Scripts("redis://127.0.0.1:1/0")
    budget = Budget(scripts, LIMITS, lambda: MONDAY)
    assert await budget.exhausted(1) == ""
    await budget.count(1, "run-1", Spent(5, 5))
    assert "an answer's cost is missing" in caplog.text
    await scripts.aclose()
