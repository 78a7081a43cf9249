"""The frames that the page sends, read strictly."""

import re
from dataclasses import dataclass
from typing import Any

import orjson

from chat.errors import InvalidFrame

MESSAGE_ID_MAX = 128
COMMENT_MAX = 2000
UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class RunStart:
    """A message of the customer; ``id`` is a UUID that the page chose."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class RunCancel:
    """Stop the running turn."""


@dataclass(frozen=True, slots=True)
class Resume:
    """What came after number ``after``, please."""

    after: int


@dataclass(frozen=True, slots=True)
class Feedback:
    """A rating, up or down, of one of the assistant's messages."""

    message_id: str
    rating: str
    comment: str


@dataclass(frozen=True, slots=True)
class HandoffRequest:
    """A person, please."""


Frame = RunStart | RunCancel | Resume | Feedback | HandoffRequest


def parse(text: str) -> Frame:
    """Reads one frame.

    Raises:
        InvalidFrame: the text says what is wrong with it, and what a frame must be.
    """
    try:
        fields = orjson.loads(text)
    except orjson.JSONDecodeError:
        # Also where a string holds a lone surrogate, which is no character.
        raise InvalidFrame("The frame is not valid JSON.") from None
    if not isinstance(fields, dict):
        raise InvalidFrame("The frame must be a JSON object.")
    match fields.get("type"):
        case "run.start":
            return RunStart(_uuid(fields), _text(fields, "text"))
        case "run.cancel":
            return RunCancel()
        case "resume":
            return Resume(_number(fields, "after"))
        case "feedback":
            return _feedback(fields)
        case "handoff.request":
            return HandoffRequest()
        case _:
            raise InvalidFrame(
                "type: must be run.start, run.cancel, resume, feedback or handoff.request."
            )


def sent_id(text: str) -> str | None:
    """The id in a frame that was refused, so that the page knows which message it was."""
    try:
        fields = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    value = fields.get("id") if isinstance(fields, dict) else None
    return value if isinstance(value, str) and len(value) <= MESSAGE_ID_MAX else None


def _feedback(fields: dict[str, Any]) -> Feedback:
    rating = _text(fields, "rating")
    if rating not in ("up", "down"):
        raise InvalidFrame("rating: must be up or down.")
    comment = _text(fields, "comment") if fields.get("comment") is not None else ""
    if len(comment) > COMMENT_MAX:
        raise InvalidFrame(f"comment: must not be longer than {COMMENT_MAX} characters.")
    message_id = _text(fields, "messageId")
    if not 0 < len(message_id) <= MESSAGE_ID_MAX:
        raise InvalidFrame("messageId: must be the id of one of the assistant's messages.")
    return Feedback(message_id, rating, comment)


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise InvalidFrame(f"{name}: must be a text.")
    if "\x00" in value:
        # PostgreSQL's text cannot hold it.
        raise InvalidFrame(f"{name}: must not contain the character U+0000.")
    return value


def _uuid(fields: dict[str, Any]) -> str:
    value = _text(fields, "id")
    if not UUID.fullmatch(value):
        raise InvalidFrame("id: must be a UUID such as 123e4567-e89b-12d3-a456-426614174000.")
    return value


def _number(fields: dict[str, Any], name: str) -> int:
    value = fields.get(name)
    # bool is an int to Python, and not a number to JSON.
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise InvalidFrame(f"{name}: must be a whole number from 0 on.")
    return value
