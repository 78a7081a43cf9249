"""A customer's browser as far as the socket goes: logs in over HTTP, then speaks AG-UI."""

import http.cookiejar
import json
import re
import urllib.parse
import urllib.request
from typing import Any, Self
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect

Event = dict[str, Any]


class Browser:
    """One login at the site. ``url`` is the site's, without a slash at its end."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def get(self, path: str) -> str:
        with self._opener.open(self.url + path, timeout=20) as response:
            return str(response.read().decode())

    def post(self, path: str, **fields: str) -> str:
        """Posts a form with the CSRF token that the site gave."""
        token = self._cookie("csrftoken")
        body = urllib.parse.urlencode({"csrfmiddlewaretoken": token, **fields})
        return self._post(path, body, {})

    def call(self, path: str, token: str = "") -> Any:
        """Posts to the API as the page's scripts do; ``token`` instead of the right CSRF token."""
        headers = {"X-CSRFToken": token or self._cookie("csrftoken")}
        return json.loads(self._post(path, "{}", headers | {"Content-Type": "application/json"}))

    def _post(self, path: str, body: str, headers: dict[str, str]) -> str:
        request = urllib.request.Request(  # noqa: S310 - the test's own site
            self.url + path, body.encode(), {"Referer": self.url + path} | headers
        )
        with self._opener.open(request, timeout=20) as response:
            return str(response.read().decode())

    def log_in(self, username: str, password: str = "demo") -> Self:
        self.get("/accounts/login/")
        self.post("/accounts/login/", username=username, password=password)
        assert self._cookie("sessionid"), "the login was not taken"
        return self

    def log_out(self) -> None:
        self.post("/accounts/logout/")

    def tab(self, origin: str | None = None) -> "Tab":
        """A tab of this login, to be used in ``async with``."""
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.cookies)
        return Tab(self.url, cookies, origin or self.url)

    def _cookie(self, name: str) -> str:
        return next((c.value or "" for c in self.cookies if c.name == name), "")


class Tab:
    """One open socket."""

    socket: ClientConnection

    def __init__(self, url: str, cookies: str, origin: str) -> None:
        self._connect = connect(
            re.sub("^http", "ws", url) + "/ws/chat/",
            additional_headers={"Cookie": cookies},
            origin=origin,  # type: ignore[arg-type] # a NewType of str
        )
        self.snapshots: list[Event] = []

    async def __aenter__(self) -> Self:
        self.socket = await self._connect.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._connect.__aexit__(*error)

    async def snapshot(self) -> tuple[Event, list[Event]]:
        """The state and the messages that the server begins with."""
        state, messages = await self.next(), await self.next()
        assert (state["type"], messages["type"]) == ("STATE_SNAPSHOT", "MESSAGES_SNAPSHOT")
        return state["snapshot"], messages["messages"]

    async def send(self, **frame: Any) -> None:
        await self.socket.send(json.dumps(frame))

    async def say(self, text: str, message_id: str = "") -> str:
        message_id = message_id or str(uuid4())
        await self.send(type="run.start", id=message_id, text=text)
        return message_id

    async def next(self) -> Event:
        event: Event = json.loads(await self.socket.recv())
        return event

    async def until(self, *kinds: str) -> list[Event]:
        """The events up to and with the first of one of these types."""
        events = [await self.next()]
        while events[-1]["type"] not in kinds:
            events.append(await self.next())
        return events

    async def ask(self, text: str) -> str:
        """Says something and answers what the assistant said to it."""
        await self.say(text)
        return spoken(await self.until("RUN_FINISHED", "RUN_ERROR"))


def spoken(events: list[Event]) -> str:
    """The assistant's words in these events."""
    ids = {
        event["messageId"]
        for event in events
        if event["type"] == "TEXT_MESSAGE_START" and event["role"] == "assistant"
    }
    return "".join(
        event["delta"]
        for event in events
        if event["type"] == "TEXT_MESSAGE_CONTENT" and event["messageId"] in ids
    )
