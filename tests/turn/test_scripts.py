"""How the scripts are called: many at once, and again when the server has forgotten them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis

from chat.errors import HistoryUnavailable
from chat.lanes import SENDERS
from chat.scripts import Scripts


@pytest.fixture
async def scripts(redis_url: str) -> AsyncIterator[Scripts]:
    scripts = Scripts(redis_url)
    yield scripts
    await scripts.aclose()


async def test_each_of_many_calls_gets_its_own_answer(scripts: Scripts) -> None:
    calls = [([f"list:{n}"], [60, f"message {n}"]) for n in range(300)]
    assert await scripts.run_each("append", calls) == [1] * 300
    window = [([f"list:{n}"], [1]) for n in range(300)]
    answers = await scripts.run_each("window", window)
    assert [entries for _, entries in answers] == [[b"message %d" % n] for n in range(300)]
    assert await scripts.run_each("window", []) == []


async def test_calls_find_a_server_that_has_forgotten_the_scripts(
    scripts: Scripts, redis_url: str
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        await scripts.run("append", ["a"], 60, "one")
        client.script_flush()
        assert await scripts.run_each("append", [(["a"], [60, "two"]), (["b"], [60, "x"])]) == [
            1,
            1,
        ]
        client.script_flush()
        await scripts.run("append", ["a"], 60, "three")
        assert client.lrange("a", 0, -1) == [b"one", b"two", b"three"]


async def test_a_call_that_is_refused_is_no_answer_and_its_words_are_not_logged(
    scripts: Scripts, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set("b", "no list")
    with pytest.raises(HistoryUnavailable):
        await scripts.run_each("append", [(["a"], [60, "x"]), (["b"], [60, "my secret"])])
    assert "WRONGTYPE" in caplog.text
    assert "my secret" not in caplog.text


async def test_words_that_cannot_be_sent_fail_their_own_call_only(scripts: Scripts) -> None:
    calls = [scripts.run("append", [key], 60, text) for key, text in (("a", "\ud800"), ("b", "x"))]
    refused, taken = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(refused, UnicodeEncodeError)
    assert taken == 1


async def test_a_thousand_customers_at_once_are_all_answered(
    scripts: Scripts, redis_url: str
) -> None:
    calls = [scripts.run("append", [f"list:{n}"], 60, "x") for n in range(5_000)]
    assert await asyncio.gather(*calls) == [1] * 5_000
    with redis.Redis.from_url(redis_url) as client:
        assert len(client.client_list(_type="normal")) <= SENDERS + 1


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:1/0",
        "redis+sentinel://127.0.0.1:1/shop/0",
        "redis+cluster://127.0.0.1:1",
    ],
)
async def test_a_server_that_cannot_be_reached_is_no_answer(url: str) -> None:
    scripts = Scripts(url)
    with pytest.raises(HistoryUnavailable):
        await scripts.run("append", ["a"], 60, "x")
    with pytest.raises(HistoryUnavailable):
        assert [key async for key in scripts.keys("*")]
    await scripts.aclose()
