"""``make manage``: commands on the demo's data, whether the demo runs or not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from supportbot import env
from tests.ops.demo_process import DemoProcess, run_demo
from tests.ops.processes import until, until_gone

WHERE = """
from django.conf import settings
from redis import Redis
print("found", Redis.from_url(settings.REDIS_URL).get("word"))
"""
SHELL = ("manage", "shell", "--no-imports", "-c")


def test_a_command_joins_the_running_demo(tmp_path: Path) -> None:
    with DemoProcess(tmp_path / "var") as demo:
        demo.until_open().redis().set("word", "kept")
        started = demo.started()
        assert run_demo(demo.folder, *SHELL, WHERE) == (0, "found b'kept'\n")
        assert demo.started() == started


def test_a_command_finds_the_demos_own_redis_when_it_has_another(tmp_path: Path) -> None:
    with DemoProcess(tmp_path / "other") as other:
        other.until_open().redis().set("word", "other's")
        url = f"unix://{other.folder}/redis.sock"
        with DemoProcess(tmp_path / "var", REDIS_URL=url) as demo:
            demo.until_open()
            assert run_demo(demo.folder, *SHELL, WHERE) == (0, 'found b"other\'s"\n')


def test_a_command_finds_the_site_of_a_demo_on_any_port(tmp_path: Path) -> None:
    few = ("--customers", "2", "--turns", "1", "--tabs", "1")
    with DemoProcess(tmp_path / "var") as demo:
        demo.until_open()
        status, printed = run_demo(demo.folder, "manage", "isolation_drill", *few)
        assert status == 0, printed


def test_at_a_real_shop_a_command_has_that_shops_settings(tmp_path: Path) -> None:
    code = "from django.conf import settings as s; print(s.DEBUG, s.SECRET_KEY, s.REDIS_URL)"
    own = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'real.sqlite3'}",
        "SECRET_KEY": "own" * 20,
        "ALLOWED_HOSTS": "shop.example",
    }
    found = run_demo(tmp_path / "var", *SHELL, code, **own)
    assert found == (0, f"False {'own' * 20} redis://127.0.0.1:6379/0\n")
    assert not (tmp_path / "var").exists()


def test_without_the_demo_a_command_has_a_server_for_its_time(tmp_path: Path) -> None:
    with DemoProcess(tmp_path / "var") as demo:
        demo.until_open().redis().set("word", "kept")
        demo.end(signal.SIGTERM)
    with DemoProcess(tmp_path / "var", *SHELL, WHERE + "input()") as command:
        # Its input is closed, so the command fails once it has printed.
        assert command.status() == 1
        assert "found b'kept'" in command.printed
    assert not (tmp_path / "var" / "redis.sock").exists()


def test_before_the_first_demo_a_command_finds_the_shop_made(tmp_path: Path) -> None:
    count = "from chat.orders.models import Order; print(Order.objects.count() > 0)"
    assert run_demo(tmp_path / "var", *SHELL, count) == (0, "True\n")


def test_a_commands_exit_status_is_passed_on(tmp_path: Path) -> None:
    assert run_demo(tmp_path / "var", *SHELL, "raise SystemExit(7)")[0] == 7


def test_no_command_at_all_is_an_error_with_an_example(tmp_path: Path) -> None:
    status, printed = run_demo(tmp_path / "var", "manage")
    assert status == 1
    assert 'make manage cmd="' in printed


def test_a_demo_waits_for_a_command_and_never_shares_its_server(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    fifo = tmp_path / "go"
    os.mkfifo(fifo)
    with DemoProcess(
        folder, *SHELL, f"print('here', flush=True); open({str(fifo)!r}).read()"
    ) as command:
        until(lambda: "here" in command.printed, "the command runs")
        with DemoProcess(folder) as demo:
            until(lambda: "Waiting for manage shell (process" in demo.printed, "the demo waits")
            assert not demo.started()
            fifo.write_text("go")
            assert command.status() == 0
            assert demo.until_open().status_of("/readyz") == 200


def test_a_killed_command_leaves_nothing_behind(tmp_path: Path) -> None:
    wait = "import signal; print('here', flush=True); signal.pause()"
    with DemoProcess(tmp_path / "var", *SHELL, wait) as command:
        until(lambda: "here" in command.printed, "the command runs")
        started = command.started()
        assert len(started) == 2
        command.end(signal.SIGKILL)
        until_gone(started)


def test_a_stopped_command_has_failed_and_leaves_nothing_behind(tmp_path: Path) -> None:
    wait = "import signal; print('here', flush=True); signal.pause()"
    with DemoProcess(tmp_path / "var", *SHELL, wait) as command:
        until(lambda: "here" in command.printed, "the command runs")
        started = command.started()
        assert command.end(signal.SIGTERM) == 128 + signal.SIGTERM
        until_gone(started)


def test_the_make_target_hands_quotes_and_dollars_on_as_they_are(tmp_path: Path) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        [  # noqa: S607 whichever make there is
            "make",
            "--silent",
            "cmd=shell --no-imports -c \"print('a  b', '$HOME')\"",
            "manage",
        ],
        cwd=env.ROOT,
        env=inherited | {"DATA_DIR": str(tmp_path / "var"), "DATABASE_URL": "", "HOME": "/a home"},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "a  b /a home\n", done.stderr
    assert done.returncode == 0


def test_a_command_that_answers_nobody_does_not_load_the_assistant() -> None:
    code = (
        "import sys, django; django.setup();"
        "print([m for m in ('chat.assistant', 'chat.runtime', 'openai') if m in sys.modules])"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "supportbot.settings", "DEBUG": "True"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
