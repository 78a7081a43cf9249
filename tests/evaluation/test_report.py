"""The figures, on trials of which one knows what came of them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from chat.evaluation import report
from chat.evaluation.cases import Case, read
from chat.evaluation.judging import Called, Heard, Problem
from chat.evaluation.trials import Trial

Figures = dict[str, Any]
FIGURES: Figures = {"model": "openai:a", "read": 10, "cached": 4, "written": 2, "cost": 500}


def made(folder: Path, *names: str) -> list[Case]:
    file = folder / "cases.jsonl"
    file.write_text(
        "\n".join(
            json.dumps(
                {
                    "id": name.split("/")[1],
                    "kind": name.split("/")[0],
                    "customer": "alice",
                    "turns": [{"say": "Where is it?", "says": ["DHL"]}],
                }
            )
            for name in names
        )
    )
    return read([file], customers=["alice"], orders=[], articles=[])


def tried(
    case: Case, passed: Sequence[bool], seconds: float = 1.0, took: Figures = FIGURES
) -> list[Trial]:
    call = Called("get_order", {"order_number": "1"}, "{}")
    return [
        Trial(
            case,
            number,
            (Heard("Where is it?", "It is\nlate.", (call,), "", False, seconds, took),),
            () if each else (Problem(1, "to hear “DHL”"),),
        )
        for number, each in enumerate(passed, 1)
    ]


@pytest.mark.parametrize(
    ("passed", "k", "chance"),
    [(4, 1, 1), (2, 1, 0.5), (2, 2, 1 / 6), (3, 2, 0.5), (3, 4, 0), (4, 4, 1), (0, 1, 0)],
)
def test_pass_hat_is_the_chance_that_k_trials_all_pass(passed: int, k: int, chance: float) -> None:
    assert report.pass_hat(passed, 4, k) == pytest.approx(chance)


def test_a_flaky_case_weighs_more_the_more_often_it_is_tried(tmp_path: Path) -> None:
    sure, flaky = made(tmp_path, "status/sure", "status/flaky")
    trials = tried(sure, [True] * 4) + tried(flaky, [True, False, True, False])
    assert report.rows(trials)[-1].passes == pytest.approx((0.75, 7 / 12, 0.5, 0.5))
    assert report.share_passed(trials) == 50


def test_the_table_has_a_line_for_each_kind_and_one_for_all(tmp_path: Path) -> None:
    one, other = made(tmp_path, "status/one", "person/one")
    trials = tried(one, [True, True], seconds=1) + tried(other, [False, True], seconds=3)
    head, *kinds, everything = list(report.lines(trials, "EUR"))[:4]
    assert " ".join(head.split()) == "kind cases pass^1 pass^2 tokens in out cost EUR p50 p95"
    assert [line.split()[0] for line in kinds] == ["status", "person"]
    assert " ".join(everything.split()) == "all 2 75.0 % 50.0 % 40 8 0.0020 1.00 s 3.00 s"


def test_a_failure_shows_what_was_said_called_and_expected(tmp_path: Path) -> None:
    [case] = made(tmp_path, "status/one")
    assert list(report.lines(tried(case, [True, False])))[4:] == [
        "✗ status/one: 1 of 2 passed",
        "    customer  Where is it?",
        "    called    get_order {'order_number': '1'}",
        "    assistant It is / late.",
        "  → expected  to hear “DHL”",
    ]


def test_without_a_price_the_cost_is_unknown_and_offline_costs_nothing(tmp_path: Path) -> None:
    [case] = made(tmp_path, "status/one")
    unpriced = tried(case, [True], took={"model": "openai:a", "read": 10, "written": 2})
    assert report.rows(unpriced)[-1].cost is None
    assert "unknown" in list(report.lines(unpriced))[-1]
    assert report.rows(tried(case, [True], took={"model": "offline", "cost": 0}))[-1].cost == 0


def test_one_failure_of_many_is_not_rounded_away(tmp_path: Path) -> None:
    cases = made(tmp_path, *(f"status/{n}" for n in range(3000)))
    trials = [t for case in cases for t in tried(case, [case.id != "7"])]
    assert "99.9 %" in list(report.lines(trials))[1]


def test_the_json_has_every_word(tmp_path: Path) -> None:
    [case] = made(tmp_path, "status/one")
    whole = json.loads(json.dumps(report.as_json(tried(case, [False]), "offline")))
    [found] = whole["cases"]
    assert (whole["model"], found["passed"]) == ("offline", 0)
    assert found["trials"][0]["problems"] == [{"turn": 1, "expected": "to hear “DHL”"}]
    assert found["trials"][0]["turns"][0]["calls"][0]["tool"] == "get_order"
    assert [whole["kinds"][-1][each] for each in ("read", "cached", "written")] == [10, 4, 2]


@pytest.mark.parametrize(("percent", "value"), [(50, 2), (95, 4), (1, 1)])
def test_percentiles_are_values_that_occurred(percent: int, value: int) -> None:
    assert report.percentile([1, 2, 3, 4], percent) == value
