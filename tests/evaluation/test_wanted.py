"""Texts and dates are found however an answer words them, and made-up dates are seen."""

from datetime import date

import pytest

from chat.evaluation.dates import filled_in, made_up
from chat.evaluation.wanted import wanted

TODAY = date(2026, 11, 22)  # a Sunday


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("dhl", "It is with DHL."),
        ("can't do", "We can’t  do that"),
        ("deliver*", "It was delivered"),
        (["GLS", "DHL"], "with dhl"),
        (r"/48\d+/", "order #48211"),
        ("{date:+1}", "It comes tomorrow."),
        ("{date:+1}", "on Monday, between 9 and 13"),
        ("{date:+1}", "on 23 November"),
        ("{date:+1}", "on November 23rd"),
        ("{date:+1}", "Mon, 23 Nov"),
        ("{date:+1}", "on the 23rd of November"),
        ("{date:+1}", "2026-11-23"),
        ("{date:+1}", "between 23 and 25 November"),
        ("{date:+3}", "between 23 and 25 November"),
        ("{date:+2}", "the day after tomorrow"),
        ("{date:0}", "it is out for delivery today"),
        ("{date:-1}", "yesterday at 13:48"),
        ("/by {date:+1}/", "by tomorrow"),
    ],
)
def test_it_is_found(what: object, text: str) -> None:
    assert wanted(what).within(text, TODAY)


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("red", "It was delivered"),
        ("deliver", "It was delivered"),
        ("a.c", "abc"),
        (["GLS", "UPS"], "with DHL"),
        ("{date:+1}", "the day after tomorrow"),
        ("{date:+1}", "on Monday 16 November"),
        ("{date:+1}", "on 3 November, 123 November"),
        ("{date:+8}", "on Monday"),
        ("{date:0}", "on Sunday 15 November"),
    ],
)
def test_it_is_not_found(what: object, text: str) -> None:
    assert not wanted(what).within(text, TODAY)


@pytest.mark.parametrize(
    ("what", "argument", "same"),
    [
        ("48211", "#48211", True),
        ("#48211", " 48211", True),
        ("48211", 48211, True),
        ("48211", "482110", False),
        ("8211", "48211", False),
        (["1", "48211"], "48211", True),
        ("/lamp/", "cancel the lamp", True),
    ],
)
def test_an_argument_is_the_whole_of_it(what: object, argument: object, same: bool) -> None:
    assert wanted(what).is_all_of(argument, TODAY) is same


def test_a_customer_writes_dates_as_people_do() -> None:
    assert filled_in("Ordered {date:-3}, due {date:+10}", TODAY) == (
        "Ordered 19 November, due 2 December"
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It comes on 23 November.", []),
        ("It comes tomorrow, Monday 23 November, between 9:00 and 13:00.", []),
        ("Today is Sunday 22 November.", []),
        ("It comes on Monday.", []),
        ("You may 3 times try, in 5 days, until 13:00.", []),
        ("It comes on 24 November.", ["24 November"]),
        ("It comes on November 24th.", ["November 24th"]),
        ("It comes on Tuesday.", ["Tuesday"]),
        ("Until 31 November.", ["31 November"]),
        ("It comes on Tuesday 23 November.", ["Tuesday 23 November"]),
        ("It comes 2026-11-30.", ["2026-11-30"]),
        ("It was sent yesterday.", ["yesterday"]),
        ("It comes on 23 November 2027.", ["23 November 2027"]),
    ],
)
def test_a_date_that_nobody_named_is_seen(text: str, found: list[str]) -> None:
    assert made_up(text, ['{"estimated_delivery_to":"2026-11-23T13:00"}'], TODAY) == found


def test_dates_in_words_and_those_of_the_customer_count_as_named() -> None:
    sources = ["Kept until 27 November.", "I need it on Thursday, or by December 3"]
    assert made_up("Until 27 November. Not on Thursday, nor on 3 December.", sources, TODAY) == []
