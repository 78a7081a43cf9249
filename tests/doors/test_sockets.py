"""The doors of the real site: how many may come in, how much they may send, when they must go."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import AsyncExitStack, closing

import pytest
import redis
import websockets

from chat.visitors import FRAMES, SOCKETS
from tests.site import Site
from tests.socket_client import Browser, Tab

Customers = Callable[[], tuple[str, Browser]]
ENDS = ("RUN_FINISHED", "RUN_ERROR")


async def closed_with(tab: Tab) -> int | None:
    """The code with which the server closes the socket."""
    try:
        async with asyncio.timeout(30):
            while True:
                await tab.next()
    except websockets.ConnectionClosed as error:
        return error.rcvd.code if error.rcvd else None


def orm(site: Site, statement: str) -> None:
    """Changes the site's database as no door of ours does."""
    site.manage(
        "shell", "-v", "0", "-c", f"from django.contrib.auth.models import User;{statement}"
    )


# --- how many -------------------------------------------------------------------------------------


async def test_one_socket_too_many_is_told_so_and_other_customers_are_let_in(
    sign_up: Customers,
) -> None:
    (_, alice), (_, bob) = sign_up(), sign_up()
    async with AsyncExitStack() as stack:
        tabs = [await stack.enter_async_context(alice.tab()) for _ in range(SOCKETS)]
        async with alice.tab() as too_many, bob.tab() as his:
            assert await closed_with(too_many) == 4429
            assert await his.ask("hi")
        assert await tabs[0].ask("hi")
        await tabs[0].socket.close()
        async with asyncio.timeout(10):
            while True:  # until the server has noticed
                async with alice.tab() as another:
                    try:
                        await another.snapshot()
                        break
                    except websockets.ConnectionClosed:
                        continue


# --- how much -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "nonsense"},
        {"type": "feedback", "messageId": "unknown", "rating": "up"},
    ],
    ids=lambda frame: frame["type"],
)
async def test_a_flood_of_frames_of_any_kind_is_refused_and_holds_back_its_sender_only(
    frame: dict[str, str], sign_up: Customers
) -> None:
    (_, alice), (_, bob) = sign_up(), sign_up()
    async with alice.tab() as hers, bob.tab() as his:
        await hers.snapshot()
        await his.snapshot()
        refusal: dict[str, object] = {}
        # More than there is room for, also while some of it comes back.
        for _ in range(2 * (FRAMES + 60)):
            await hers.send(**frame, id="the-id")
        while refusal.get("code") != "rate_limited":
            refusal = (await hers.until("CUSTOM"))[-1]["value"]
        assert refusal["id"] == "the-id"
        assert isinstance(refusal["retryAfterMs"], int)
        assert 0 < refusal["retryAfterMs"] <= 1_000
        assert await his.ask("hi")
        # Whoever does not stop is not heard any more.
        assert await closed_with(hers) == 1008
        assert await his.ask("hi")
    async with alice.tab() as hers:
        await hers.snapshot()


async def test_who_was_held_back_is_served_again_when_it_was_said(sign_up: Customers) -> None:
    _, alice = sign_up()
    async with alice.tab() as tab:
        await tab.snapshot()
        refused = False
        while not refused:
            await tab.send(type="nonsense")
            refused = (await tab.next())["value"]["code"] == "rate_limited"
        async with asyncio.timeout(30):
            while refused:
                await tab.say("hi")
                refused = (await tab.until("CUSTOM", *ENDS))[-1]["type"] == "CUSTOM"


async def test_a_frame_larger_than_any_message_closes_that_socket_only(sign_up: Customers) -> None:
    _, alice = sign_up()
    async with alice.tab() as tab, alice.tab() as other:
        await tab.snapshot()
        await other.snapshot()
        await tab.say("x" * 60_000)
        assert await closed_with(tab) == 1009
        assert await other.ask("hi")


# --- when they must go ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ending",
    [
        "from django.contrib.sessions.models import Session;"
        "Session.objects.filter(pk='{key}').update(expire_date='2020-01-01T00:00Z')",
        "User.objects.filter(username='{name}').update(is_active=False)",
        "User.objects.filter(username='{name}').delete()",
    ],
    ids=["run out", "blocked", "deleted"],
)
async def test_a_login_that_ends_without_a_logout_loses_its_tabs_and_nobody_else_does(
    ending: str, site: Site, sign_up: Customers
) -> None:
    (name, alice), (_, bob) = sign_up(), sign_up()
    key = next(cookie.value for cookie in alice.cookies if cookie.name == "sessionid")
    async with alice.tab() as one, alice.tab() as two, bob.tab() as his:
        state, _ = await one.snapshot()
        await two.snapshot()
        await his.snapshot()
        await one.ask("a secret")
        await asyncio.to_thread(orm, site, ending.format(name=name, key=key))
        assert await closed_with(one) in (4401, 4404)
        assert await closed_with(two) in (4401, 4404)
        assert await his.ask("hi")
    with pytest.raises(websockets.InvalidStatus):
        async with alice.tab():
            pass
    if "delete" in ending:
        with redis.Redis.from_url(site.redis.url) as client:
            left = client.keys(f"*{state['threadId']}*")
        assert [key.rpartition(b":")[2] for key in left] == [b"purged"]


# --- the database ---------------------------------------------------------------------------------


async def test_while_one_customers_query_waits_for_a_lock_anothers_turn_goes_on(
    site: Site,
) -> None:
    alice, bob = (Browser(site.url).log_in(name) for name in ("alice", "bob"))
    path = site.environment["DATABASE_URL"].removeprefix("sqlite:///")
    async with alice.tab() as hers, bob.tab() as his:
        await hers.snapshot()
        await his.snapshot()
        with closing(sqlite3.connect(path, isolation_level=None)) as somebody_else:
            somebody_else.execute("BEGIN IMMEDIATE")
            await hers.send(type="handoff.request")
            await hers.send(type="nonsense")  # answered once the request is through
            assert "order" in await his.ask("list my orders")
            async with bob.tab() as another:  # logins are looked up, too
                await another.snapshot()
            somebody_else.execute("ROLLBACK")
        assert (await hers.next())["value"]["code"] == "invalid_frame"
    assert "Asked by the button." in site.manage(
        "shell",
        "-v",
        "0",
        "-c",
        "from chat.models import HandoffRequest as H; print(H.objects.get().reason)",
    )


# --- Redis ----------------------------------------------------------------------------------------


async def test_a_logout_while_redis_is_away_closes_the_tabs_of_every_process(
    site: Site, sign_up: Customers
) -> None:
    other = site.another()
    _, phone = sign_up()
    desktop = Browser(other.url)
    desktop.cookies = phone.cookies
    async with phone.tab() as here, desktop.tab() as there:
        await here.snapshot()
        await there.snapshot()
        site.redis.stop()
        try:
            await asyncio.to_thread(phone.log_out)
            assert [await closed_with(tab) for tab in (here, there)] == [4401, 4401]
        finally:
            site.redis.start()
