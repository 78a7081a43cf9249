"""Between the server processes: what is said in a session reaches its tabs wherever they are.

Tabs of this process are told directly, those of others through the channel layer, where there are
others: processes show each other signs of life. What the layer loses, tabs read from Redis: as soon
as a later number shows that something is missing, or within seconds (``chat.catchup``).
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

from channels.layers import get_channel_layer
from redis import RedisError

from chat.connections import Connections
from chat.errors import HistoryUnavailable

logger = logging.getLogger(__name__)

# All processes; and those that have tabs of a session.
EVERY_PROCESS = "chat.processes"
TABS_OF = "chat.session."
# Events that may wait for the channel layer; beyond it the oldest go, and tabs read them.
BACKLOG = 1_000
# Seconds until the next try after the channel layer failed.
PAUSE = 1.0
# Seconds between two signs of life of a process, and after the last one it counts as gone.
SIGN_OF_LIFE = 5.0
GONE_AFTER = 3 * SIGN_OF_LIFE


async def close_tabs(session_id: str, code: int) -> None:
    """Closes the session's tabs in every process, as far as Redis answers."""
    try:
        await _layer().group_send(
            EVERY_PROCESS, {"type": "close", "session_id": session_id, "code": code}
        )
    except (RedisError, OSError) as error:
        logger.warning("Tabs were not told to close: %s", type(error).__name__)


class Broadcast:
    """This process among the others. ``connections`` are its own tabs."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._origin = uuid4().hex
        self._channel: str | None = None
        self._opening = asyncio.Lock()
        self._outgoing: deque[tuple[str, dict[str, Any]]] = deque(maxlen=BACKLOG)
        self._wake = asyncio.Event()
        self._others: dict[str, float] = {}  # by origin, the loop's time of the last sign of life

    def publish(self, session_id: str, first: int, bodies: Sequence[bytes]) -> None:
        """Sends events, numbered from ``first``, to the session's tabs. Never raises nor waits."""
        self._connections.publish(session_id, first, bodies)
        if not self._others:
            return  # the channel layer costs more than all else about a frame
        message = {"type": "events", "session_id": session_id}
        self._tell(TABS_OF + session_id, message | {"first": first, "bodies": list(bodies)})

    async def join(self, session_id: str) -> None:
        """This process has a tab of the session and wants to hear of it.

        Raises:
            HistoryUnavailable: Redis does not answer.
        """
        try:
            await _layer().group_add(TABS_OF + session_id, await self._listen())
        except (RedisError, OSError) as error:
            raise HistoryUnavailable from error

    async def leave(self, session_id: str) -> None:
        """This process may have no tab of the session any more."""
        if self._channel is None or self._connections.has(session_id):
            return
        try:
            await _layer().group_discard(TABS_OF + session_id, self._channel)
        except (RedisError, OSError) as error:
            logger.warning("Still listening to a session: %s", type(error).__name__)

    async def keep_sending(self) -> None:
        """Tells the other processes; runs until cancelled, and then tells what is left."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._outgoing:
                    await self._send_next()
        finally:
            while self._outgoing and await self._send_next():
                pass

    async def _send_next(self) -> bool:
        group, message = self._outgoing.popleft()
        try:
            await _layer().group_send(group, message)
        except (RedisError, OSError) as error:
            logger.warning("Not told to other processes: %s", type(error).__name__)
            return False
        return True

    async def keep_showing_life(self) -> None:
        """Lets the other processes know that this one wants to be told; runs until cancelled."""
        while True:
            # Once it listens: whoever answers, which a process does that hears of it for the first
            # time, must be heard.
            with suppress(RedisError, OSError):
                await self._listen()
                self._tell(EVERY_PROCESS, {"type": "life"})
            await asyncio.sleep(SIGN_OF_LIFE)
            now = asyncio.get_running_loop().time()
            self._others = {o: at for o, at in self._others.items() if at > now - GONE_AFTER}

    async def keep_listening(self) -> None:
        """Does what other processes ask for; runs until cancelled."""
        while True:
            try:
                channel = await self._listen()
                while True:
                    self._take(await _layer().receive(channel))
            except (RedisError, OSError) as error:
                logger.warning("Not listening to other processes: %s", type(error).__name__)
                await asyncio.sleep(PAUSE)

    async def _listen(self) -> str:
        """The channel on which this process is told."""
        async with self._opening:
            if self._channel is None:
                channel: str = await _layer().new_channel()
                await _layer().group_add(EVERY_PROCESS, channel)
                self._channel = channel
            return self._channel

    def _tell(self, group: str, message: dict[str, Any]) -> None:
        self._outgoing.append((group, message | {"origin": self._origin}))
        self._wake.set()

    def _take(self, message: dict[str, Any]) -> None:
        match message:
            case {"type": "close", "session_id": session_id, "code": code}:
                self._connections.close(session_id, code)
            case {"origin": self._origin}:
                pass  # it was told directly
            case {"type": "events", "session_id": session_id, "first": first, "bodies": bodies}:
                self._connections.publish(session_id, first, bodies)
            case {"type": "life", "origin": origin}:
                if origin not in self._others:
                    self._tell(EVERY_PROCESS, {"type": "life"})
                self._others[origin] = asyncio.get_running_loop().time()


def _layer() -> Any:
    return get_channel_layer()  # the settings have one, which the stubs cannot know
