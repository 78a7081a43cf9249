"""Whether the provider is asked at all: after repeated failures it rests, for all processes.

While a provider is down, each turn would wait until it has failed. So after some failures in a row
nobody asks it any more, and now and then one process tries whether it is back, with words of its
own: no customer waits for that. What is known lies in one hash in Redis, under Redis's own time.
Each process looks at it once a second; a turn looks at what its process knows, and asks nobody.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from uuid import uuid4

from chat.errors import HistoryUnavailable, ModelUnavailable
from chat.scripts import Scripts

logger = logging.getLogger(__name__)

# Seconds between two looks: so much longer other processes ask a provider that rests.
LOOK = 1.0
# Seconds that a try may take beyond the time-out of the model, before another process takes over.
SPARE = 5.0


@dataclass(frozen=True, slots=True)
class Rules:
    """When the provider rests, and for how long; times in seconds.

    Three failures in a row hardly come by chance: each is an answer for which the client had
    already tried again. Within five minutes, so that those of a quiet night are not taken for one
    outage. A quarter of a minute is soon enough to be back, and four tries a minute burden nobody.
    """

    in_a_row: int = 3
    within: float = 300
    rest: float = 15


@dataclass(frozen=True, slots=True)
class Health:
    """How the provider is: whether it rests, or is just being tried, and since when.

    ``failures`` in a row so far, the last one of this ``kind`` at that time.
    """

    rests: bool = False
    tried: bool = False
    since: datetime | None = None
    failures: int = 0
    kind: str = ""
    failed_at: datetime | None = None


class Breaker:
    """What this process knows of the provider, and tells the others.

    Args:
        scripts: Redis.
        model: as in ``ASSISTANT_MODEL``.
        base_url: of the provider: with another one, nothing is known yet.
        patience: seconds after which a try has surely ended.
    """

    def __init__(
        self,
        scripts: Scripts,
        model: str,
        base_url: str,
        *,
        patience: float,
        rules: Rules | None = None,
        prefix: str = "chat_history:",
    ) -> None:
        self._run = scripts.run
        self._model = model
        # An address may hold a password.
        digest = hashlib.sha256(f"{model} {base_url}".encode()).hexdigest()[:16]
        self.key = f"{prefix}provider:{digest}"
        self._patience = patience + SPARE
        self._rules = rules or Rules()
        self._process = uuid4().hex
        self._answered: float | None = None  # when, by the process's own clock
        self._health = Health()

    @property
    def rests(self) -> bool:
        """Whether the provider is left alone, as far as this process knows."""
        return self._health.rests

    def answered(self) -> None:
        """The provider has answered a turn; the others are told with the next look."""
        self._answered = monotonic()

    async def failed(self, kind: str) -> None:
        """The provider has failed a turn in a way that others would share."""
        rules = self._rules
        arguments = (rules.in_a_row, _ms(rules.within), _ms(rules.rest), self._since_answer())
        with suppress(HistoryUnavailable):  # then nothing is answered anyway
            self._take(
                await self._run("provider_failed", [self.key], uuid4().hex, kind, *arguments)
            )

    async def look(self) -> Health:
        """How the provider is, for those who only want to know.

        Raises:
            HistoryUnavailable: Redis does not answer.
        """
        return _health(await self._run("provider_look", [self.key], "", 0, ""))

    async def keep_watching(self, ask: Callable[[], Awaitable[None]]) -> None:
        """Looks how the provider is, and tries it when it is this process's turn; until cancelled.

        ``ask`` asks it something, and raises ``ModelUnavailable`` where no answer comes.
        """
        while True:
            with suppress(HistoryUnavailable):
                await self.watch(ask)
            await asyncio.sleep(LOOK)

    async def watch(self, ask: Callable[[], Awaitable[None]]) -> None:
        """One look.

        Raises:
            HistoryUnavailable: Redis does not answer.
        """
        reply = await self._run(
            "provider_look",
            [self.key],
            self._process,
            _ms(self._patience),
            self._since_answer(),
        )
        self._take(reply)
        if not reply[-1]:
            return
        kind = ""
        try:
            await ask()
        except ModelUnavailable as error:
            kind = error.kind
        tried = (self._process, kind, _ms(self._rules.rest))
        self._take(await self._run("provider_tried", [self.key], *tried))

    def _since_answer(self) -> str:
        """Milliseconds since the provider answered here; empty when that is told already."""
        answered, self._answered = self._answered, None
        return "" if answered is None else str(_ms(monotonic() - answered))

    def _take(self, reply: list[Any]) -> None:
        before, self._health = self._health, _health(reply)
        if self._health.rests and not before.rests:
            logger.warning("%s rests after failures: %s", self._model, self._health.kind)
        if before.rests and not self._health.rests:
            logger.warning("%s answers again", self._model)


def _health(reply: list[Any]) -> Health:
    state, since, failures, kind, failed, _ = reply
    return Health(
        bool(state), state == b"probing", _at(since), failures, kind.decode(), _at(failed)
    )


def _at(ms: int) -> datetime | None:
    return datetime.fromtimestamp(ms / 1000, UTC) if ms else None


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
