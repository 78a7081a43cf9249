"""What the variables take, and what a wrong one says."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from supportbot import env

PRODUCTION = {"SECRET_KEY": "production-" * 5, "ALLOWED_HOSTS": "shop.example"}


def check(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """``manage.py`` in an environment that has these variables and no other of ours."""
    ours = set(variables_read())
    clean = {name: value for name, value in os.environ.items() if name not in ours}
    # Empty counts as unset, and keeps a developer's .env out.
    blank = dict.fromkeys(ours, "")
    return subprocess.run(
        [sys.executable, "manage.py", *(arguments or ("check",))],
        cwd=env.ROOT,
        env=clean | blank | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def variables_read() -> list[str]:
    """Every variable that the code asks for, found in the code."""
    source = "".join(path.read_text() for path in (env.ROOT / "supportbot").glob("*.py"))
    readers = (
        r"text|boolean|integer|seconds|words|path|rate|time_zone|http_url|redis_url|database"
        r"|prices|budget"
    )
    return re.findall(rf'env\.(?:{readers})\(\s*"(\w+)"', source)


def number(name: str) -> int:
    return env.integer(name, 7, at_least=1, at_most=1000)


def duration(name: str) -> float:
    return env.seconds(name, 1.5, at_least=0.1, at_most=60)


def flag(name: str) -> bool:
    return env.boolean(name, True)


def host(name: str) -> list[str]:
    return env.words(name, r"[a-z.]+", "host names")


def path(name: str) -> str:
    return env.path(name, "admin/", taken=("chat", "help"))


def rate(name: str) -> tuple[int, int]:
    return env.rate(name, "20/m")


def redis(name: str) -> str:
    return env.redis_url(name, "redis://127.0.0.1:6379/0")


def database(name: str) -> Any:
    return env.database(name, "sqlite:////tmp/x")["NAME"]


def zone(name: str) -> str:
    return env.time_zone(name, "UTC")


Reader = Callable[[str], Any]


@pytest.mark.parametrize(
    ("reader", "value", "expected"),
    [
        (number, "", 7),
        (number, " 42 ", 42),
        (duration, "", 1.5),
        (duration, "0.5", 0.5),
        (flag, "", True),
        (flag, "False", False),
        (host, "", []),
        (host, "a.example, b.example,", ["a.example", "b.example"]),
        (path, "", "admin/"),
        (path, "back-office", "back-office/"),
        (path, "/staff/admin/", "staff/admin/"),
        (rate, "", (20, 60_000)),
        (rate, "3/h", (3, 3_600_000)),
        (redis, "", "redis://127.0.0.1:6379/0"),
        (redis, "unix:///run/a%20b.sock?db=2", "unix:///run/a%20b.sock?db=2"),
        (redis, "rediss://:secret@host:6380/3", "rediss://:secret@host:6380/3"),
        (redis, "redis+sentinel://h:1,[::1]:2/shop/0", "redis+sentinel://h:1,[::1]:2/shop/0"),
        (redis, "redis+cluster://u:p%40@h:1,i:2", "redis+cluster://u:p%40@h:1,i:2"),
        (database, "postgres://u:p@host:5432/shop", "shop"),
        (database, "postgresql://u:p%2F%40@host/shop?sslmode=verify-full", "shop"),
        (database, "postgres://u@%2Frun%2Fpostgresql/shop", "shop"),
        (database, "postgres:///shop?host=/run/postgresql", "shop"),
        (database, "sqlite:////srv/a%20b.sqlite3", "/srv/a b.sqlite3"),
        (zone, "", "UTC"),
        (zone, "America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        (env.http_url, "", ""),
        (env.http_url, "http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1"),
    ],
)
def test_a_right_value_is_taken(
    monkeypatch: pytest.MonkeyPatch, reader: Reader, value: str, expected: Any
) -> None:
    monkeypatch.setenv("VARIABLE", value)
    assert reader("VARIABLE") == expected


@pytest.mark.parametrize(
    ("reader", "value", "takes"),
    [
        (number, "0", "from 1 to 1000"),
        (path, "chat/admin", "does not begin with chat, help"),
        (path, "help", "does not begin with chat, help"),
        (path, "/", "a path such as admin/"),
        (path, "a//b", "a path such as admin/"),
        (path, "staff?", "a path such as admin/"),
        (path, "st\u00e4ff", "a path such as admin/"),
        (number, "1001", "from 1 to 1000"),
        (number, "-5", "whole number"),
        (number, "1_0", "whole number"),
        (number, "1.0", "whole number"),
        (number, "٣", "whole number"),
        (duration, "nan", "from 0.1 to 60"),
        (duration, "inf", "from 0.1 to 60"),
        (duration, "1e1", "from 0.1 to 60"),
        (duration, "0", "from 0.1 to 60"),
        (flag, "true", "True or False"),
        (flag, "1", "True or False"),
        (host, "a.example,https://b.example", "host names"),
        (rate, "20", "such as 20/m"),
        (rate, "0/m", "such as 20/m"),
        (rate, "20/w", "such as 20/m"),
        (redis, "host:6379", "redis://"),
        (redis, "http://host", "redis://"),
        (redis, "redis://", "redis://"),
        (redis, "redis://host:port", "redis://"),
        (redis, "redis://host/name", "redis://"),
        (redis, "unix://", "unix://"),
        (redis, "redis+sentinel://h:1,i:2/shop", "redis+sentinel://"),
        (redis, "redis+sentinel://h:1,i/shop/0", "redis+sentinel://"),
        (redis, "redis+sentinel://h:1,/shop/0", "redis+sentinel://"),
        (redis, "redis+sentinel://h:1/shop/0?ssl=1", "redis+sentinel://"),
        (redis, "redis+cluster://", "redis+cluster://"),
        (redis, "redis+cluster://h:x", "redis+cluster://"),
        (redis, "redis+cluster://h:1/0", "redis+cluster://"),
        (redis, "redis+cluster://p@h:1@i:2", "redis+cluster://"),
        (redis, "redis+cluster://user@h:1", "redis+cluster://"),
        (redis, "sentinel://h:1/shop/0", "redis+sentinel://"),
        (database, "mysql://u@host/shop", "postgres://"),
        (database, "postgres://u@host:port/shop", "postgres://"),
        (database, "postgres://u@host", "postgres://"),
        (database, "postgres://u@host:0/shop", "postgres://"),
        (database, "postgres://u@host/shop/orders", "postgres://"),
        (database, "postgres://u:pass#word@host/shop", "as %2F"),
        (database, "postgres://u@host/shop?sslmode=on", "sslmode"),
        (database, "postgres://u@host/shop?conn_max_age=60", "libpq"),
        (database, "shop.sqlite3", "sqlite:"),
        (zone, "Berlin", "Europe/Berlin"),
        (zone, "../etc/passwd", "Europe/Berlin"),
        (zone, "Europe", "Europe/Berlin"),
        (env.http_url, "host.example", "https://"),
        (env.http_url, "ftp://host.example", "https://"),
        (env.http_url, "https://host:port", "https://"),
        (env.prices, '{"gpt": 1}', '{"currency": "USD", "gpt-4.1-mini"'),
        (env.budget, "customer=a lot", "customer=0.50,shop=20"),
    ],
)
def test_a_wrong_value_is_refused_by_name_and_with_what_it_takes(
    monkeypatch: pytest.MonkeyPatch, reader: Reader, value: str, takes: str
) -> None:
    monkeypatch.setenv("VARIABLE", value)
    with pytest.raises(ImproperlyConfigured, match=f"^VARIABLE: takes .*{re.escape(takes)}"):
        reader("VARIABLE")


@pytest.mark.parametrize(
    ("reader", "value"),
    [(redis, "redis://:hunter2@host/name"), (database, "mysql://shop:hunter2@host/shop")],
)
def test_a_refusal_does_not_repeat_what_may_be_secret(
    monkeypatch: pytest.MonkeyPatch, reader: Reader, value: str
) -> None:
    monkeypatch.setenv("VARIABLE", value)
    with pytest.raises(ImproperlyConfigured) as refusal:
        reader("VARIABLE")
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("variable", "environment"),
    [
        ("SECRET_KEY", {"ALLOWED_HOSTS": "shop.example"}),
        ("ALLOWED_HOSTS", {"SECRET_KEY": PRODUCTION["SECRET_KEY"]}),
        ("ALLOWED_HOSTS", PRODUCTION | {"ALLOWED_HOSTS": "*"}),
        ("ALLOWED_HOSTS", PRODUCTION | {"ALLOWED_HOSTS": "https://shop.example"}),
        ("CSRF_TRUSTED_ORIGINS", PRODUCTION | {"CSRF_TRUSTED_ORIGINS": "shop.example"}),
        ("ASSISTANT_MODEL", PRODUCTION | {"ASSISTANT_MODEL": "gpt"}),
        ("ASSISTANT_MODEL", PRODUCTION | {"ASSISTANT_MODEL": "openai:gpt"}),
        ("ASSISTANT_MODEL", PRODUCTION | {"ASSISTANT_MODEL": "fake"}),
        ("ASSISTANT_PRICES", PRODUCTION | {"ASSISTANT_PRICES": "gpt=1"}),
        ("ASSISTANT_DAILY_BUDGET", PRODUCTION | {"ASSISTANT_DAILY_BUDGET": "20"}),
        (
            "ASSISTANT_DAILY_BUDGET",
            PRODUCTION | {"OPENAI_API_KEY": "k", "ASSISTANT_DAILY_BUDGET": "shop=20"},
        ),
    ],
)
def test_the_start_fails_in_one_line_that_names_the_variable(
    variable: str, environment: dict[str, str]
) -> None:
    done = check(**environment)
    assert done.returncode == 1
    assert done.stderr.startswith(f"manage.py: {variable}: takes ")
    assert done.stderr.count("\n") == 1
    assert "hunter2" not in done.stderr


def settings_in(environment: dict[str, str], *names: str) -> list[str]:
    """The values of these settings, as text."""
    script = f"print(*(repr(getattr(settings, name)) for name in {names!r}), sep=chr(10))"
    command = f"from django.conf import settings; {script}"
    done = check("shell", "--no-imports", "-c", command, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_defaults_of_production_are_the_safe_ones() -> None:
    names = (
        *("DEBUG", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT"),
        *("SECURE_HSTS_SECONDS", "ASSISTANT_MODEL", "REDIS_URL"),
    )
    assert settings_in(PRODUCTION, *names) == [
        *("False", "True", "True", "True"),
        *("31536000", "'offline'", "'redis://127.0.0.1:6379/0'"),
    ]


@pytest.mark.parametrize(
    ("environment", "model"),
    [
        ({"OPENAI_API_KEY": "key"}, "'openai:gpt-4.1-mini'"),
        (
            {"OPENAI_BASE_URL": "http://127.0.0.1:1", "ASSISTANT_MODEL": "openai:m"},
            "'openai:m'",
        ),
        ({"ASSISTANT_MODEL": "fake", "CHAT_ALLOW_FAKE_MODEL": "True"}, "'fake'"),
    ],
)
def test_the_model_follows_from_key_and_address(environment: dict[str, str], model: str) -> None:
    assert settings_in(PRODUCTION | environment, "ASSISTANT_MODEL") == [model]


def test_times_are_told_in_the_shops_time_zone() -> None:
    asked = (
        "from datetime import UTC, date, datetime; from chat.tools.answers import iso;"
        " print(iso(datetime(2026, 7, 1, 23, 30, tzinfo=UTC)))"
    )
    done = check("shell", "-v", "0", "-c", asked, **PRODUCTION, TIME_ZONE="Europe/Berlin")
    assert done.stdout.strip() == "2026-07-02T01:30+02:00"


def test_the_admin_stands_where_it_is_put() -> None:
    asked = "from django.urls import reverse; print(reverse('admin:login'))"
    done = check("shell", "-v", "0", "-c", asked, **PRODUCTION, ADMIN_PATH="back-office")
    assert done.stdout.strip() == "/back-office/login/", done.stderr


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("OPENAI_API_KEY=from-file\nASSISTANT_MODEL=offline\n")
    script = (
        f"from supportbot import env; env.load({str(file)!r});"
        "print(env.text('OPENAI_API_KEY'), env.text('ASSISTANT_MODEL'))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "ASSISTANT_MODEL"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=env.ROOT,
        env=environment | {"OPENAI_API_KEY": "from-environment"},
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["from-environment", "offline"]


def test_the_example_lists_exactly_the_variables_that_are_read() -> None:
    example = (env.ROOT / ".env.example").read_text()
    listed = re.findall(r"^#(\w+)=", example, re.MULTILINE)
    assert sorted(listed) == sorted(set(variables_read()))


def test_no_variable_is_read_past_the_strict_readers() -> None:
    readers = {"env.py", "demo.py", "stage.py", "asgi.py", "wsgi.py"}
    folders = (env.ROOT / "supportbot", env.ROOT / "chat")
    for path in (path for folder in folders for path in folder.rglob("*.py")):
        if path.name not in readers:
            assert not re.search(r"os\.(environ|getenv)", path.read_text()), path


def test_no_tracing_takes_conversations_elsewhere_unasked() -> None:
    asked = "from langsmith.utils import tracing_is_enabled; print(tracing_is_enabled())"
    for variable in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
        done = check("shell", "-v", "0", "-c", asked, **PRODUCTION, **{variable: "true"})
        assert done.stdout.strip() == "False", done.stderr
