"""What an order cost, whether it is paid, and what became of the money."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from chat.llm.offline.conversation import Facts
from chat.llm.offline.wording import dates
from chat.llm.offline.wording.phrases import amount, joined, listing, lower, money, named, quoted

PAID_BACK = {
    "refunded": "The price of {total} was paid back.",
    "partially_refunded": "A part of the price of {total} was paid back.",
    "voided": "Nothing was charged for it.",
}
PAYMENT = {
    "pending": "is not paid yet: the payment of {total} is still open",
    "authorized": "is authorised, but not charged yet ({total})",
    "partially_paid": "is paid in part; the whole price is {total}",
    "paid": "is paid ({total})",
    "partially_refunded": "was paid, and a part of the {total} was paid back",
    "refunded": "was paid, and the {total} was paid back",
    "voided": "was not charged: the payment was called off",
}
UNPAID = ("pending", "authorized", "partially_paid")


def back(order: Facts) -> str:
    """What was paid back, or ""."""
    return PAID_BACK.get(order["payment_status"], "").format(total=money(order))


def cancelled(order: Facts, name: str, today: date) -> str:
    """That it was cancelled, and what became of the money; ``name`` begins the sentence."""
    at = dates.parse(order["cancelled_at"])
    when = f" {dates.on_day(at, today)}" if at and at.date() <= today else ""
    note = order["note_of_the_shop"]
    why = f"The shop notes: {quoted(note)}." if note else ""
    money_back = back(order)
    if not money_back and order["payment_status"] in ("paid", "partially_paid"):
        money_back = f"The payment of {money(order)} does not show as paid back yet."
        if order["payment_status"] == "partially_paid":
            money_back = "What was paid does not show as paid back yet."
    return joined(f"{name} was cancelled{when}.", why, money_back)


def payment(order: Facts, name: str) -> str:
    """Whether it is paid."""
    state = PAYMENT.get(order["payment_status"], "has no known payment status")
    note = order["note_of_the_shop"]
    held = order["status"] == "on_hold" and order["payment_status"] in UNPAID
    why = f"The shop notes: {quoted(note)}." if note and held else ""
    return joined(f"{name} {state.format(total=money(order))}.", why)


def refund(order: Facts, title: str, today: date) -> str:
    """What became of the money."""
    if order["status"] == "cancelled":
        return cancelled(order, f"Your {title}", today)
    if paid_back := back(order):
        note = order["note_of_the_shop"]
        why = f"The shop notes: {quoted(note)}." if note else ""
        return joined(f"For your {title}: {lower(paid_back)}", why)
    if order["payment_status"] == "pending":
        return f"Your {title} is not paid yet, so there is nothing to pay back."
    returning = any(parcel["status"] == "return_to_sender" for parcel in order["parcels"])
    state = "Its parcel was sent back to us." if returning else ""
    return joined(f"For your {title} no refund is noted so far.", state)


def contents(order: Facts, today: date, titles: Sequence[str] = ()) -> str:
    """What was ordered and when, and what it cost; or the articles of these ``titles`` alone."""
    lines = [
        f"{line['quantity']} × {named(line['title'])}{_taken_out(line)}"
        for line in order["lines"]
        if not titles or line["title"] in titles
    ]
    if titles:
        return f"In order #{order['number']}: {listing(lines)}."
    what = listing(lines) if lines else "no articles are noted"
    at = dates.parse(order["placed_at"])
    when = f", ordered {dates.on_day(at, today)}" if at else ""
    return f"In order #{order['number']}{when}: {what}. It cost {money(order)} in all."


def price(order: Facts, titles: Sequence[str] = ()) -> str:
    """What the articles cost, or the order."""
    each = [
        f"{_cost(line, order['currency'])}." for line in order["lines"] if line["title"] in titles
    ]
    whole = "The whole order" if each else "Order"
    return joined(*each, f"{whole} #{order['number']} cost {money(order)} in all.")


def _cost(line: Facts, currency: str) -> str:
    one = amount(line["price_each"], currency)
    if line["quantity"] == 1:
        return f"{named(line['title'])} cost {one}"
    together = amount(line["quantity"] * Decimal(line["price_each"]), currency)
    return f"{line['quantity']} × {named(line['title'])} cost {one} each, {together} together"


def _taken_out(line: Facts) -> str:
    gone = line["cancelled_quantity"]
    if not gone:
        return ""
    return " (taken out again)" if gone >= line["quantity"] else f" ({gone} taken out again)"
