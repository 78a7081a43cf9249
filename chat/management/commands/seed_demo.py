"""The demo shop, for trying the assistant out."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from chat.management.demo.shop import CUSTOMERS, PASSWORD, STAFF, seed


class Command(BaseCommand):
    help = (
        "Makes the demo shop (customers, orders, parcels, help articles), or brings its dates up "
        "to today. Safe to run again. Only with DEBUG on: its passwords are public."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError(
                "seed_demo makes accounts whose password everybody knows; it runs only with "
                "DEBUG=True."
            )
        seeded = seed(timezone.now())
        for number in seeded.kept:
            self.stderr.write(f"#{number} is not the demo's order any more; left as it is.")
        names = ", ".join(account.username for account in CUSTOMERS)
        self.stdout.write(
            f"{seeded.orders} orders of {names}; {seeded.articles} new help articles. "
            f'Customers {names} and {STAFF.username} log in with the password "{PASSWORD}".'
        )
