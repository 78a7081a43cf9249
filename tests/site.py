"""A real site for tests: `manage.py serve`, with a database and a Redis of its own."""

import http.client
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

from supportbot import children, server
from supportbot.redis_server import RedisServer
from tests import environment as run

ROOT = Path(__file__).parent.parent

DATABASE = "site.sqlite3"
# Seconds; a busy machine takes a while to import all of it.
STARTS_WITHIN = 60
STOPS_WITHIN = 30


class Site:
    """One process of the site, which can be ended and started again on the same address and data.

    ``environment`` goes over the defaults here; without a ``redis`` it must name a ``REDIS_URL``.
    Use :func:`running_site`, which surely ends it.
    """

    def __init__(
        self, folder: Path, redis: RedisServer | None, environment: dict[str, str], number: int = 1
    ) -> None:
        self._port = 0
        self._folder = folder
        self._log = folder / f"site-{number}.log"
        self._redis = redis
        self._process: subprocess.Popen[bytes] | None = None
        self.environment = os.environ | {
            "DEBUG": "True",
            "SECRET_KEY": "only-for-tests",
            "ALLOWED_HOSTS": "127.0.0.1",
            "DATABASE_URL": f"sqlite:///{folder / DATABASE}",
            "REDIS_URL": redis.url if redis is not None else "",
            "ASSISTANT_MODEL": "offline",
            **environment,
        }
        self.others: list[Site] = []

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def redis(self) -> RedisServer:
        """The Redis that was started for the site; there is none where it was given one."""
        assert self._redis is not None, "this site was given its REDIS_URL"
        return self._redis

    @property
    def alive(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    def another(self, **environment: str) -> "Site":
        """One more process on the same data, started; it ends with the site.

        ``environment`` goes over that of the first.
        """
        number = len(self.others) + 2
        other = Site(self._folder, self._redis, self.environment | environment, number)
        self.others.append(other)
        other.start()
        return other

    def start(self) -> None:
        """Returns once the site answers; the port is the one it had before."""
        with closing(server.listen("127.0.0.1", self._port)) as listener:
            self._port = listener.getsockname()[1]
            with self._log.open("ab") as output:
                self._process = children.start(
                    [*MANAGE, "serve", "--fd", str(listener.fileno())],
                    environment=self.environment,
                    pass_fds=[listener.fileno()],
                    output=output,
                )
        deadline = time.monotonic() + STARTS_WITHIN
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"The site did not start:\n{self.log()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ends it as a deployment does, by SIGTERM."""
        if self._process is not None:
            children.end(self._process, timeout=STOPS_WITHIN)

    def tell_to_end(self) -> None:
        """Sends SIGTERM and does not wait."""
        if self._process is not None:
            self._process.terminate()

    def kill(self) -> None:
        """Ends it as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def signal(self, number: int) -> None:
        """Sends a signal to the process, and does not wait for what it does."""
        assert self._process is not None, "the site was never started"
        self._process.send_signal(number)

    def manage(self, *command: str) -> str:
        """What a management command on the site's data printed."""
        done = subprocess.run(
            [*MANAGE, *command],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
        return done.stdout

    def log(self) -> str:
        """What the site's process has printed so far."""
        return self._log.read_text() if self._log.exists() else ""

    def _answers(self) -> bool:
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=1)) as connection:
            try:
                connection.request("GET", "/healthz")
                return connection.getresponse().status == 200
            except OSError:
                return False


MANAGE = (sys.executable, str(ROOT / "manage.py"))


def _open_shop(site: Site) -> None:
    site.manage("migrate", "--verbosity", "0")
    site.manage("seed_demo")


@cache
def _shop() -> Path:
    """The demo shop's database, made once in a run: each site begins with a copy."""
    folder = run.folder / "demo"
    folder.mkdir()
    _open_shop(Site(folder, run.server, {}))
    return folder / DATABASE


@contextmanager
def running_site(folder: Path, **environment: str) -> Iterator[Site]:
    """The demo shop's site, with alice, bob, carol and staff; its password for all is ``demo``.

    ``environment`` goes over the defaults here. Without a ``DATABASE_URL`` in it the site has an
    SQLite file in ``folder``, without a ``REDIS_URL`` a Redis server that ends with it.
    """
    redis = None
    if "REDIS_URL" not in environment:
        redis = RedisServer(folder / "redis", folder / "redis.sock")
    site = Site(folder, redis, environment)
    try:
        if redis is not None:
            redis.start()
        if "DATABASE_URL" in environment:
            _open_shop(site)
        else:
            shutil.copy(_shop(), folder / DATABASE)
        site.start()
        yield site
    finally:
        for process in (*site.others, site):
            process.stop()
        if redis is not None:
            redis.stop()
