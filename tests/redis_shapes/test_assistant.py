"""The provider's state and the day's sums, in each shape that ``REDIS_URL`` can have."""

from collections.abc import AsyncIterator
from datetime import date

import pytest

from chat.breaker import Breaker
from chat.budget import Budget, Spent, parse
from chat.scripts import Scripts


@pytest.fixture
async def processes(url: str) -> AsyncIterator[list[Scripts]]:
    """Two, each with connections of its own."""
    found = [Scripts(url), Scripts(url)]
    yield found
    for scripts in found:
        await scripts.aclose()


async def test_a_provider_that_fails_rests_for_all(processes: list[Scripts]) -> None:
    one, other = [Breaker(scripts, "openai:x", "", patience=1) for scripts in processes]

    async def nobody() -> None:
        raise AssertionError("the rest is not over")

    for breaker in (one, other, one):
        await breaker.failed("HTTP 503")
    await other.watch(nobody)
    assert other.rests
    assert (await one.look()).kind == "HTTP 503"


async def test_budgets_are_counted_once_and_by_all(processes: list[Scripts]) -> None:
    one, other = [
        Budget(scripts, parse("customer=1 tokens"), lambda: date(2026, 11, 23))
        for scripts in processes
    ]
    for budget in (one, other):
        await budget.count(1, "run", Spent(7, 3))
    assert await one.spent(1) == await other.spent() == Spent(7, 3)
    assert await other.exhausted(1) == "customer"
    assert await other.exhausted(2) == ""
