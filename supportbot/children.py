"""Programs that we start and that must not outlive us."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import IO

HANDED_ON = (signal.SIGTERM, signal.SIGHUP)
LIFELINE = Path(__file__).with_name("lifeline.py")


def start(
    command: Sequence[str],
    *,
    pass_fds: Collection[int] = (),
    output: IO[bytes] | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Starts a program that gets SIGTERM when this process ends, however it ends (on Linux).

    It stands in a process session of its own: Ctrl-C in the terminal reaches only us, and we end
    the program when those who use it have ended.

    ``pass_fds`` are open files that it inherits, ``output`` takes what it prints, ``environment``
    and ``folder`` are those that it runs in (None: our own).
    To be called in the main thread: the lifeline is tied to the thread that starts the program.
    """
    return subprocess.Popen(
        tied_to_us(command),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        pass_fds=pass_fds,
        env=environment,
        cwd=folder,
    )


def tied_to_us(command: Sequence[str]) -> list[str]:
    """The command line that makes the program end with this process."""
    return [sys.executable, "-I", "-S", str(LIFELINE), str(os.getpid()), *command]


def run_in_foreground(
    command: Sequence[str], *, environment: Mapping[str, str] | None = None
) -> int:
    """Runs a program on our terminal, where Ctrl-C reaches it; returns its exit status.

    SIGTERM and SIGHUP are handed on to it, and none of the three ends us before it has ended. To be
    called in the main thread.
    """
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, *HANDED_ON)}
    with subprocess.Popen(tied_to_us(command), env=environment) as program:
        signal.signal(signal.SIGINT, lambda *_: None)
        for number in HANDED_ON:
            signal.signal(number, lambda number, _: program.send_signal(number))
        try:
            status = program.wait()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
    return status if status >= 0 else 128 - status


def wait_for_any() -> None:
    """Returns when one of our programs has ended; ``poll()`` then tells which."""
    os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)


def end(*programs: subprocess.Popen[bytes], timeout: float) -> None:
    """SIGTERM to all of them, and SIGKILL to those that are still there after ``timeout`` seconds.

    An exception meanwhile (a second Ctrl-C) shortens the wait, and is raised in the end.
    """
    running = [program for program in programs if program.poll() is None]
    try:
        for program in running:
            program.terminate()
        for program in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(timeout)
    finally:
        for program in running:
            program.kill()
            program.wait()
