"""What every test can ask for."""

import os
from collections.abc import Iterator

import pytest
import redis
from django.conf import settings

from tests import environment
from tests.postgresql_server import PostgresqlMissing, PostgresqlServer


@pytest.fixture
def redis_url() -> Iterator[str]:
    """The worker's own Redis server, empty."""
    yield environment.server.url
    with redis.Redis.from_url(environment.server.url) as client:
        client.flushall()


@pytest.fixture(autouse=True)
def _articles_are_read_anew() -> None:
    """What the search knows of the last test's articles is not true any more, though it is new."""
    from chat.help.search import search

    search.expire()


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """SQLite's databases in memory do not let one thread wait for another: a file it is."""
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database["TEST"] = database.get("TEST", {}) | {
            "NAME": str(environment.folder / "tests.sqlite3")
        }


@pytest.fixture(scope="session")
def postgresql() -> PostgresqlServer:
    """The worker's own PostgreSQL server; ``database()`` makes a new database in it.

    A test that stops it starts it again.
    """
    try:
        return environment.postgresql()
    except PostgresqlMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
