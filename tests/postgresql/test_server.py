"""The tests' own PostgreSQL server."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from supportbot import env
from tests.postgresql_server import PostgresqlServer


def test_each_database_is_new_and_outlives_a_restart(postgresql: PostgresqlServer) -> None:
    first, second = postgresql.database(), postgresql.database()
    with psycopg.connect(first, autocommit=True) as connection:
        connection.execute("CREATE TABLE parcel ()")
        postgresql.stop()
    assert not postgresql.running
    postgresql.start()
    with psycopg.connect(first) as connection:
        assert connection.execute("SELECT * FROM parcel").fetchall() == []
    with psycopg.connect(second) as connection, pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT * FROM parcel")


def test_it_listens_on_its_socket_only_in_a_folder_closed_to_others(
    postgresql: PostgresqlServer,
) -> None:
    assert postgresql.folder.stat().st_mode & 0o077 == 0
    with psycopg.connect(postgresql.database()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchall() == [("",)]


def test_when_removed_it_leaves_nothing() -> None:
    server = PostgresqlServer()
    server.start()
    server.remove()
    assert not server.running
    assert not server.folder.exists()


def test_without_postgresql_the_run_says_what_to_install(tmp_path: Path) -> None:
    # A machine whose PATH and folders have no such programs.
    script = (
        "import tests.postgresql_server as server, pathlib\n"
        f"server.DEBIAN = pathlib.Path({str(tmp_path)!r})\n"
        "import sys, pytest; sys.exit(pytest.console_main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "tests/test_transcripts.py", "-p", "no:cacheprovider"],
        cwd=env.ROOT,
        env={"PATH": str(tmp_path), "HOME": str(tmp_path), "TEST_DATABASE": "postgresql"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "apt install postgresql" in done.stderr
