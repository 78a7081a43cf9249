"""``manage.py audit_transcripts``: was anybody ever shown what belongs to another customer?"""

from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseFailure

from chat.audit import audit

# Seconds between two changes of the progress line.
SHOWN_EVERY = 0.2


class Command(BaseCommand):
    help = (
        "Looks through all transcripts for order numbers, tracking numbers and e-mail addresses of"
        " another customer's, and names the messages that show one. Exit status 1 if any does."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        sessions = messages = found = 0
        shown = 0.0
        try:
            for audited in audit():
                sessions, messages = sessions + 1, messages + audited.messages
                for finding in audited.findings:
                    found += 1
                    self.stdout.write(
                        f"{finding.session_id}[{finding.position}]: another customer's"
                        f" {finding.kind}"
                    )
                if self.stderr.isatty() and monotonic() > shown + SHOWN_EVERY:
                    shown = monotonic()
                    self.stderr.write(f"\r{messages:,} messages\x1b[K", ending="")
                    self.stderr.flush()
        except DatabaseFailure as error:
            raise CommandError(f"The database failed: {error}. Run it again.") from error
        finally:
            if self.stderr.isatty():
                self.stderr.write("\r\x1b[K", ending="")
        self.stdout.write(f"{messages:,} messages in {sessions:,} sessions, {found:,} findings.")
        if found:
            raise CommandError(f"{found:,} messages show what belongs to another customer.")
