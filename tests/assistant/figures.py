"""What the offline assistant costs: ``python -m tests.assistant.figures``.

CPU of each reply of the dialogues in ``test_thread.py``, all its steps together, without the tools.
"""

import os
import time
from collections.abc import Callable
from typing import Any

import django

os.environ |= {
    "DJANGO_SETTINGS_MODULE": "supportbot.settings",
    "DEBUG": "True",
    "DATABASE_URL": "sqlite://:memory:",
}
django.setup()

from django.contrib.auth.models import User  # noqa: E402 the models want Django to be set up
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from chat.management.demo.shop import seed  # noqa: E402
from tests.assistant.clerk import Clerk  # noqa: E402
from tests.assistant.test_thread import DIALOGUES  # noqa: E402


class TimedClerk(Clerk):
    """Counts the CPU that its tools take."""

    def __init__(self, customer: User) -> None:
        super().__init__(customer)
        self.elsewhere = 0.0
        self.tools = {name: self._timed(tool) for name, tool in self.tools.items()}

    def _timed(self, tool: Callable[..., tuple[str, Any]]) -> Callable[..., tuple[str, Any]]:
        def timed(**arguments: Any) -> tuple[str, Any]:
            began = time.process_time()
            answer = tool(**arguments)
            self.elsewhere += time.process_time() - began
            return answer

        return timed


def main() -> None:
    """Prints the figures of docs/assistant.md; the first round warms up and does not count."""
    call_command("migrate", verbosity=0)
    seed(timezone.now())
    for counts in (False, True):
        took = sorted(each for customer, said, *_ in DIALOGUES for each in _costs(customer, said))
        if counts:
            at = [took[int(share * len(took))] for share in (0.5, 0.95, 0.99)]
            figures = ", ".join(f"{1000 * each:.1f}" for each in (*at, took[-1]))
            mean = 1000 * sum(took) / len(took)
            print(
                f"{len(took)} replies, ms CPU: mean {mean:.1f}; median, 95 %, 99 %, most {figures}"
            )


def _costs(customer: str, said: str) -> list[float]:
    clerk = TimedClerk(User.objects.get(username=customer))
    costs = []
    for text in said.split(" | "):
        began, elsewhere = time.process_time(), clerk.elsewhere
        clerk.ask(text)
        costs.append(time.process_time() - began - (clerk.elsewhere - elsewhere))
    return costs


if __name__ == "__main__":
    main()
