"""``make bench-import``: 10,000 orders through ``import_orders``, in time and memory.

On SQLite, and on PostgreSQL where the machine has it (with ``fsync`` on, as in production). Prints
a line for each of three runs: into an empty shop, the same file again, and a newer one in which
every order has changed. Exit status 1 if a run takes 20 s or 200 MB, or more.
"""

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.orders.shopify_data import JSON, fulfilment, line, order, write
from tests.postgresql_server import PostgresqlMissing, PostgresqlServer

SECONDS = 20
MEGABYTES = 200
ARTICLES = ("Kettle", "Toaster", "Mug", "Wok", "Lamp", "Tea towel", "Knife", "Jar", "Scale")
STATUSES = ("label_printed", "in_transit", "out_for_delivery", "delivered", "delivered", None)


def orders(count: int, *, newer: bool) -> Iterator[JSON]:
    """Orders of about 4 kB, as Shopify writes them: 1 to 5 lines, up to 2 fulfilments."""
    chance = random.Random(7)  # noqa: S311 the same file on every machine
    day = "2026-05-25" if newer else "2026-05-18"
    for number in range(1001, 1001 + count):
        lines = [
            line(
                number * 10 + index,
                title=chance.choice(ARTICLES),
                variant_title=chance.choice((None, "red", "blue")),
                quantity=chance.randint(1, 4),
                price=f"{chance.randint(300, 9_000) / 100:.2f}",
                sku=f"SKU-{chance.randint(1, 500)}",
                properties=[],
                vendor="Harbour & Home",
                tax_lines=[{"title": "VAT", "price": "1.90", "rate": 0.19}] * 2,
            )
            for index in range(chance.randint(1, 5))
        ]
        split = chance.randint(0, len(lines))
        parcels = [
            fulfilment(
                number * 10 + index,
                tracking_numbers=[f"0034{number}{index}"],
                shipment_status=(chance.choice(STATUSES), "delivered")[newer],
                updated_at=f"{day}T12:00:00+02:00",
                line_items=[{**item, "fulfillment_status": "fulfilled"} for item in part],
            )
            for index, part in enumerate((lines[:split], lines[split:]))
            if part
        ]
        yield order(
            f"#{number}",
            email=f"customer{chance.randint(1, count)}@example.org",
            updated_at=f"{day}T20:15:02+02:00",
            total_price=f"{chance.randint(1_000, 50_000) / 100:.2f}",
            financial_status="partially_refunded" if newer else "paid",
            line_items=lines,
            fulfillments=parcels,
            billing_address={"name": "Dora Ek", "address1": "Storgatan 3", "city": "Lund"},
            client_details={"user_agent": "Mozilla/5.0 " + "x" * 120, "browser_ip": "192.0.2.1"},
            note_attributes=[{"name": f"attribute {n}", "value": "x" * 40} for n in range(8)],
        )


def run(file: Path, environment: dict[str, str]) -> tuple[float, float, str]:
    """Seconds and megabytes of one import in a process of its own, and what it printed."""
    begin = time.perf_counter()
    command = [sys.executable, "manage.py", "import_orders", str(file)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the import failed: {printed}")
    # Linux counts in kB, macOS in bytes.
    megabytes = usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
    return time.perf_counter() - begin, megabytes, printed.strip()


def bench(name: str, database_url: str, count: int, first: Path, newer: Path) -> bool:
    """Three imports into one database; False when one took too much."""
    environment = os.environ | {"DEBUG": "True", "DATABASE_URL": database_url}
    migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    subprocess.run(migrate, env=environment, check=True)
    print(f"{count:,} orders, {first.stat().st_size / 1e6:.1f} MB, {name}")
    good = True
    for label, file in (("empty shop", first), ("same again", first), ("newer data", newer)):
        seconds, megabytes, printed = run(file, environment)
        good &= seconds < SECONDS and megabytes < MEGABYTES
        counted = re.sub(r"^[\d,]+ orders: ", "", printed)
        print(f"{label}: {seconds:5.1f} s, {megabytes:4.0f} MB   {counted}", flush=True)
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    count = parser.parse_args().orders
    with tempfile.TemporaryDirectory(prefix="bench-import-") as name:
        folder = Path(name)
        files = (
            write(folder / "first.json", orders(count, newer=False)),
            write(folder / "newer.json", orders(count, newer=True)),
        )
        good = bench("SQLite", f"sqlite:///{folder / 'shop.sqlite3'}", count, *files)
        try:
            server = PostgresqlServer(fsync=True)
        except PostgresqlMissing as missing:
            print(missing)
        else:
            try:
                server.start()
                good &= bench("PostgreSQL", server.database(), count, *files)
            finally:
                server.remove()
    if not good:
        print(f"Too much: a run may take less than {SECONDS} s and {MEGABYTES} MB.")
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
