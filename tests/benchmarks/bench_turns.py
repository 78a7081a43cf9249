"""``make bench``: what a turn costs, ours and the story's stack side by side in one run.

Both servers run on a core of their own, one of them under load at a time, in turns (A-B-A-B), and
the rounds' medians count. Prints the figures with what is to be reached and writes ``results.json``
and ``cost-by-history.svg``. Exit status 1 when an "at least" is missed or an answer was wrong.
"""

import argparse
import asyncio
import gc
import json
import os
import platform
import resource
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from supportbot import env
from supportbot.redis_server import RedisServer
from tests.benchmarks import plot
from tests.benchmarks.contenders import Bare, Baseline, Contender, Fault, Ours, contenders
from tests.benchmarks.measure import (
    Outcome,
    Scenario,
    close_tabs,
    memory_of_idle,
    run,
    talk,
)
from tests.benchmarks.report import figures, print_results, print_targets, targets
from tests.benchmarks.servers import share_the_cores

# Files of a process besides its sockets.
OTHER_FILES = 200


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured; ``idle`` sockets on ours, the baseline's memory with fewer."""

    rounds: int
    scenarios: tuple[Scenario, ...]
    idle: int
    baseline_idle: int
    chatting: int  # of the idle ones, in the end

    @property
    def customers(self) -> int:
        """How many tabs of ours are opened in all."""
        return WARM_UP.tabs + self.rounds * sum(s.tabs for s in self.scenarios) + self.idle


WARM_UP = Scenario(history=10, tabs=10, at_once=10, turns=10)
# Short conversations, so that a history of ten is not one of a hundred when the round ends.
FULL = Plan(
    rounds=5,
    scenarios=(
        Scenario(history=10, tabs=40, at_once=1, turns=5),
        Scenario(history=100, tabs=20, at_once=1, turns=5),
        Scenario(history=1_000, tabs=12, at_once=1, turns=5),
        Scenario(history=10_000, tabs=4, at_once=1, turns=5),
        Scenario(history=10, tabs=100, at_once=100, turns=5),
        Scenario(history=10, tabs=1_000, at_once=1_000, turns=2),
    ),
    idle=10_000,
    baseline_idle=1_000,
    chatting=100,
)
# Shows that everything works; its figures mean nothing.
QUICK = Plan(
    rounds=1,
    scenarios=(
        Scenario(history=10, tabs=2, at_once=1, turns=2),
        Scenario(history=30, tabs=2, at_once=2, turns=1),
    ),
    idle=20,
    baseline_idle=20,
    chatting=5,
)


Measured = dict[Scenario, dict[str, list[Outcome]]]


async def measure(
    plan: Plan, ours: Ours, baseline: Baseline, bare: Bare, redis_pid: int
) -> dict[str, Any]:
    """Runs the plan, the bare turn in its first scenario only.

    Answers what ``results.json`` holds, but for the machine.

    Raises:
        Fault: an answer was not the right one.
    """
    stacks: tuple[Contender, ...] = (ours, baseline)
    measured: Measured = {scenario: defaultdict(list) for scenario in plan.scenarios}
    for contender in (*stacks, bare):
        await run(contender, WARM_UP, redis_pid)
    for number in range(1, plan.rounds + 1):
        for scenario in plan.scenarios:
            for contender in (*stacks, bare) if scenario is plan.scenarios[0] else stacks:
                say(f"round {number} of {plan.rounds}: {describe(scenario)}, {contender.name}")
                outcome = await run(contender, scenario, redis_pid)
                measured[scenario][contender.name].append(outcome)
                say(f"    {outcome.cpu * 1e3:.2f} ms a turn")
    idle = {}
    for contender, count in ((baseline, plan.baseline_idle), (ours, plan.idle)):
        say(f"{count:,} idle sockets, {contender.name}")
        memory, tabs = await memory_of_idle(contender, count)
        chat = Scenario(0, plan.chatting, plan.chatting, 5)
        outcome = await talk(contender, tabs[: plan.chatting], chat, redis_pid)
        await close_tabs(tabs)
        idle[contender.name] = {
            "sockets": count,
            "kib_each": memory / 1024,
            "chatting": plan.chatting,
            **figures([outcome]),
        }
    return {
        "scenarios": [
            {"history": s.history, "at_once": s.at_once, "turns": s.count}
            | {name: figures(outcomes) for name, outcomes in measured[s].items()}
            for s in plan.scenarios
        ],
        "idle": idle,
    }


def machine(core: int | None) -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": len(os.sched_getaffinity(0)) + (core is not None),
        "server_on_a_core_of_its_own": core is not None,
    }


def allow_files(count: int) -> None:
    """Raises the limit of open files as far as needed; ends the run where that is not allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        if hard != resource.RLIM_INFINITY and hard < count:
            sys.exit(
                f"{count:,} open files are needed for each process and {hard:,} are allowed:"
                f" raise the limit first, with `ulimit -n {count}` as root or in limits.conf."
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def describe(scenario: Scenario) -> str:
    return f"{scenario.history:,} messages, {scenario.at_once:,} at once"


def say(text: str) -> None:
    """Progress, for those who watch."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only show that it works")
    parser.add_argument(
        "--into", type=Path, default=env.ROOT / "var" / "bench", help="folder (%(default)s)"
    )
    options = parser.parse_args()
    plan = QUICK if options.quick else FULL
    allow_files(max(plan.idle, plan.baseline_idle) + OTHER_FILES)
    core = share_the_cores()
    # The collector's pauses here would count as the servers' latency.
    gc.freeze()
    gc.disable()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        redis = RedisServer(folder / "redis", folder / "redis.sock")
        redis.start()
        try:
            assert redis.process is not None
            with contenders(folder, redis.url, core, plan.customers) as stacks:
                results = asyncio.run(measure(plan, *stacks, redis.process.pid))
        except* Fault as faults:
            sys.exit(f"A wrong answer: {faults.exceptions[0]}")
        finally:
            redis.stop()
    results = {"machine": machine(core), **results}
    options.into.mkdir(parents=True, exist_ok=True)
    (options.into / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (options.into / "cost-by-history.svg").write_text(plot.cost_by_history(results))
    print_results(results)
    if options.quick:
        return 0
    rows = targets(results)
    print_targets(rows)
    return int(not all(row.met for row in rows))


if __name__ == "__main__":
    sys.exit(main())
