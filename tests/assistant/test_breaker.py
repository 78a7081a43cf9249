"""The breaker on a real Redis: what one process finds out, all know."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import redis

from chat.breaker import Breaker, Rules
from chat.errors import ModelUnavailable
from chat.scripts import Scripts

RULES = Rules(in_a_row=3, within=300, rest=60)
MODEL, ADDRESS = "openai:test-model", "https://user:secret@models.example/v1"

Starter = Callable[..., Breaker]


class Provider:
    """Something to ask, which answers or not."""

    def __init__(self) -> None:
        self.asked = 0
        self.failure = ""

    async def ask(self) -> None:
        self.asked += 1
        if self.failure:
            raise ModelUnavailable(kind=self.failure)


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
async def process(redis_url: str) -> AsyncIterator[Starter]:
    """Starts processes as far as breakers go, each with connections of its own."""
    started: list[Scripts] = []

    def start(model: str = MODEL, address: str = ADDRESS) -> Breaker:
        started.append(Scripts(redis_url))
        return Breaker(started[-1], model, address, patience=30, rules=RULES)

    yield start
    for scripts in started:
        await scripts.aclose()


@pytest.fixture
def client(redis_url: str) -> Any:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


def rest_is_over(client: Any, breaker: Breaker) -> None:
    """As if the time that stands in Redis had passed."""
    client.hset(breaker.key, "till", 1)


async def fails(breaker: Breaker, times: int, kind: str = "HTTP 503") -> None:
    for _ in range(times):
        await breaker.failed(kind)


async def test_failures_in_a_row_make_it_rest_in_every_process(
    process: Starter, provider: Provider
) -> None:
    one, other = process(), process()
    await fails(one, 2)
    await fails(other, 1, "time-out")
    assert (one.rests, other.rests) == (False, True), "whoever hears of the third knows at once"
    await one.watch(provider.ask)
    assert one.rests, "and the others a second later"
    health = await process().look()
    assert (health.rests, health.kind, health.failures) == (True, "time-out", 3)
    assert health.since == health.failed_at
    assert provider.asked == 0, "nobody asks before the rest is over"


async def test_an_answer_in_between_means_that_it_works(
    process: Starter, provider: Provider
) -> None:
    one, other = process(), process()
    await fails(one, 2)
    one.answered()
    await fails(one, 2)
    assert not one.rests
    other.answered()
    await other.watch(provider.ask)
    await fails(one, 2)
    assert not one.rests
    await fails(one, 1)
    assert one.rests


async def test_what_was_answered_before_the_failures_does_not_end_them(
    process: Starter, client: Any
) -> None:
    one, other = process(), process()
    other.answered()
    await fails(one, 2)
    # As if they had come seconds after that answer.
    later = int(client.hget(one.key, "streak").split()[0]) + 10_000
    client.hset(one.key, "streak", f"{later} a {later} b")
    await fails(other, 1)
    assert other.rests


async def test_failures_of_long_ago_do_not_count(process: Starter, client: Any) -> None:
    breaker = process()
    await fails(breaker, 2)
    long_ago = int(client.hget(breaker.key, "streak").split()[0]) - 301_000
    client.hset(breaker.key, "streak", f"{long_ago} a {long_ago} b")
    await fails(breaker, 1)
    assert not breaker.rests


async def test_another_provider_or_address_begins_with_a_clean_slate(process: Starter) -> None:
    breaker = process()
    await fails(breaker, 3)
    for other in (process(model="openai:other"), process(address="https://elsewhere.example")):
        assert not (await other.look()).rests


async def test_half_open_lets_one_of_many_processes_try_and_all_are_back(
    process: Starter, client: Any
) -> None:
    processes = [process() for _ in range(8)]
    await fails(processes[0], 3)
    for each in processes:
        await each.watch(Provider().ask)
    rest_is_over(client, processes[0])
    opened = asyncio.Event()
    asked: list[Breaker] = []

    async def watch(breaker: Breaker) -> None:
        async def ask() -> None:
            asked.append(breaker)
            await opened.wait()

        await breaker.watch(ask)

    tries = [asyncio.create_task(watch(each)) for each in processes]
    while sum(task.done() for task in tries) < len(processes) - 1:
        await asyncio.sleep(0)
    assert len(asked) == 1
    assert all(each.rests for each in processes), "no customer waits for the try"
    assert (await processes[0].look()).tried
    opened.set()
    await asyncio.gather(*tries)
    assert not asked[0].rests
    for each in processes:
        await each.watch(Provider().ask)
    assert not any(each.rests for each in processes)
    assert (await processes[0].look()).failures == 0


async def test_a_try_that_fails_lets_it_rest_again(
    process: Starter, provider: Provider, client: Any
) -> None:
    breaker = process()
    await fails(breaker, 3)
    began = (await breaker.look()).since
    provider.failure = "HTTP 429"
    rest_is_over(client, breaker)
    await breaker.watch(provider.ask)
    await breaker.watch(provider.ask)
    assert provider.asked == 1
    health = await breaker.look()
    assert (breaker.rests, health.kind, health.since) == (True, "HTTP 429", began)


async def test_when_the_process_that_tries_dies_another_does(
    process: Starter, provider: Provider, client: Any
) -> None:
    dying, other = process(), process()
    await fails(dying, 3)
    rest_is_over(client, dying)
    held = asyncio.Event()

    async def hangs() -> None:
        held.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(dying.watch(hangs))
    await held.wait()
    await other.watch(provider.ask)
    assert provider.asked == 0, "it has its time"
    task.cancel()
    rest_is_over(client, dying)
    await other.watch(provider.ask)
    assert provider.asked == 1
    assert not other.rests


async def test_one_who_tried_too_long_changes_nothing_any_more(
    process: Starter, provider: Provider, client: Any
) -> None:
    late, other = process(), process()
    await fails(late, 3)
    rest_is_over(client, late)
    provider.failure = "HTTP 503"

    async def takes_long() -> None:
        rest_is_over(client, late)
        await other.watch(provider.ask)

    await late.watch(takes_long)
    assert late.rests, "the later try has failed, whatever this one found"
    assert (await other.look()).rests


async def test_every_call_may_be_sent_twice(redis_url: str, client: Any) -> None:
    scripts = Scripts(redis_url)
    key = ["provider"]
    failed = ("one", "HTTP 503", 3, 300_000, 60_000, "")
    assert await scripts.run("provider_failed", key, *failed) == await scripts.run(
        "provider_failed", key, *failed
    )
    assert (await scripts.run("provider_look", key, "", 0, ""))[2] == 1
    for name in ("two", "three", "three"):
        await scripts.run("provider_failed", key, name, *failed[1:])
    client.hset("provider", "till", 1)
    looks = [await scripts.run("provider_look", key, "me", 60_000, "") for _ in range(2)]
    assert [look[-1] for look in looks] == [1, 1]
    tried = [await scripts.run("provider_tried", key, "me", "", 60_000) for _ in range(2)]
    assert tried[0] == tried[1]
    assert tried[0][0] == b""
    await scripts.aclose()


async def test_what_is_kept_holds_no_address_and_goes_away(process: Starter, client: Any) -> None:
    breaker = process()
    await fails(breaker, 1)
    [key] = client.keys("*")
    assert "secret" not in key + str(client.hgetall(key))
    assert 0 < client.pttl(key) <= 86_400_000


async def test_without_redis_each_goes_by_what_it_knew(provider: Provider) -> None:
    scripts = Scripts("redis://127.0.0.1:1/0")
    breaker = Breaker(scripts, MODEL, ADDRESS, patience=1, rules=RULES)
    await fails(breaker, 5)
    assert not breaker.rests
    task = asyncio.create_task(breaker.keep_watching(provider.ask))
    await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await scripts.aclose()
