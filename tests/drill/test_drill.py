"""The drill against real sites: it finds nothing where all is well, and what is wrong where not."""

import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.management import CommandError, call_command

from chat.drill.findings import Kind
from supportbot import children, server
from tests.ops.processes import until
from tests.site import MANAGE, ROOT, STOPS_WITHIN, Site, running_site

# Rows of these are made by a drill, and nothing else makes any in these tests.
TABLES = (
    *("auth_user", "django_session", "chat_chatsession", "chat_transcriptmessage"),
    *("orders_order", "orders_orderline", "orders_shipment", "orders_trackingevent"),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("drill"), CHAT_LEASE_SECONDS="1") as site:
        yield site


@pytest.fixture
def nothing_remains(site: Site) -> Iterator[None]:
    before = belongings(site)
    yield
    # A message that was on its way may leave a note in the index, which the sweep strikes.
    until(
        lambda: not belongings(site) - before,
        lambda: f"the end of all that the drill made, of which is left {belongings(site) - before}",
    )


def belongings(site: Site) -> Counter[str]:
    """What there is: rows of each table, and Redis's keys."""
    with closing(database(site)) as shop, redis.Redis.from_url(site.redis.url) as client:
        rows = Counter({table: count(shop, table) for table in TABLES})
        return rows + Counter(key.decode() for key in client.scan_iter())


def database(site: Site) -> sqlite3.Connection:
    return sqlite3.connect(site.environment["DATABASE_URL"].removeprefix("sqlite:///"))


def count(shop: sqlite3.Connection, table: str, where: str = "true") -> int:
    return int(shop.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0])  # noqa: S608


def customers(site: Site, where: str = "true") -> int:
    with closing(database(site)) as shop:
        return count(shop, "auth_user", f"username LIKE 'isolation-drill-%' AND {where}")


def start(site: Site, *options: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        children.tied_to_us([*MANAGE, "isolation_drill", *options]),
        env=site.environment | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def drill(site: Site, *options: str, **environment: str) -> tuple[int, str]:
    """The exit status and what was printed."""
    with start(site, *options, **environment) as running:
        printed = running.communicate()[0]
        return running.returncode, printed


def found(printed: str) -> dict[str, int]:
    """The table's counts."""
    names = "|".join(["turns", *Kind])
    rows = re.findall(rf"^({names}) +([\d,]+)", printed, re.MULTILINE)
    return {name: int(number.replace(",", "")) for name, number in rows}


@contextmanager
def unsound(mode: str, site: Site, folder: Path) -> Iterator[str]:
    """A site that makes a mistake, on the same data; gives its address."""
    with (folder / "log").open("wb") as log, closing(server.listen("127.0.0.1", 0)) as listener:
        file = listener.fileno()
        process = children.start(
            [sys.executable, "-m", "tests.drill.unsound_site", mode, str(file)],
            pass_fds=[file],
            output=log,
            environment=site.environment,
            folder=ROOT,
        )
        try:
            yield server.url_of(listener)
        finally:
            children.end(process, timeout=STOPS_WITHIN)


@pytest.mark.usefixtures("nothing_remains")
def test_a_sound_site_stands_the_drill_with_chaos(site: Site) -> None:
    status, printed = drill(
        site, "--customers=12", "--turns=5", "--tabs=2", "--chaos", f"--url={site.url}"
    )
    counts = found(printed)
    assert status == 0, printed
    assert counts.pop("turns") == 60
    assert set(counts.values()) == {0}
    # It was no walk-over: there was something to leak, and something went wrong on the way.
    happened = re.search(r"shown (\d+) .*\nsockets cut (\d+), .* sent twice (\d+)", printed)
    assert happened is not None
    assert min(map(int, happened.groups())) > 0


@pytest.mark.usefixtures("nothing_remains")
@pytest.mark.parametrize(
    ("mode", "faults", "without"),
    [
        ("shared", {"leaks"}, {"lost", "doubled"}),
        ("unlocked", {"lost", "transcript differs"}, {"leaks", "doubled"}),
        ("sound", set(), {"leaks", "lost", "doubled", "out of order", "transcript differs"}),
    ],
)
def test_a_history_is_seen_for_what_it_is(
    mode: str, faults: set[str], without: set[str], site: Site, tmp_path: Path
) -> None:
    with unsound(mode, site, tmp_path) as url:
        # Where answers are missing, it waits for them in vain, so for not too long.
        status, printed = drill(
            site, "--customers=6", "--turns=8", "--tabs=3", f"--url={url}", ASSISTANT_TIMEOUT="0.1"
        )
    counts = found(printed)
    assert status == (1 if faults else 0), printed
    assert all(counts[kind] > 0 for kind in faults), printed
    assert all(counts[kind] == 0 for kind in without), printed
    # Whose words they were is told; the words are not.
    assert re.search("isolation-drill-", printed) if faults else True
    assert not re.search(r"drill-\d{14}|drill[b-z]{16}", printed, re.IGNORECASE)


@pytest.mark.usefixtures("nothing_remains")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_drill_that_is_stopped_removes_what_it_made(number: int, site: Site) -> None:
    options = ("--customers=5", "--turns=200", "--tabs=2", "--chaos", f"--url={site.url}")
    with start(site, *options) as running:
        until(lambda: belongings(site)["chat_transcriptmessage"] > 0, "the talk")
        running.send_signal(number)
        printed = running.communicate()[0]
    assert running.returncode == 130
    assert "Stopped" in printed


@pytest.mark.usefixtures("nothing_remains")
def test_what_a_killed_drill_has_left_the_next_one_removes(site: Site) -> None:
    options = ("--customers=3", "--turns=200", f"--url={site.url}")
    with start(site, *options) as running:
        until(lambda: belongings(site)["chat_transcriptmessage"] > 0, "the talk")
        running.kill()
    assert customers(site) == 3
    with closing(database(site)) as shop, shop:
        # A customer of the shop who calls himself so has a password, and stays.
        shop.execute(
            "UPDATE auth_user SET last_login = '2001-01-01' WHERE username LIKE '%drill-%'"
        )
        shop.execute(
            "UPDATE auth_user SET username = 'isolation-drill-carol' WHERE username = 'carol'"
        )
    status, printed = drill(site, "--customers=2", "--turns=1", f"--url={site.url}")
    assert status == 0, printed
    assert customers(site) == 1
    with closing(database(site)) as shop, shop:
        shop.execute("UPDATE auth_user SET username = 'carol' WHERE username LIKE '%-carol'")


def test_a_site_of_another_installation_is_told_from_this_one(site: Site) -> None:
    status, printed = drill(site, "--customers=2", f"--url={site.url}", SECRET_KEY="another")
    assert status == 1
    assert "another installation" in printed
    assert customers(site) == 0


def test_a_site_that_does_not_answer_is_named() -> None:
    with socket.socket() as nobody, pytest.raises(CommandError, match="Nothing answers at"):
        nobody.bind(("127.0.0.1", 0))
        call_command("isolation_drill", url=f"http://127.0.0.1:{nobody.getsockname()[1]}")


def test_a_model_that_costs_money_is_not_asked_without_leave(settings: Any) -> None:
    settings.ASSISTANT_MODEL = "openai:gpt-4.1-mini"
    with pytest.raises(CommandError, match=r"500 messages .* Add --yes"):
        call_command("isolation_drill", stdout=StringIO())


def test_more_sockets_than_open_files_are_refused_at_once() -> None:
    with pytest.raises(CommandError, match="ulimit"):
        call_command("isolation_drill", customers=100_000_000)
