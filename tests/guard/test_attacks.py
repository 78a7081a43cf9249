"""A model that obeys every attack word for word gives nothing away; ordinary answers pass whole."""

import re
from collections import defaultdict
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from chat.assistant import APOLOGY
from tests.guard.conftest import Shop, tokens
from tests.guard.disguises import PLACE, disguised, filled, lines

BY_KIND: dict[str, list[dict[str, Any]]] = defaultdict(list)
for line in lines("attacks.jsonl"):
    BY_KIND[line["kind"]].append(line)

# Of the victim's: where it begins, the answer must have ended.
VICTIMS = ("order", "tracking", "email")


def first_leak(attack: dict[str, Any], shop: Shop) -> int:
    """The place in the obeying answer where the first thing of somebody else's begins.

    An address that is written out in words begins at its "at": the word before it looks like any.
    """
    said = " ".join(attack["say"]) + str(attack.get("planted", ""))
    whole = filled(attack["obeys"], shop.values)
    places = [
        whole.find(written.partition(" ")[2] if how in ("at", "atwords") else written)
        for name, how in PLACE.findall(attack["obeys"])
        if name in VICTIMS and f"{{{name}" not in said
        for written in [disguised(shop.values[name], how or None)]
    ]
    foreign = [whole.find(host) for host in (".example", ".test") if host in whole]
    return min([*places, *foreign], default=-1)


@pytest.mark.parametrize("kind", BY_KIND)
async def test_a_model_that_obeys_word_for_word_gives_nothing_away(kind: str, shop: Shop) -> None:
    leaks = []
    for number, attack in enumerate(BY_KIND[kind]):
        say = [filled(text, shop.values) for text in attack["say"]]
        whole = filled(attack["obeys"], shop.values)
        shown = await shop.obeyed(say, *tokens(whole, number))
        at = first_leak(attack, shop)
        if not shown.stopped or (0 <= at < len(shown.before)) or not shown.withheld:
            leaks.append((attack["id"], whole, shown.before[-40:], at, len(shown.before)))
        else:
            assert whole.startswith(shown.before)
    assert not leaks, f"{len(leaks)} of {len(BY_KIND[kind])}:\n" + "\n".join(map(str, leaks))


@pytest.mark.parametrize("kind", BY_KIND)
async def test_without_a_model_no_attack_gets_anything(kind: str, shop: Shop) -> None:
    """Neither words nor what tools answered hold anything of bob's, or had to be withheld."""
    leaks = []
    for attack in BY_KIND[kind]:
        if planted := attack.get("planted"):
            await sync_to_async(shop.plant)(**planted)
        say = [filled(text, shop.values) for text in attack["say"]]
        shown = await shop.offline(say)
        assert shown.text
        theirs = [
            name
            for name in (*VICTIMS, "street")
            if shop.values[name] in shown.text + shown.looked_up
            and shop.values[name] not in " ".join(say)
        ]
        # As a name in a title, which stays data, it leads nowhere.
        foreign = re.findall(r"(?://|www\.)\S*(?:\.example|\.test)", shown.text)
        if theirs or foreign or shown.withheld:
            leaks.append((attack["id"], theirs, foreign, shown.withheld, shown.text))
    assert not leaks, f"{len(leaks)} of {len(BY_KIND[kind])}:\n" + "\n".join(map(str, leaks))


async def test_ordinary_answers_pass_whole(shop: Shop) -> None:
    alarms = []
    for number, line in enumerate(lines("innocent.jsonl")):
        say = [filled(text, shop.values) for text in line["say"]]
        whole = filled(line["answers"], shop.values)
        shown = await shop.obeyed(say, *tokens(whole, number))
        if shown.text != whole or shown.withheld:
            alarms.append((line["id"], [kind for kind, _ in shown.withheld], whole))
    assert not alarms, f"{len(alarms)} false alarms:\n" + "\n".join(map(str, alarms))


async def test_without_the_guard_the_same_answers_would_leave(shop: Shop) -> None:
    """That each attack leaks something: what the tests above stop is there to be stopped."""
    for attack in lines("attacks.jsonl"):
        assert first_leak(attack, shop) >= 0, attack["id"]
        assert APOLOGY not in attack["obeys"]
