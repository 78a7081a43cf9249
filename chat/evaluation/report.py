"""What the trials come to: a table by kind, what failed and how, and all of it as JSON."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chat.evaluation.judging import Heard
from chat.evaluation.trials import Trial

ALL = "all"


def pass_hat(passed: int, trials: int, k: int) -> float:
    """The chance that ``k`` trials of a case all pass, estimated from ``trials`` of which
    ``passed`` did.

    pass^k of tau-bench: C(passed, k) / C(trials, k), to be averaged over the cases.
    Yao, Shinn, Razavi, Narasimhan: "τ-bench: A Benchmark for Tool-Agent-User Interaction in
    Real-World Domains", 2024, https://arxiv.org/abs/2406.12045
    """
    return math.comb(passed, k) / math.comb(trials, k)


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one kind, or of all. Tokens and cost are those of all its trials together.

    ``passes[k - 1]`` is pass^k. ``cost`` is in the price table's currency, None where there is no
    price for the model. The latencies of a turn are in seconds.
    """

    kind: str
    cases: int
    passes: tuple[float, ...]
    read: int
    cached: int
    written: int
    cost: float | None
    p50: float
    p95: float


def rows(trials: Sequence[Trial]) -> list[Row]:
    """A row for each kind, in the order in which they came, and one of all."""
    kinds = dict.fromkeys(trial.case.kind for trial in trials)
    return [
        *(_row(kind, [t for t in trials if t.case.kind == kind]) for kind in kinds),
        _row(ALL, trials),
    ]


def _row(kind: str, trials: Sequence[Trial]) -> Row:
    by_case = _by_case(trials)
    repeat = len(by_case[0])
    turns = [heard for trial in trials for heard in trial.heard]
    costs = [heard.figures.get("cost") for heard in turns if heard.figures]
    seconds = sorted(heard.seconds for heard in turns)
    return Row(
        kind=kind,
        cases=len(by_case),
        passes=tuple(
            sum(pass_hat(sum(t.passed for t in each), repeat, k) for each in by_case) / len(by_case)
            for k in range(1, repeat + 1)
        ),
        read=_sum(turns, "read"),
        cached=_sum(turns, "cached"),
        written=_sum(turns, "written"),
        cost=None if None in costs else sum(filter(None, costs)) / 1_000_000,
        p50=percentile(seconds, 50),
        p95=percentile(seconds, 95),
    )


def _sum(turns: Iterable[Heard], figure: str) -> int:
    return sum(heard.figures.get(figure, 0) for heard in turns)


def percentile(ordered: Sequence[float], percent: int) -> float:
    """The nearest-rank percentile; 0 of nothing."""
    return ordered[math.ceil(len(ordered) * percent / 100) - 1] if ordered else 0.0


def lines(trials: Sequence[Trial], currency: str = "") -> Iterator[str]:
    """The table, and what failed: of each case the first trial that did."""
    yield from _table(rows(trials), currency)
    failed = [each for each in _by_case(trials) if not all(trial.passed for trial in each)]
    for each in failed:
        yield ""
        yield from _failure(each)


def _table(found: Sequence[Row], currency: str) -> Iterator[str]:
    repeat = len(found[0].passes)
    many = [f"pass^{repeat}"] if repeat > 1 else []
    yield _line(
        "kind",
        "cases",
        "pass^1",
        many,
        "tokens in",
        "out",
        f"cost {currency}".strip(),
        "p50",
        "p95",
    )
    for row in found:
        yield _line(
            row.kind,
            f"{row.cases:,}",
            _percent(row.passes[0]),
            [_percent(row.passes[-1])] if many else [],
            f"{row.read:,}",
            f"{row.written:,}",
            "unknown" if row.cost is None else f"{row.cost:.4f}" if row.cost else "0",
            f"{row.p50:.2f} s",
            f"{row.p95:.2f} s",
        )


def _line(kind: str, cases: str, first: str, many: list[str], *rest: str) -> str:
    columns = [f"{cases:>5}", *(f"{each:>8}" for each in (first, *many))]
    return f"{kind:<18}{''.join(columns)}{''.join(f'{each:>11}' for each in rest)}".rstrip()


def _percent(share: float) -> str:
    # Rounded down: 100 % is said of nothing that has failed.
    return f"{math.floor(share * 1000 + 1e-9) / 10:.1f} %"


def _failure(trials: Sequence[Trial]) -> Iterator[str]:
    passed = sum(trial.passed for trial in trials)
    trial = next(trial for trial in trials if not trial.passed)
    yield f"✗ {trial.case.name}: {passed} of {len(trials)} passed"
    for number, heard in enumerate(trial.heard, 1):
        problems = [problem.expected for problem in trial.problems if problem.turn == number]
        yield f"    customer  {_one_line(heard.say)}"
        for call in heard.calls:
            yield f"    called    {call.tool} {dict(call.arguments) or ''}".rstrip()
        yield f"    assistant {_one_line(heard.answer) or '(no answer)'}"
        yield from (f"  → expected  {problem}" for problem in problems)
    told = len(trial.heard)
    rest = [p.expected for p in trial.problems if p.turn == 0 or p.turn > told]
    yield from (f"  → expected  {problem}" for problem in rest)


def _one_line(text: str) -> str:
    return " / ".join(line.strip() for line in text.splitlines() if line.strip())


def share_passed(trials: Sequence[Trial]) -> float:
    """pass^k with k the number of trials, in percent: the cases that passed every time."""
    return 100 * rows(trials)[-1].passes[-1]


def as_json(trials: Sequence[Trial], model: str) -> dict[str, Any]:
    """Everything: the figures, and every word of every trial."""
    return {
        "model": model,
        "kinds": [asdict(row) for row in rows(trials)],
        "cases": [
            {
                "id": each[0].case.id,
                "kind": each[0].case.kind,
                "passed": sum(trial.passed for trial in each),
                "trials": [
                    {
                        "passed": trial.passed,
                        "problems": [asdict(problem) for problem in trial.problems],
                        "turns": [asdict(heard) for heard in trial.heard],
                    }
                    for trial in each
                ],
            }
            for each in _by_case(trials)
        ],
    }


def _by_case(trials: Iterable[Trial]) -> list[list[Trial]]:
    grouped: dict[str, list[Trial]] = {}
    for trial in trials:
        grouped.setdefault(trial.case.name, []).append(trial)
    return list(grouped.values())
