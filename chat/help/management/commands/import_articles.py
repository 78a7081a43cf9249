"""Help articles from a folder of Markdown files."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from chat.help.intake import Outcome, Report, import_articles


class Command(BaseCommand):
    help = (
        "Imports help articles from the Markdown files in DIR (title, slug, language and published "
        "in their front matter). Safe to run again: articles are found by slug and language. Bad "
        "files are reported and left out; then the exit status is 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path)
        parser.add_argument(
            "--dry-run", action="store_true", help="do everything, report, and change nothing"
        )
        parser.add_argument(
            "--unpublish",
            action="store_true",
            help="unpublish what an import brought and DIR no longer has; else it is only named",
        )

    def handle(
        self, *args: Any, folder: Path, dry_run: bool, unpublish: bool, **options: Any
    ) -> None:
        try:
            report = import_articles(
                folder, dry_run=dry_run, unpublish=unpublish, on_note=self.stderr.write
            )
        except OSError as error:
            raise CommandError(f"{error.filename or folder}: {error.strerror}") from error
        except DatabaseError as error:
            raise CommandError(f"the database failed: {error}. Nothing was changed.") from error
        if not report.outcomes:
            raise CommandError(f"{folder}: no Markdown files (*.md) in it")
        self.stdout.write(_summary(report, dry_run))
        if bad := report.outcomes[Outcome.BAD]:
            raise CommandError(f"bad files: {bad:,}. They were left out, see above.")


def _summary(report: Report, dry_run: bool) -> str:
    counts = ", ".join(f"{report.outcomes[outcome]:,} {outcome}" for outcome in Outcome)
    lead = "Dry run, nothing was changed. " if dry_run else ""
    lines = [f"{lead}{report.outcomes.total():,} files: {counts}."]
    if report.unpublished:
        lines.append(f"Unpublished, for their files are gone: {', '.join(report.unpublished)}.")
    if report.kept:
        lines.append(f"Not in the folder, and left as they are: {', '.join(report.kept)}.")
    return "\n".join(lines)
