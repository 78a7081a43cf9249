"""The server's side of the socket, played by a test inside the browser.

For what the real server cannot be made to show at a given moment: an acknowledgement that gets
lost, a close code, a half-said answer. Everything else is tested against the real site.
"""

import itertools
import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, WebSocketRoute

Frame = dict[str, Any]


class ScriptedSocket:
    """Takes the page's sockets; ``frames`` are what the page sent, oldest first."""

    def __init__(self, page: Page, *, greets: bool = True) -> None:
        self.page = page
        self.greets = greets
        self.thread = "thread-1"
        self.messages: list[Frame] = []
        self.frames: list[Frame] = []
        self.opened = 0
        self._seq = itertools.count(1)
        self._run = itertools.count(1)
        self.run_id = ""
        page.route_web_socket("**/ws/chat/", self._open)

    def _open(self, route: WebSocketRoute) -> None:
        self.route = route
        self.opened += 1
        route.on_message(lambda text: self.frames.append(json.loads(text)))
        if self.greets:
            self.greet()

    # --- what the server says -----------------------------------------------------------------

    def greet(self, mode: str = "bot") -> None:
        """Both snapshots, as on connecting."""
        seq = next(self._seq)
        state = {"threadId": self.thread, "mode": mode, "expiresAt": "2030-01-01T00:00:00+00:00"}
        self.send({"type": "STATE_SNAPSHOT", "snapshot": state, "metadata": {"seq": seq}})
        self.send(
            {"type": "MESSAGES_SNAPSHOT", "messages": self.messages, "metadata": {"seq": seq}}
        )

    def say(self, kind: str, *, noted: Frame | None = None, **fields: Any) -> None:
        """One numbered event; ``noted`` is what its metadata holds besides."""
        metadata = {**(noted or {}), "seq": next(self._seq)}
        self.send({"type": kind, **fields, "metadata": metadata})

    def acknowledge(self, frame: Frame) -> None:
        message_id = frame["id"]
        self.say("TEXT_MESSAGE_START", messageId=message_id, role="user")
        self.say("TEXT_MESSAGE_CONTENT", messageId=message_id, delta=frame["text"])
        self.say("TEXT_MESSAGE_END", messageId=message_id)

    def begin_run(self) -> None:
        self.run_id = f"run-{next(self._run)}"
        self.say("RUN_STARTED", threadId=self.thread, runId=self.run_id)

    def begin_words(self, message_id: str, words: str) -> None:
        self.say("TEXT_MESSAGE_START", messageId=message_id, role="assistant")
        self.more_words(message_id, words)

    def more_words(self, message_id: str, words: str) -> None:
        self.say("TEXT_MESSAGE_CONTENT", messageId=message_id, delta=words)

    def end_words(self, message_id: str, **noted: Any) -> None:
        self.say("TEXT_MESSAGE_END", noted=noted, messageId=message_id)

    def end_run(self, outcome: str = "success") -> None:
        outcome_object = {"type": outcome}
        self.say("RUN_FINISHED", threadId=self.thread, runId=self.run_id, outcome=outcome_object)

    def answer(self, message_id: str, words: str) -> None:
        """A whole run of one text."""
        self.begin_run()
        self.begin_words(message_id, words)
        self.end_words(message_id)
        self.end_run()

    def refuse(self, code: str, message: str, **details: Any) -> None:
        value = {"code": code, "message": message, **details}
        self.send({"type": "CUSTOM", "name": "refused", "value": value})

    def send(self, event: Frame) -> None:
        self.route.send(json.dumps(event))

    def close(self, code: int) -> None:
        self.route.close(code=code)

    # --- what the page said -------------------------------------------------------------------

    def sent(self, kind: str) -> list[Frame]:
        return [frame for frame in self.frames if frame["type"] == kind]

    def wait_for_frame(self, kind: str, count: int = 1) -> Frame:
        """The ``count``-th frame of a kind, once it is there."""
        self.wait_until(lambda: len(self.sent(kind)) >= count)
        return self.sent(kind)[count - 1]

    def wait_until(self, holds: Callable[[], bool], seconds: float = 15) -> None:
        for _ in range(int(seconds / 0.02)):
            if holds():
                return
            self.page.wait_for_timeout(20)  # lets the browser's messages come in
        raise AssertionError(f"The page has sent only {self.frames}")


# --- what the customer does and sees ------------------------------------------------------------


def write(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")


def ask(server: ScriptedSocket, text: str) -> None:
    """A message, acknowledged."""
    count = len(server.sent("run.start")) + 1
    write(server.page, text)
    server.acknowledge(server.wait_for_frame("run.start", count))


def messages(page: Page, role: str) -> Locator:
    return page.locator(f".message.{role} .bubble")
