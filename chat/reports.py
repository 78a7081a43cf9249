"""What staff are told of the assistant: how the provider is, and what answers took and cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db.models import Avg, BigIntegerField, Count, F, Q, QuerySet, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, TruncDate
from django.utils import timezone

from chat import marks
from chat.breaker import Health
from chat.budget import MILLIONTHS, Limit, Spent
from chat.errors import HistoryUnavailable
from chat.models import Answer

MARKS = "payload__data__additional_kwargs"
FIGURES = f"{MARKS}__{marks.FIGURES}"
# Days of which the sums are shown together, and customers of one day, the dearest first.
DAYS = 14
CUSTOMERS = 20

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Now:
    """How it is at this moment. Without a provider, or without Redis, there is little to say."""

    model: str
    away: bool = False
    health: Health | None = None
    spent: Spent | None = None
    limits: tuple[str, str] = ("", "")


def now() -> Now:
    """Asks Redis, which may be away."""
    model = settings.ASSISTANT_MODEL
    if not model.startswith("openai:"):
        return Now(model)
    try:
        return async_to_sync(_now)()
    except HistoryUnavailable:
        return Now(model, away=True)


async def _now() -> Now:
    from chat import runtime  # here: the admin is loaded by every management command

    async with runtime.store() as store:
        budget = runtime.make_budget(store)
        return Now(
            settings.ASSISTANT_MODEL,
            health=await runtime.make_breaker(store).look(),
            spent=await budget.spent(),
            limits=(_limit(budget.limits.customer), _limit(budget.limits.shop)),
        )


def _limit(limit: Limit | None) -> str:
    if limit is None:
        return ""
    return f"{limit.amount:,} tokens" if limit.in_tokens else money(limit.amount)


def by_model(day: date) -> Sequence[Row]:
    """The day's sums for each model, and for each reason why it was not the provider's."""
    rows = _figures(_of(day, 1)).values("model", "because").annotate(**_sums())
    return list(rows.order_by("because", "model"))


def by_customer(day: date) -> Sequence[Row]:
    """The day's sums of those customers whose answers cost most."""
    named = _of(day, 1).annotate(customer=F("session__customer__username"))
    rows = _figures(named).values("customer").annotate(**_sums())
    return list(rows.order_by(F("cost").desc(nulls_last=True), "-read")[:CUSTOMERS])


def by_day(last: date) -> Sequence[Row]:
    """The sums of the days up to ``last``, the newest first."""
    days = _of(last - timedelta(days=DAYS - 1), DAYS).annotate(day=TruncDate("created_at"))
    return list(_figures(days).values("day").annotate(**_sums()).order_by("-day"))


def described(figures: Row) -> str:
    """What one answer took, in a line; ``figures`` as they are kept with it."""
    who = figures.get("model", "")
    if because := figures.get("because"):
        who += f", because: {because}"
    parts = [who]
    if read := figures.get("read", 0):
        cached, reasoning = figures.get("cached", 0), figures.get("reasoning", 0)
        about = "about " if figures.get("guessed") else ""
        parts.append(f"{about}{read:,} tokens read" + (f" ({cached:,} cached)" if cached else ""))
        parts.append(
            f"{about}{figures.get('written', 0):,} written"
            + (f" ({reasoning:,} reasoning)" if reasoning else "")
        )
        parts.append(money(figures.get("cost")) if "cost" in figures else "cost unknown")
    parts.append(
        f"{_counted(figures.get('steps', 0), 'step')},"
        f" {_counted(figures.get('tools', 0), 'tool call')}"
    )
    first, whole = seconds(figures.get("first")), seconds(figures.get("whole"))
    parts.append(f"first words after {first}, all after {whole}")
    return " · ".join(parts)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def seconds(milliseconds: float | None) -> str:
    """1234 → 1.2 s, 34 → 0.03 s; nothing → –."""
    if not milliseconds:
        return "–"
    return f"{milliseconds / 1000:.{1 if milliseconds >= 1000 else 2}f} s"


def money(millionths: int | None) -> str:
    """An amount in the price table's currency; what is not known is no amount."""
    if millionths is None:
        return "unknown"
    amount = Decimal(millionths) / MILLIONTHS
    digits = 2 if amount >= 1 or amount == round(amount, 2) else 4
    return f"{settings.ASSISTANT_PRICES.currency} {amount:,.{digits}f}".strip()


def _of(first: date, days: int) -> QuerySet[Any]:
    """Answers with figures of so many days, by the shop's calendar."""
    begin = timezone.make_aware(datetime.combine(first, time.min))
    end = timezone.make_aware(datetime.combine(first + timedelta(days=days), time.min))
    return Answer.objects.filter(
        role="ai",
        created_at__gte=begin,
        created_at__lt=end,
        **{f"{MARKS}__has_key": marks.FIGURES},
    )


def _figures(answers: QuerySet[Any]) -> QuerySet[Any]:
    numbers = ("read", "cached", "written", "reasoning", "cost", "tools", "first", "whole")
    annotated: QuerySet[Any] = answers.annotate(
        model=KT(f"{FIGURES}__model"),
        because=KT(f"{FIGURES}__because"),
        its_withheld=KT(f"{MARKS}__{marks.WITHHELD}"),
        **{f"its_{name}": Cast(KT(f"{FIGURES}__{name}"), BigIntegerField()) for name in numbers},
    )
    return annotated


def _sums() -> dict[str, Any]:
    summed = ("read", "cached", "written", "reasoning", "cost", "tools")
    return {
        "answers": Count("pk"),
        "unknown": Count("pk", filter=Q(its_cost=None)),
        "offline": Count("pk", filter=~Q(because=None)),
        "withheld": Count("pk", filter=~Q(its_withheld=None)),
        "first": Avg("its_first"),
        "whole": Avg("its_whole"),
    } | {name: Sum(f"its_{name}") for name in summed}
