"""A file of cases is refused with the place and what it takes, before anything runs."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from chat.evaluation.cases import BadFile, Case, read
from chat.management.demo.articles import articles
from chat.management.demo.orders import demo_orders
from chat.management.demo.shop import CUSTOMERS
from supportbot import env

SHIPPED = sorted((env.ROOT / "chat/evaluation/cases").glob("*.jsonl"))
TURN = {"say": "Where is it?", "says": ["DHL"]}
ORDER = {"number": "61001", "placed": "-3 10:00", "articles": ["Kettle"]}


def case(**changes: Any) -> dict[str, Any]:
    whole = {"id": "one", "kind": "status", "customer": "alice", "turns": [TURN]} | changes
    return {key: value for key, value in whole.items() if value is not None}


def turn(**changes: Any) -> dict[str, Any]:
    return case(turns=[TURN | changes])


def order(**changes: Any) -> dict[str, Any]:
    return case(customer=None, orders=[ORDER | changes])


def read_lines(folder: Path, *lines: str | dict[str, Any]) -> list[Case]:
    file = folder / "cases.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    file.write_text("\n".join(texts))
    return read(
        [file], customers=["alice", "bob"], orders=["48211"], articles=["returns", "payment"]
    )


def test_a_whole_case_is_read(tmp_path: Path) -> None:
    expects = {
        "calls": ["list_orders", ["search_help", {"tool": "get_order", "arguments": {}}]],
        "calls_not": ["request_human"],
        "says_not": [["nothing", "/no+ne/"]],
        "names_not": ["#48211"],
        "handoff": False,
        "cites": "returns",
    }
    [read_one] = read_lines(tmp_path, case(turns=[TURN | expects | {"sentences": 3}], end=expects))
    assert read_one.name == "status/one"
    assert read_one.turns[0].names_not == ("48211",)
    assert [call.tool for call in read_one.end.calls[1]] == ["search_help", "get_order"]


def test_empty_lines_are_passed_over(tmp_path: Path) -> None:
    assert len(read_lines(tmp_path, case(), "", case(id="two"), "")) == 2


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "no JSON"),
        ("[]", "takes a JSON object"),
        ('{"id": "a", "id": "b"}', "id: there twice"),
        (case(id=None), "id: is missing"),
        (case(id="Not so"), "id: takes lower-case letters"),
        (case(customer="mallory"), "customer: takes one of alice, bob"),
        (case(customer=None), "either a customer or orders"),
        (case(orders=[ORDER]), "either a customer or orders"),
        (case(turns=[]), "turns: "),
        (case(expect={}), "expect: no such key"),
        (case(turns=[{"say": "Hi"}]), "cannot fail"),
        (turn(say=""), "turns[0].say: "),
        (turn(say_not=["x"]), "turns[0].say_not: no such key; is it says_not?"),
        (turn(says="DHL"), "turns[0].says: takes a list"),
        (turn(says=[3]), "turns[0].says[0]: takes a text"),
        (turn(says=[[]]), "turns[0].says[0]: takes a text"),
        (turn(says=[""]), "turns[0].says[0]: takes no empty text"),
        (turn(says=["/(/"]), "turns[0].says[0]: /(/ is no regular expression"),
        (turn(says_not=[["a", "/[/"]]), "turns[0].says_not[0]: /[/ is no regular expression"),
        (turn(calls=["get_ordr"]), "turns[0].calls[0][0]: no tool 'get_ordr'; there are: list"),
        (
            turn(calls=[{"tool": "get_order", "arguments": {"number": "1"}}]),
            "get_order has no argument 'number'; it has: order_number",
        ),
        (turn(handoff="yes"), "turns[0].handoff: takes a valid boolean"),
        (turn(sentences=0), "turns[0].sentences: "),
        (turn(cites="weather"), "turns[0].cites: no article 'weather'; there are: returns"),
        (case(end={"sentences": 3}), "end.sentences: no such key"),
        (order(number=61001), "orders[0].number: takes an order's number as a text"),
        (order(placed="yesterday"), "orders[0].placed: takes days from today and a time"),
        (order(articles=[]), "orders[0].articles: "),
        (order(articles=["0 × Kettle"], status="lost"), "orders[0].status: takes 'pending'"),
        (order(articles=["Kettle", "2 × Kettle"]), "61001 has an article twice"),
        (order(parcels=[{"articles": ["Teapot"]}]), "a parcel of 61001 holds 'Teapot', unordered"),
        (order(parcels=[{"scans": [["-1 10:00"]]}]), 'takes ["-1 16:45", "in_transit"'),
        (order(parcels=[{"scans": [["-1 10:00", "teleported"]]}]), "scans[0].status: takes"),
        (order(parcels=[{"expected": ["1 09:00"]}]), "parcels[0].expected"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    line: str | dict[str, Any], says: str, tmp_path: Path
) -> None:
    with pytest.raises(BadFile) as refused:
        read_lines(tmp_path, case(id="fine"), line)
    told = str(refused.value).splitlines()
    assert all(each.startswith(f"{tmp_path}/cases.jsonl:2: ") for each in told)
    assert any(says in each for each in told), told


def test_every_wrong_line_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadFile) as refused:
        read_lines(tmp_path, case(id=""), case(), case(kind=3))
    assert [line.split(":")[1] for line in str(refused.value).splitlines()] == ["1", "3"]


def test_a_case_that_comes_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r":2: status/one is taken already: .*:1$"):
        read_lines(tmp_path, case(), case())


def test_an_order_that_two_cases_bring_along_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r":2: order 61001 is taken already: .*:1$"):
        read_lines(tmp_path, order(), order() | {"id": "two"})


def test_an_empty_file_and_one_that_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="no case"):
        read_lines(tmp_path, "")
    with pytest.raises(BadFile, match=r"nowhere\.jsonl: cannot be read: No such file"):
        read([tmp_path / "nowhere.jsonl"], customers=[], orders=[], articles=[])


def test_orders_come_once_and_the_demos_are_taken(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r":1: order 61001 is taken already: .*:1$"):
        read_lines(tmp_path, case(customer=None, orders=[ORDER, ORDER]))
    with pytest.raises(BadFile, match="order 48211 is taken already: the demo shop has it"):
        read_lines(tmp_path, order(number="#48211"))


def test_the_shipped_cases_are_whole_and_of_every_kind() -> None:
    cases = read(
        SHIPPED,
        customers=[account.username for account in CUSTOMERS],
        orders=[order.number for order in demo_orders(timezone.localdate())],
        articles=[article.slug for article in articles()],
    )
    assert len(cases) >= 150
    assert {case.kind for case in cases} >= {
        *("order_status", "delivery_time", "delivery_options", "address_change", "cancellation"),
        *("return_refund", "payment", "complaint", "person", "off_topic", "thread", "injection"),
    }
