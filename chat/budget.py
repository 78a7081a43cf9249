"""What the provider may cost in a day, for each customer and for the shop; and what it did.

Counted in Redis when an answer has ended, whoever gave it. A turn asks before it begins, so what is
spent beyond the budget is at most what the turns cost that ran at that moment.
"""

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from chat.errors import HistoryUnavailable
from chat.scripts import Scripts

logger = logging.getLogger(__name__)

MILLIONTHS = 1_000_000
# How long a day's sums are kept (ms): longer than a day, wherever on earth.
KEPT = 2 * 86_400_000

LIMIT = re.compile(r"(customer|shop)\s*=\s*([0-9]{1,9}(?:\.[0-9]{1,6})?)(\s*tokens)?")


@dataclass(frozen=True, slots=True)
class Spent:
    """Of one day: millionths of the currency, and tokens."""

    cost: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Limit:
    """For one day: millionths of the currency, or tokens."""

    amount: int
    in_tokens: bool = False

    def reached(self, spent: Spent) -> bool:
        return (spent.tokens if self.in_tokens else spent.cost) >= self.amount


@dataclass(frozen=True, slots=True)
class Limits:
    """None where there is none."""

    customer: Limit | None = None
    shop: Limit | None = None

    @property
    def in_money(self) -> bool:
        """Whether one of them needs a price."""
        return any(
            limit is not None and not limit.in_tokens for limit in (self.customer, self.shop)
        )


NO_LIMITS = Limits()


def parse(text: str) -> Limits:
    """``customer=0.50,shop=20`` in the price table's currency, or ``shop=5000000 tokens``.

    Raises ValueError for anything else.
    """
    found: dict[str, Limit] = {}
    for part in text.split(",") if text else ():
        match = LIMIT.fullmatch(part.strip())
        if match is None or match[1] in found or (match[3] and "." in match[2]):
            raise ValueError("no budget")
        amount = Decimal(match[2])
        found[match[1]] = Limit(
            int(amount if match[3] else amount * MILLIONTHS), in_tokens=bool(match[3])
        )
    return Limits(**found)


class Budget:
    """The day's sums of all processes.

    Args:
        scripts: Redis.
        limits: of a day.
        today: the shop's date.
    """

    def __init__(
        self,
        scripts: Scripts,
        limits: Limits,
        today: Callable[[], date],
        prefix: str = "chat_history:",
    ) -> None:
        self.limits = limits
        self._scripts = scripts
        self._today = today
        self._prefix = prefix
        self._counting: set[asyncio.Task[None]] = set()

    async def exhausted(self, customer_id: int) -> str:
        """Whose budget of today is spent: customer or shop; empty where neither is.

        When Redis does not answer, neither is: turns that run meanwhile are few.
        """
        limits = self.limits
        try:
            customer, shop = await asyncio.gather(self.spent(customer_id), self.spent())
        except HistoryUnavailable:
            return ""
        if limits.shop and limits.shop.reached(shop):
            return "shop"
        return "customer" if limits.customer and limits.customer.reached(customer) else ""

    async def spent(self, customer_id: int | None = None) -> Spent:
        """Today, by a customer or by all.

        Raises:
            HistoryUnavailable: Redis does not answer.
        """
        cost, tokens = await self._scripts.run("spent", [self._key(customer_id)])
        return Spent(cost, tokens)

    def count(self, customer_id: int, spend_id: str, spent: Spent) -> asyncio.Task[None]:
        """Counts what was spent, once for each ``spend_id``; goes on though nobody awaits it."""
        task = asyncio.create_task(self._count(customer_id, spend_id, spent))
        self._counting.add(task)
        task.add_done_callback(self._counting.discard)
        return task

    async def settled(self) -> None:
        """Returns when all that was to be counted is."""
        await asyncio.gather(*self._counting)

    async def _count(self, customer_id: int, spend_id: str, spent: Spent) -> None:
        arguments = (spend_id, spent.cost, spent.tokens, KEPT)
        keys = (self._key(customer_id), self._key(None))
        try:
            await self._scripts.run_each(
                "spend", [([key, f"{{{key}}}:ids"], arguments) for key in keys]
            )
        except HistoryUnavailable:
            logger.warning("Redis did not answer: an answer's cost is missing in the day's sum")

    def _key(self, customer_id: int | None) -> str:
        whose = "shop" if customer_id is None else f"customer:{customer_id}"
        return f"{self._prefix}spent:{whose}:{self._today().isoformat()}"
