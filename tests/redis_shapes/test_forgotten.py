"""A failover that loses what was said and shown: all of it is there again, by itself."""

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

from tests.redis_shapes.servers import SentinelRedis
from tests.redis_shapes.test_site import PATIENCE, ask_until_taken
from tests.site import running_site
from tests.socket_client import Browser, Tab

Spoken = list[tuple[str, str]]  # id and text


def transcript(folder: Path) -> Spoken:
    with closing(sqlite3.connect(folder / "site.sqlite3")) as database:
        rows = "SELECT message_id, text FROM chat_transcriptmessage ORDER BY position"
        return list(database.execute(rows))


def history(redis: SentinelRedis, session_id: str) -> Spoken:
    entries = redis.master.ask("LRANGE", f"chat_history:{session_id}", 0, -1)
    said = [json.loads(entry)["data"] for entry in entries]
    return [(each["id"], each["content"]) for each in said]


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await condition():
            await asyncio.sleep(0.1)


async def shows(tab: Tab, expected: Spoken) -> None:
    """Returns once the tab, which may be told everything anew, shows these and nothing else."""
    texts: dict[str, str] = {}
    while [(message_id, text) for message_id, text in texts.items() if text] != expected:
        event = await tab.next()
        match event["type"]:
            case "MESSAGES_SNAPSHOT":
                told = (m for m in event["messages"] if m["role"] in ("user", "assistant"))
                texts = {message["id"]: message["content"] for message in told}
            case "TEXT_MESSAGE_START":
                texts[event["messageId"]] = ""
            case "TEXT_MESSAGE_CONTENT":
                texts[event["messageId"]] += event["delta"]


async def test_after_a_failover_that_loses_a_whole_turn_nothing_is_missing_or_doubled(
    tmp_path: Path, sentinel: SentinelRedis
) -> None:
    with running_site(tmp_path, REDIS_URL=sentinel.url, CHAT_LEASE_SECONDS="5") as site:
        alice = Browser(site.url).log_in("alice")
        elsewhere = Browser(site.another().url)
        elsewhere.cookies = alice.cookies
        async with asyncio.timeout(PATIENCE), alice.tab() as here, elsewhere.tab() as there:
            state, _ = await here.snapshot()
            await there.snapshot()
            session_id = state["threadId"]
            await here.ask("Where is my parcel?")
            sentinel.master.set_safely("in step", "1", replicas=2)
            sentinel.master.leave_replicas_behind()
            await here.ask("And when will it come?")
            told = history(sentinel, session_id)

            async def copied() -> bool:
                return transcript(tmp_path) == told

            await until(copied)
            for _ in range(2):
                await there.until("RUN_FINISHED")
            await asyncio.to_thread(sentinel.fail_over)

            async def agreed() -> bool:
                return history(sentinel, session_id) == transcript(tmp_path)

            # Nobody says anything, and nobody comes.
            await until(agreed)
            assert history(sentinel, session_id) == told

            await ask_until_taken(there, "Thank you!")
            await until(agreed)
            said = transcript(tmp_path)
            assert said[: len(told)] == told
            ids = [message_id for message_id, _ in said]
            assert len(set(ids)) == len(ids)
            assert [text for _, text in said].count("Thank you!") == 1
            on_screen = [(i, text) for i, text in said if text and not text.startswith("{")]
            await shows(here, on_screen)
            async with alice.tab() as again:
                await shows(again, on_screen)
    sentinel.until_whole()
