"""Orders from a file in the shape of Shopify's Admin REST API."""

import os
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from chat.orders.importers import shopify
from chat.orders.intake import Outcome, Report, import_orders


class Command(BaseCommand):
    help = (
        'Imports orders from a JSON file in Shopify\'s Admin REST shape, {"orders": [...]}. Safe '
        "to run again: orders are found by their name, and older data never replaces newer. Bad "
        "orders are reported and left out; then the exit status is 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--dry-run", action="store_true", help="do everything, report, and change nothing"
        )

    def handle(self, *args: Any, file: Path, dry_run: bool, **options: Any) -> None:
        try:
            with file.open("rb") as opened:
                if not opened.seekable():
                    raise CommandError(f"{file}: not a file that can be read twice, such as a pipe")
                report = self._import(opened, dry_run)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        except DatabaseError as error:
            raise CommandError(
                f"the database failed: {error}. The orders before it are in; run the import again."
            ) from error
        self.stdout.write(_summary(report, dry_run))
        if report.broken:
            raise CommandError(f"{file}: {report.broken}. What came before counts as above.")
        bad = report.outcomes[Outcome.BAD]
        if bad:
            raise CommandError(f"bad orders: {bad:,}. They were left out, see above.")

    def _import(self, file: BinaryIO, dry_run: bool) -> Report:
        size = os.fstat(file.fileno()).st_size
        on_terminal = self.stdout.isatty()

        def show_progress(done: int) -> None:
            if on_terminal:
                percent = 100 * file.tell() // size if size else 100
                self.stdout.write(f"\r{done:,} orders, {percent} %", ending="")
                self.stdout.flush()

        def show_bad(line: str) -> None:
            # On a terminal the progress stands at the beginning of the line.
            self.stderr.write(f"\r{line}" if on_terminal else line)

        report = import_orders(
            shopify.read(file), dry_run=dry_run, on_bad=show_bad, on_progress=show_progress
        )
        if on_terminal:
            self.stdout.write()
        return report


def _summary(report: Report, dry_run: bool) -> str:
    counts = [
        f"{report.outcomes[outcome]:,} {outcome}"
        for outcome in Outcome
        if report.outcomes[outcome]
        or outcome in {Outcome.NEW, Outcome.UPDATED, Outcome.UNCHANGED, Outcome.BAD}
    ]
    lead = "Dry run, nothing was changed. " if dry_run else ""
    total = report.outcomes.total()
    return f"{lead}{total:,} orders: {', '.join(counts)}; {len(report.made):,} new customers."
