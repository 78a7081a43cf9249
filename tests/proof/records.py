"""What is stored of a conversation: the history in Redis beside the transcript in the database."""

import asyncio
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg
import redis

from tests.site import Site

# Seconds; a busy machine may need many, and no test waits longer than what it waits for takes.
PATIENCE = 60


@dataclass(frozen=True)
class Records:
    """One conversation, as whole messages in LangChain's JSON."""

    history: list[Any]
    transcript: list[Any]
    waiting: int

    @property
    def settled(self) -> bool:
        """Everything is answered and copied."""
        return not self.waiting and len(self.transcript) == len(self.history)

    @property
    def said(self) -> list[tuple[str, str]]:
        """The history as role and text."""
        return [(entry["type"], entry["data"]["content"]) for entry in self.history]

    @property
    def asked(self) -> list[str]:
        """The ids of the customer's messages, in order."""
        return [entry["data"]["id"] for entry in self.history if entry["type"] == "human"]

    @property
    def answered(self) -> list[str]:
        """The ids of the customer's messages that were answered, failures left out, in order."""
        marks = [entry["data"]["additional_kwargs"] for entry in self.history]
        return [mark["answers"] for mark in marks if "answers" in mark and "failed" not in mark]

    def check(self, *ids: str) -> None:
        """These messages, in this order, each answered once right behind it; the copy is exact."""
        assert self.asked == list(ids)
        assert self.answered == list(ids)
        assert self.transcript == self.history


def read(site: Site, session_id: str) -> Records:
    """The records as they are now."""
    key = f"chat_history:{session_id}"
    with redis.Redis.from_url(site.redis.url) as client:
        history = [json.loads(entry) for entry in client.lrange(key, 0, -1)]
        waiting: int = client.llen(f"{{{key}}}:inbox")
    return Records(history, _transcript(site.environment["DATABASE_URL"], session_id), waiting)


def _transcript(url: str, session_id: str) -> list[Any]:
    rows = "SELECT payload FROM chat_transcriptmessage WHERE session_id = {} ORDER BY position"
    if url.startswith("sqlite:"):
        file = url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(file, timeout=PATIENCE)) as sqlite:
            found = sqlite.execute(rows.format("?"), [session_id])
            return [json.loads(payload) for (payload,) in found]
    with psycopg.connect(url) as postgresql:
        return [payload for (payload,) in postgresql.execute(rows.format("%s"), [session_id])]


async def settled(site: Site, session_id: str, messages: int = 2) -> Records:
    """The records as soon as there are so many messages, and all are answered and copied."""
    async with asyncio.timeout(PATIENCE):
        while True:
            records = await asyncio.to_thread(read, site, session_id)
            if records.settled and len(records.history) >= messages:
                return records
            await asyncio.sleep(0.02)
