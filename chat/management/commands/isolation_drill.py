"""``manage.py isolation_drill``: does this installation keep its customers apart?"""

import asyncio
import signal
import sys
from argparse import ArgumentParser
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseFailure

from chat.drill import report
from chat.drill.errors import DrillError
from chat.drill.run import Drill, hold
from chat.errors import HistoryUnavailable
from supportbot import env

# Seconds between two changes of the progress line.
SHOWN_EVERY = 0.2


class Command(BaseCommand):
    help = (
        "Lets throw-away customers talk to the running site all at once, over real sockets, and"
        " looks for words and orders in the wrong place, for what was lost, doubled or out of"
        " order. Removes everything it made. Exit status 1 on any fault."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        port = env.integer("PORT", 8000, at_least=0, at_most=65535)
        for name, default, what in (
            ("--customers", 100, "how many talk at once"),
            ("--turns", 5, "messages of each"),
            ("--tabs", 2, "open tabs of each"),
        ):
            parser.add_argument(name, type=int, default=default, help=f"{what} (%(default)s)")
        parser.add_argument(
            "--chaos",
            action="store_true",
            help="also cut sockets at random, send messages twice and stop answers",
        )
        parser.add_argument(
            "--url", default=f"http://127.0.0.1:{port}", help="where the site is (%(default)s)"
        )
        parser.add_argument(
            "--yes", action="store_true", help="also with a model whose answers may cost money"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        count, turns, tabs = (options[name] for name in ("customers", "turns", "tabs"))
        if count < 2 or turns < 1 or tabs < 1:
            raise CommandError("It takes two customers at least, one turn and one tab.")
        if settings.ASSISTANT_MODEL.startswith("openai:") and not options["yes"]:
            raise CommandError(
                f"About {count * turns:,} messages would be answered by"
                f" {settings.ASSISTANT_MODEL}, which may cost money. Add --yes if that is meant."
            )
        self.shown = 0.0
        try:
            drill = asyncio.run(self._hold(options["url"], count, turns, tabs, options["chaos"]))
        except DrillError as error:
            raise CommandError(str(error)) from error
        except (HistoryUnavailable, DatabaseFailure) as error:
            raise CommandError(
                f"{'Redis' if isinstance(error, HistoryUnavailable) else 'The database'} does not"
                " answer. What the drill had made may still be there: the next drill removes it."
            ) from error
        except (KeyboardInterrupt, asyncio.CancelledError):
            self.stderr.write("Stopped. What the drill had made is removed.")
            sys.exit(130)  # as a shell says of Ctrl-C
        for line in report.lines(drill):
            self.stdout.write(line)
        if drill.faults:
            raise CommandError(f"{len(drill.faults):,} faults.")

    async def _hold(self, url: str, count: int, turns: int, tabs: int, chaos: bool) -> Drill:
        # As Ctrl-C: what was made is removed first.
        task = asyncio.current_task()
        assert task is not None  # noqa: S101
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        try:
            return await hold(url, count, turns, tabs, chaos, self._show)
        finally:
            if self.stderr.isatty():
                self.stderr.write("\r\x1b[K", ending="")

    def _show(self, progress: str) -> None:
        """The progress line, on a terminal only."""
        if self.stderr.isatty() and monotonic() > self.shown + SHOWN_EVERY:
            self.shown = monotonic()
            self.stderr.write(f"\r{progress}\x1b[K", ending="")
            self.stderr.flush()
