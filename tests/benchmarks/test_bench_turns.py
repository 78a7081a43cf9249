"""The benchmark runs. What it measures in a second means nothing; `make bench` is for that."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from supportbot import env
from tests.benchmarks.report import Row


def bench(into: Path, *before: str) -> subprocess.CompletedProcess[str]:
    command = [*before, sys.executable, "-m", "tests.benchmarks.bench_turns", "--quick"]
    return subprocess.run(
        [*command, "--into", str(into)],
        cwd=env.ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_quick_run_talks_to_both_and_leaves_figures_and_a_picture(tmp_path: Path) -> None:
    done = bench(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((tmp_path / "results.json").read_text())
    for scenario in [*results["scenarios"], results["idle"]]:
        assert scenario["ours"]["cpu_ms"] > 0
        assert scenario["baseline"]["cpu_ms"] > 0
    picture = ElementTree.parse(tmp_path / "cost-by-history.svg")  # noqa: S314 - our own
    assert picture.getroot().tag.endswith("svg")


def test_too_few_open_files_are_said_beforehand(tmp_path: Path) -> None:
    done = bench(tmp_path, "prlimit", "--nofile=64:64")
    assert done.returncode == 1
    assert "`ulimit -n" in done.stderr


@pytest.mark.parametrize(
    ("value", "more", "met", "aimed"),
    [
        (4.9, True, False, False),
        (5.0, True, True, False),
        (10.0, True, True, True),
        (10.1, False, False, False),
        (10.0, False, True, False),
        (5.0, False, True, True),
    ],
)
def test_a_target_counts_from_its_right_side(
    value: float, more: bool, met: bool, aimed: bool
) -> None:
    at_least, aim = (5, 10) if more else (10, 5)
    row = Row("", value, "", at_least, aim, more=more)
    assert (row.met, row.aimed) == (met, aimed)
