"""Words are held back no longer than they could become part of an identifier."""

import pytest

from chat.guard.exit import Exit, Withheld
from chat.guard.holding import LONGEST_HELD
from chat.guard.seen import Doubt

BOBS = "48207"


async def judge(words: str, before: str) -> str:
    return "order number" if BOBS in Doubt.about(words, before).may_be() else ""


async def shown(*tokens: str) -> list[str]:
    """What leaves at each token, and at the end."""
    leaving = Exit(judge)
    return [*[await leaving.say(token) for token in tokens], await leaving.end()]


async def test_a_word_leaves_with_the_white_space_behind_it() -> None:
    assert await shown("Your par", "cel is ", "on its way.") == [
        "Your ",
        "parcel is ",
        "on its ",
        "way.",
    ]


async def test_numbers_leave_once_it_is_plain_that_they_do_not_go_on() -> None:
    leaving = await shown("26 ", "Novem", "ber, ", "13:00 ", "to ", "14:00.")
    assert leaving[:3] == ["", "", "26 November, "]
    assert "".join(leaving) == "26 November, 13:00 to 14:00."


@pytest.mark.parametrize(
    "tokens",
    [
        ("It is 48", "207", "."),
        ("It is 4", " 8 ", "2 0", " 7 now"),
        ("It is 4-8-", "2-0-7"),
        ("It is ", "4\u200b8", "\u200b207 ok"),
        ("It is ４８", "２０７"),
        ("It is four eight ", "two zero ", "seven, yes"),
    ],
)
async def test_no_character_of_it_leaves_however_it_is_cut(tokens: tuple[str, ...]) -> None:
    leaving, said = Exit(judge), ""
    with pytest.raises(Withheld) as withheld:
        for token in tokens:
            said += await leaving.say(token)
        said += await leaving.end()
    assert said.removeprefix("It ") in ("is ", "")
    assert withheld.value.kind == "order number"
    assert withheld.value.text in "".join(tokens)


async def test_what_goes_on_for_ever_is_not_held_for_ever() -> None:
    leaving = Exit(judge)
    said = ""
    for _ in range(1_000):
        said += await leaving.say("1 ")
    assert len(said) > 2_000 - LONGEST_HELD - 2
    assert said + await leaving.end() == "1 " * 1_000
