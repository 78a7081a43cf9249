"""The servers that are measured: each a process on a core of its own, and what it has used up."""

import http.client
import os
import subprocess
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from supportbot import children, env, server

# Seconds; a busy machine takes a while to import all of it.
STARTS_WITHIN = 60
STOPS_WITHIN = 30


def share_the_cores() -> int | None:
    """Keeps this process and what it starts off one core, and answers that one's number.

    None on a machine with a single core, where nothing can be kept apart.
    """
    own, *others = sorted(os.sched_getaffinity(0))
    if not others:
        return None
    os.sched_setaffinity(0, others)
    return own


def cpu_seconds(pid: int) -> float:
    """CPU time that the process has used, all threads, in user and kernel mode."""
    # clock_getcpuclockid(3) as Linux makes it: the inverted pid and the clock of the scheduler.
    return time.clock_gettime((~pid << 3) | 2)


def resident_bytes(pid: int) -> int:
    """Memory of the process that is in RAM."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class Server:
    """A program that listens on a socket which it inherits; use as a context manager.

    ``command`` may say ``{fd}`` for the socket's file, and runs in the folder ``code``. ``core`` is
    the one it runs on, None any.
    """

    def __init__(
        self,
        command: list[str],
        environment: Mapping[str, str],
        log: Path,
        core: int | None,
        code: Path = env.ROOT,
    ) -> None:
        with closing(server.listen("127.0.0.1", 0)) as listener, log.open("wb") as output:
            self.port: int = listener.getsockname()[1]
            file = listener.fileno()
            self._process = subprocess.Popen(
                children.tied_to_us([part.format(fd=file) for part in command]),
                cwd=code,
                env=environment,
                pass_fds=[file],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._log = log
        if core is not None:
            # Before it has threads, which inherit it.
            os.sched_setaffinity(self.pid, [core])

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> "Server":
        deadline = time.monotonic() + STARTS_WITHIN
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise SystemExit(f"A server did not start:\n{self._log.read_text()}")
            time.sleep(0.05)
        return self

    def __exit__(self, *exception: object) -> None:
        children.end(self._process, timeout=STOPS_WITHIN)

    def _answers(self) -> bool:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)) as connection:
            try:
                connection.request("GET", "/healthz")
                return connection.getresponse().status == 200
            except OSError:
                return False
