"""``manage.py import_orders``: files that are broken, what is printed, and the exit status."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection

from chat.orders.models import Order, OrderLine
from tests.orders.shopify_data import fulfilment, order, write

pytestmark = pytest.mark.django_db


class Result:
    """What a run printed, and the message it ended with if it failed."""

    def __init__(self, file: Path, *options: str) -> None:
        out, err = StringIO(), StringIO()
        self.failure = ""
        try:
            call_command("import_orders", str(file), *options, stdout=out, stderr=err)
        except CommandError as error:
            self.failure = str(error)
        self.out, self.err = out.getvalue(), err.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "orders.json"


def numbers() -> list[str]:
    return sorted(Order.objects.values_list("number", flat=True))


def test_a_good_file_prints_what_became_of_it_and_nothing_else(file: Path) -> None:
    result = Result(write(file, [order("#1"), order("#2")]))
    assert result.out == ("2 orders: 2 new, 0 updated, 0 unchanged, 0 bad; 1 new customers.\n")
    assert (result.err, result.failure) == ("", "")


def test_bad_orders_are_told_with_their_place_and_the_good_ones_go_in(file: Path) -> None:
    orders = [order(f"#{1001 + index}") for index in range(20)]
    orders[17]["created_at"] = "someday"
    result = Result(write(file, orders))
    assert result.err == "orders[17] (#1018): created_at: not a date\n"
    assert result.failure == "bad orders: 1. They were left out, see above."
    assert "20 orders: 19 new, 0 updated, 0 unchanged, 1 bad" in result.out
    assert len(numbers()) == 19


def test_a_dry_run_says_so_and_changes_nothing(file: Path) -> None:
    result = Result(write(file, [order()]), "--dry-run")
    assert result.out.startswith("Dry run, nothing was changed. 1 orders: 1 new")
    assert numbers() == []


def test_a_missing_file_is_named(file: Path) -> None:
    assert Result(file).failure == f"{file}: No such file or directory"
    assert Result(file.parent).failure == f"{file.parent}: Is a directory"


@pytest.mark.parametrize(
    ("content", "failure"),
    [
        (b"", "cut off or no JSON in UTF-8, at its beginning"),
        (b"orders", "cut off or no JSON in UTF-8, at its beginning"),
        (b"[]", 'the file holds no object; expected {"orders": [...]}'),
        (b'"orders"', "the file holds no object"),
        (b"{}", 'the file has no "orders"'),
        (b'{"order": {"orders": []}, "other": [{"orders": [1]}]}', 'the file has no "orders"'),
        (b'{"orders": {"0": {}}}', '"orders" is no list'),
        (b'{"orders": null}', '"orders" is no list'),
        (b'{"orders": [}', "cut off or no JSON in UTF-8, at its beginning"),
        (b'{"orders": [\xff]}', "cut off or no JSON in UTF-8, at its beginning"),
        ('{"orders": []}'.encode("utf-16"), "cut off or no JSON in UTF-8, at its beginning"),
        (b'{"orders": [{"id": ' + b"1" * 5_000 + b"}]}", "integer overflow"),
        (b'{"orders": [{"id": NaN}]}', "cut off or no JSON in UTF-8, at its beginning"),
    ],
)
def test_a_file_that_holds_no_orders_says_what_is_wrong(
    content: bytes, failure: str, file: Path
) -> None:
    file.write_bytes(content)
    result = Result(file)
    assert failure in result.failure
    assert result.failure.startswith(f"{file}: ")
    assert len(result.failure.splitlines()) == 1
    assert numbers() == []


@pytest.mark.parametrize("content", ['{"orders": []}', '{"shop": {"a": [1]}, "orders": []}'])
def test_a_file_without_any_order_is_good(content: str, file: Path) -> None:
    file.write_text(content)
    assert Result(file).failure == ""


def test_a_byte_order_mark_and_keys_around_the_orders_do_no_harm(file: Path) -> None:
    write(file, [order("#7")])
    text = file.read_text().replace('{"orders"', '{"shop": "x", "orders"', 1)
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert Result(file).failure == ""
    assert numbers() == ["7"]


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_that_was_cut_off_keeps_what_came_before_and_names_the_place(
    share: float, file: Path
) -> None:
    write(file, [order(f"#{n}", fulfillments=[fulfilment()]) for n in range(10, 30)])
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    result = Result(file)
    whole = len(numbers())
    assert 0 < whole < 20
    assert f"cut off or no JSON in UTF-8, after orders[{whole - 1}]" in result.failure
    assert OrderLine.objects.count() == 2 * whole


def test_a_pipe_is_refused_for_it_cannot_be_read_twice(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(writing)
    try:
        result = Result(Path(f"/dev/fd/{reading}"))
    finally:
        os.close(reading)
    assert "not a file that can be read twice" in result.failure


@pytest.fixture
def picky_database() -> Iterator[None]:
    """The database itself refuses something that the importer finds nothing wrong with."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE UNIQUE INDEX picky ON orders_shipment (tracking_number)")
        yield
        cursor.execute("DROP INDEX picky")


@pytest.mark.usefixtures("picky_database")
def test_an_order_that_the_database_refuses_takes_no_other_down(file: Path) -> None:
    orders = [
        order(
            f"#{n}",
            email=f"c{n}@example.org",
            fulfillments=[fulfilment(tracking_numbers=["14" if n == 15 else f"{n}"])],
        )
        for n in range(10, 20)
    ]
    result = Result(write(file, orders))
    assert result.err.startswith("orders[5] (#15): the database refused it: ")
    assert result.failure == "bad orders: 1. They were left out, see above."
    assert numbers() == ["10", "11", "12", "13", "14", "16", "17", "18", "19"]
    assert not User.objects.filter(email="c15@example.org").exists()
    assert "9 new, 0 updated, 0 unchanged, 1 bad; 9 new customers" in result.out


# --- in a process of its own ------------------------------------------------------------------


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A database that other processes see, too."""
    database = tmp_path_factory.mktemp("shop") / "own.sqlite3"
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{database}"}
    run = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    subprocess.run(run, env=environment, check=True, timeout=60)
    return environment


def test_the_exit_status_tells_whether_every_order_was_good(
    file: Path, environment: dict[str, str]
) -> None:
    command = [sys.executable, "manage.py", "import_orders", str(file)]

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env=environment, check=False, timeout=60, capture_output=True, text=True
        )

    write(file, [order("#1")])
    good = run()
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.count("\n") == 1 and "\r" not in good.stdout
    write(file, [order("#2"), order("#3", total_price="free")])
    bad = run()
    assert bad.returncode == 1
    assert "orders[1] (#3): total_price: not an amount" in bad.stderr
    assert "Traceback" not in bad.stderr


def test_progress_is_shown_on_a_terminal(file: Path, environment: dict[str, str]) -> None:
    write(file, (order(f"#{n}") for n in range(1001, 1601)))
    command = [sys.executable, "manage.py", "import_orders", str(file), "--no-color"]
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, env=environment, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 4096):
                shown += chunk
        except OSError:
            pass  # how Linux says that the other end of a terminal is closed
        os.close(ours)
        assert process.wait(timeout=60) == 0
    progress = re.findall(r"\r([\d,]+) orders, (\d+) %", shown.decode())
    assert [done for done, _ in progress] == ["500", "600"]
    assert progress[-1] == ("600", "100")
    assert "600 orders: 600 new" in shown.decode()
