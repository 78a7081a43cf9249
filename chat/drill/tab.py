"""One tab of a customer: a socket that always comes back, and all that it is sent."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus

from chat.connections import LOGGED_OUT
from chat.drill.door import Door
from chat.drill.errors import DrillError
from chat.drill.screen import Event, Screen

TOO_MANY_SOCKETS = 4429
_chance = random.SystemRandom()


class Tab:
    """A tab of the login session ``login``.

    ``patience`` is for how many seconds in a row the site may be out of reach. ``news`` is called
    with each event after ``screen`` has taken it. ``frames`` are kept as they came.
    """

    def __init__(
        self, door: Door, login: str, patience: float, news: Callable[["Tab", Event], None]
    ) -> None:
        self.screen = Screen()
        self.frames: list[str] = []
        self.reconnects = 0
        self._door = door
        self._login = login
        self._patience = patience
        self._news = news
        self._socket: ClientConnection | None = None
        self._open = asyncio.Event()
        self._reached = monotonic()  # when the tab was last open
        self._left = False

    async def run(self) -> None:
        """Stays connected until :meth:`leave`.

        Raises:
            DrillError: the site is out of reach for too long, or lets the customer in no more.
        """
        self._reached = monotonic()
        resume = False
        while not self._left:
            problem = ""
            try:
                async with self._door.socket(self._login) as socket:
                    # As the page may: sometimes it asks for what it missed, sometimes it takes the
                    # snapshots that come anyway.
                    if resume and self.screen.seq >= 0 and _chance.random() < 0.5:
                        await socket.send(
                            orjson.dumps({"type": "resume", "after": self.screen.seq}).decode()
                        )
                    problem = await self._read(socket)
            except InvalidStatus as error:
                problem = _refusal(self._door, error)
            except ConnectionClosed:
                problem = "the socket closes at once"
            except (OSError, TimeoutError, InvalidHandshake, InvalidMessage, EOFError) as error:
                problem = type(error).__name__
            if self._is_left():
                return
            if monotonic() > self._reached + self._patience:
                raise DrillError(
                    f"{self._door.url} was out of reach for {self._patience:.0f} s ({problem})."
                )
            resume = True
            self.reconnects += 1
            await asyncio.sleep(_chance.uniform(0.01, 0.5))

    async def _read(self, socket: ClientConnection) -> str:
        """Takes frames until the socket closes; answers why it did."""
        try:
            while True:
                self._take(await socket.recv(decode=True))
                if self._left:
                    await socket.close()
                elif self._socket is None:
                    self._socket = socket
                    self._open.set()
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else None
            if code == LOGGED_OUT:
                raise DrillError("A login of the drill was ended by somebody else.") from None
            if code == TOO_MANY_SOCKETS:
                return "the site allows a customer fewer sockets than --tabs"
            return f"closed with {code}" if code else "connection lost"
        finally:
            if self._socket is not None:
                self._reached = monotonic()
            self._socket = None
            self._open.clear()

    def _take(self, text: str) -> None:
        self.frames.append(text)
        try:
            event: Any = orjson.loads(text)
        except orjson.JSONDecodeError:
            event = None
        if not isinstance(event, dict) or not isinstance(event.get("type"), str):
            self.screen.broken.append("a frame is not an event")
            return
        self.screen.take(event)
        self._news(self, event)

    async def send(self, **frame: Any) -> None:
        """Sends a frame once the tab is open. It may be lost, as any frame may."""
        await self._open.wait()
        if self._socket is not None:
            with suppress(ConnectionClosed, OSError):
                await self._socket.send(orjson.dumps(frame).decode())

    async def opened(self) -> None:
        """Returns once the tab is open."""
        await self._open.wait()

    def cut(self) -> bool:
        """Loses the connection, as a train does in a tunnel: without a word to the site.

        False when there is none.
        """
        if self._socket is None:
            return False
        self._socket.transport.abort()
        return True

    async def leave(self) -> None:
        """Closes the tab for good; one that is opening opens first, so that no session is made
        after all have left."""
        self._left = True
        if self._socket is not None:
            await self._socket.close()

    def _is_left(self) -> bool:
        return self._left  # it changes while the tab waits, of which mypy knows nothing


def _refusal(door: Door, error: InvalidStatus) -> str:
    status = error.response.status_code
    if status in (401, 403):
        raise DrillError(
            f"{door.url} does not let in a customer whom the drill has just made. Is it another"
            " installation, with another database or secret key? Or is its host not in"
            " ALLOWED_HOSTS?"
        ) from None
    return f"status {status}"
