"""Orders in Shopify's shape, as its REST reference describes them; every name is made up."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

JSON = dict[str, Any]


def order(name: str = "#1018", **changes: Any) -> JSON:
    """An order of two kettles and a mug, nothing sent yet; ``changes`` replace or add keys."""
    digits = int("".join(filter(str.isdigit, name)) or 0)
    return {
        "id": 5_000_000_000_000 + digits,
        "name": name,
        "order_number": digits,
        "created_at": "2026-05-18T20:15:00-04:00",
        "updated_at": "2026-05-18T20:15:02-04:00",
        "cancelled_at": None,
        "closed_at": None,
        "email": "dora@example.org",
        "currency": "EUR",
        "total_price": "112.60",
        "financial_status": "paid",
        "fulfillment_status": None,
        "test": False,
        "customer": {"id": 7, "email": "dora@example.org", "first_name": "Dora", "last_name": "Ek"},
        "line_items": [
            line(11, title="Kettle", quantity=2, price="49.90", sku="KET"),
            line(12, title="Mug", variant_title="red", quantity=1, price="12.80", sku="MUG-R"),
        ],
        "shipping_address": {
            "name": "Dora Ek",
            "address1": "Storgatan 3",
            "address2": "Apt 4",
            "city": "Lund",
            "zip": "222 22",
            "country": "Sweden",
            "country_code": "SE",
        },
        "fulfillments": [],
        "refunds": [],
    } | changes


def line(line_id: int, **changes: Any) -> JSON:
    return {
        "id": line_id,
        "title": "Kettle",
        "variant_title": None,
        "quantity": 1,
        "price": "1.00",
        "sku": "",
    } | changes


def fulfilment(fulfilment_id: int = 21, **changes: Any) -> JSON:
    """A parcel with both kettles on its way."""
    return {
        "id": fulfilment_id,
        "status": "success",
        "created_at": "2026-05-19T09:00:00+02:00",
        "updated_at": "2026-05-20T06:00:00+02:00",
        "tracking_company": "DHL",
        "tracking_number": "0034001",
        "tracking_numbers": ["0034001"],
        "tracking_url": "https://www.dhl.de/track/0034001",
        "tracking_urls": ["https://www.dhl.de/track/0034001"],
        "shipment_status": "in_transit",
        "line_items": [{"id": 11, "quantity": 2}],
    } | changes


def write(path: Path, orders: Iterable[object]) -> Path:
    """The file, written order by order: it may be longer than the memory."""
    with path.open("w", encoding="utf-8") as file:
        file.write('{"orders": [')
        for index, one in enumerate(orders):
            file.write(",\n" if index else "\n")
            file.write(json.dumps(one))
        file.write("\n]}\n")
    return path
