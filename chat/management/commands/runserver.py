"""``manage.py runserver``: the site for those who develop, sockets included, with reload."""

import os
import sys
from typing import Any

from django.core.management.commands.runserver import Command as DjangoCommand

from supportbot import server


class Command(DjangoCommand):
    """Django's own command, its checks and its reloader, over our server.

    Its place in INSTALLED_APPS before ``django.contrib.staticfiles``, which has a ``runserver``
    too, is what makes it win.
    """

    addr: str
    port: str

    def inner_run(self, *args: Any, **options: Any) -> None:
        from django.utils import autoreload

        autoreload.raise_last_exception()
        if not options["skip_checks"]:
            self.stdout.write("Performing system checks...\n\n")
            self.check(display_num_errors=True)
        self.check_migrations()
        try:
            listener = server.listen(self.addr, int(self.port))
        except server.ServerError as error:
            self.stderr.write(self.style.ERROR(f"Error: {error}"))
            # sys.exit would end only the reloader's thread.
            os._exit(1)
        self.stdout.write(f"Serving {server.url_of(listener)} (Ctrl-C ends it)")
        try:
            server.run(listener)
        except KeyboardInterrupt:
            sys.exit(0)
