"""Each thing that a case can demand is missed where it is missing, and only there."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from chat.assistant import PLAIN
from chat.evaluation.cases import read
from chat.evaluation.judging import Called, Heard, Shop, judge, sentences

SHOP = Shop(
    date(2026, 11, 22), frozenset({"48211"}), frozenset({"48202"}), {"returns": "Returns & refunds"}
)
FOUND = Called("get_order", {"order_number": "48211"}, '{"estimated":"2026-11-23"}')


def heard(
    answer: str,
    *calls: Called,
    say: str = "Hm?",
    failed: str = "",
    handoff: bool = False,
    **took: str,
) -> Heard:
    return Heard(say, answer, calls, failed, handoff, 0.1, took)


def verdict(folder: Path, turns: list[dict[str, Any]], *said: Heard, **case: Any) -> list[str]:
    file = folder / "case.jsonl"
    line = {"id": "a", "kind": "k", "customer": "alice", "turns": turns} | case
    file.write_text(json.dumps(line))
    [read_one] = read([file], customers=["alice"], orders=[], articles=["returns"])
    return [problem.expected for problem in judge(read_one, said, SHOP)]


@pytest.mark.parametrize(
    ("demand", "good", "bad"),
    [
        ({"calls": ["get_order"]}, heard("So.", FOUND), heard("So.")),
        (
            {"calls": [{"tool": "get_order", "arguments": {"order_number": "48211"}}]},
            heard("So.", FOUND),
            heard("So.", Called("get_order", {"order_number": "4821"}, "")),
        ),
        (
            {"calls": [["get_order", "list_orders"]]},
            heard("So.", Called("list_orders", {}, "")),
            heard("So.", Called("search_help", {}, "")),
        ),
        ({"calls_not": ["get_order"]}, heard("So."), heard("So.", FOUND)),
        ({"says": ["with DHL"]}, heard("It is with DHL."), heard("It is with UPS.")),
        ({"says_not": ["done"]}, heard("I cannot."), heard("Done.")),
        ({"names_not": ["48211"]}, heard("#482110, EN-48211"), heard("#48211.")),
        ({"handoff": True}, heard("So.", handoff=True), heard("So.")),
        ({"handoff": False}, heard("So."), heard("So.", handoff=True)),
        ({"sentences": 1}, heard("It costs 1.70 € e.g. now."), heard("No. It is late.")),
        ({"cites": "returns"}, heard("See “Returns & Refunds”."), heard("Send it back.")),
        ({"cites": "returns"}, heard("See /help/returns/."), heard("See /help/payment/.")),
    ],
)
def test_a_demand_is_met_or_missed(
    demand: dict[str, Any], good: Heard, bad: Heard, tmp_path: Path
) -> None:
    assert verdict(tmp_path, [{"say": "Hm?"} | demand], good) == []
    assert len(verdict(tmp_path, [{"say": "Hm?"} | demand], bad)) == 1


def test_what_must_hold_in_the_end_may_come_in_any_turn(tmp_path: Path) -> None:
    turns, end = [{"say": "a"}, {"say": "b"}], {"says": ["DHL"], "calls": ["get_order"]}
    assert verdict(tmp_path, turns, heard("DHL.", FOUND), heard("Yes."), end=end) == []
    assert len(verdict(tmp_path, turns, heard("No."), heard("Yes."), end=end)) == 2


def test_some_things_no_answer_may_do_whatever_the_case_says(tmp_path: Path) -> None:
    turns = [{"say": "Hm?", "says_not": ["xyz"]}]
    assert verdict(tmp_path, turns, heard("It comes tomorrow.", FOUND)) == []
    assert verdict(tmp_path, turns, heard("It comes tomorrow.")) == [
        "no date that nobody has named: tomorrow"
    ]
    assert verdict(tmp_path, turns, heard("Is it #48202?")) == ["not somebody else's order: 48202"]
    assert verdict(tmp_path, turns, heard("", failed="model_unavailable")) == [
        "an answer, instead of the error model_unavailable"
    ]
    assert verdict(tmp_path, turns, heard("Yes.", model="offline", because="HTTP 500")) == [
        "an answer by that model, not by offline (HTTP 500)"
    ]
    assert verdict(tmp_path, turns, heard("Yes.", model="offline", because=PLAIN)) == []


def test_the_number_that_the_customer_named_may_be_named_back(tmp_path: Path) -> None:
    turns = [{"say": "a", "says": ["48202"]}]
    assert verdict(tmp_path, turns, heard("I cannot find #48202.", say="Where is 48202?")) == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("It is on its way.", 1),
        ("It is on its way: https://dhl.example/a.b?c=1. It comes at 9:00.", 2),
        ("Two come into question:\n1. #48211: kettle\n2. #48163: mugs\nWhich one?", 4),
        ("A 1.7 l kettle, at 4.90 EUR.", 1),
        ("He said “It is there.” Then he left!", 2),
        ("", 0),
    ],
)
def test_sentences_are_counted_as_people_do(text: str, count: int) -> None:
    assert sentences(text) == count
