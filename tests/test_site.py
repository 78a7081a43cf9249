"""The whole site as customers and staff meet it: a real process, real sockets, real data."""

import asyncio
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
import websockets

from tests.agui import verify
from tests.openai_server import OpenAIServer, calls, says
from tests.orders import shopify_data
from tests.site import Site, running_site
from tests.socket_client import Browser, Event, Tab, spoken

ENDS = ("RUN_FINISHED", "RUN_ERROR")
SOME_ID = "123e4567-e89b-12d3-a456-426614174000"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that tests share; each logs in anew and so has a conversation of its own."""
    with running_site(tmp_path_factory.mktemp("site"), CHAT_LEASE_SECONDS="2") as site:
        yield site


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Site]:
    """A site that the test may break."""
    with running_site(tmp_path, CHAT_LEASE_SECONDS="1") as site:
        yield site


def browser(site: Site, name: str) -> Browser:
    return Browser(site.url).log_in(name)


async def closed_with(tab: Tab) -> int | None:
    """The code with which the server closes the socket."""
    try:
        while True:
            await asyncio.wait_for(tab.next(), 10)
    except websockets.ConnectionClosed as error:
        return error.rcvd.code if error.rcvd else None


async def test_alice_gets_the_truth_about_her_parcel_streamed_and_then_when_it_comes(
    shared: Site,
) -> None:
    async with browser(shared, "alice").tab() as tab:
        state, messages = await tab.snapshot()
        assert (state["mode"], messages) == ("bot", [])
        await tab.say("Where is my parcel?")
        events = await tab.until(*ENDS)
        verify(events)
        assert events[-1]["type"] == "RUN_FINISHED"
        assert len([e for e in events if e["type"] == "TEXT_MESSAGE_CONTENT"]) > 1
        [card] = [e["content"] for e in events if e["type"] == "ACTIVITY_SNAPSHOT"]
        parcel = card["shipments"][0]
        answer = spoken(events)
        assert card["number"] in answer
        assert parcel["carrier"] in answer
        assert parcel["tracking_url"] in answer
        due = parcel["estimated_delivery_to"][:10]
        when = await tab.ask("and when will it come?")
        assert card["number"] in when
        assert re.search(rf"\b{int(due[8:])} \w+", when)


async def test_bob_gets_his_own_orders_and_cannot_get_alices_by_naming_them(shared: Site) -> None:
    async with browser(shared, "alice").tab() as hers, browser(shared, "bob").tab() as his:
        await hers.say("Where is my parcel?")
        [card] = [e["content"] for e in await hers.until(*ENDS) if "ACTIVITY" in e["type"]]
        number, tracking = card["number"], card["shipments"][0]["tracking_number"]
        # Alice's number and one that does not exist get the very same answer.
        answers = [await his.ask(f"Where is my order #{asked}?") for asked in (number, "99999")]
        assert answers[0].replace(number, "X") == answers[1].replace("99999", "X")
        await his.say("list my orders")
        events = await his.until(*ENDS)
        assert number not in json.dumps(events).replace(
            f'"delta": "Where is my order #{number}', ""
        )
        assert tracking not in json.dumps(events)


async def test_what_is_not_a_login_is_refused_at_the_handshake(shared: Site) -> None:
    with pytest.raises(websockets.InvalidStatus) as error:
        async with Browser(shared.url).tab():
            pass
    assert error.value.response.status_code == 403


async def test_a_page_of_another_site_cannot_open_the_socket(shared: Site) -> None:
    with pytest.raises(websockets.InvalidStatus) as error:
        async with browser(shared, "alice").tab(origin="https://evil.example"):
            pass
    assert error.value.response.status_code == 403


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "[]",
        '"run.start"',
        "{}",
        '{"type": "drop.everything"}',
        '{"type": "run.start"}',
        '{"type": "run.start", "id": "not-a-uuid", "text": "x"}',
        '{"type": "run.start", "id": 7, "text": "x"}',
        f'{{"type": "run.start", "id": "{SOME_ID}", "text": ["x"]}}',
        f'{{"type": "run.start", "id": "{SOME_ID}", "text": "a\\u0000b"}}',
        f'{{"type": "run.start", "id": "{SOME_ID}", "text": "\\ud800"}}',
        '{"type": "resume"}',
        '{"type": "resume", "after": "4"}',
        '{"type": "resume", "after": -1}',
        '{"type": "resume", "after": true}',
        '{"type": "feedback", "messageId": "x", "rating": "sideways"}',
        '{"type": "feedback", "messageId": "nobody said this", "rating": "up"}',
        b"\x00binary",
    ],
)
async def test_a_bad_frame_is_refused_with_a_reason_and_the_socket_stays(
    frame: str | bytes, shared: Site
) -> None:
    async with browser(shared, "carol").tab() as tab:
        await tab.snapshot()
        await tab.socket.send(frame)
        refusal = await tab.next()
        assert (refusal["name"], refusal["value"]["code"]) == ("refused", "invalid_frame")
        assert refusal["value"]["message"]
        assert await tab.ask("hi")


async def test_a_refused_message_is_named_by_its_id(shared: Site) -> None:
    async with browser(shared, "carol").tab() as tab:
        await tab.snapshot()
        for text, code in (("  ", "message_empty"), ("x" * 4_001, "message_too_long")):
            message_id = await tab.say(text)
            refusal = (await tab.next())["value"]
            assert (refusal["code"], refusal["id"]) == (code, message_id)


async def test_over_the_rate_limit_the_customer_hears_when_to_try_again(shared: Site) -> None:
    async with browser(shared, "carol").tab() as tab:
        await tab.snapshot()
        for _ in range(20):
            await tab.ask("hi")
        refusal: Event = {}
        while not refusal:  # three seconds later there would be room for one more
            message_id = await tab.say("hi")
            events = await tab.until("CUSTOM", *ENDS)
            refusal = events[-1].get("value", {})
        assert (refusal["code"], refusal["id"]) == ("rate_limited", message_id)
        assert 0 < refusal["retryAfterMs"] <= 3_000


async def test_another_login_of_the_same_customer_has_another_conversation(shared: Site) -> None:
    phone, desktop = browser(shared, "alice"), browser(shared, "alice")
    async with phone.tab() as tab:
        await tab.snapshot()
        await tab.ask("hi")
    async with desktop.tab() as tab:
        assert (await tab.snapshot())[1] == []
    async with phone.tab() as tab:
        assert len((await tab.snapshot())[1]) == 2


async def test_logging_out_closes_the_sockets_of_that_login_only(shared: Site) -> None:
    leaving, staying = browser(shared, "alice"), browser(shared, "alice")
    async with leaving.tab() as one, leaving.tab() as two, staying.tab() as other:
        for tab in (one, two, other):
            await tab.snapshot()
        await asyncio.to_thread(leaving.log_out)
        assert [await closed_with(tab) for tab in (one, two)] == [4401, 4401]
        assert await other.ask("hi")
    with pytest.raises(websockets.InvalidStatus):
        async with leaving.tab():
            pass


async def test_logging_in_over_another_login_closes_its_tabs(shared: Site) -> None:
    shared_computer = browser(shared, "alice")
    async with shared_computer.tab() as tab:
        await tab.snapshot()
        await asyncio.to_thread(shared_computer.get, "/admin/login/")
        # The admin asks those who may not enter to log in as somebody else.
        await asyncio.to_thread(
            partial(shared_computer.post, "/admin/login/", username="staff", password="demo")
        )
        assert await closed_with(tab) == 4401
    async with shared_computer.tab() as tab:
        assert (await tab.snapshot())[1] == []


async def test_a_new_password_closes_the_tabs_of_the_logins_that_it_ends(own: Site) -> None:
    staff = browser(own, "staff")
    async with staff.tab() as tab:
        await tab.snapshot()
        page = "/admin/password_change/"
        await asyncio.to_thread(staff.get, page)
        new = {"new_password1": "rutabaga-19", "new_password2": "rutabaga-19"}
        await asyncio.to_thread(partial(staff.post, page, old_password="demo", **new))
        assert await closed_with(tab) == 4401
    async with staff.tab() as tab:
        assert (await tab.snapshot())[1] == []


async def test_a_new_conversation_begins_empty_and_the_old_one_stays_for_staff(
    shared: Site,
) -> None:
    customer = browser(shared, "carol")
    async with customer.tab() as tab:
        before, _ = await tab.snapshot()
        await tab.ask("hi")
        state = await asyncio.to_thread(customer.call, "/api/v1/session/reset/")
        assert await closed_with(tab) == 4404
    assert state["threadId"] != before["threadId"]
    async with customer.tab() as tab:
        after, messages = await tab.snapshot()
        assert (after["threadId"], messages) == (state["threadId"], [])
    assert "new conversation" in browser(shared, "staff").get(
        f"/admin/chat/chatsession/{before['threadId']}/change/"
    )


async def test_reset_needs_a_login_and_the_csrf_token(shared: Site) -> None:
    stranger = Browser(shared.url)
    stranger.get("/accounts/login/")
    with pytest.raises(HTTPError, match="403"):
        await asyncio.to_thread(stranger.call, "/api/v1/session/reset/")
    customer = browser(shared, "carol")
    with pytest.raises(HTTPError, match="403"):
        await asyncio.to_thread(customer.call, "/api/v1/session/reset/", "x" * 32)


async def test_a_closed_socket_does_not_end_the_turn(shared: Site) -> None:
    customer = browser(shared, "alice")
    async with customer.tab() as tab:
        await tab.snapshot()
        await tab.say("Where is my parcel?")
        await tab.until("RUN_STARTED")
    async with customer.tab() as tab:
        await tab.snapshot()
        async with asyncio.timeout(10):
            while True:
                async with customer.tab() as again:
                    messages = (await again.snapshot())[1]
                    if messages[-1]["role"] == "assistant" and messages[-1]["content"]:
                        break
    assert messages[0]["content"] == "Where is my parcel?"


async def test_feedback_and_a_wish_for_a_person_reach_the_staff(shared: Site) -> None:
    async with browser(shared, "bob").tab() as tab:
        state, _ = await tab.snapshot()
        await tab.say("thanks")
        events = await tab.until(*ENDS)
        message_id = next(e["messageId"] for e in events if e.get("role") == "assistant")
        await tab.send(type="handoff.request")
        await tab.send(type="feedback", messageId=message_id, rating="up", comment="so kind")
        await tab.send(type="nonsense")  # refused once both are through
        assert (await tab.next())["value"]["message"].startswith("type:")
    page = browser(shared, "staff").get(f"/admin/chat/chatsession/{state['threadId']}/change/")
    assert "so kind" in page
    assert "Asked by the button." in page


# --- crashes --------------------------------------------------------------------------------------


async def test_a_killed_server_costs_no_conversation_and_answers_what_it_had_accepted(
    own: Site,
) -> None:
    alice, bob = browser(own, "alice"), browser(own, "bob")
    async with alice.tab() as hers, bob.tab() as his:
        await hers.snapshot()
        await his.snapshot()
        before = await hers.ask("Where is my parcel?")
        await his.ask("list my orders")
        await hers.say("and when will it come?")
        await hers.until("TEXT_MESSAGE_END")
        own.kill()
    own.start()
    async with bob.tab() as his:
        assert [m["role"] for m in (await his.snapshot())[1]][::3] == ["user", "assistant"]
    async with asyncio.timeout(20):
        while True:
            async with alice.tab() as hers:
                _, messages = await hers.snapshot()
            said = [m["content"] for m in messages if m["role"] in ("user", "assistant")]
            questions = [m["content"] for m in messages if m["role"] == "user"]
            if messages[-1]["role"] == "assistant" and said[-1] not in ("", before):
                break
    assert questions == ["Where is my parcel?", "and when will it come?"]
    assert before in said


async def test_an_accepted_message_is_answered_by_the_sweep_though_the_customer_never_returns(
    own: Site,
) -> None:
    async with browser(own, "alice").tab() as tab:
        state, _ = await tab.snapshot()
        await tab.say("thanks a lot")
        await tab.until("TEXT_MESSAGE_END")
        own.kill()
    own.start()
    staff = browser(own, "staff")
    page = f"/admin/chat/chatsession/{state['threadId']}/change/"
    async with asyncio.timeout(20):
        while "welcome" not in await asyncio.to_thread(staff.get, page):
            await asyncio.sleep(0)


async def test_with_redis_away_the_customer_is_told_and_it_mends_itself(own: Site) -> None:
    customer = browser(own, "alice")
    async with customer.tab() as tab:
        await tab.snapshot()
        own.redis.stop()
        message_id = await tab.say("Where is my parcel?")
        refusal = (await tab.next())["value"]
        assert (refusal["code"], refusal["id"]) == ("history_unavailable", message_id)
        async with customer.tab() as late:
            assert (await late.next())["value"]["code"] == "history_unavailable"
            assert await closed_with(late) == 1012
        own.redis.start()
        await tab.say("Where is my parcel?", message_id)
        assert "DHL" in spoken(await tab.until(*ENDS))


async def test_tabs_on_two_server_processes_see_the_same_live(own: Site) -> None:
    phone = browser(own, "alice")
    desktop = Browser(own.another().url)
    desktop.cookies = phone.cookies
    async with phone.tab() as here, desktop.tab() as there:
        for tab in (here, there):
            await tab.snapshot()
        await here.say("Where is my parcel?")
        told = [await tab.until(*ENDS) for tab in (here, there)]
        assert told[0] == told[1]
        await there.say("and when will it come?")
        told = [await tab.until(*ENDS) for tab in (there, here)]
        assert told[0] == told[1]
        await asyncio.to_thread(phone.log_out)
        assert [await closed_with(tab) for tab in (here, there)] == [4401, 4401]


async def test_with_the_database_away_frames_are_refused_and_tabs_come_back_later(
    own: Site,
) -> None:
    customer = browser(own, "alice")
    with closing(sqlite3.connect(own.environment["DATABASE_URL"].removeprefix("sqlite:///"))) as db:
        async with customer.tab() as tab:
            await tab.snapshot()
            db.execute("ALTER TABLE chat_handoffrequest RENAME TO away")
            await tab.send(type="handoff.request")
            assert (await tab.next())["value"]["code"] == "history_unavailable"
            db.execute("ALTER TABLE away RENAME TO chat_handoffrequest")
            db.execute("ALTER TABLE chat_chatsession RENAME TO away")
            async with customer.tab() as late:
                assert (await late.next())["value"]["code"] == "history_unavailable"
                assert await closed_with(late) == 1012
            db.execute("ALTER TABLE away RENAME TO chat_chatsession")
            assert await tab.ask("hi")


# --- staff ----------------------------------------------------------------------------------------


async def test_staff_find_a_transcript_by_a_word_and_a_purge_removes_it_everywhere(
    own: Site,
) -> None:
    alice, bob = browser(own, "alice"), browser(own, "bob")
    async with alice.tab() as hers, bob.tab() as his:
        state, _ = await hers.snapshot()
        await his.snapshot()
        await hers.ask("Where is my rutabaga parcel?")
        await his.ask("hello")
        staff = browser(own, "staff")
        search = "/admin/chat/chatsession/?q=rutabaga"
        async with asyncio.timeout(10):
            while state["threadId"] not in await asyncio.to_thread(staff.get, search):
                await asyncio.sleep(0)
        page = staff.get(f"/admin/chat/chatsession/{state['threadId']}/change/")
        assert "rutabaga" in page
        assert "get_order" in page
        would = own.manage("purge_sessions", "--user", "alice", "--dry-run")
        assert own.manage("purge_sessions", "--user", "alice") == would.replace(
            "Would delete", "Deleted"
        )
        assert re.fullmatch(r"Would delete 1 sessions with \d+ messages\.\n", would)
        assert await closed_with(hers) == 4404
        assert state["threadId"] not in staff.get(search)
        assert (await his.ask("thanks")) != ""
    async with alice.tab() as tab:
        assert (await tab.snapshot())[1] == []
    assert "Deleted 0 sessions" in own.manage("purge_sessions", "--session", state["threadId"])


def test_customers_cannot_read_transcripts(shared: Site) -> None:
    assert "not authorized" in browser(shared, "alice").get("/admin/chat/chatsession/")


# --- orders and models ----------------------------------------------------------------------------


async def test_customers_of_an_imported_file_of_1000_orders_are_answered_from_it(
    own: Site, tmp_path: Path
) -> None:
    orders: list[Any] = [
        shopify_data.order(
            f"#{number}",
            id=number,
            email="ada@example.com" if number == 5017 else f"c{number}@example.com",
        )
        for number in range(5000, 6000)
    ]
    file = shopify_data.write(tmp_path / "orders.json", orders)
    own.manage("import_orders", str(file))
    own.manage(
        "shell",
        "-v",
        "0",
        "-c",
        "from django.contrib.auth.models import User;"
        "ada = User.objects.get(email='ada@example.com');"
        "ada.set_password('demo'); ada.username = 'ada'; ada.save()",
    )
    async with browser(own, "ada").tab() as tab:
        await tab.snapshot()
        await tab.say("where is my order?")
        events: list[Event] = await tab.until(*ENDS)
        assert "5017" in spoken(events)
        assert "5018" not in json.dumps(events)
        assert "5018" not in (await tab.ask("what about #5018")).replace("#5018", "")


async def test_a_server_of_openais_protocol_answers_with_tools_and_streaming(
    tmp_path: Path,
) -> None:
    with OpenAIServer() as provider:
        provider.answers += [calls(("list_orders", "{}")), says("You ", "have ", "orders.")]
        with running_site(
            tmp_path, OPENAI_BASE_URL=provider.url, ASSISTANT_MODEL="openai:test-model"
        ) as site:
            async with browser(site, "alice").tab() as tab:
                await tab.snapshot()
                await tab.say("What did I order?")
                events = await tab.until(*ENDS)
                verify(events)
                assert spoken(events) == "You have orders."
                assert [e["toolCallName"] for e in events if "toolCallName" in e] == ["list_orders"]
        asked = provider.requests[1].body["messages"]
        assert [m["role"] for m in asked] == ["system", "user", "assistant", "tool"]
        assert "48211" in asked[-1]["content"]
