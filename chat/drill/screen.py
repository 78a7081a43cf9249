"""What one tab shows, followed frame by frame by docs/protocol.md, and what breaks its rules."""

from typing import Any

Event = dict[str, Any]

SNAPSHOT_LIMIT = 200  # messages in a snapshot; see docs/protocol.md
_OUTSIDE_OF_RUNS = {"STATE_SNAPSHOT", "MESSAGES_SNAPSHOT", "CUSTOM"}


class Screen:
    """One tab, over all of its connections.

    ``users`` and ``replies`` are the messages in the order in which they are shown, ``numbers`` the
    first number of each acknowledgement, ``waiting`` the messages without an answer, ``answered``
    how each answer ended: success, cancelled or failed. ``answers`` says which message a reply was
    shown as the answer of. ``doubled`` and ``broken`` are the faults.
    """

    def __init__(self) -> None:
        self.threads: list[str] = []
        self.seq = -1
        self.users: dict[str, str] = {}
        self.replies: dict[str, str] = {}
        self.numbers: dict[str, int] = {}
        self.whole = True  # whether the snapshot began with the conversation's first message
        self.waiting: list[str] = []
        self.answered: dict[str, str] = {}
        self.answers: dict[str, str] = {}
        self.doubled: list[str] = []
        self.broken: list[str] = []
        self._seen: set[int] = set()
        self._covered = -1  # what the newest snapshot stands for
        self._run: str | None = None
        self._said: list[str] = []  # the running turn's replies
        self._texts: set[str] = set()  # open ones
        self._calls: set[str] = set()

    @property
    def running(self) -> str | None:
        """The message that is being answered."""
        return self.waiting[0] if self._run is not None and self.waiting else None

    def take(self, event: Event) -> None:
        """The next frame."""
        try:
            self._take(event)
        except (KeyError, TypeError) as error:
            self.broken.append(f"a frame is not of the protocol's shape: {error!r}")

    def _take(self, event: Event) -> None:
        kind = event["type"]
        if kind == "STATE_SNAPSHOT":
            self._begin_thread(event["snapshot"]["threadId"])
        elif kind == "MESSAGES_SNAPSHOT":
            self._show(event["messages"], event["metadata"]["seq"])
        elif kind not in _OUTSIDE_OF_RUNS:
            self._take_numbered(kind, event, event["metadata"]["seq"])

    def _begin_thread(self, thread: str) -> None:
        if thread not in self.threads:
            self.threads.append(thread)
            self._seen.clear()
            self.numbers.clear()

    def _show(self, messages: list[Event], seq: int) -> None:
        self.seq = self._covered = seq
        self._run = None
        self._said, self._texts, self._calls = [], set(), set()
        self.whole = len(messages) < SNAPSHOT_LIMIT
        self.users = {m["id"]: m["content"] for m in messages if m["role"] == "user"}
        if len(self.users) != sum(message["role"] == "user" for message in messages):
            self.doubled.append("a message stands twice in a snapshot")
        self.replies = {m["id"]: m["content"] for m in messages if m["role"] == "assistant"}
        self.waiting = []
        for message, following in zip(messages, [*messages[1:], None], strict=False):
            if message["role"] != "user":
                continue
            if message.get("metadata", {}).get("failed"):
                self.answered.setdefault(message["id"], "failed")
            elif following is None or following["role"] == "user":
                # What is answered is followed by its answer; what waits stands at the end.
                self.waiting.append(message["id"])
            else:
                self.answered.setdefault(message["id"], "success")

    def _take_numbered(self, kind: str, event: Event, seq: int) -> None:
        is_customers = "runId" not in event["metadata"]
        is_new = is_customers and kind == "TEXT_MESSAGE_START"
        if is_new and self.numbers.setdefault(event["messageId"], seq) != seq:
            self.doubled.append("a message was acknowledged as two")
            return
        if seq <= self.seq:
            # Again: after a resume, or the acknowledgement of an id that was sent twice.
            shown = event.get("messageId") in self.users if is_customers else seq <= self._covered
            if seq not in self._seen and not shown:
                self.broken.append(f"{kind} has number {seq} after {self.seq}")
            return
        self.seq = seq
        self._seen.add(seq)
        if is_customers:
            self._take_customers(kind, event["messageId"], event)
        else:
            self._take_turns(kind, event)

    def _take_customers(self, kind: str, message_id: str, event: Event) -> None:
        if kind == "TEXT_MESSAGE_START":
            # Else a snapshot has shown it already.
            if message_id not in self.users:
                self.users[message_id] = ""
                self.waiting.append(message_id)
        elif message_id not in self.users:
            self.broken.append(f"{kind} of a message that has not begun")
        elif kind == "TEXT_MESSAGE_CONTENT":
            self.users[message_id] = event["delta"]

    def _take_turns(self, kind: str, event: Event) -> None:
        run = event["metadata"]["runId"]
        if kind == "RUN_STARTED":
            if self._run is not None:
                self.broken.append("a run begins within a run")
            if not self.waiting and "failed" not in self.answered.values():
                self.broken.append("a run begins, and no message waits for it")
            self._run, self._said = run, []
            return
        if run != self._run:
            self.broken.append(f"{kind} outside of its run")
        match kind:
            case "TEXT_MESSAGE_START":
                self._begin_reply(event["messageId"])
            case "TEXT_MESSAGE_CONTENT" if event["messageId"] in self._texts:
                self.replies[event["messageId"]] += event["delta"]
            case "TEXT_MESSAGE_END" if event["messageId"] in self._texts:
                self._texts.remove(event["messageId"])
            case "TOOL_CALL_START":
                self._calls.add(event["toolCallId"])
            case "TOOL_CALL_ARGS" if event["toolCallId"] in self._calls:
                pass
            case "TOOL_CALL_END" if event["toolCallId"] in self._calls:
                self._calls.remove(event["toolCallId"])
            case "TOOL_CALL_RESULT" | "ACTIVITY_SNAPSHOT":
                pass
            case "RUN_FINISHED":
                if self._texts or self._calls:
                    self.broken.append("a run ends and leaves a text or a tool call open")
                self._end(event["outcome"]["type"])
            case "RUN_ERROR":
                # What was said so far does not count.
                for message_id in self._said:
                    self.replies.pop(message_id, None)
                # stale_turn: the answer begins again.
                self._end(None if event["code"] == "stale_turn" else "failed")
            case _:
                self.broken.append(f"{kind} of something that is not open")

    def _begin_reply(self, message_id: str) -> None:
        if message_id in self.replies:
            self.doubled.append("an answer was said twice")
        self.replies[message_id] = ""
        self._said.append(message_id)
        self._texts.add(message_id)
        if self.waiting:
            self.answers[message_id] = self.waiting[0]

    def _end(self, outcome: str | None) -> None:
        self._run = None
        self._texts, self._calls = set(), set()
        if outcome is not None and self.waiting:
            self.answered[self.waiting.pop(0)] = outcome
