"""Orders from any importer → the database: the newest data wins, a bad order harms no other.

Orders go in by the batch, each batch in one transaction. If the database refuses something that
the importer let through, the batch is taken back and its orders go in one by one, so that only
the one that was refused stays out.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from django.db import DataError, IntegrityError, transaction

from chat.orders.accounts import find_or_make, same_address
from chat.orders.models import Order
from chat.orders.records import BrokenFile, Invalid, OrderRecord, Row
from chat.orders.upsert import upsert

BATCH = 500


class Outcome(StrEnum):
    """What became of an order of the file."""

    NEW = "new"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    OLDER = "older than what is here"
    REPEATED = "repeated in the file"
    TEST = "test orders left out"
    BAD = "bad"


@dataclass
class Report:
    """``broken`` says why the file could not be read to its end; empty if it could."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    made: set[str] = field(default_factory=set)
    broken: str = ""


def import_orders(
    rows: Iterable[Row],
    *,
    dry_run: bool = False,
    on_bad: Callable[[str], None] = lambda line: None,
    on_progress: Callable[[int], None] = lambda done: None,
) -> Report:
    """Put the orders of a file into the database.

    Args:
        dry_run: do all of it, then take every batch back.
        on_bad: gets a line for each bad order: ``orders[17] (#1018): created_at: not a date``.
        on_progress: gets the number of orders done, after each batch.
    """
    return _Intake(dry_run, on_bad, on_progress).run(rows)


@dataclass(frozen=True, slots=True)
class _Good:
    place: str
    order: OrderRecord
    repeated: bool


class _Intake:
    def __init__(
        self, dry_run: bool, on_bad: Callable[[str], None], on_progress: Callable[[int], None]
    ) -> None:
        self.dry_run = dry_run
        self.on_bad = on_bad
        self.on_progress = on_progress
        self.report = Report()
        self.batch: dict[str, _Good] = {}
        # The numbers of this file so far, each with the id that the source gives it.
        self.seen: dict[str, str] = {}

    def run(self, rows: Iterable[Row]) -> Report:
        try:
            for row in rows:
                self._take(row)
        except BrokenFile as error:
            self.report.broken = str(error)
        self._flush()
        return self.report

    def _take(self, row: Row) -> None:
        place, order = row
        if isinstance(order, Invalid):
            self._bad(place, order)
            return
        if order.is_test:
            self.report.outcomes[Outcome.TEST] += 1
            return
        source_id = self.seen.get(order.number)
        if source_id and order.source_id and source_id != order.source_id:
            self._bad(place, Invalid("name", "another order of this file has the same"))
            return
        if order.number in self.batch or len(self.batch) == BATCH:
            self._flush()
        self.batch[order.number] = _Good(place, order, repeated=source_id is not None)
        self.seen[order.number] = order.source_id

    def _bad(self, place: str, problem: Invalid) -> None:
        self.report.outcomes[Outcome.BAD] += 1
        self.on_bad(f"{place}: {problem}")

    def _flush(self) -> None:
        goods = list(self.batch.values())
        self.batch.clear()
        try:
            self._write(goods)
        except (IntegrityError, DataError):
            for good in goods:
                try:
                    self._write([good])
                except (IntegrityError, DataError) as error:
                    self._bad(good.place, Invalid("", f"the database refused it: {error}"))
        self.on_progress(self.report.outcomes.total())

    def _write(self, goods: Sequence[_Good]) -> None:
        """All of these or none; what became of them is told only once they are in."""
        outcomes: list[Outcome] = []
        ambiguous: list[_Good] = []
        with transaction.atomic():
            here = _orders_here([good.order.number for good in goods])
            newest = [good for good in goods if not _is_older(good.order, here)]
            matches = find_or_make(good.order.customer for good in newest)
            clear: list[tuple[OrderRecord, int | None]] = []
            for good in newest:
                address = same_address(good.order.customer.email)
                if address in matches.ambiguous:
                    ambiguous.append(good)
                else:
                    clear.append((good.order, matches.accounts.get(address)))
            changed = upsert(here, clear)
            if self.dry_run:
                transaction.set_rollback(True)
        for good in goods:
            number = good.order.number
            if good in ambiguous:
                self._bad(good.place, Invalid("email", _AMBIGUOUS))
                continue
            if good.repeated:
                outcomes.append(Outcome.REPEATED)
            elif number not in here:
                outcomes.append(Outcome.NEW)
            elif number in changed:
                outcomes.append(Outcome.UPDATED)
            else:
                is_older = _is_older(good.order, here)
                outcomes.append(Outcome.OLDER if is_older else Outcome.UNCHANGED)
        self.report.outcomes.update(outcomes)
        self.report.made |= matches.made


_AMBIGUOUS = "several customers' accounts have this address; merge them or change one in the admin"


def _orders_here(numbers: Sequence[str]) -> dict[str, Order]:
    """The orders with these numbers, locked where the database can, with all that hangs on them."""
    orders = Order.objects.select_for_update().filter(number__in=numbers).order_by("number")
    return {
        order.number: order
        for order in orders.prefetch_related("lines", "shipments__contents", "shipments__events")
    }


def _is_older(order: OrderRecord, here: dict[str, Order]) -> bool:
    known = here.get(order.number)
    if known is None or known.source != order.source or known.source_updated_at is None:
        return False
    return order.updated_at < known.source_updated_at
