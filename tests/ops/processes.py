"""Watches real processes: who belongs to whom, and whether they are gone (Linux's /proc)."""

import os
import time
from collections.abc import Callable
from pathlib import Path

# Seconds; generous, for a busy machine. Nothing here waits longer than it must.
PATIENCE = 60


def until(condition: Callable[[], bool], what: str | Callable[[], str]) -> None:
    """Returns as soon as the condition holds; ``what`` says what did not happen."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"never happened: {what if isinstance(what, str) else what()}")
        time.sleep(0.02)


def descendants(pid: int) -> dict[int, str]:
    """The process's children and theirs, with their command lines."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int(_status(int(folder.name))[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents.setdefault(parent, []).append(int(folder.name))
    found: dict[int, str] = {}
    waiting = [pid]
    while waiting:
        for child in parents.get(waiting.pop(), []):
            found[child] = command_line(child)
            waiting.append(child)
    return found


def command_line(pid: int) -> str:
    """The command line; empty when the process has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_stopped(pid: int) -> bool:
    """Whether a signal has halted it: it is there, and does nothing."""
    return _status(pid)[0] == "T"


def until_gone(pids: dict[int, str]) -> None:
    """Returns when none of these processes is there."""
    # A zombie, and a stranger that got the number, have other command lines.
    until(
        lambda: not any(command and command_line(pid) == command for pid, command in pids.items()),
        f"end of {pids}",
    )


def kill_all(pids: dict[int, str], signal: int) -> None:
    """Sends the signal to all that are still there."""
    for pid, command in pids.items():
        if command_line(pid) == command:
            os.kill(pid, signal)


def _status(pid: int) -> list[str]:
    # The name, in brackets, may hold anything; behind it stand the state and the parent.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
