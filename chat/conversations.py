"""What the store tells of a conversation, read from the scripts' answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage

from chat.history import decode_all

# Sessions whose newest window is kept, each about 50 kB with 20 messages.
REMEMBERED = 500


@dataclass(frozen=True, slots=True)
class Turn:
    """A message that a worker must answer, and the fence under which it may."""

    session_id: str
    run_id: str
    fence: int
    tries: int
    message: BaseMessage
    first: int  # the number of its RUN_STARTED
    window: list[BaseMessage]
    start: int = 0  # the position of the window's first message
    summary: str = ""  # of what was said before the position ``summarized``
    summarized: int = 0


@dataclass(frozen=True, slots=True)
class Unsummarized:
    """What a summary is to be made of: that so far, and the messages from ``first`` on.

    ``claim`` is whose it is to make, ``done`` the position where the summary so far ends.
    """

    claim: str
    done: int
    summary: str
    first: int
    entries: list[bytes]  # as they are in the list


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message is safe. ``seq`` is the first number of its acknowledgement.

    ``known`` is the message as it was first sent when the id was seen before, ``turn`` is there
    when the caller must answer it now, and ``left_behind`` says that an earlier message waits
    although nobody answers it.
    """

    seq: int
    known: BaseMessage | None = None
    turn: Turn | None = None
    left_behind: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """A turn taken from its worker: ``events`` are the JSON of all that it said."""

    turn: Turn
    events: list[bytes]


@dataclass(frozen=True, slots=True)
class Look:
    """A session from above: what waits, what is stored (``length``), what the transcript has."""

    fence: int
    run_id: str
    cutting: bool
    abandoned: bool
    waiting: int
    length: int
    copied: int


@dataclass(frozen=True, slots=True)
class Uncopied:
    """The stored messages that the transcript may not have, from position ``first`` on."""

    session_id: str
    fence: int
    first: int
    entries: list[bytes]  # as they are in the list


@dataclass(frozen=True, slots=True)
class Mended:
    """What a session becomes that Redis has partly forgotten.

    From position ``first`` on the history is ``entries``. ``records`` are ids of the customer's
    messages, each with its position and its status (w waits, d done, f failed), where they are
    other than before. ``copied`` messages are in the transcript. ``held`` is a message that was
    accepted and whose worker still knows it.
    """

    first: int
    entries: Sequence[bytes | str] = ()
    records: Sequence[tuple[str, int | None, str]] = ()
    copied: int = 0
    held: BaseMessage | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a tab shows. ``seq`` is the number just before the first of ``events``.

    ``kept`` are the session's newest events, a few, the last of them numbered ``newest``.
    """

    mode: str
    expires_in: float  # seconds
    seq: int
    messages: list[BaseMessage]
    waiting: list[BaseMessage]
    again: set[str]  # ids of messages that are being tried again
    events: list[bytes]
    newest: int
    kept: list[bytes]


class Windows:
    """The windows that this process has read, so that each message is read once, not every turn.

    Redis says each time what stands in the window, byte for byte; only the reading is spared. No
    session is given what another one has read.
    """

    def __init__(self) -> None:
        self._read: dict[str, dict[bytes, BaseMessage]] = {}  # the newest session last

    def turn_from(self, session_id: str, run_id: str, reply: list[Any]) -> Turn:
        """The answer of ``turn`` in ``lua/_turn.lua``."""
        fence, tries, _id, message, first, (position, entries), summary, summarized = reply
        known = self._read.pop(session_id, {})
        window = [
            known.get(entry) or decode_all([entry], at)[0]
            for at, entry in enumerate(entries, position)
        ]
        own = message_from(message)
        self._read[session_id] = dict(zip([*entries, message], [*window, own], strict=True))
        if len(self._read) > REMEMBERED:
            del self._read[next(iter(self._read))]
        return Turn(
            session_id,
            run_id,
            fence,
            tries,
            own,
            first,
            window,
            position,
            summary.decode(),
            summarized,
        )

    def forget(self, session_id: str) -> None:
        """Keeps nothing of the session."""
        self._read.pop(session_id, None)


def snapshot_from(reply: list[Any]) -> Snapshot:
    """The answer of ``lua/read.lua`` where it is everything."""
    mode, ttl, seq, first, position, entries, inbox, events, kept = reply
    return Snapshot(
        mode=mode.decode(),
        expires_in=ttl / 1000,
        seq=first - 1 if first else seq,
        messages=decode_all(entries, position),
        waiting=[message_from(json) for _id, json in inbox if json],
        again={message_id.decode() for message_id, json in inbox if not json},
        events=events,
        newest=seq,
        kept=kept,
    )


def look_from(reply: list[Any]) -> Look:
    """The answer of ``lua/look.lua``."""
    fence, run_id, cutting, abandoned, waiting, length, copied = reply
    return Look(
        int(fence), run_id.decode(), bool(cutting), bool(abandoned), waiting, length, copied
    )


def message_from(entry: bytes) -> BaseMessage:
    """A message that is not in the list yet, or that is wanted whatever its position."""
    return decode_all([entry], -1)[0]
