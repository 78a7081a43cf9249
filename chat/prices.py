"""What models cost: the shop's own table, for no provider tells its prices with its answers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

CURRENCY = "currency"
# More than any model costs for a million tokens, in any currency: a slip rather than a price.
HIGHEST = 10_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """Of a million tokens in the table's currency, which is that of one in its millionths."""

    read: Decimal
    cached: Decimal
    written: Decimal


@dataclass(frozen=True, slots=True)
class Prices:
    """By the provider's name of the model, as in ``ASSISTANT_MODEL`` behind the colon."""

    currency: str = ""
    by_model: Mapping[str, Price] = field(default_factory=dict)

    def of(self, assistant_model: str) -> Price | None:
        """That of ``openai:NAME``; None where the table does not know it."""
        return self.by_model.get(assistant_model.partition(":")[2])


def parse(text: str) -> Prices:
    """``{"currency": "USD", "NAME": {"in": 0.40, "cached": 0.10, "out": 1.60}}``.

    ``cached`` may be left out, and is then as dear as ``in``; so may the currency.

    Raises ValueError for anything else.
    """
    table = json.loads(text, parse_float=Decimal, parse_int=Decimal) if text else {}
    if not isinstance(table, dict):
        raise ValueError("no JSON object")
    currency = table.pop(CURRENCY, "")
    if not isinstance(currency, str):
        raise ValueError("the currency is a text")
    return Prices(currency, {name: _price(price) for name, price in table.items()})


def _price(found: Any) -> Price:
    if not isinstance(found, dict) or not {"in", "out"} <= found.keys() <= {"in", "cached", "out"}:
        raise ValueError("a price has in, out, and perhaps cached")
    for amount in found.values():
        if not isinstance(amount, Decimal) or not 0 <= amount <= HIGHEST:
            raise ValueError("a price is a number")
    cached = found["cached"] if "cached" in found else found["in"]
    return Price(found["in"], cached, found["out"])
