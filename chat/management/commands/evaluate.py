"""``manage.py evaluate``: does the assistant still answer as it should?"""

import asyncio
import json
import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.utils import timezone

from chat.evaluation import report
from chat.evaluation.cases import BadFile, Case, read
from chat.evaluation.trials import Seed, Trial, run
from chat.help import files
from chat.help.models import HelpArticle
from chat.llm import PROVIDERS
from chat.management.demo.articles import articles
from chat.management.demo.orders import demo_orders
from chat.management.demo.shop import CUSTOMERS, seed
from supportbot import children, env, stage
from supportbot.redis_server import RedisServerError

BELOW, UNUSABLE, STOPPED = 1, 2, 130
# Seconds between two changes of the progress line.
SHOWN_EVERY = 0.2


class Command(BaseCommand):
    help = (
        "Lets the customers of a file's cases talk to the assistant, in a demo shop made for it on"
        " a database and a Redis that are removed afterwards, and judges what they hear."
        f" Exit status {BELOW} below --at-least, {UNUSABLE} where it cannot be evaluated."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE.jsonl")
        parser.add_argument(
            "--model", type=_model, help="as ASSISTANT_MODEL, in place of the one that is set"
        )
        parser.add_argument(
            "--repeat", type=_repeat, default=4, help="trials of each case (%(default)s)"
        )
        parser.add_argument(
            "--at-least",
            type=_percent,
            default=0.0,
            metavar="PERCENT",
            help="of the cases must pass in every trial (pass^k with k = --repeat)",
        )
        parser.add_argument(
            "--only",
            action="append",
            default=[],
            metavar="KIND[/ID]",
            help="only these cases; may be given more than once",
        )
        parser.add_argument(
            "--articles",
            type=Path,
            metavar="DIR",
            help="the shop's help articles, as import_articles takes them; else the demo's",
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="writes everything there")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            written = _articles(options["articles"])
            cases = _chosen(_read(options["files"], written), options["only"])
        except BadFile as error:
            raise CommandError(str(error), returncode=UNUSABLE) from error
        if not stage.entered(settings.DATABASES["default"], settings.REDIS_URL):
            # These settings are the shop's own, so none of what follows may happen here.
            if options["json"]:
                _writable(options["json"])
            sys.exit(_elsewhere(options))
        trials = self._tried(cases, options["repeat"], partial(seed, written=written))
        for line in report.lines(trials, settings.ASSISTANT_PRICES.currency):
            self.stdout.write(line)
        if options["json"]:
            everything = report.as_json(trials, settings.ASSISTANT_MODEL)
            options["json"].write_text(json.dumps(everything, ensure_ascii=False, indent=1) + "\n")
        passed = report.share_passed(trials)
        if passed < options["at_least"]:
            raise CommandError(
                f"{passed:.1f} % of the cases passed every time, fewer than"
                f" {options['at_least']:g} %.",
                returncode=BELOW,
            )

    def _tried(self, cases: Sequence[Case], repeat: int, shop: Seed) -> list[Trial]:
        call_command("migrate", interactive=False, verbosity=0)
        connections.close_all()
        progress = Progress(self, len(cases) * repeat)
        try:
            return asyncio.run(_until_stopped(cases, repeat, shop, progress))
        except (KeyboardInterrupt, asyncio.CancelledError):
            raise CommandError("Stopped.", returncode=STOPPED) from None
        finally:
            progress.clear()


class Progress:
    """How far it is, on a terminal only."""

    def __init__(self, command: BaseCommand, trials: int) -> None:
        self._stderr = command.stderr
        self._trials = trials
        self._done = self._failed = 0
        self._shown = 0.0

    def __call__(self, trial: Trial) -> None:
        self._done += 1
        self._failed += not trial.passed
        if self._stderr.isatty() and monotonic() > self._shown + SHOWN_EVERY:
            self._shown = monotonic()
            said = f"{self._done} of {self._trials} conversations, {self._failed} failed"
            self._stderr.write(f"\r{said}\x1b[K", style_func=str, ending="")
            self._stderr.flush()

    def clear(self) -> None:
        if self._stderr.isatty():
            self._stderr.write("\r\x1b[K", style_func=str, ending="")


def _elsewhere(options: dict[str, Any]) -> int:
    """Runs this command once more, where it has a database and a Redis of its own."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    again = [str(file) for file in options["files"]]
    again += [f"--{name.replace('_', '-')}={options[name]}" for name in ("repeat", "at_least")]
    again += [f"--only={wanted}" for wanted in options["only"]]
    again += [f"--{name}={options[name]}" for name in ("articles", "json") if options[name]]
    try:
        with stage.throw_away() as environment:
            # Nobody is to be held back here: these customers talk as fast as they are answered.
            environment |= {"CHAT_RATE_LIMIT": "999999/s", "ASSISTANT_DAILY_BUDGET": ""}
            if options["model"]:
                environment["ASSISTANT_MODEL"] = options["model"]
            command = [sys.executable, str(env.ROOT / "manage.py"), "evaluate", *again]
            return children.run_in_foreground(command, environment=environment)
    except RedisServerError as error:
        raise CommandError(str(error), returncode=UNUSABLE) from error
    except KeyboardInterrupt:
        return STOPPED


async def _until_stopped(
    cases: Sequence[Case], repeat: int, shop: Seed, progress: Progress
) -> list[Trial]:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await run(cases, repeat, shop, progress)


def _articles(folder: Path | None) -> list[HelpArticle]:
    if folder is None:
        return articles()
    try:
        found = articles(folder)
    except OSError as error:
        raise BadFile(f"--articles: {error.filename or folder}: {error.strerror}") from error
    except files.BadFile as error:
        raise BadFile(f"--articles: {error.reason}") from error
    if not found:
        raise BadFile(f"--articles: {folder}: no Markdown files (*.md) in it")
    return found


def _read(paths: Sequence[Path], written: Sequence[HelpArticle]) -> list[Case]:
    return read(
        paths,
        customers=[account.username for account in CUSTOMERS],
        orders=[order.number for order in demo_orders(timezone.localdate())],
        articles=[article.slug for article in written],
    )


def _chosen(cases: list[Case], only: Sequence[str]) -> list[Case]:
    for wanted in only:
        if not any(wanted in (case.kind, case.name) for case in cases):
            kinds = ", ".join(dict.fromkeys(case.kind for case in cases))
            raise BadFile(f"--only: no case is {wanted}; the kinds are: {kinds}")
    return [case for case in cases if not only or {case.kind, case.name} & set(only)]


def _writable(file: Path) -> None:
    try:
        with file.open("a"):
            pass
    except OSError as error:
        raise CommandError(f"--json: {file}: {error.strerror}", returncode=UNUSABLE) from error


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _model(value: str) -> str:
    if value.partition(":")[0] not in PROVIDERS:
        raise ArgumentTypeError(f"takes {', '.join(PROVIDERS)}; openai with a name: openai:NAME")
    return value


def _repeat(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= 100:
        raise ArgumentTypeError("takes a whole number from 1 to 100")
    return int(value)


def _percent(value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = -1
    if not 0 <= share <= 100:
        raise ArgumentTypeError("takes a number from 0 to 100")
    return share
