"""A shop's orders as Shopify would export them: every state that an order can be in, and odd ones.

Deterministic but for the day: dates count from ``now``. Every article but the shared ones has a
word of its own, so that an answer that names another order's article shows.
"""

import itertools
import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

JSON = dict[str, Any]

SHAPES = ("none", "whole", "part", "two", "three", "shared", "taken back", "pending")
WORDS = (
    None, "label_printed", "label_purchased", "confirmed", "carrier_picked_up", "in_transit",
    "delayed", "out_for_delivery", "attempted_delivery", "ready_for_pickup", "delivered",
    "picked_up", "failure", "teleported",
)  # fmt: skip
ENDS = ("open", "closed", "cancelled")
PAYMENTS = (
    None, "unpaid", "expired", "pending", "authorized", "partially_paid", "paid",
    "partially_refunded", "refunded", "voided",
)  # fmt: skip
CURRENCIES = ("EUR", "GBP", "USD", "SEK", "JPY")
# Days from today on which an order was placed; the last ones are a slip of somebody's clock.
AGES = (0, 1, 2, 5, 9, 30, 400, 1500, -1, -4)
# Around midnight the day is another one in the shop's zone than in the file's.
CLOCKS = ((23, 40, -5), (0, 10, 9), (12, 0, 0), (23, 59, 0), (0, 0, 0), (1, 30, 2))
STYLES = ("#{}", "#EN-{}", "#{}-DE", "S{}", "#SHOP-{}")
ADDRESSES = (
    None,
    {"city": "Lund"},
    {
        "name": "Dora Ek", "address1": "Storgatan 3", "zip": "222 22", "city": "Lund",
        "country": "Sweden",
    },
)  # fmt: skip
SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ka", "le", "mi", "no", "pu", "ra", "se", "ti", "vo")
THINGS = ("mug", "kettle, 1.5 l", "lamp", "knife - sharp", "towel (linen)")
SHARED = "Evergreen teapot"
MANY = "many@example.org"  # has MANY_ORDERS orders
MANY_ORDERS = 200


def own_word(number: int) -> str:
    """A word that no other article has, without digits."""
    made = ""
    for _ in range(4):
        number, at = divmod(number, len(SYLLABLES))
        made += SYLLABLES[at]
    return made.capitalize()


def orders(count: int, now: datetime) -> Iterator[JSON]:
    """``count`` orders; each pair of shape and carrier's word comes again and again."""
    chance = random.Random(1018)  # noqa: S311
    pairs = itertools.cycle(itertools.product(SHAPES, WORDS))
    for index in range(count):
        shape, word = next(pairs)
        yield _order(index, shape, word, chance, now)


def _order(index: int, shape: str, word: str | None, chance: random.Random, now: datetime) -> JSON:
    placed = _moment(now, chance.choice(AGES), chance)
    count = 0 if index % 41 == 0 else chance.choice((1, 1, 2, 3))
    lines = [_line(index, at, chance) for at in range(count)]
    if index % 10 == 3:
        lines.append(_line(index, len(lines), chance) | {"title": SHARED, "variant_title": None})
    end = ENDS[chance.choice((0, 0, 0, 0, 1, 1, 2))]
    after = _later(placed, chance)
    email = MANY if index < MANY_ORDERS else f"customer{index % 37}@example.org"
    return {
        "id": 7_000_000 + index,
        "name": STYLES[index % len(STYLES)].format(31000 + index),
        "created_at": placed.isoformat(),
        "updated_at": after.isoformat(),
        "cancelled_at": after.isoformat() if end == "cancelled" else None,
        "closed_at": after.isoformat() if end == "closed" else None,
        "email": email,
        "currency": chance.choice(CURRENCIES),
        "total_price": chance.choice(("12.00", "54.80", "1234.50", "0.00", "7.05")),
        "financial_status": chance.choice(PAYMENTS),
        "note": "INTERNAL do not tell",
        "line_items": lines,
        "shipping_address": chance.choice(ADDRESSES),
        "fulfillments": _fulfilments(index, shape, word, lines, placed, chance),
        "refunds": _refunds(lines, chance) if shape in ("none", "part") and index % 6 == 1 else [],
    }  # fmt: skip


def _line(index: int, at: int, chance: random.Random) -> JSON:
    return {
        "id": index * 10 + at + 1,
        "title": f"{own_word(index * 3 + at)} {chance.choice(THINGS)}",
        "variant_title": chance.choice((None, "Default Title", "red", "XL")),
        "quantity": chance.choice((1, 1, 2, 3)),
        "price": chance.choice(("4.00", "9.80", "49.95")),
        "sku": "",
    }


def _fulfilments(
    index: int,
    shape: str,
    word: str | None,
    lines: list[JSON],
    placed: datetime,
    chance: random.Random,
) -> list[JSON]:
    def one(at: int, part: list[JSON], said: str | None, **changes: Any) -> JSON:
        sent = _later(placed, chance)
        numbers = [f"T{index:05d}{at}"] if chance.random() < 0.75 else []
        links = [f"https://carrier.example/{n}" for n in numbers if chance.random() < 0.7]
        return {
            "id": index * 10 + at,
            "status": "success",
            "created_at": sent.isoformat(),
            "updated_at": _later(sent, chance).isoformat(),
            "tracking_company": chance.choice((None, "DHL", "GLS", "Royal Mail")),
            "tracking_numbers": numbers,
            "tracking_urls": links,
            "shipment_status": said,
            "line_items": [{"id": line["id"], "quantity": line["quantity"]} for line in part],
        } | changes

    if shape == "whole":
        return [one(1, lines, word)]
    if shape == "part":
        return [one(1, lines[:1], word)] if len(lines) > 1 else [one(1, lines, word)]
    if shape == "two":
        return [one(1, lines[:1], word), one(2, lines[1:], chance.choice(WORDS))]
    if shape == "three":
        said = [word, "delayed", chance.choice(WORDS)]
        return [one(at + 1, lines[at : at + 1], each) for at, each in enumerate(said)]
    if shape == "shared":
        numbers = [f"T{index:05d}8", f"T{index:05d}9"]
        links = [f"https://carrier.example/{number}" for number in numbers[: index % 3]]
        return [one(1, lines, word, tracking_numbers=numbers, tracking_urls=links)]
    if shape == "taken back":
        return [one(1, lines, word, status=chance.choice(("cancelled", "error", "failure")))]
    if shape == "pending":
        return [one(1, lines, word, status=chance.choice(("pending", "open")))]
    return []


def _refunds(lines: list[JSON], chance: random.Random) -> list[JSON]:
    """Pieces that were taken out before they were sent: of one line, or of all."""
    taken = (
        [(line, line["quantity"]) for line in lines]
        if chance.random() < 0.4
        else [(line, 1) for line in lines[-1:]]
    )
    return [
        {
            "refund_line_items": [
                {"line_item_id": line["id"], "quantity": pieces, "restock_type": "cancel"}
                for line, pieces in taken
            ]
        }
    ]  # fmt: skip


def _moment(now: datetime, days: int, chance: random.Random) -> datetime:
    hour, minute, offset = chance.choice(CLOCKS)
    day = (now - timedelta(days=days)).date()
    zone = timezone(timedelta(hours=offset))
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)


def _later(at: datetime, chance: random.Random) -> datetime:
    return at + timedelta(hours=chance.choice((1, 7, 20, 26, 49)))
