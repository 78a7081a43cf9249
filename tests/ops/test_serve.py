"""The server for production and the one for those who develop; health; static files."""

import asyncio
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosedError

from supportbot import env
from supportbot.redis_server import RedisServer
from tests.ops.processes import PATIENCE, descendants, kill_all, until, until_gone
from tests.site import Site
from tests.socket_client import Browser

Answer = tuple[int, http.client.HTTPMessage, str]


class Manage:
    """``manage.py`` with these arguments, as a process; as a context manager it surely ends."""

    def __init__(
        self,
        site: Site,
        log: Path,
        *arguments: str,
        code: Path = env.ROOT,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.site = site
        self.log = log
        self.code = code
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "error", str(code / "manage.py"), *arguments],
                env=site.environment | (environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def __enter__(self) -> "Manage":
        return self

    def __exit__(self, *exception: object) -> None:
        started = descendants(self.process.pid)
        self.process.kill()
        self.process.wait()
        kill_all(started, signal.SIGKILL)

    @property
    def printed(self) -> str:
        return self.log.read_text()

    def until_serving(self) -> "Manage":
        """Returns when it answers."""
        until(lambda: self._answers() or self.process.poll() is not None, "the site answers")
        assert self.process.poll() is None, self.printed
        return self

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Status, headers and body."""
        found = re.search(r"Serving http://(127\.0\.0\.1:\d+)/", self.printed)
        assert found
        with closing(http.client.HTTPConnection(found[1], timeout=PATIENCE)) as connection:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers=names)
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()

    def _answers(self) -> bool:
        try:
            return self.get("/healthz")[0] == 200
        except (OSError, AssertionError):
            return False


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A database and a Redis for a site that is not started."""
    folder = tmp_path_factory.mktemp("site")
    redis = RedisServer(folder / "redis", folder / "redis.sock")
    redis.start()
    site = Site(folder, redis, {})
    site.manage("migrate", "--verbosity", "0")
    yield site
    redis.stop()


@pytest.fixture(scope="module")
def served(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Manage]:
    """A site that serves."""
    log = tmp_path_factory.mktemp("served") / "log"
    with Manage(site, log, "serve", "--port", "0") as manage:
        yield manage.until_serving()


def test_health_checks_are_answered_whatever_the_host(served: Manage) -> None:
    for path in ("/healthz", "/readyz"):
        status, headers, body = served.get(path, Host="10.0.0.7")
        assert status == 200
        assert '"status": "ok"' in body
        assert headers["Cache-Control"] == "no-store"
    assert served.get("/accounts/login/", Host="10.0.0.7")[0] == 400
    assert served.get("/healthz", method="POST")[0] == 405


def test_static_files_come_from_the_apps_without_collectstatic(served: Manage) -> None:
    path = "/static/admin/css/base.css"
    status, headers, body = served.get(path)
    assert (status, headers["Content-Type"]) == (200, 'text/css; charset="utf-8"')
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert int(headers["Content-Length"]) == len(body.encode())
    assert served.get(path, If_None_Match=headers["ETag"])[0] == 304
    assert served.get(path, Range="bytes=3-5")[::2] == (206, body[3:6])
    assert served.get(path, method="HEAD")[::2] == (200, "")
    assert served.get("/static/nothing.css")[0] == 404
    assert served.get("/static/../manage.py")[0] == 404
    # Run with warnings as errors: a stream that Django must read whole would be one.
    assert "Warning" not in served.printed


def test_the_log_does_not_tell_who_opened_what(served: Manage) -> None:
    served.get("/accounts/login/?next=/orders/1018/")
    assert "1018" not in served.printed


def test_https_behind_a_proxy_on_this_machine_is_believed(served: Manage) -> None:
    status, headers, _ = served.get("/orders/", X_Forwarded_Proto="https", Host="127.0.0.1")
    assert (status, headers["Location"]) == (302, "/accounts/login/?next=/orders/")


async def test_a_frame_that_no_message_can_be_closes_the_socket(site: Site, served: Manage) -> None:
    found = re.search(r"http://[\d.:]+", served.printed)
    assert found
    site.manage("shell", "-c", MAKE_MALLORY)
    browser = await asyncio.to_thread(Browser(found[0]).log_in, "mallory", "long-enough-word")
    async with browser.tab() as tab:
        with pytest.raises(ConnectionClosedError) as closed:
            await tab.socket.send("x" * (4000 * 12 + 4097))
            await tab.socket.wait_closed()
            await tab.socket.send("")
        assert closed.value.rcvd
        assert closed.value.rcvd.code == 1009


MAKE_MALLORY = """
from django.contrib.auth.models import User
User.objects.create_user("mallory", password="long-enough-word")
"""


def test_not_ready_says_which_and_the_process_stays_healthy(site: Site, tmp_path: Path) -> None:
    dead = {"REDIS_URL": "redis://127.0.0.1:1/0"}
    with Manage(site, tmp_path / "log", "serve", "--port", "0", environment=dead) as manage:
        manage.until_serving()
        status, _, body = manage.get("/readyz")
        assert status == 503
        assert '"redis": "no answer"' in body
        assert '"database": "ok"' in body
    away = {"DATABASE_URL": "postgres://user@127.0.0.1:1/shop"}
    with Manage(site, tmp_path / "log", "serve", "--port", "0", environment=away) as manage:
        status, _, body = manage.until_serving().get("/readyz")
        assert status == 503
        assert '"database": "no answer"' in body
        assert '"redis": "ok"' in body


def test_a_database_that_hangs_is_not_waited_for(site: Site, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        hangs = {"DATABASE_URL": f"postgres://user@127.0.0.1:{port}/shop"}
        with Manage(site, tmp_path / "log", "serve", "--port", "0", environment=hangs) as manage:
            manage.until_serving()
            for _ in range(3):
                status, _, body = manage.get("/readyz")
                assert status == 503
                assert '"database": "no answer"' in body
                assert manage.get("/healthz")[0] == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_server_ends_when_told_to(site: Site, tmp_path: Path, number: int) -> None:
    with Manage(site, tmp_path / "log", "serve", "--port", "0") as manage:
        manage.until_serving().process.send_signal(number)
        assert manage.process.wait(PATIENCE) == 0
        assert "Traceback" not in manage.printed


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_workers_share_the_port_and_one_that_ends_is_replaced(
    site: Site, tmp_path: Path, number: int
) -> None:
    arguments = ("serve", "--port", "0", "--workers", "2")
    with Manage(site, tmp_path / "log", *arguments) as manage:
        manage.until_serving()
        workers = descendants(manage.process.pid)
        assert len(workers) == 2
        os.kill(next(iter(workers)), number)
        until(lambda: len(descendants(manage.process.pid).keys() - workers.keys()) == 1, "another")
        assert manage.get("/healthz")[0] == 200
        workers = descendants(manage.process.pid)
        manage.process.terminate()
        assert manage.process.wait(PATIENCE) == 0
        until_gone(workers)


def test_killed_workers_parent_leaves_none_of_them(site: Site, tmp_path: Path) -> None:
    with Manage(site, tmp_path / "log", "serve", "--port", "0", "--workers", "2") as manage:
        manage.until_serving()
        workers = descendants(manage.process.pid)
        manage.process.kill()
        until_gone(workers)


def test_workers_that_cannot_start_are_an_error_and_no_loop(site: Site, tmp_path: Path) -> None:
    arguments = ("serve", "--port", "0", "--workers", "2")
    # The parent itself does not listen to it; each worker finds that the module is not there.
    broken = tmp_path / "uvloop.py"
    broken.write_text("raise ImportError('broken on purpose')")
    with Manage(
        site, tmp_path / "log", *arguments, environment={"PYTHONPATH": str(tmp_path)}
    ) as manage:
        assert manage.process.wait(PATIENCE) == 1
        assert "A worker does not start, exit status 1" in manage.printed


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--port", "{taken}"), "Cannot listen on 127.0.0.1 port {taken}: Address already in use."),
        (("--host", "192.0.2.1"), "Cannot listen on 192.0.2.1 port 8000: "),
        (("--port", "99999"), "--port: takes a whole number from 0 to 65535"),
        (("--workers", "0"), "--workers: takes a whole number from 1"),
        (("--fd", "0"), "File 0 is no listening socket"),
    ],
)
def test_a_server_that_cannot_start_says_why(
    site: Site, tmp_path: Path, arguments: tuple[str, ...], error: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = str(other.getsockname()[1])
        command = [argument.format(taken=taken) for argument in arguments]
        with Manage(site, tmp_path / "log", "serve", *command) as manage:
            assert manage.process.wait(PATIENCE) == 1
            assert manage.printed.startswith("CommandError: " + error.format(taken=taken))


def test_a_database_without_its_migrations_is_not_served(site: Site, tmp_path: Path) -> None:
    other = {"DATABASE_URL": f"sqlite:///{tmp_path / 'new.sqlite3'}"}
    with Manage(site, tmp_path / "log", "serve", "--port", "0", environment=other) as manage:
        assert manage.process.wait(PATIENCE) == 1
        assert "migrations are not applied" in manage.printed
        assert "run `manage.py migrate`" in manage.printed


def test_production_refuses_to_start_without_collected_static_files(
    site: Site, tmp_path: Path
) -> None:
    production = {"DEBUG": "False", "SECRET_KEY": "production-" * 5}
    with Manage(site, tmp_path / "log", "serve", "--port", "0", environment=production) as manage:
        assert manage.process.wait(PATIENCE) == 1
        assert "run `manage.py collectstatic" in manage.printed
        assert "SECRET_KEY is shorter" not in manage.printed


def test_a_short_secret_key_is_warned_of(site: Site, tmp_path: Path) -> None:
    production = {"DEBUG": "False", "SECRET_KEY": "production"}
    with Manage(site, tmp_path / "log", "serve", "--port", "0", environment=production) as manage:
        manage.process.wait(PATIENCE)
        assert "SECRET_KEY is shorter than 50 characters" in manage.printed


def test_runserver_is_ours_takes_djangos_address_and_serves(site: Site, tmp_path: Path) -> None:
    with Manage(site, tmp_path / "log", "runserver", "--noreload", "127.0.0.1:0") as manage:
        manage.until_serving()
        assert manage.get("/static/admin/css/base.css")[0] == 200
        manage.process.terminate()
        manage.process.wait(PATIENCE)


def test_runserver_with_reload_serves_and_ends_with_all_it_started(
    site: Site, tmp_path: Path
) -> None:
    with Manage(site, tmp_path / "log", "runserver", "127.0.0.1:0") as manage:
        manage.until_serving()
        started = descendants(manage.process.pid)
        # As Ctrl-C in a terminal does it: to the whole group.
        os.killpg(manage.process.pid, signal.SIGINT)
        manage.process.wait(PATIENCE)
        until_gone(started)


def test_runserver_on_a_port_that_is_taken_ends_with_an_error(site: Site, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with Manage(site, tmp_path / "log", "runserver", str(port)) as manage:
            assert manage.process.wait(PATIENCE) == 1
            assert "Address already in use" in manage.printed
