"""The price table, and what an answer costs by it."""

from decimal import Decimal

import pytest

from chat.figures import Figures, Tokens
from chat.prices import Price, Prices, parse

TABLE = """
{"currency": "USD",
 "mini": {"in": 0.4, "cached": 0.1, "out": 1.6},
 "own": {"in": 0, "out": 0}}
"""


def test_a_table_names_its_currency_and_a_price_for_each_model() -> None:
    prices = parse(TABLE)
    assert prices.currency == "USD"
    assert prices.of("openai:mini") == Price(Decimal("0.4"), Decimal("0.1"), Decimal("1.6"))
    assert prices.of("openai:other") is None
    assert parse("") == Prices()


def test_cached_tokens_cost_as_much_as_others_unless_said_otherwise() -> None:
    price = parse('{"a": {"in": 3, "out": 1}, "b": {"in": 3, "out": 1, "cached": 0}}')
    assert [price.by_model[name].cached for name in "ab"] == [3, 0]


@pytest.mark.parametrize(
    "text",
    [
        *("gpt=1", "[]", "1", '{"a": 1}', '{"a": {"in": 1}}', '{"a": {"in": "1", "out": 2}}'),
        *('{"a": {"in": -1, "out": 2}}', '{"a": {"in": NaN, "out": 2}}', '{"currency": 1}'),
        *('{"a": {"in": 1, "out": 2, "input": 3}}', '{"a": {"in": true, "out": 2}}'),
        '{"a": {"in": 1e99, "out": 2}}',
    ],
)
def test_anything_else_is_no_table(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


def test_a_cost_is_exact_and_rounded_up_to_a_millionth() -> None:
    price = parse(TABLE).of("openai:mini")
    tokens = Tokens(read=1_001, cached=1_000, written=3, reasoning=2)
    assert Figures("m", tokens=tokens).cost(price) == 106  # 0.4 + 100 + 4.8 = 105.2


def test_no_price_is_no_cost_and_a_price_of_nothing_is_one() -> None:
    tokens = Tokens(read=10, written=1)
    assert Figures("m", tokens=tokens).cost(None) is None
    assert Figures("m", tokens=tokens).cost(parse(TABLE).of("openai:own")) == 0
    assert Figures("offline").cost(None) == 0, "no provider was asked"


def test_usage_is_read_as_langchain_tells_it_whole_or_in_part() -> None:
    usage = {
        "input_tokens": 10,
        "input_token_details": {"cache_read": 4},
        "output_tokens": 7,
        "output_token_details": {"reasoning": 2},
    }
    assert Tokens.counted(usage) == Tokens(10, 4, 7, 2)
    assert Tokens.counted({"input_tokens": 10, "output_token_details": None}) == Tokens(10)
