"""The whole site, two processes of it, behind Sentinel and on a Cluster."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.redis_shapes.servers import SentinelRedis
from tests.site import running_site
from tests.socket_client import Browser, Tab, spoken

# Seconds; generous, for a busy machine.
PATIENCE = 120


async def ask_until_taken(tab: Tab, text: str) -> str:
    """Asks as the page does: the same message again while it is told to try in a moment."""
    message_id = ""
    while True:
        message_id = await tab.say(text, message_id)
        events = await tab.until("RUN_FINISHED", "RUN_ERROR", "CUSTOM")
        if events[-1]["type"] == "RUN_FINISHED":
            return spoken(events)
        if events[-1]["type"] == "CUSTOM":
            assert events[-1]["value"]["code"] == "history_unavailable"
        await asyncio.sleep(0.5)


@pytest.mark.parametrize("name", ["sentinel", "cluster"])
async def test_customers_are_served_through_the_loss_of_a_master(
    tmp_path: Path, name: str, request: pytest.FixtureRequest
) -> None:
    shape: Any = request.getfixturevalue(name)
    environment = {"REDIS_URL": shape.url, "CHAT_REDIS_REPLICAS": "1", "CHAT_LEASE_SECONDS": "5"}
    with running_site(tmp_path, **environment) as site:
        alice = Browser(site.url).log_in("alice")
        elsewhere = Browser(site.another().url)
        elsewhere.cookies = alice.cookies
        assert json.loads(alice.get("/readyz"))["redis"] == "ok"
        async with asyncio.timeout(PATIENCE), alice.tab() as here, elsewhere.tab() as there:
            state, _ = await here.snapshot()
            await there.snapshot()
            answer = await here.ask("Where is my parcel?")
            assert answer == spoken(await there.until("RUN_FINISHED"))
            if isinstance(shape, SentinelRedis):
                await asyncio.to_thread(shape.fail_over)
            else:
                key = f"chat_history:{state['threadId']}"
                dead = await asyncio.to_thread(shape.fail_over, key)
                dead.start()  # what leads in its place has no replica else
            answer = await ask_until_taken(here, "and when will it come?")
            assert answer == spoken(await there.until("RUN_FINISHED")), "told, or read meanwhile"
            assert json.loads(elsewhere.get("/readyz"))["redis"] == "ok"
        async with alice.tab() as again:
            _, messages = await again.snapshot()
            assert sum(m["role"] == "user" for m in messages) == 2
        assert "Deleted 1 sessions" in site.manage("purge_sessions", "--all")
