"""What may be said of an order of a Shopify file: read from the file, never from our tables.

An oracle for answers in English: it finds every date, time, order number, article and amount that
an answer names, and the words for states, and says which of them the file does not bear out.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import cached_property
from typing import Any

JSON = dict[str, Any]

DATES = re.compile(
    r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day (\d{1,2}) (January|February|March|April|May|June"
    r"|July|August|September|October|November|December)(?: (\d{4}))?"
)
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
RELATIVE = re.compile(r"\b(today|yesterday|tomorrow)\b")
TIME = re.compile(r"\b(\d{1,2}:\d{2})\b")
NUMBER = re.compile(r"#([\w-]+\w|\w)")
AMOUNT = re.compile(r"([€£$¥])?(\d[\d,]*(?:\.\d+)?)(?: (€|SEK))?")
OWN_WORD = re.compile(r"\b[A-Z][a-z]{7}\b")
BROKEN = re.compile(r"None|null|  |\.\.|[{}]|\[|\]|nan\b|INTERNAL|do not tell| ,|“”|\(\)")

# What Shopify's word for a parcel lets one say, and what only that word lets one say.
SAYS = {
    "label_printed": "taken it over yet",
    "label_purchased": "taken it over yet",
    "confirmed": "taken it over yet",
    "carrier_picked_up": "on its way",
    "in_transit": "on its way",
    "delayed": "delayed",
    "out_for_delivery": "out for delivery",
    "attempted_delivery": "tried to deliver",
    "ready_for_pickup": "to collect",
    "delivered": "was delivered",
    "picked_up": "was delivered",
    "failure": "reports a problem",
}
LEFT = "left us"
TELLING = frozenset(SAYS.values())

PAID = {
    "paid": "is paid (",
    "pending": "not paid yet",
    "unpaid": "not paid yet",
    None: "not paid yet",
    "authorized": "not charged yet",
    "partially_paid": "is paid in part",
    "partially_refunded": "and a part of the",
    "refunded": "was paid, and the",
    "voided": "was not charged:",
    "expired": "was not charged:",
}
SIGNS = {"EUR": "{} €", "GBP": "£{}", "USD": "${}", "SEK": "{} SEK", "JPY": "¥{}"}


@dataclass(frozen=True)
class Truth:
    """One order of the file."""

    order: JSON
    zone: tzinfo

    @property
    def number(self) -> str:
        return str(self.order["name"]).lstrip("#").upper()

    @cached_property
    def parcels(self) -> list[tuple[str, str]]:
        """(tracking number or "", what may be said of it), without those taken back."""
        found = []
        for sent in self.order["fulfillments"]:
            if sent["status"] in ("cancelled", "error", "failure"):
                continue
            word = sent["shipment_status"]
            says = SAYS.get(word, LEFT)
            if word is None and sent["status"] in ("pending", "open"):
                says = "taken it over yet"
            found += [(number, says) for number in sent["tracking_numbers"] or [""]]
        return found

    @property
    def is_cancelled(self) -> bool:
        return self.order["cancelled_at"] is not None

    @property
    def has_left(self) -> bool:
        """Whether a carrier has any of it."""
        return any(says != "taken it over yet" for _, says in self.parcels)

    @cached_property
    def to_send(self) -> dict[str, int]:
        """Pieces by title that are neither in a parcel nor taken out."""
        left = {line["id"]: line["quantity"] for line in self.order["line_items"]}
        for refund in self.order["refunds"]:
            for item in refund["refund_line_items"]:
                left[item["line_item_id"]] -= item["quantity"]
        for sent in self.order["fulfillments"]:
            if sent["status"] not in ("cancelled", "error", "failure"):
                for item in sent["line_items"]:
                    left[item["id"]] -= item["quantity"]
        titles = {line["id"]: line["title"] for line in self.order["line_items"]}
        return {titles[key]: pieces for key, pieces in left.items() if pieces > 0}

    @cached_property
    def moments(self) -> list[datetime]:
        """Every date of the order in the file, in the shop's zone."""
        return [datetime.fromisoformat(each).astimezone(self.zone) for each in _dates(self.order)]

    @cached_property
    def amounts(self) -> set[str]:
        """Every amount that may be told, as a number."""
        order = self.order
        prices = [(Decimal(line["price"]), line["quantity"]) for line in order["line_items"]]
        all_of_them = [Decimal(order["total_price"])]
        all_of_them += [price for price, _ in prices] + [price * pieces for price, pieces in prices]
        return {str(amount.normalize()) for amount in all_of_them}

    @property
    def total(self) -> str:
        """The whole price as people write it."""
        price = Decimal(self.order["total_price"])
        text = f"{price:,.0f}" if price == price.to_integral_value() else f"{price:,}"
        return SIGNS[self.order["currency"]].format(text)

    def untrue(self, answer: str, today: date, strangers: frozenset[str]) -> Iterator[str]:
        """What stands in the answer and not in the file; ``strangers`` are others' articles."""
        if broken := BROKEN.search(answer):
            yield f"broken text: {broken[0]!r}"
        days = {moment.date() for moment in self.moments}
        for day, month, year in DATES.findall(answer):
            told = date(int(year or today.year), MONTHS.index(month) + 1, int(day))
            if told not in days:
                yield f"a date that is not in the file: {told}"
        for word in RELATIVE.findall(answer):
            told = today + timedelta(days={"yesterday": -1, "today": 0, "tomorrow": 1}[word])
            if told not in days:
                yield f"“{word}” is not in the file"
        clocks = {f"{moment.hour}:{moment:%M}" for moment in self.moments}
        yield from (f"a time: {time}" for time in TIME.findall(answer) if time not in clocks)
        for number in NUMBER.findall(answer):
            if number != self.number:
                yield f"another order's number: {number}"
        for word in OWN_WORD.findall(answer):
            if word in strangers and not any(
                word in line["title"] for line in self.order["line_items"]
            ):
                yield f"another order's article: {word}"
        for before, digits, behind in AMOUNT.findall(answer):
            if before or behind:
                told_amount = Decimal(digits.replace(",", ""))
                if str(told_amount.normalize()) not in self.amounts:
                    yield f"an amount: {before}{digits} {behind}"

    def wrong_state(self, answer: str) -> Iterator[str]:
        """What an answer to "where is it" leaves out, or says of a state that it is not in."""
        if self.is_cancelled:
            if "was cancelled" not in answer:
                yield "it does not say that the order was cancelled"
            if any(words in answer for words in TELLING):
                yield "a cancelled order is told as sent"
            return
        if "was cancelled" in answer:
            yield "it was not cancelled"
        may_say = {says for _, says in self.parcels}
        yield from (f"missing: {words}" for words in may_say if words not in _plain(answer))
        told = {words for words in (*TELLING, LEFT) if words in _plain(answer)}
        yield from (f"of no parcel: {words}" for words in told - may_say)
        yield from (
            f"parcel {number} is not named"
            for number, says in self.parcels
            if number and says != "was delivered" and number not in answer
        )  # fmt: skip
        items = re.findall(r"^\d+\. ", answer, re.MULTILINE)
        expected = len(self.parcels) + bool(self.to_send)
        if len(self.parcels) > 1 and len(items) != expected:
            yield f"{len(items)} items for {len(self.parcels)} parcels and {self.to_send}"
        if self.parcels and self.to_send and "Not sent yet" not in answer:
            yield "it does not say that something is still to be sent"
        if not self.to_send and "Not sent yet" in answer:
            yield "nothing is left to be sent"
        if not self.parcels and not _says_unsent(answer):
            yield "it does not say that nothing has left"

    def wrong_contents(self, answer: str) -> Iterator[str]:
        """What an answer to "what is in it" leaves out."""
        for line in self.order["line_items"]:
            if f"{line['quantity']} × {line['title']}" not in answer:
                yield f"missing: {line['quantity']} × {line['title']}"
        if self.total not in answer:
            yield f"the whole price is missing: {self.total}"

    def wrong_payment(self, answer: str) -> Iterator[str]:
        """What an answer to "is it paid" says wrongly."""
        words = PAID[self.order["financial_status"]]
        if words not in answer:
            yield f"missing: {words}"
        others = {*PAID.values()} - {words}
        yield from (f"wrong: {each}" for each in others if each in answer)
        if self.total not in answer and words != PAID["voided"]:
            yield f"the whole price is missing: {self.total}"

    def wrong_cancelling(self, answer: str) -> Iterator[str]:
        """What an answer to "can I cancel it" says wrongly."""
        if self.is_cancelled:
            expected = "was cancelled"
        elif self.order["line_items"] and not self.to_send and not self.parcels:
            expected = "nothing left to cancel"
        elif self.has_left or self.order["closed_at"]:
            expected = "cannot be cancelled"
        else:
            expected = "can still cancel"
        if expected not in answer:
            yield f"missing: {expected}"
        every = {
            "was cancelled",
            "nothing left to cancel",
            "cannot be cancelled",
            "can still cancel",
        }
        yield from (f"wrong: {other}" for other in every - {expected} if other in answer)
        if LEFT in _plain(answer) and not self.has_left:
            yield "nothing of it has left"


def _plain(answer: str) -> str:
    """Without what says the opposite of a state in the state's words."""
    return re.sub(r"\b(?:has not|have not) left us|on its way back", "", answer)


def _says_unsent(answer: str) -> bool:
    return any(
        words in answer for words in ("has not left us", "no parcel is noted", "taken out of it")
    )


def _dates(of: object) -> Iterator[str]:
    if isinstance(of, dict):
        for key, value in of.items():
            if key.endswith("_at") and isinstance(value, str):
                yield value
            else:
                yield from _dates(value)
    elif isinstance(of, Sequence) and not isinstance(of, str):
        for each in of:
            yield from _dates(each)
