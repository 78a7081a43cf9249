"""Customers who all talk at once, and who look for what was lost, doubled, reordered or leaked.

They are those of ``manage.py isolation_drill``: they come back when a socket closes, send again
what was not acknowledged, and compare what their tabs showed with history and transcript.
"""

import itertools
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from supportbot import children
from tests.openai_server import DONE, Answer, Request, chunk
from tests.site import MANAGE, Site


class SlowModel:
    """Says what it was asked, in pieces 30 ms apart.

    The last of so many ``turns`` goes on until ``over`` is set, so that the load lasts as long as
    what it is there for; ``lasting`` are the messages that it answers so.
    """

    def __init__(self, turns: int) -> None:
        self.over = threading.Event()
        self.lasting: set[str] = set()
        self._turns = turns

    def __call__(self, request: Request) -> Answer:
        asked = [m["content"] for m in request.body["messages"] if m["role"] == "user"]
        last = len(asked) >= self._turns
        if last:
            self.lasting.add(asked[-1])
        return Answer(self._pieces(asked[-1], last=last))

    def _pieces(self, text: str, *, last: bool) -> Iterator[Any]:
        yield chunk({"role": "assistant", "content": ""})
        yield chunk({"content": f"You said: {text} "})
        for number in itertools.count():
            if number >= 5 and (self.over.is_set() or not last):
                break
            yield 0.03
            yield chunk({"content": f"word {number} "})
        yield chunk({}, "stop")
        yield DONE


class Load:
    """The customers' process."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def talks(self) -> bool:
        """Whether there is still somebody who talks, or reads back."""
        return self._process.poll() is None

    def found(self) -> str:
        """The customers' report; fails when they found a fault."""
        status = self._process.wait()
        report = self._log.read_text()
        assert status == 0, report
        print(report)
        return report


@contextmanager
def load(site: Site, url: str, log: Path, *, customers: int, turns: int) -> Iterator[Load]:
    """Customers of the site, who come in at ``url``, each with two tabs."""
    with log.open("wb") as output:
        process = children.start(
            [
                *(*MANAGE, "isolation_drill", "--url", url, "--yes", "--tabs", "2"),
                *("--customers", str(customers), "--turns", str(turns)),
            ],
            environment=site.environment,
            output=output,
        )
    try:
        yield Load(process, log)
    finally:
        children.end(process, timeout=30)
