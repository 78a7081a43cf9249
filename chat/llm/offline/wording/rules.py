"""What a help article says, beside what is known of the order that it is asked about."""

import re
from datetime import date

from chat.llm.offline.conversation import Facts
from chat.llm.offline.intents import Intent
from chat.llm.offline.wording import dates, orders, payments, talk
from chat.llm.offline.wording.phrases import joined

# In which a return is taken, rather than its money paid.
WITHIN = re.compile(
    r"\b(?:return|send)\b(?:(?!\b(?:refund|money|pay|paid)\b)[^.!?])*\bwithin (\d+) days\b",
    re.IGNORECASE,
)
# Days after which a customer may want to compare them with what the shop allows.
LONG_AGO = 7


def rule(intent: Intent, article: str, order: Facts | None, today: date) -> str:
    """What an article says, beside what is known of the order that it is about."""
    before = after = ""
    if intent is Intent.DAMAGED:
        before = "I am sorry about that."
        after = talk.OFFER
    elif intent is Intent.PAYMENT_PROBLEM:
        before = "I am sorry that paying made trouble."
        after = talk.OFFER
    elif intent is Intent.ADDRESS_BOOK:
        before = "I cannot change addresses myself."
        after = talk.OFFER
    elif intent is Intent.RETURN:
        part = bool(order and order["payment_status"] == "partially_refunded")
        if order and not part and (order["status"] == "cancelled" or payments.back(order)):
            before = payments.refund(order, orders.title(order), today)
        elif order and orders.delivered(order):
            last = max(filter(None, (p["delivered_at"] for p in order["parcels"])), default=None)
            at = dates.parse(last)
            when = f" {dates.on_day(at, today)}" if at else ""
            days = (today - at.date()).days if at else 0
            ago = f", {days} days ago" if days >= LONG_AGO else ""
            before = f"Your {orders.title(order)} was delivered{when}{ago}."
            allowed = WITHIN.search(article)
            if allowed and days > int(allowed[1]):
                over = f"That is over the {allowed[1]} days."
                return joined(before, article, over, talk.STILL_POSSIBLE)
        after = "If you would like a colleague to arrange it, just say so."
    return joined(before, article, after)
