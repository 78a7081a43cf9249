"""A PostgreSQL server of the tests' own, with as many databases as they ask for."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from supportbot import children

# Debian and Ubuntu keep the server's programs off the PATH, one folder a version.
DEBIAN = Path("/usr/lib/postgresql")
# What Django 5.2 asks for, https://docs.djangoproject.com/en/5.2/ref/databases/#postgresql-notes
OLDEST_VERSION = 14
# PostgreSQL refuses to run as root; this user is on every Unix.
INSTEAD_OF_ROOT = "nobody"
# Seconds; a busy machine takes a while.
STARTS_WITHIN = 60
STOPS_WITHIN = 20


class PostgresqlMissing(Exception):
    """There is no PostgreSQL on this machine; the text says what to install."""


def programs() -> Path:
    """The folder with ``initdb`` and ``postgres``: from the PATH, else Debian's newest.

    Raises:
        PostgresqlMissing: there is none.
    """
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent
    versions = [int(folder.name) for folder in DEBIAN.glob("*") if folder.name.isdecimal()]
    for version in sorted(versions, reverse=True):
        folder = DEBIAN / str(version) / "bin"
        if version >= OLDEST_VERSION and (folder / "postgres").exists():
            return folder
    raise PostgresqlMissing(
        f"No PostgreSQL server of version {OLDEST_VERSION} or newer on this machine. Install it"
        " (Debian, Ubuntu: apt install postgresql; macOS: brew install postgresql, and its bin/ on"
        " the PATH); the tests start a server of their own and touch no other."
    )


class PostgresqlServer:
    """One server on a unix socket, in a folder of its own that it takes along when it ends.

    Only who runs the tests can reach it: there is no password, the folder is closed to others.
    ``fsync``: whether it writes as safely, and slowly, as in production.
    """

    def __init__(self, *, fsync: bool = False) -> None:
        self._programs = programs()
        self._fsync = fsync
        # Not in pytest's own folder: that is root's, where root runs the tests.
        self.folder = Path(tempfile.mkdtemp(prefix="supportbot-postgresql-"))
        self.process: subprocess.Popen[bytes] | None = None
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            user = pwd.getpwnam(INSTEAD_OF_ROOT)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            # --pdeathsig: with another user, the kernel forgets what the lifeline has asked for.
            self._as_user = [
                *(shutil.which("setpriv") or "setpriv", "--clear-groups", "--pdeathsig", "INT"),
                *("--reuid", str(user.pw_uid), "--regid", str(user.pw_gid)),
            ]

    @property
    def running(self) -> bool:
        """Whether its process is there; that it answers is another matter."""
        return self.process is not None and self.process.poll() is None

    @property
    def log(self) -> str:
        """What the server has printed so far."""
        file = self.folder / "server.log"
        return file.read_text() if file.exists() else ""

    def start(self) -> None:
        """Starts the server, on the data that it had before, and returns once it answers."""
        if not (self.folder / "data").exists():
            self._make()
        with (self.folder / "server.log").open("ab") as output:
            self.process = children.start(
                self._command("postgres", "-D", str(self.folder / "data")),
                output=output,
                folder=self.folder,
            )
        deadline = time.monotonic() + STARTS_WITHIN
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"PostgreSQL did not start:\n{self.log}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Ends the server and every connection to it; does nothing when it has already ended."""
        if self.process is not None and self.running:
            # "Fast": at SIGTERM it would wait until the last client has left.
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(STOPS_WITHIN)
            finally:
                children.end(self.process, timeout=0)

    def remove(self) -> None:
        """Ends the server, and deletes all that it had."""
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def database(self) -> str:
        """A new, empty database; its address as ``DATABASE_URL`` wants it."""
        name = f"shop_{secrets.token_hex(4)}"
        with self._connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return f"postgres://postgres@{quote(str(self.folder), safe='')}/{name}"

    def _make(self) -> None:
        initdb = self._command(
            *("initdb", "-D", str(self.folder / "data"), "--username", "postgres"),
            *("--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync"),
        )
        done = subprocess.run(
            initdb, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stderr.decode()}")
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "shared_buffers": "32MB",
        }
        if not self._fsync:  # what a test wrote need not outlive the machine
            settings |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
        with (self.folder / "data" / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    def _command(self, program: str, *arguments: str) -> Sequence[str]:
        return [*self._as_user, str(self._programs / program), *arguments]

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.folder),
            user="postgres",
            dbname="postgres",
            autocommit=True,
            connect_timeout=STARTS_WITHIN,
        )
