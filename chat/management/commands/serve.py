"""``manage.py serve``: the site for production."""

import signal
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from supportbot import server, static

HIGHEST_PORT = 2**16 - 1
# Of SECRET_KEY; what `manage.py check --deploy` asks for.
CHARACTERS = 50


class Command(BaseCommand):
    help = "Serves the site, pages and sockets, until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--host", default="127.0.0.1", help="address to listen on (%(default)s)"
        )
        parser.add_argument("--port", type=int, default=8000, help="port (%(default)s); 0: any")
        parser.add_argument("--workers", type=int, default=1, help="processes (%(default)s)")
        parser.add_argument("--fd", type=int, help="inherited socket, instead of host and port")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["workers"] < 1:
            raise CommandError("--workers: takes a whole number from 1")
        if not 0 <= options["port"] <= HIGHEST_PORT:
            raise CommandError(f"--port: takes a whole number from 0 to {HIGHEST_PORT}")
        if not settings.DEBUG and len(settings.SECRET_KEY) < CHARACTERS:
            self.stderr.write(
                f"SECRET_KEY is shorter than {CHARACTERS} characters: whoever guesses it can forge"
                " what this site signs. docs/operations.md tells how to make one."
            )
        if missing := static.not_collected():
            raise CommandError(
                f"{len(missing)} static files are not collected ({missing[0]} is one):"
                " run `manage.py collectstatic --noinput` first."
            )
        # Whoever hands a socket on has looked: a worker is replaced on whatever is there.
        if options["fd"] is None and (missing := _not_migrated()):
            raise CommandError(
                f"{len(missing)} migrations are not applied to the database ({missing[0]} is one):"
                " run `manage.py migrate` first."
            )
        # uvicorn raises the signal again once it has ended; that is the end asked for.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit(0))
        try:
            if options["fd"] is not None:
                listener = server.listener_from(options["fd"])
            else:
                listener = server.listen(options["host"], options["port"])
                self.stderr.write(f"Serving {server.url_of(listener)}")
            if options["workers"] == 1:
                server.run(listener)
            else:
                server.run_workers(listener, options["workers"])
        except server.ServerError as error:
            raise CommandError(str(error)) from error


def _not_migrated() -> list[str]:
    """The migrations that the database lacks; none while it is away, for it will be back."""
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except OperationalError:
        return []
    finally:
        connection.close()
        if connection.vendor == "postgresql":
            # This process may only watch workers, which have pools of their own.
            connection.close_pool()  # type: ignore[attr-defined]
    return [str(migration) for migration, _ in plan]
