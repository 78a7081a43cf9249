"""What an importer hands over, whatever its source looked like: checked, in our words.

An importer yields one :class:`Row` for each order of its file, in the file's order. Records name
lines and parcels by the ids they have at the source, so that a later import finds them again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from chat.orders.models import Shipment


class BrokenFile(Exception):
    """The file ends here for us: it is missing, cut off, or not what it should be."""


class Invalid(ValueError):
    """A value that cannot be taken: ``place`` within the order (may be empty), and the reason."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}" if place else reason)


@dataclass(frozen=True, slots=True)
class Person:
    """Who ordered. ``email`` is empty where the source knows none."""

    email: str
    first_name: str = ""
    last_name: str = ""


@dataclass(frozen=True, slots=True)
class LineRecord:
    """One article; ``price`` is of one piece, ``cancelled_quantity`` never left."""

    external_id: str
    sku: str
    title: str
    quantity: int
    cancelled_quantity: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class ParcelRecord:
    """One parcel of a fulfilment, whose id is ``external_id``.

    ``contents`` maps lines' ids to pieces. ``status`` is what the source reports, if it does, and
    ``reported_at`` since when; ``message`` is what a customer may read about it.
    """

    external_id: str
    carrier: str
    tracking_number: str
    tracking_url: str
    shipped_at: datetime | None
    contents: Mapping[str, int]
    status: Shipment.Status | None
    reported_at: datetime
    message: str = ""


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """One order, whole.

    ``columns`` are values of :class:`~chat.orders.models.Order`'s columns. ``updated_at`` says how
    new the data is. ``parcels`` is None where the source says nothing of parcels, and empty where
    it says that there are none.
    """

    source: str
    source_id: str
    number: str
    updated_at: datetime
    customer: Person
    columns: Mapping[str, object]
    lines: tuple[LineRecord, ...]
    parcels: tuple[ParcelRecord, ...] | None
    is_test: bool = False


class Row(NamedTuple):
    """An order of the file at ``place``, such as ``orders[17] (#1018)``, or why it is none."""

    place: str
    order: OrderRecord | Invalid
