"""Nobody's words, orders or secrets are in the log, whatever goes wrong."""

import asyncio
import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings
from django.db import OperationalError
from redis import Redis

from supportbot.logs import Discreet
from supportbot.redis_server import RedisServer
from tests.openai_server import CUT, Answer, OpenAIServer, calls, refuses, says
from tests.site import Site, running_site
from tests.socket_client import Browser, Event, Tab

# In everything that must not be in the log.
CANARY = "zaunkoenig"
SOMEBODY_ELSES = "48207"  # bob's


def canary(what: str) -> str:
    return f"{CANARY}-{what}"


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    folder = tmp_path_factory.mktemp("redis")
    server = RedisServer(folder / "data", folder / "redis.sock")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def running(
    redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Site, OpenAIServer]]:
    password = canary("redis")
    with Redis.from_url(redis.url) as client:
        client.config_set("requirepass", password)
    with OpenAIServer() as model:
        environment = {
            "REDIS_URL": redis.url.replace("unix://", f"unix://:{password}@"),
            "SECRET_KEY": canary("secret-key"),
            "OPENAI_BASE_URL": model.url,
            "OPENAI_API_KEY": canary("api-key"),
            "ASSISTANT_MODEL": "openai:test-model",
            "ASSISTANT_TIMEOUT": "2",
        }
        with running_site(tmp_path_factory.mktemp("site"), **environment) as site:
            yield site, model


async def asked(tab: Tab, text: str) -> list[Event]:
    await tab.say(f"{text} {canary('question')}")
    return await tab.until("RUN_FINISHED", "RUN_ERROR")


async def test_nothing_of_a_whole_run_in_which_everything_goes_wrong_is_in_the_log(
    running: tuple[Site, OpenAIServer], redis: RedisServer
) -> None:
    site, model = running
    stranger = Browser(site.url)
    stranger.get("/accounts/login/")
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        stranger.post("/accounts/login/", username=canary("name"), password=canary("guess"))
    stranger.post("/accounts/signup/", username=canary("@"), password1=canary("a"), password2="b")
    staff = Browser(site.url).log_in("staff")
    staff.get(f"/admin/chat/chatsession/?q={canary('search')}")

    words = canary("answer")
    wrong = json.dumps({"order_number": {"is": canary("argument")}})
    model.answers += [
        says("It is ", words),
        calls(("get_order", wrong)),
        says(words),
        calls(("get_order", f'{{"order_number": "{canary("half")}')),
        says(words),
        calls((canary("tool"), "{}")),
        says(words),
        says("Yours is 48", SOMEBODY_ELSES[2:], " ", words),
        Answer([f"data: {words}\n\n".encode()]),
        says(finish=canary("finish")),
        Answer([CUT]),
        refuses(400, words),
    ]
    model.otherwise = refuses(503, words)
    async with Browser(site.url).log_in("alice").tab() as tab:
        await tab.snapshot()
        while model.answers:
            await asked(tab, "Where is it?")
        await asked(tab, "And now?")
        await tab.send(type="feedback", message_id="m", rating="down", comment=canary("comment"))
        await tab.send(type=canary("type"), text=canary("frame"))
        await tab.socket.send('{"type": "run.start", "text": "' + canary("broken"))
        await tab.socket.send(canary("bytes").encode())
        await tab.send(type="run.start", id=canary("id") * 100, text=canary("text") * 1000)
        await tab.send(type="handoff.request", reason=canary("reason"))

        with closing(sqlite3.connect(database(site), timeout=20)) as shop:
            shop.execute("ALTER TABLE orders_order RENAME TO orders_away")
            model.answers += [calls(("list_orders", "{}")), says(words)]
            await asked(tab, "Which orders?")
            shop.execute("ALTER TABLE orders_away RENAME TO orders_order")
        redis.stop()
        message_id = await tab.say(canary("while Redis is away"))
        while (await tab.next()).get("value", {}).get("id") != message_id:
            pass
    log = site.log()
    for line in ("axes", "The guard withheld an answer", "the database failed", "Redis"):
        assert line in log, "what should have gone wrong did not"
    assert [line for line in log.splitlines() if CANARY in line or SOMEBODY_ELSES in line] == []


def database(site: Site) -> Path:
    return Path(site.environment["DATABASE_URL"].removeprefix("sqlite:///"))


def logged(error: BaseException) -> str:
    """What the log says of an error that nobody expected."""
    formatter = Discreet()
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001 - any
        return formatter.formatException((type(caught), caught, caught.__traceback__))


def because(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


def test_an_unexpected_error_is_told_with_its_place_and_without_its_words() -> None:
    told = logged(KeyError(CANARY))
    assert "test_logs.py" in told
    assert told.endswith("\nKeyError")


@pytest.mark.parametrize(
    "error",
    [
        because(ValueError("no"), KeyError(CANARY)),
        ExceptionGroup(CANARY, [ValueError(CANARY), KeyError(CANARY)]),
        json.JSONDecodeError("Expecting value", CANARY, 0),
        UnicodeEncodeError("ascii", CANARY, 0, 1, CANARY),
        asyncio.InvalidStateError(CANARY),
    ],
    ids=lambda error: type(error).__name__,
)
def test_the_words_of_no_error_are_told_not_of_its_cause_nor_of_one_in_a_group(
    error: BaseException,
) -> None:
    told = logged(error)
    assert CANARY not in told
    assert "test_logs.py" in told


def test_errors_that_lead_to_each_other_are_told_once() -> None:
    first, second = ValueError(CANARY), KeyError(CANARY)
    first.__cause__, second.__cause__ = second, first
    assert logged(first).count("ValueError") == 1


def test_what_the_machine_says_is_told_for_whoever_is_on_call() -> None:
    assert "No space left" in logged(OSError(28, "No space left on device"))
    assert "no such table" in logged(OperationalError("no such table: orders_order"))


def test_it_is_what_the_site_logs_with() -> None:
    formatters = {type(handler.formatter) for handler in logging.getLogger().handlers}
    assert Discreet in formatters
