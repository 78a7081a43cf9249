"""Every case, as often as it is tried: who speaks when, and what came of it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.auth.models import User
from django.utils import timezone

from chat import runtime
from chat.database import in_thread
from chat.errors import ChatError
from chat.evaluation import orders
from chat.evaluation.cases import Case
from chat.evaluation.conversation import Conversation
from chat.evaluation.dates import filled_in
from chat.evaluation.judging import Heard, Problem, Shop, judge
from chat.help.models import HelpArticle
from chat.orders.models import Order

# Conversations at once: what a provider's smallest plan allows, and enough to be done in minutes.
AT_ONCE = 8

# Fills the demo shop, or moves its dates to today.
Seed = Callable[[datetime], object]


@dataclass(frozen=True, slots=True)
class Trial:
    """One conversation of a case; ``number`` counts them from 1."""

    case: Case
    number: int
    heard: tuple[Heard, ...]
    problems: tuple[Problem, ...]

    @property
    def passed(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True)
class _Day:
    """The shop as it is on one day: its customers, those of the cases too, and what of the shop a
    judge of their conversations has to know."""

    today: date
    customers: Mapping[str, User]
    shops: Mapping[str, Shop]


async def run(
    cases: Sequence[Case],
    repeat: int,
    seed: Seed,
    done: Callable[[Trial], None] = lambda trial: None,
    clock: Callable[[], datetime] = timezone.now,
) -> list[Trial]:
    """Tries every case ``repeat`` times, in this process's database and Redis, several at once.

    ``done`` is told of each trial as it ends. Answers the trials by case and number.

    Conversations are apart from each other as those of two logins are. They may be of the same
    customer, whose orders no tool changes: an order's number belongs to one order of the shop.
    """
    stage = _Stage(cases, seed, clock)
    free = asyncio.Semaphore(AT_ONCE)

    async def one(case: Case, number: int) -> Trial:
        async with free:
            trial = await _trial(running, stage, case, number)
        done(trial)
        return trial

    async with _running() as running:
        async with asyncio.TaskGroup() as group:
            # All cases once, then all again: a provider's bad minute then hits each once.
            tasks = [
                group.create_task(one(case, number))
                for number in range(1, repeat + 1)
                for case in cases
            ]
        place = {case.name: at for at, case in enumerate(cases)}
        return sorted(
            (task.result() for task in tasks), key=lambda t: (place[t.case.name], t.number)
        )


@asynccontextmanager
async def _running() -> AsyncIterator[runtime.Runtime]:
    """What a server process runs."""
    await runtime.start()
    try:
        running = runtime.current()
        assert running is not None  # noqa: S101
        yield running
    finally:
        await runtime.stop()


async def _trial(running: runtime.Runtime, stage: "_Stage", case: Case, number: int) -> Trial:
    while True:
        day = await stage.day()
        heard, problems = await _talk(running, case, day)
        # After midnight "tomorrow" is another day than the one that the case means.
        if stage.is_still(day):
            return Trial(case, number, tuple(heard), tuple(problems))


async def _talk(
    running: runtime.Runtime, case: Case, day: _Day
) -> tuple[list[Heard], list[Problem]]:
    customer = case.customer or case.name
    talk = await Conversation.opened(running, day.customers[customer])
    heard: list[Heard] = []
    for turn in case.turns:
        try:
            heard.append(await talk.say(filled_in(turn.say, day.today)))
        except ChatError as error:
            return heard, [Problem(len(heard) + 1, f"the message to be taken, not {error.code}")]
        if heard[-1].failed:
            break
    return heard, judge(case, heard, day.shops[customer])


class _Stage:
    """The shop in which the cases play, made anew on each day."""

    def __init__(self, cases: Sequence[Case], seed: Seed, clock: Callable[[], datetime]) -> None:
        self._cases = cases
        self._seed = seed
        self._clock = clock
        self._lock = asyncio.Lock()
        self._day: _Day | None = None

    def _today(self) -> date:
        return timezone.localtime(self._clock()).date()

    async def day(self) -> _Day:
        async with self._lock:
            if self._day is None or self._day.today != self._today():
                # It takes longer than a query may, on a slow disk.
                self._day = await in_thread(self._set, within=None)()
            return self._day

    def is_still(self, day: _Day) -> bool:
        return day.today == self._today()

    def _set(self) -> _Day:
        now = self._clock()
        self._seed(now)
        return _set_up(self._cases, now)


def _set_up(cases: Iterable[Case], now: datetime) -> _Day:
    for case in cases:
        if case.orders is not None:
            customer, _ = User.objects.get_or_create(
                username=case.name, defaults={"first_name": "Robin", "last_name": "Case"}
            )
            orders.put_in(customer, case.orders, now)
    today = timezone.localtime(now).date()
    articles = dict(HelpArticle.objects.values_list("slug", "title"))
    owners = dict(Order.objects.values_list("number", "customer__username"))
    customers = {user.username: user for user in User.objects.all()}
    shops = {
        name: Shop(
            today,
            frozenset(number for number, owner in owners.items() if owner == name),
            frozenset(number for number, owner in owners.items() if owner != name),
            articles,
        )
        for name in customers
    }
    return _Day(today, customers, shops)
