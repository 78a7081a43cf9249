"""What the offline assistant costs: ``python -m tests.assistant.figures``.

CPU of each reply of the dialogues in ``test_thread.py``, all its steps together, without the tools.
"""

import os
import time
from itertools import chain
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
from langchain_core.messages import BaseMessage  # noqa: E402
from pydantic import PrivateAttr  # noqa: E402

from chat.llm.offline.model import OfflineModel, create  # noqa: E402
from chat.management.demo.shop import seed  # noqa: E402
from supportbot.asgi import collect_less  # noqa: E402
from tests.assistant.clerk import Clerk  # noqa: E402
from tests.assistant.test_thread import DIALOGUES  # noqa: E402

ROUNDS = 9
# As long as customers write: a hundred words in eleven sentences.
LONG = (
    "Hello, I have been a customer of yours for many years and I have never had a problem before. "
    "Two weeks ago I ordered a kettle for my mother, it was her birthday on Sunday. I waited at "
    "home the whole day, nobody rang the bell. Then I got a mail that says it was delivered. My "
    "neighbours do not have it either. I called the carrier and they sent me to you. I am really "
    "disappointed about that. I would like to know where it is now and when I will get it! Please "
    "answer soon. Kind regards, Anna"
)


class TimedModel(OfflineModel):
    """Counts the CPU of its steps, from the messages to the last chunk, as the turn drives them."""

    _took: float = PrivateAttr(0.0)

    def _stream(self, messages: list[BaseMessage], *_: Any, **__: Any) -> Any:
        began = time.process_time()
        chunks = list(super()._stream(messages))
        self._took += time.process_time() - began
        return iter(chunks)


def main() -> None:
    """Prints the figures of docs/assistant.md; the first round warms up and does not count.

    A reply at its best is what it costs where no neighbour of a virtual machine slows the core.
    """
    call_command("migrate", verbosity=0)
    seed(timezone.now())
    create()
    collect_less()  # as the server does (supportbot/asgi.py)
    rounds = [
        [cost for customer, said, *_ in DIALOGUES for cost in _costs(customer, said)]
        for _ in range(1 + ROUNDS)
    ]
    long = min(sum(_costs("alice", LONG)) for _ in range(ROUNDS))
    print(f"a message of {len(LONG.split())} words, at its best: {1000 * long:.1f} ms CPU")
    counted = rounds[1:]
    for name, took in (
        ("each at its best", sorted(map(min, zip(*counted, strict=True)))),
        ("each every time", sorted(chain(*counted))),
    ):
        at = [took[int(share * len(took))] for share in (0.5, 0.95, 0.99)]
        figures = ", ".join(f"{1000 * each:.1f}" for each in (*at, took[-1]))
        mean = 1000 * sum(took) / len(took)
        print(f"{len(rounds[0])} replies, {name}, ms CPU:")
        print(f"    mean {mean:.1f}; median, 95 %, 99 %, most {figures}")


def _costs(customer: str, said: str) -> list[float]:
    clerk = Clerk(User.objects.get(username=customer))
    model = clerk.model = TimedModel(tool_names=clerk.model.tool_names)
    costs = []
    for text in said.split(" | "):
        before = model._took
        clerk.ask(text)
        costs.append(model._took - before)
    return costs


if __name__ == "__main__":
    main()
