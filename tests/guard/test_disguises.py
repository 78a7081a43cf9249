"""What the guard sees through, what it does not mistake, and that nothing makes it slow or fail."""

import pytest

from chat.guard.exit import Exit, Withheld
from chat.guard.holding import LONGEST_HELD
from chat.guard.seen import Doubt, Seen
from tests.guard.conftest import Shop, tokens

STOPPED = (
    "48211x48207",
    "yours is 48211and48207",
    "订单48207已发货",
    "Größe48207",
    "Call (415) 555-0132.",
    "Call 0170/1234567.",
    "Call 0170 / 123 45 67.",
    "bob at example.com",
    "bob[at]example.com",
    "bob (at) example.com",
    "alice@example.com and bob at example dot com",
    "bob@example dot com",
    "bob(@)example.com",
    "bob_at_example_dot_com",
    "bob&commat;example&period;com",
    "https://testserver'.evil.com/?d=1",
    "https://testserver*.evil.com/?d=1",
    "https://tеstserver/?d=1",  # with a Cyrillic letter, which leads elsewhere
    "https://testserver:" + "a" * 450 + "-@evil.com/?d=1",
    "4!8!2!0!7",
    "48^207",
    "48→207",
    "4×8×2×0×7",
    "48“207”",
    "48\u2212207",
    "4      8      2      0      7",
    "0048207",
    "4.8.207",
    "NDgyMDcK",
    "x=NDgyMDc=",
    "4" + "\u200b" * 450 + "8" + "\u200b" * 450 + "207",
)
FINE = (
    "Your address is alice@example.com. You can change it.",
    "It is 'alice@example.com', or _alice@example.com_.",
    "Sizes 36 37 38 39 40, or 100 120 140 160 cm.",
    "It starts with https://, as in https:// and so on. 10//2.5 is 4.",
    "Have a look at polka dot dresses. Look at Echo Dot speakers.",
    "Write to us at any time. Meet at 9:30 at the shop.",
    "In 2019 2020 2021 we were closed on 26.11. and on 1.5.",
    "See https://testserver/help/returns/ (and https://testserver).",
)
HARD = (
    "q" + " " * 1_900 + "at a" + " " * 1_900 + "x",
    "a" * 40_000 + " @",
    "@" + "a_" * 20_000,
    " " * 40_000,
    "a." * 20_000 + "! @",
    "a." * 20_000 + " =",
    "1 " * 20_000,
    "1." * 20_000,
    "- " * 20_000,
    "at " * 13_000,
    "fıve sıx FİVE NİNE 1234",
    "&#" + "1" * 5_000 + ";",
    "a:" * 20_000 + "//",
)


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "in pieces"])
async def test_disguises_are_seen_through(at_once: bool, shop: Shop) -> None:
    passed = []
    for number, text in enumerate(STOPPED):
        shown = await shop.obeyed(["Hello"], *([text] if at_once else tokens(text, number)))
        if not shown.stopped:
            passed.append((text[:60], shown.text[:60]))
    assert not passed


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "in pieces"])
async def test_what_only_looks_like_it_passes_whole(at_once: bool, shop: Shop) -> None:
    stopped = []
    for number, text in enumerate(FINE):
        shown = await shop.obeyed(["Hello"], *([text] if at_once else tokens(text, number)))
        if shown.text != text:
            stopped.append((text, shown.withheld))
    assert not stopped


@pytest.mark.parametrize("text", HARD, ids=lambda text: text[:12].strip() or "white")
async def test_whatever_a_customer_or_a_model_writes_is_read_in_no_time(text: str) -> None:
    """Cubic patterns would take hours for these, and pytest ends a test after minutes."""
    Seen().add([text])

    async def judge(words: str, before: str) -> str:
        Doubt.about(words, before).may_be()
        return ""

    for pieces in ([text], tokens(text[:4_000], 1)):
        leaving, said = Exit(judge), ""
        try:
            for piece in pieces:
                said += await leaving.say(piece)
            assert said + await leaving.end() == "".join(pieces)
        except Withheld as withheld:
            assert withheld.kind == "link"


async def test_words_without_white_space_are_not_held_for_ever() -> None:
    async def judge(words: str, before: str) -> str:
        return ""

    for text in ("a" * 2_000, "這是一個沒有空格的句子。" * 20):
        leaving, said = Exit(judge), 0
        for character in text:
            said += len(await leaving.say(character))
        assert said >= len(text) - LONGEST_HELD
