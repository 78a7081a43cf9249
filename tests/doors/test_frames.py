"""What counts as an id of a message."""

import json

import pytest

from chat.errors import InvalidFrame
from chat.frames import RunStart, parse

GOOD = "123e4567-e89b-12d3-a456-426614174000"


def frame(message_id: str) -> str:
    return json.dumps({"type": "run.start", "id": message_id, "text": "Hello"})


@pytest.mark.parametrize("message_id", [GOOD, GOOD.upper()])
def test_a_uuid_is_an_id_as_it_was_sent(message_id: str) -> None:
    assert parse(frame(message_id)) == RunStart(message_id, "Hello")


@pytest.mark.parametrize(
    "message_id",
    [
        "",
        "1",
        GOOD.replace("-", ""),
        f"{{{GOOD}}}",
        f"urn:uuid:{GOOD}",
        f"{GOOD}\n",
        f" {GOOD}",
        f"{GOOD}0",
        GOOD.replace("1", "g"),
        GOOD.replace("1", "\uff11"),  # a digit to Python, and none of ours
    ],
)
def test_nothing_else_is_an_id(message_id: str) -> None:
    with pytest.raises(InvalidFrame, match="must be a UUID"):
        parse(frame(message_id))
