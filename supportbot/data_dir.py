"""The folder in which the demo keeps what it makes, and who is using it."""

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import stat
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from supportbot.redis_server import SOCKET_PATH_MAX, RedisServer


class DataDirError(Exception):
    """The folder cannot be used; the text says why."""


class InUse(DataDirError):
    """Another process has claimed the folder.

    ``environment`` is what that process shares with others: with it they reach its database,
    its Redis and its site. None: nobody can join it (yet).
    """

    def __init__(self, pid: int, what: str, environment: dict[str, str] | None) -> None:
        super().__init__(f"{what} (process {pid})")
        self.what = what
        self.environment = environment


class Claim:
    """A process's claim on the folder; it ends with the process, however that ends."""

    def __init__(self, file: int, what: str) -> None:
        self._file = file
        self._what = what
        self._write(None)

    def share(self, environment: dict[str, str]) -> None:
        """Lets others join in: these variables lead them to the same database, Redis and site."""
        self._write(environment)

    def _write(self, environment: dict[str, str] | None) -> None:
        holder = {"pid": os.getpid(), "what": self._what, "environment": environment}
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, json.dumps(holder).encode(), 0)


class DataDir:
    """Made when it is not there, readable by nobody else.

    Raises:
        DataDirError: it cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path = path.resolve()
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise DataDirError(f"DATA_DIR: cannot make {path}: {error.strerror}.") from error
        if not os.access(path, os.W_OK | os.X_OK):
            raise DataDirError(f"DATA_DIR: {path} is not writable.")

    @property
    def database(self) -> Path:
        return self.path / "shop.sqlite3"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{quote(str(self.database))}"

    def claim(self, what: str, *, unless: Callable[[InUse], bool]) -> Claim:
        """Claims the folder for this process; ``what`` names it to the others.

        Waits while another process has it, unless ``unless`` says of that one not to.

        Raises:
            InUse: that is what it said.
        """
        file = os.open(self.path / "in-use.json", os.O_RDWR | os.O_CREAT, 0o600)
        told = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                other = _holder(os.pread(file, 65536, 0))
                if unless(other):
                    os.close(file)
                    raise other from None
                if not told and other.what:
                    print(f"Waiting for {other} …", file=sys.stderr)
                    told = True
                time.sleep(0.1)
            else:
                return Claim(file, what)

    def secret_key(self) -> str:
        """Django's SECRET_KEY: made once and kept, so that logins outlive a restart."""
        file = self.path / "secret-key"
        if not file.exists():
            # Whole or not at all; the link is refused where another process was first.
            with tempfile.NamedTemporaryFile("w", dir=self.path, prefix="secret-key-") as new:
                new.write(secrets.token_urlsafe(48))
                new.flush()
                with contextlib.suppress(FileExistsError):
                    os.link(new.name, file)
        return file.read_text()

    def redis_server(self) -> RedisServer:
        """The embedded server, not started. Its socket stands here, or, where the path would be
        too long for one, in a folder of ours under the system's temporary one."""
        socket = self.path / "redis.sock"
        if len(os.fsencode(socket)) > SOCKET_PATH_MAX:
            name = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
            socket = _private_folder(f"supportbot-{os.getuid()}-{name}") / "redis.sock"
        return RedisServer(self.path / "redis", socket)


def _holder(content: bytes) -> InUse:
    try:
        return InUse(**json.loads(content))
    except ValueError:
        # It has the lock and is about to write who it is.
        return InUse(0, "", None)


def _private_folder(name: str) -> Path:
    folder = Path(tempfile.gettempdir()) / name
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    # Anybody may make a folder of this name there, and then a socket in it.
    if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) != 0o700 or folder.is_symlink():
        raise DataDirError(
            f"{folder} is not ours alone: remove it, or set DATA_DIR to a shorter path."
        )
    return folder
