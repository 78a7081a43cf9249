"""What went wrong in a drill: pure functions over what a customer said, was shown, and what is
stored.

None of them says the words themselves, only whose they are and where they were found.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, message_to_dict

from chat import marks
from chat.drill.canaries import Canaries
from chat.drill.screen import Screen


class Kind(StrEnum):
    """The kinds of faults, in the order in which they are reported."""

    LEAK = "leaks"
    LOST = "lost"
    DOUBLED = "doubled"
    OUT_OF_ORDER = "out of order"
    TRANSCRIPT = "transcript differs"
    STREAM = "broken streams"


@dataclass(frozen=True, slots=True)
class Fault:
    """``whose`` is the customer's name; ``what`` says what happened to them, and where."""

    kind: Kind
    whose: str
    what: str


@dataclass(frozen=True, slots=True)
class Witness:
    """All that is known of one customer.

    ``said`` are the texts by message id, ``screens`` and ``frames`` what each tab was shown,
    ``pages`` the shop's pages, ``sessions`` how many conversations the customer had,
    ``history`` and ``transcript`` what is stored, the latter as its payloads by position.
    """

    name: str
    said: Mapping[str, str]
    screens: Sequence[Screen]
    frames: Sequence[Sequence[str]]
    pages: Sequence[str]
    sessions: int
    history: Sequence[BaseMessage]
    transcript: Mapping[int, Any]

    @property
    def acknowledged(self) -> set[str]:
        return {message_id for screen in self.screens for message_id in screen.users}


def faults(witness: Witness, canaries: Canaries) -> list[Fault]:
    """All that went wrong for one customer."""
    return [
        Fault(kind, witness.name, what)
        for kind, found in (
            (Kind.LEAK, leaks(witness, canaries)),
            (Kind.LOST, lost(witness)),
            (Kind.DOUBLED, doubled(witness)),
            (Kind.OUT_OF_ORDER, out_of_order(witness)),
            (Kind.TRANSCRIPT, transcript_differs(witness)),
            (Kind.STREAM, broken_streams(witness)),
        )
        # One fault shows in many frames; it is told once.
        for what in dict.fromkeys(found)
    ]


def is_settled(witness: Witness) -> bool:
    """Whether there is nothing to wait for: all that was taken is answered, stored and copied."""
    return not any(_unstored(witness)) and not any(transcript_differs(witness))


def leaks(witness: Witness, canaries: Canaries) -> Iterator[str]:
    """Others' canaries where this customer can see them, or where the model has.

    A number that the customer has typed is said back to them; whatever else belongs to it is not.
    """
    typed = {key for text in witness.said.values() for key, _ in canaries.found_in(text)}
    for where, text in _places(witness):
        for key, canary in canaries.found_in(text):
            if canary.whose != witness.name and key not in typed:
                yield f"{canary.what} of {canary.whose} in {where}"
    for message in witness.history:
        if isinstance(message, HumanMessage) and message.id not in witness.said:
            yield "a message in the history that this customer never sent"


def lost(witness: Witness) -> Iterator[str]:
    """Messages that were acknowledged and have no answer, nor a marked failure."""
    if witness.sessions > 1:
        yield f"the conversation was replaced by a new one ({witness.sessions} in all)"
    acknowledged = witness.acknowledged
    for place, message_id in enumerate(witness.said, 1):
        if message_id not in acknowledged:
            yield f"message {place} was never acknowledged, however often it was sent"
    yield from _unstored(witness)
    for tab, screen in enumerate(witness.screens, 1):
        for place, message_id in enumerate(witness.said, 1):
            if message_id in acknowledged and message_id not in screen.answered:
                yield f"tab {tab} was not shown an answer to message {place}"
        yield from _missing_words(tab, screen, witness.history)


def doubled(witness: Witness) -> Iterator[str]:
    """Ids that are stored twice, and messages that are answered twice."""
    for where, messages in (
        ("history", witness.history),
        ("transcript", witness.transcript.values()),
    ):
        ids = Counter(map(_id, messages))
        if twice := sum(count > 1 for message_id, count in ids.items() if message_id):
            yield f"{twice} messages stand twice in the {where}"
    answers = Counter(
        answers for reply, answers in _ends(witness.history) if not _is_failure(reply)
    )
    for place, message_id in enumerate(witness.said, 1):
        if answers[message_id] > 1:
            yield f"message {place} was answered {answers[message_id]} times"
    for tab, screen in enumerate(witness.screens, 1):
        for what in screen.doubled:
            yield f"tab {tab}: {what}"


def out_of_order(witness: Witness) -> Iterator[str]:
    """Messages that were not answered one after the other in the order of acceptance."""
    yield from _other_events(witness.frames)
    numbers = {m: number for screen in witness.screens for m, number in screen.numbers.items()}
    stored = [str(m.id) for m in witness.history if isinstance(m, HumanMessage)]
    accepted = [numbers[message_id] for message_id in stored if message_id in numbers]
    if witness.sessions < 2 and accepted != sorted(accepted):
        yield "the history has the messages in another order than they were accepted in"
    yield from _misplaced_answers(witness.history)
    replies, answers = _replies(witness.history)
    for tab, screen in enumerate(witness.screens, 1):
        if not _agree(screen.users, stored):
            yield f"tab {tab} shows the messages in another order than the history"
        if not _agree(screen.replies, replies):
            yield f"tab {tab} shows the answers in another order than the history"
        for reply, message_id in screen.answers.items():
            if answers.get(reply, message_id) != message_id:
                yield f"tab {tab} was shown an answer as that of another message"


def transcript_differs(witness: Witness) -> Iterator[str]:
    """Positions at which transcript and history are not the same."""
    if len(witness.transcript) != len(witness.history):
        yield (
            f"{len(witness.history)} messages in the history,"
            f" {len(witness.transcript)} in the transcript"
        )
    for position, message in enumerate(witness.history):
        copy = witness.transcript.get(position)
        # Through JSON, as the copy came.
        if copy is not None and copy != json.loads(json.dumps(message_to_dict(message))):
            yield f"another message at position {position}"


def broken_streams(witness: Witness) -> Iterator[str]:
    """Frames that broke AG-UI's order, or the numbers'."""
    for tab, screen in enumerate(witness.screens, 1):
        for what in screen.broken:
            yield f"tab {tab}: {what}"


# --- reading ----------------------------------------------------------------------------------


def _places(witness: Witness) -> Iterator[tuple[str, str]]:
    """Everything in which a leak would show, with a name for the place."""
    for tab, (screen, frames) in enumerate(zip(witness.screens, witness.frames, strict=True), 1):
        for text in frames:
            yield f"what tab {tab} was sent", text
        # Frames may part a word.
        for text in (*screen.users.values(), *screen.replies.values()):
            yield f"what tab {tab} was sent", text
    for text in witness.pages:
        yield "the page of orders", text
    for message in witness.history:
        yield "the history", json.dumps(message_to_dict(message))
    for payload in witness.transcript.values():
        yield "the transcript", json.dumps(payload)


def _unstored(witness: Witness) -> Iterator[str]:
    """What was acknowledged and is not stored with an answer, or not yet."""
    stored = {message.id for message in witness.history if isinstance(message, HumanMessage)}
    answered = {answers for _, answers in _ends(witness.history)}
    acknowledged = witness.acknowledged
    for place, message_id in enumerate(witness.said, 1):
        if message_id not in acknowledged:
            continue
        if message_id not in stored:
            yield f"message {place} was acknowledged and is not in the history"
        elif message_id not in answered:
            yield f"message {place} has no answer in the history"


def _agree(shown: Collection[str], stored: Collection[str]) -> bool:
    """Whether what both have stands in the same order in both."""
    return [each for each in shown if each in stored] == [each for each in stored if each in shown]


def _ends(history: Iterable[BaseMessage]) -> Iterator[tuple[BaseMessage, str]]:
    """The last message of each answer, and the id of what it answers."""
    for message in history:
        if answers := message.additional_kwargs.get(marks.ANSWERS):
            yield message, answers


def _is_failure(reply: BaseMessage) -> bool:
    return marks.FAILED in reply.additional_kwargs


def _replies(history: Iterable[BaseMessage]) -> tuple[dict[str, str], dict[str, str]]:
    """The assistant's texts by id, and which message each of them answers."""
    texts: dict[str, str] = {}
    answers: dict[str, str] = {}
    turn: list[str] = []
    for message in history:
        if isinstance(message, AIMessage) and not _is_failure(message):
            turn.append(str(message.id))
            if message.text:
                texts[str(message.id)] = message.text
        if answered := message.additional_kwargs.get(marks.ANSWERS):
            answers |= dict.fromkeys(turn, answered)
            turn = []
    return texts, answers


def _missing_words(tab: int, screen: Screen, history: Iterable[BaseMessage]) -> Iterator[str]:
    texts, answers = _replies(history)
    places = {message_id: place for place, message_id in enumerate(screen.users, 1)}
    for reply, text in texts.items():
        if reply in screen.replies:
            if screen.replies[reply] != text:
                place = places.get(answers.get(reply, ""), "?")
                yield f"tab {tab} was shown other words than the history's, in answer {place}"
        elif screen.whole and answers.get(reply) in screen.answered:
            yield f"tab {tab} was not shown an answer that the history has"


def _misplaced_answers(history: Iterable[BaseMessage]) -> Iterator[str]:
    """Answers that do not follow their message at once, unless they answer it again."""
    asked = ""
    failed: set[str] = set()
    for message in history:
        if isinstance(message, HumanMessage):
            if asked:
                yield "a message follows another in the history before that is answered"
            asked = str(message.id)
        elif answers := message.additional_kwargs.get(marks.ANSWERS):
            if answers != asked and answers not in failed:
                yield "an answer in the history does not follow its message"
            if _is_failure(message):
                failed.add(answers)
            asked = ""


def _other_events(tabs: Iterable[Iterable[str]]) -> Iterator[str]:
    """Numbers under which two tabs, or one tab twice, were shown different events."""
    shown: dict[int, str] = {}
    for text in (text for frames in tabs for text in frames):
        seq = _number(text)
        if seq is None or shown.setdefault(seq, text) == text:
            continue
        if orjson.loads(shown[seq]) != orjson.loads(text):
            yield f"two different events under number {seq}"


def _number(text: str) -> int | None:
    """An event's number; None for what has none of its own."""
    try:
        event = orjson.loads(text)
        if event["type"] in ("STATE_SNAPSHOT", "MESSAGES_SNAPSHOT", "CUSTOM"):
            return None
        return int(event["metadata"]["seq"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None  # the screen has noted it


def _id(message: Any) -> str:
    if isinstance(message, BaseMessage):
        return message.id or ""
    return str(message["data"].get("id") or "")
