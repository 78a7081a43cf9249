"""Words that pass at one look are those that a closer look lets pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.guard.holding import ORDINARY, may_go_on
from chat.guard.plain import plain
from chat.guard.seen import Doubt

PIECES = (
    *(
        "parcel",
        "Your",
        "is",
        "a",
        "I",
        "DHL",
        "token12",
        "iPhone15",
        "don't",
        "it\u2019s",
        "x" * 13,
    ),
    *("at", "dot", "one", "Zero", "point", "eight", "someone", "fourth", "attic", "nine's", "onex"),
    *(
        "4",
        "82",
        "1018",
        "EN-1018",
        "a1",
        "abc12",
        "abcd1",
        "abcd123",
        "b@c.de",
        "www.x.y",
        "\u00e9",
    ),
    *(
        " ",
        " ",
        " ",
        " ",
        "\n",
        ", ",
        ". ",
        "-",
        "#",
        "(",
        "\u201c",
        "'",
        "**",
        "!",
        "_",
        "\u2026 ",
    ),
    *("\u200b", "\uff14", "aGVsbG8=", "camelCase", "%34", "&#52;", "//", "+"),
)


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_what_is_ordinary_is_neither_doubtful_nor_held_longer(text: str) -> None:
    if ordinary := ORDINARY.match(text):
        written, places = plain(text)
        assert not Doubt.about(text)
        assert [*places, len(text)][may_go_on(written)] >= ordinary.start(1)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("Your parcel is on its way", "way"),
        ("It\u2019s late; I'm sorry. ", ""),
        (" (with DHL)\n\nYou have to be at", "at"),
        ("You have to be at home", None),
        ("On the 24 ", None),
        ("one ", None),
        ("a b", "a b"),
        ("We met a b ", None),
        ("iphone15 ", ""),
        ("order1018 ", None),
    ],
)
def test_ordinary_words_are_known(text: str, held: str | None) -> None:
    ordinary = ORDINARY.match(text)
    assert (ordinary and ordinary[1]) == held
