"""``manage.py purge_sessions``: deletes conversations from Redis and the database."""

import re
from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from chat.errors import HistoryUnavailable
from chat.retention import Purged, Selection, purge
from chat.runtime import make_store

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def duration(text: str) -> timedelta:
    """``30d`` → 30 days; s, m, h, d and w are understood."""
    match = re.fullmatch(r"(\d{1,6})([smhdw])", text)
    if match is None or not int(match[1]):
        raise ArgumentTypeError("takes a whole number and s, m, h, d or w, such as 30d")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


class Command(BaseCommand):
    help = (
        "Deletes conversations from Redis and the database, transcripts and ratings included."
        " Safe while customers chat, and to run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--older-than",
            type=duration,
            metavar="AGE",
            help="those without a message for so long, such as 30d",
        )
        parser.add_argument("--user", metavar="USERNAME", help="those of one customer")
        parser.add_argument("--session", metavar="ID", help="one")
        parser.add_argument("--all", action="store_true", help="every one")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")

    def handle(self, *args: Any, **options: Any) -> None:
        selection = self._selection(options)
        try:
            purged = async_to_sync(self._purge)(selection, options["dry_run"])
        except HistoryUnavailable as error:
            raise CommandError(
                "Redis does not answer, so nothing more was deleted. Run this again when it does."
            ) from error
        said = "Would delete" if options["dry_run"] else "Deleted"
        self.stdout.write(f"{said} {purged.sessions} sessions with {purged.messages} messages.")

    def _selection(self, options: dict[str, Any]) -> Selection:
        chosen = [options["older_than"], options["user"], options["session"]]
        if not options["all"] and not any(chosen):
            raise CommandError(
                "Say which: --older-than AGE, --user USERNAME, --session ID or --all."
            )
        if options["all"] and any(chosen):
            raise CommandError("--all takes every session; leave it out to choose some.")
        customer = None
        if options["user"]:
            customer = get_user_model().objects.filter(username=options["user"]).first()
            if customer is None:
                raise CommandError(f"There is no user {options['user']}.")
        return Selection(customer, options["session"], options["older_than"])

    async def _purge(self, selection: Selection, dry_run: bool) -> Purged:
        store = make_store()
        purged = Purged()
        try:
            async for purged in purge(store, selection, dry_run=dry_run):
                if self.stderr.isatty():
                    self.stderr.write(f"\r{purged.sessions} sessions", ending="")
        finally:
            await store.aclose()
        if self.stderr.isatty():
            self.stderr.write("")
        return purged
