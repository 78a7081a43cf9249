"""The servers of a test run end with it, however it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from supportbot import env
from tests.ops.processes import command_line, descendants, kill_all, until, until_gone

HANGS = """
import contextlib, os, signal
from pathlib import Path
import pytest
from tests import environment
from tests.postgresql_server import PostgresqlMissing

@pytest.mark.parametrize("number", [1, 2])
def test_hangs(number):
    if number == 2:
        with contextlib.suppress(PostgresqlMissing):
            environment.postgresql()
    there = Path(__file__).with_name(f"running-{os.getpid()}")
    there.with_suffix(".new").write_text(str(environment.server.process.pid))
    there.with_suffix(".new").rename(there)
    signal.pause()
"""


class Run:
    """A run of two workers, each in a test that hangs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "test_hangs.py").write_text(HANGS)
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "pytest", "-n", "2", "-p", "no:cacheprovider"),
                *("-c", str(env.ROOT / "pyproject.toml"), str(folder / "test_hangs.py")),
            ],
            cwd=env.ROOT,
            # A run of its own, not a worker of ours.
            env={name: value for name, value in os.environ.items() if "PYTEST" not in name},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until(lambda: len(list(folder.glob("running-*[0-9]"))) == 2, "both workers hang")
        self.all = descendants(self.process.pid)
        running = list(folder.glob("running-*[0-9]"))
        self.workers = [int(file.name.removeprefix("running-")) for file in running]
        self.servers = {int(file.read_text()): "" for file in running}
        self.servers = {pid: command_line(pid) for pid in self.servers}


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path)
    yield run
    run.process.kill()
    run.process.wait()
    kill_all(run.all, signal.SIGKILL)


def test_each_worker_has_a_redis_of_its_own(run: Run) -> None:
    assert len(run.servers) == 2
    assert all("valkey-server" in command for command in run.servers.values())


def test_after_ctrl_c_nothing_of_a_run_is_left(run: Run) -> None:
    os.killpg(run.process.pid, signal.SIGINT)
    run.process.wait()
    until_gone(run.all)


def test_a_killed_run_leaves_no_process(run: Run) -> None:
    run.process.kill()
    run.process.wait()
    for worker in run.workers:
        # It hangs in its test and does not read that the run is gone.
        os.kill(worker, signal.SIGKILL)
    until_gone(run.all)


def test_a_killed_workers_redis_ends_with_it(run: Run) -> None:
    killed = run.workers[0]
    children = descendants(killed)
    assert children
    os.kill(killed, signal.SIGKILL)
    until_gone(children)
