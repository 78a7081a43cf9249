"""The promises of one conversation, in lists and dicts: what must be true whoever does what, when.

It knows nothing of Redis and Lua. The test in ``test_model.py`` does every step here and there, and
compares.
"""

from dataclasses import dataclass, field

from chat.errors import QueueFull, SessionClosed, SessionGone, StaleTurn
from chat.store import INBOX_SIZE

# Who holds a turn: only the newest holder may write. 0 is nobody.
Holder = int
NOBODY: Holder = 0


@dataclass
class Running:
    """The turn that runs: ``first`` is the number of its RUN_STARTED."""

    run_id: str
    message_id: str
    first: int
    tries: int
    cutting: bool = False


@dataclass
class Conversation:
    """All that customers and workers can know of one session."""

    mode: str = "bot"  # bot, closed or gone
    history: list[str] = field(default_factory=list)  # ids of messages
    waiting: list[str] = field(default_factory=list)  # ids, the running turn's first
    texts: dict[str, str] = field(default_factory=dict)  # what each id said first
    numbers: dict[str, int] = field(default_factory=dict)  # of each id's acknowledgement
    failed: set[str] = field(default_factory=set)
    told: list[bytes] = field(default_factory=list)  # every event, number 1 first
    copied: int = 0
    running: Running | None = None
    holder: Holder = NOBODY
    holders: int = 0
    lapsed: bool = False  # the lease has run out
    moves: int = 0  # how often somebody was given the turn, or lost it
    # What came last, by which a call that is sent again is known.
    beat: int = 0
    beat_first: int = 0
    done_by: Holder = NOBODY
    done_first: int = 0
    cut_by: str = ""

    @property
    def gone(self) -> bool:
        return self.mode == "gone"

    @property
    def abandoned(self) -> bool:
        return bool(self.waiting) and self.lapsed

    # --- what happens -------------------------------------------------------------------------

    def accept(
        self, message_id: str, text: str, acknowledgement: list[bytes], run_id: str, started: bytes
    ) -> bool:
        """True when the caller must answer it now; without a run id it leaves that to others."""
        if self.gone:
            raise SessionGone
        if message_id in self.numbers and message_id not in self.failed:
            return self._again(run_id)
        if self.mode == "closed":
            raise SessionClosed
        if len(self.waiting) >= INBOX_SIZE:
            raise QueueFull
        if message_id not in self.numbers:
            self.numbers[message_id] = len(self.told) + 1
            self.texts[message_id] = text
            self.told += acknowledgement
        self.failed.discard(message_id)
        self.waiting.append(message_id)
        if len(self.waiting) > 1:
            return False
        return self._begin_or_leave(run_id, started)

    def say(self, holder: Holder, beat: int, events: list[bytes]) -> int | None:
        """The number of the first of ``events``, which are heard once; None for an older beat."""
        if not self.holds(holder) or self.stopping:
            raise StaleTurn
        if beat > self.beat:
            self.beat, self.beat_first = beat, len(self.told) + 1
            self.told += events
        self.lapsed = False
        return self.beat_first if beat == self.beat else None

    def commit(
        self,
        holder: Holder,
        messages: list[str],
        events: list[bytes],
        next_run: str,
        next_started: bytes,
        *,
        failed: bool,
    ) -> tuple[int, bool]:
        """The number of the first of ``events``, and whether the next turn has begun."""
        if holder == self.done_by:
            return self.done_first, self._again(next_run)
        if not self.holds(holder):
            raise StaleTurn
        message_id = self.waiting.pop(0)
        if message_id not in self.history:
            self.history.append(message_id)
        self.history += messages
        if failed:
            self.failed.add(message_id)
        self.done_by, self.done_first = holder, len(self.told) + 1
        self.told += events
        self.running, self.holder = None, NOBODY
        begins = bool(self.waiting) and self._begin_or_leave(next_run, next_started)
        return self.done_first, begins

    def cut(self, name: str, *, resume: bool) -> bool:
        """Somebody takes the turn, to end it with what it has said; False: there is none."""
        running = self.running
        if name == self.cut_by:
            return self.stopping
        if running is None or running.cutting != resume or (resume and not self.lapsed):
            return False
        running.cutting = True
        self.cut_by = name
        self._give()
        return True

    def recover(self, moves: int, run_id: str, events: list[bytes]) -> bool:
        """Somebody begins the turn anew, who saw it when it had moved so often."""
        if self._again(run_id):
            return True
        if not self.abandoned or self.stopping or moves != self.moves:
            return False
        self.told += events[:-1]
        tries = self.running.tries + 1 if self.running is not None else 1
        self._begin(run_id, events[-1], tries=tries)
        return True

    def release(self, holder: Holder) -> None:
        """The holder gives up the turn."""
        if self.holds(holder):
            self.holder, self.lapsed = NOBODY, True
            self.moves += 1

    def lapse(self) -> None:
        """Time passes and nobody renews the lease."""
        if self.running is not None:
            self.lapsed = True

    def close(self) -> None:
        if not self.gone:
            self.mode = "closed"

    def purge(self) -> int:
        """How many messages it had."""
        messages = len(self.history) + len(self.waiting)
        self.__init__(mode="gone")  # type: ignore[misc] # nothing of it is left
        return messages

    # --- what can be seen ---------------------------------------------------------------------

    def holds(self, holder: Holder) -> bool:
        return holder != NOBODY and holder == self.holder

    @property
    def stopping(self) -> bool:
        return self.running is not None and self.running.cutting

    def window(self, limit: int) -> list[str]:
        """The newest messages, from a customer's on."""
        first = max(0, len(self.history) - limit)
        while first > 0 and self.history[first] not in self.texts:
            first -= 1
        return self.history[first:]

    def _again(self, run_id: str) -> bool:
        """The call that began the turn is sent again: it is handed out as before."""
        if self.running is None or self.running.run_id != run_id or self.stopping:
            return False
        if self.holder == NOBODY:
            self.holders += 1
            self.holder = self.holders
        return True

    def _begin_or_leave(self, run_id: str, started: bytes) -> bool:
        if not run_id:
            self.lapsed = True
            return False
        self._begin(run_id, started, tries=1)
        return True

    def _begin(self, run_id: str, started: bytes, *, tries: int) -> None:
        self.told.append(started)
        self.running = Running(run_id, self.waiting[0], len(self.told), tries)
        self.beat = 0
        self._give()

    def _give(self) -> None:
        self.holders += 1
        self.holder = self.holders
        self.moves += 1
        self.lapsed = False
