"""Makes orders in the database as their records say, in a handful of statements for a batch.

The record is the whole order: lines that it does not have are removed. Parcels stay, for scans
hang on them: one that the record no longer has is marked cancelled by one more scan. Parcels that
staff typed in are left alone, unless the record has the same tracking number.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Model

from chat.orders.models import Order, OrderLine, Shipment, ShipmentLine, TrackingEvent
from chat.orders.records import LineRecord, OrderRecord, ParcelRecord

#: An order with the account that it belongs to, if one is known.
Owned = tuple[OrderRecord, int | None]
#: A parcel of an order, and the row that holds it.
Placed = tuple[OrderRecord, ParcelRecord, Shipment]


def upsert(here: Mapping[str, Order], records: Sequence[Owned]) -> set[str]:
    """Write these orders; give back the numbers of those that are not as they were.

    Args:
        here: the orders of those numbers that exist, by number, with their lines, shipments and
            the shipments' contents and events prefetched. They are left as they were read.
        records: each number at most once.
    """
    batch = _Batch(here)
    batch.put_orders(records)
    batch.put_lines([record for record, _ in records])
    batch.put_parcels([record for record, _ in records])
    return batch.changed


class _Batch:
    def __init__(self, here: Mapping[str, Order]) -> None:
        self.here = here
        self.changed: set[str] = set()
        self.orders: dict[str, Order] = {}
        self.lines: dict[str, dict[str, OrderLine]] = {}
        self.made: set[int] = set()
        self.events: list[TrackingEvent] = []

    def update(self, number: str, row: Model, columns: Mapping[str, Any]) -> None:
        """Write those of the columns that differ."""
        different = {name: new for name, new in columns.items() if getattr(row, name) != new}
        if different:
            type(row)._default_manager.filter(pk=row.pk).update(**different)
            self.changed.add(number)

    def put_orders(self, records: Iterable[Owned]) -> None:
        new = []
        for record, customer in records:
            columns = {
                **record.columns,
                "source": record.source,
                "source_updated_at": record.updated_at,
            }
            # An order that names no address keeps the customer it has: nobody said otherwise.
            if customer is not None:
                columns["customer_id"] = customer
            if record.number in self.here:
                self.orders[record.number] = self.here[record.number]
                self.update(record.number, self.here[record.number], columns)
            else:
                new.append(Order(number=record.number, **columns))
        for order in Order.objects.bulk_create(new):
            self.orders[order.number] = order
            self.changed.add(order.number)

    def put_lines(self, records: Iterable[OrderRecord]) -> None:
        new: list[OrderLine] = []
        gone: list[int] = []
        for record in records:
            number = record.number
            known = list(self.here[number].lines.all()) if number in self.here else []
            wanted = {line.external_id: line for line in record.lines}
            lines = self.lines[number] = {}
            for row in known:
                if row.external_id in wanted:
                    lines[row.external_id] = row
                    self.update(number, row, _line_columns(wanted[row.external_id]))
                else:
                    gone.append(row.pk)
                    self.changed.add(number)
            for line_id, line in wanted.items():
                if line_id not in lines:
                    columns = _line_columns(line)
                    row = OrderLine(order=self.orders[number], external_id=line_id, **columns)
                    lines[line_id] = row
                    new.append(row)
                    self.changed.add(number)
        OrderLine.objects.filter(pk__in=gone).delete()
        OrderLine.objects.bulk_create(new)

    def put_parcels(self, records: Iterable[OrderRecord]) -> None:
        new: list[Placed] = []
        known: list[Placed] = []
        for record in records:
            if record.parcels is None:
                continue
            order = self.orders[record.number]
            rows = list(order.shipments.all()) if record.number in self.here else []
            pairs, gone = _pairs(record.parcels, rows)
            for parcel, row in pairs:
                if row is None:
                    new.append((record, parcel, Shipment(order=order, **_parcel_columns(parcel))))
                    self.changed.add(record.number)
                else:
                    known.append((record, parcel, row))
                    self.update(record.number, row, _parcel_columns(parcel))
            for row in gone:
                self.report(record, row, Shipment.Status.CANCELLED, record.updated_at, _GONE)
        self.made = {row.pk for row in Shipment.objects.bulk_create([row for _, _, row in new])}
        refilled = [placed for placed in known if self.has_other_contents(placed)]
        self.changed |= {record.number for record, _, _ in refilled}
        ShipmentLine.objects.filter(shipment__in=[row for _, _, row in refilled]).delete()
        ShipmentLine.objects.bulk_create(
            ShipmentLine(shipment=row, order_line_id=line, quantity=quantity)
            for record, parcel, row in (*new, *refilled)
            for line, quantity in self.contents(record, parcel).items()
        )
        for record, parcel, row in (*new, *known):
            self.report(record, row, parcel.status, parcel.reported_at, parcel.message)
        TrackingEvent.objects.record(self.events)

    def has_other_contents(self, placed: Placed) -> bool:
        record, parcel, row = placed
        there = {content.order_line_id: content.quantity for content in row.contents.all()}
        return there != self.contents(record, parcel)

    def contents(self, record: OrderRecord, parcel: ParcelRecord) -> dict[int, int]:
        """Pieces by line; of lines that the order no longer has, nothing can be in a parcel."""
        lines = self.lines[record.number]
        return {lines[id_].pk: count for id_, count in parcel.contents.items() if id_ in lines}

    def report(
        self,
        record: OrderRecord,
        row: Shipment,
        status: Shipment.Status | None,
        at: datetime,
        message: str,
    ) -> None:
        """One more scan, if the source says other than the last time; None says nothing."""
        # A parcel just made has no scans; asking for them would cost a query for each.
        events = () if row.pk in self.made else row.events.all()
        last = next((event for event in events if event.source == record.source), None)
        if last is not None:
            if status is None and last.status == Shipment.Status.CANCELLED:
                status = Shipment.Status.UNKNOWN  # it counts again; that is all there is to say
            # What a source says now is newer than what it said before, or it would not count.
            at = max(at, last.occurred_at)
        if status is None or (last is not None and status == last.status):
            return
        self.changed.add(record.number)
        self.events.append(
            TrackingEvent(
                shipment=row,
                occurred_at=at,
                status=status,
                message=message,
                source=record.source,
                external_id=f"{status}@{at.isoformat()}",
            )
        )


_GONE = "The shop no longer counts this parcel as part of the order."


def _line_columns(line: LineRecord) -> dict[str, object]:
    return {
        "sku": line.sku,
        "title": line.title,
        "quantity": line.quantity,
        "cancelled_quantity": line.cancelled_quantity,
        "price": line.price,
    }


def _parcel_columns(parcel: ParcelRecord) -> dict[str, object]:
    return {
        "external_id": parcel.external_id,
        "carrier": parcel.carrier,
        "tracking_number": parcel.tracking_number,
        "tracking_url": parcel.tracking_url,
        "shipped_at": parcel.shipped_at,
    }


def _pairs(
    parcels: Sequence[ParcelRecord], known: Sequence[Shipment]
) -> tuple[list[tuple[ParcelRecord, Shipment | None]], list[Shipment]]:
    """Which row each parcel has, and the rows whose parcels are gone.

    First by fulfilment and tracking number; then by number, where staff typed the parcel in; then
    whatever is left of the same fulfilment: its number was unknown before, or was corrected.
    """
    rows: list[Shipment | None] = [None] * len(parcels)
    left = list(known)
    for is_same in (_same_parcel, _same_typed_in, _same_fulfilment):
        for index, parcel in enumerate(parcels):
            if rows[index] is None:
                rows[index] = next((row for row in left if is_same(parcel, row)), None)
                if (row := rows[index]) is not None:
                    left.remove(row)
    gone = [row for row in left if row.external_id and row.is_open]
    return list(zip(parcels, rows, strict=True)), gone


def _same_parcel(parcel: ParcelRecord, row: Shipment) -> bool:
    return _same_fulfilment(parcel, row) and parcel.tracking_number == row.tracking_number


def _same_typed_in(parcel: ParcelRecord, row: Shipment) -> bool:
    number = parcel.tracking_number
    return not row.external_id and number != "" and number == row.tracking_number


def _same_fulfilment(parcel: ParcelRecord, row: Shipment) -> bool:
    return parcel.external_id == row.external_id
