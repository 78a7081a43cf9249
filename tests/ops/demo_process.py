"""``make demo``'s program as a process of its own, for tests."""

import http.client
import os
import re
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import redis

from supportbot import env
from tests.ops.processes import PATIENCE, descendants, kill_all, until


class DemoProcess:
    """The demo on a folder. Its variables are those given here and no others of ours.

    As a context manager it surely ends, with all that it started.
    """

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.folder = folder
        self._printed = folder.parent / f"{folder.name[:20]}-{os.urandom(4).hex()}.txt"
        self._seen: dict[int, str] = {}
        defaults = {"DATA_DIR": str(folder), "PORT": "0"}
        blank = {"DATABASE_URL": "", "REDIS_URL": "", "SECRET_KEY": "", "ALLOWED_HOSTS": ""}
        with self._printed.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "supportbot.demo", *arguments],
                cwd=env.ROOT,
                env=os.environ | blank | {"DEBUG": ""} | defaults | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def __enter__(self) -> "DemoProcess":
        return self

    def __exit__(self, *exception: object) -> None:
        started = self._seen | self.started()
        self.process.kill()
        self.process.wait()
        kill_all(started, signal.SIGKILL)

    @property
    def printed(self) -> str:
        return self._printed.read_text()

    @property
    def url(self) -> str:
        """Where the site is, as the demo printed it."""
        found = re.search(r"http://127\.0\.0\.1:(\d+)", self.printed)
        assert found, self.printed
        return found[0]

    def until_open(self) -> "DemoProcess":
        """Returns when it has said that the shop is open."""
        until(lambda: "Ctrl-C ends it" in self.printed or self._ended, "the shop is open")
        assert not self._ended, self.printed
        self._seen = self.started()
        return self

    def end(self, number: int) -> int:
        """Sends the signal to the demo alone; returns its exit status."""
        self._seen |= self.started()
        self.process.send_signal(number)
        return self.status()

    def status(self) -> int:
        """The exit status, once it has ended."""
        return self.process.wait(PATIENCE)

    def started(self) -> dict[int, str]:
        """The processes that it has started and that are still there, with their commands."""
        return descendants(self.process.pid)

    def pid_of(self, word: str) -> int:
        """The one process of its own whose command line has the word."""
        (pid,) = (pid for pid, command in self.started().items() if word in command)
        return pid

    def redis(self) -> redis.Redis:
        """A client of the embedded server."""
        return redis.Redis(unix_socket_path=str(self.folder / "redis.sock"))

    def status_of(self, page: str) -> int:
        """The site's answer to GET; 0 when there is none."""
        host = self.url.removeprefix("http://")
        with closing(http.client.HTTPConnection(host, timeout=PATIENCE)) as connection:
            try:
                connection.request("GET", page)
                return connection.getresponse().status
            except OSError:
                return 0

    @property
    def _ended(self) -> bool:
        return self.process.poll() is not None


def run_demo(folder: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """The exit status and what was printed, of a demo or command that ends by itself."""
    with DemoProcess(folder, *arguments, **environment) as demo:
        return demo.status(), demo.printed
