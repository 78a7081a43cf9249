"""Questions about the shop's rules: what to look for in its articles, and what to say of them."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chat.llm.offline import naming, references
from chat.llm.offline.conversation import About, Conversation, Facts
from chat.llm.offline.intents import Intent
from chat.llm.offline.orders import told
from chat.llm.offline.reading import Understanding
from chat.llm.offline.steps import Calls, Say, Step, get, today
from chat.llm.offline.wording import rules, talk
from chat.llm.offline.wording.phrases import joined

# What to look for, where the customer's own words find nothing.
TOPICS: dict[str, str] = {
    Intent.RETURN: "return send back",
    Intent.PAYMENT: "payment pay",
    Intent.PAYMENT_PROBLEM: "payment pay",
    Intent.DAMAGED: "arrived damaged missing",
    Intent.DELIVERY_TIME: "delivery times",
    Intent.DELIVERY_OPTIONS: "delivery times costs countries",
    Intent.CANCEL_RULE: "cancelling an order",
    Intent.ADDRESS_BOOK: "changing the delivery address",
    Intent.RULES: "",
}
OPENING = re.compile(r"\b(?:open|opening|close[sd]?|closing)\b")
VISITED = re.compile(r"\bwhere (?:is|are) (?:your|the|you)\b|\b(?:shop|store|showroom)\b")
LATE = re.compile(r"\b(?:late|delayed|overdue|lost|still not)\b")
# Short words for the way to do it, where a return was spoken of.
HOW_TO = re.compile(
    r"^(?:(?:and|ok|so|yes|please) )*how(?: (?:do|can|would) i)?(?: (?:do|return))?"
    r"(?: (?:it|that|this|them))?$"
    r"|^(?:(?:and|ok|so) )*where (?:do|should|can|must|shall) i"
    r" (?:send|bring|take|post|drop|return) (?:it|that|this|them)$"
    r"|^(?:\w+ ){0,3}(?:send|need|get|give)(?: me)? (?:the|a) (?:return )?label$"
)
QUERY_CHARS = 200
ABOUT_GOODS = (Intent.RETURN, Intent.DAMAGED)
# The person is offered by a question, to which "ok" is a yes.
ASKS = (Intent.DAMAGED, Intent.PAYMENT_PROBLEM, Intent.ADDRESS_BOOK)

# Something of the order did not come, rather than came in pieces.
IN_PART = re.compile(
    r"\b(?:only|just|half|missing|incomplete|not (?:everything|the|all)|but (?:no|not))\b"
)
# Broke in use, long after it came.
WORN = re.compile(
    r"\bafter (?:\w+ ){0,2}(?:weeks?|months?|years?)\b|\b(?:weeks?|months?|years?) old\b"
    r"|\bstopped working\b|\b(?:no longer|not) works? any ?more\b"
)
BROKEN = re.compile(
    r"\b(?:brok\w*|damage\w*|crack\w*|smash\w*|shatter\w*|leak\w*|torn|bent|fault\w*|defect\w*"
    r"|dent\w*|scratch\w*)\b"
)
# Goods for other goods: then their names matter.
FOR_OTHERS = re.compile(r"\b(?:swap\w*|exchang\w*|change|instead|sizes?|colou?rs?)\b")


def step(said: Understanding, talked: Conversation) -> Step:
    """Look it up, in the articles and, where it is about goods, in the order; then say it."""
    found = talked.looked_up
    about_goods = said.intent in ABOUT_GOODS
    if about_goods and said.words and found.orders is None:
        return Calls((("list_orders", {}),))
    worn = said.intent is Intent.DAMAGED and WORN.search(said.plain)
    own = "faulty warranty" if worn else _asked(said, found.orders or ())[:QUERY_CHARS]
    if said.intent is Intent.RETURN and HOW_TO.search(said.plain):
        own = "how do i return something"
    elif said.intent == talked.before.intent and said.intent in ABOUT_GOODS:
        own = joined(own, TOPICS[said.intent])  # "how much does that cost", after a return's rule
    query = own if found.articles.get(own, True) else joined(own, _topic(said))
    if query not in found.articles:
        calls: list[tuple[str, dict[str, Any]]] = [("search_help", {"query": query})]
        if query == own and about_goods and not said.words:
            numbers = references.without_list(said, talked)
            calls += [("get_order", {"order_number": number}) for number in numbers[:1]]
        return Calls(tuple(calls))
    numbers = references.without_list(said, talked) if about_goods and not said.words else ()
    if about_goods and said.words and naming.by_article(said.words, found.orders or ()):
        numbers = references.from_list(said, talked, found.orders or (), today(talked)).numbers[:1]
        if numbers and numbers[0] not in found.details:
            return get(numbers)
    text = talk.article(found.articles[query])
    order = found.details.get(numbers[0]) if numbers else None
    if order and order["open"] and said.intent is Intent.RETURN and LATE.search(said.plain):
        # There is nothing to send back yet: "refund the jars, they are late".
        return told(replace(said, intent=Intent.NOT_RECEIVED), talked, [order])
    if order and order["open"] and _lacks_a_part(said):
        # Not missing: on its way in another parcel, or still to be sent.
        return told(replace(said, intent=Intent.STATUS), talked, [order])
    about = About(
        intent=said.intent,
        orders=(order["number"],) if order else (),
        asked="person" if said.intent in ASKS or not text else "offer",
        open=bool(order and order["open"]),
    )
    if not text:
        beside = f" {talk.CAN}" if said.intent is Intent.RULES else ""
        return Say(f"{talk.NOT_WRITTEN}{beside}", about)
    return Say(rules.rule(said.intent, text, order, today(talked)), about)


def _topic(said: Understanding) -> str:
    """What to look for instead where the customer's own words find nothing."""
    if said.intent is Intent.RULES and OPENING.search(said.plain):
        return "opening hours"
    if said.intent is Intent.RULES and VISITED.search(said.plain):
        return "shop one can visit"
    return TOPICS[said.intent]


def written(talked: Conversation, *queries: str) -> Calls | str:
    """What the best article says for the first of these that finds any; or the next search."""
    for query in queries:
        asked = query[:QUERY_CHARS]
        found = talked.looked_up.articles.get(asked)
        if found is None:
            return Calls((("search_help", {"query": asked}),))
        if found:
            return talk.article(found)
    return ""


def _asked(said: Understanding, orders: Sequence[Facts]) -> str:
    """The question as it is looked for: what holds for "red mugs" holds for all goods."""
    if said.intent not in ABOUT_GOODS or FOR_OTHERS.search(said.plain):
        return said.plain
    named = naming.words_that_name(said.words, orders)
    return " ".join(word for word in said.plain.split() if word not in named)


def _lacks_a_part(said: Understanding) -> bool:
    in_part = IN_PART.search(said.plain) and not BROKEN.search(said.plain)
    return said.intent is Intent.DAMAGED and bool(in_part)
