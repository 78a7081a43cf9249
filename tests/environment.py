"""The environment of a test run, set before Django reads its settings (a pytest plugin, see -p).

Each worker of pytest-xdist has a Redis server and a database of its own. With
``TEST_DATABASE=postgresql`` that database is PostgreSQL's, and the run is of those tests only that
touch it, and are about it; all others would do the same once more.
"""

import atexit
import os
import re
import shutil
import signal
import tempfile
from functools import cache
from pathlib import Path

import pytest

from supportbot import env
from supportbot.redis_server import RedisServer
from tests.postgresql_server import PostgresqlMissing, PostgresqlServer

# A shell has what it starts in the background ignore Ctrl-C, and so does all that this starts in
# turn: the processes that tests interrupt would not notice.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

folder = Path(tempfile.mkdtemp(prefix="supportbot-tests-"))
atexit.register(shutil.rmtree, folder, ignore_errors=True)

server = RedisServer(folder / "redis", folder / "redis.sock")
server.start()
atexit.register(server.stop)


@cache
def postgresql() -> PostgresqlServer:
    """This worker's PostgreSQL server, started when it is first asked for.

    Raises:
        PostgresqlMissing: the machine has none; the text says what to install.
    """
    server = PostgresqlServer()
    atexit.register(server.remove)
    server.start()
    return server


def on_postgresql() -> bool:
    """Whether this run's database is PostgreSQL's."""
    chosen = os.environ.get("TEST_DATABASE", "sqlite")
    if chosen not in ("sqlite", "postgresql"):
        raise pytest.UsageError("TEST_DATABASE: takes sqlite or postgresql")
    return chosen == "postgresql"


def database_url() -> str:
    """The address of a database that is this worker's alone."""
    if not on_postgresql():
        return f"sqlite:///{folder / 'shop.sqlite3'}"
    try:
        return postgresql().database()
    except PostgresqlMissing as missing:
        raise pytest.UsageError(str(missing)) from missing


# Whatever the developer's shell or .env sets is not what is tested. Empty counts as unset.
variables = re.findall(r"^#(\w+)=", (env.ROOT / ".env.example").read_text(), re.MULTILINE)
os.environ |= dict.fromkeys(variables, "")
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "supportbot.settings",
    "DEBUG": "True",
    "SECRET_KEY": "only-for-tests",
    "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
    "DATABASE_URL": database_url(),
    "REDIS_URL": server.url,
}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "postgresql: left out of the run on SQLite, which cannot do what it tests"
    )
    config.addinivalue_line(
        "markers", "once: left out of the run on PostgreSQL, for it is about words and not tables"
    )
    if on_postgresql():
        # The database goes with its server; connections that threads still hold would be in the
        # way of deleting it before.
        config.option.reuse_db = True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept = _touches_the_database if on_postgresql() else _can_do_with_sqlite
    config.hook.pytest_deselected(items=[item for item in items if not kept(item)])
    items[:] = filter(kept, items)


def _can_do_with_sqlite(item: pytest.Item) -> bool:
    return item.get_closest_marker("postgresql") is None


def _touches_the_database(item: pytest.Item) -> bool:
    if item.get_closest_marker("once"):
        return False
    return bool(
        item.get_closest_marker("django_db")
        or {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    )
