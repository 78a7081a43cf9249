"""``manage.py serve``: the site for production."""

import signal
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from supportbot import server, static


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
        if missing := static.not_collected():
            raise CommandError(
                f"{len(missing)} static files are not collected ({missing[0]} is one):"
                " run `manage.py collectstatic --noinput` first."
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
