"""What is done about words that only what was said before gives a meaning (see ``thread``)."""

from collections.abc import Callable
from dataclasses import replace

from chat.llm.offline import naming, references
from chat.llm.offline.conversation import About, Conversation
from chat.llm.offline.intents import Intent
from chat.llm.offline.orders import about_order, list_all, told
from chat.llm.offline.reading import Understanding
from chat.llm.offline.steps import (
    LIST,
    ORDERS_AT_ONCE,
    Calls,
    Say,
    Step,
    call_a_person,
    get,
    quote,
    today,
)
from chat.llm.offline.wording import dates, several, talk
from chat.llm.offline.wording.answers import needs_staff
from chat.llm.offline.wording.orders import has_left, to_collect

CHARGED = "my card was charged twice"
BILLED = frozenset({"paid", "authorized", "partially_paid", "partially_refunded", "refunded"})


def _which_first(said: Understanding, talked: Conversation) -> Step:
    listed = talked.looked_up.orders
    if listed is None:
        return LIST
    offered = [order for order in listed if order["number"] in talked.choices and order["open"]]
    awaited = offered or [order for order in listed if order["open"]]
    text = several.first(awaited, today(talked))
    numbers = tuple(str(order["number"]) for order in awaited)
    return Say(text, About(Intent.STATUS, choices=numbers))


def _any_late(said: Understanding, talked: Conversation) -> Step:
    listed = talked.looked_up.orders
    if listed is None:
        return LIST
    awaited = [order for order in listed if order["open"]]
    text = several.late(awaited, today(talked))
    late = [str(order["number"]) for order in awaited if several.is_late(order)]
    if len(late) == 1:
        return Say(text, About(Intent.STATUS, orders=tuple(late), asked="offer", open=True))
    numbers = tuple(late or [str(order["number"]) for order in awaited])
    return Say(text, About(Intent.STATUS, choices=numbers, asked="offer" if late else ""))


def _any_due(said: Understanding, talked: Conversation) -> Step:
    listed = talked.looked_up.orders
    if listed is None:
        return LIST
    span = dates.asked(said.plain.removeprefix("what "), today(talked))
    if span is None:
        return list_all(said, talked)
    awaited = [order for order in listed if order["open"]]
    coming = several.coming(awaited, span)
    numbers = tuple(str(order["number"]) for order in coming or awaited)
    text = several.due(coming, awaited, today(talked))
    return Say(text, About(Intent.ANY_DUE, choices=numbers))


def _any_ready(said: Understanding, talked: Conversation) -> Step:
    listed = talked.looked_up.orders
    if listed is None:
        return LIST
    ready = tuple(str(order["number"]) for order in listed if to_collect(order))
    if ready:
        return about_order(replace(said, intent=Intent.STATUS, numbers=ready), talked)
    awaited = [order for order in listed if order["open"]]
    text = several.nothing_to_collect(awaited, today(talked))
    return Say(text, About(Intent.STATUS, choices=tuple(str(each["number"]) for each in awaited)))


def _cancellable(said: Understanding, talked: Conversation) -> Step:
    """Which orders staff can still cancel; of a single one, the offer to ask them."""
    listed, found = talked.looked_up.orders, talked.looked_up.details
    if listed is None:
        return LIST
    numbers = [str(order["number"]) for order in listed if order["open"] and not has_left(order)]
    if unknown := [number for number in numbers[:ORDERS_AT_ONCE] if number not in found]:
        return get(unknown)
    can = [
        order["number"]
        for number in numbers
        if (order := found.get(number)) and needs_staff(Intent.CANCEL, order)
    ]
    if len(can) == 1:
        meant = replace(said, intent=Intent.CANCEL, numbers=tuple(can), question=True)
        return about_order(meant, talked)
    offered = [order for order in listed if order["number"] in can]
    text = several.cancellable(offered, today(talked))
    return Say(text, About(Intent.CANCEL, choices=tuple(can), asked="which" if can else ""))


def _not_that(said: Understanding, talked: Conversation) -> Step:
    """Another order than the one told."""
    return about_order(replace(said, intent=Intent.STATUS, other=True, words=()), talked)


def _rest(said: Understanding, talked: Conversation) -> Step:
    """The rest of the order, if a part of it was told; else the other orders."""
    if talked.about.titles or talked.about.parcel:
        number = talked.focus[0]
        if number not in talked.looked_up.details:
            return get([number])
        if order := talked.looked_up.details[number]:
            return told(replace(said, intent=Intent.STATUS, words=()), talked, [order])
    listed = talked.looked_up.orders
    if listed is None:
        return LIST
    left = [order for order in references.others(talked, listed) if order["open"]]
    left = left or references.others(talked, listed)
    numbers = [str(order["number"]) for order in left[:ORDERS_AT_ONCE]]
    if not numbers:
        return Say(talk.NO_OTHERS, talked.before)
    if unknown := [number for number in numbers if number not in talked.looked_up.details]:
        return get(unknown)
    details = [order for number in numbers if (order := talked.looked_up.details[number])]
    return told(replace(said, intent=Intent.STATUS, words=()), talked, details)


def _is_it(said: Understanding, talked: Conversation) -> Step:
    """Whether the order spoken of holds an article; if not, which one does."""
    number, found = talked.focus[0], talked.looked_up
    missing = [] if number in found.details else [("get_order", {"order_number": number})]
    if found.orders is None:
        missing.append(("list_orders", {}))
    if missing:
        return Calls(tuple(missing))
    order, listed = found.details[number], found.orders or []
    if order is None:
        return about_order(replace(said, intent=Intent.STATUS), talked)
    holding = [each for each in naming.by_article(said.words, listed) if each["number"] != number]
    titles = naming.wanted_titles(said.words, order)
    parcel = talked.about.parcel
    others = [(each, naming.titles_in(said.words, each)) for each in holding]
    text = several.is_it(said.words, order, parcel, titles, others, today(talked))
    about = replace(talked.about, intent=Intent.STATUS, asked="", titles=titles, parcel=0)
    numbers = tuple(str(each["number"]) for each in holding[:ORDERS_AT_ONCE])
    if titles or not numbers:
        return Say(text, about)
    return Say(text, About(Intent.STATUS, choices=numbers))


def _sure(said: Understanding, talked: Conversation) -> Step:
    if talked.before.intent == Intent.PERSON or talked.before.called:
        return Say(talk.SURE_ASKED, talked.before)
    if talked.before.orders:
        return about_order(said, talked)
    if talked.before.choices or not talked.before.intent:
        return Say(talk.SURE, talked.before)
    return Say(talk.SURE_RULE, replace(talked.before, asked="person"))


def _done(said: Understanding, talked: Conversation) -> Step:
    """Whether a colleague has done what they were asked for: only a cancellation shows."""
    found = talked.looked_up.details
    if unknown := [number for number in talked.focus if number not in found]:
        return get(unknown)
    details = [order for number in talked.focus if (order := found[number])]
    if details and all(order["status"] == "cancelled" for order in details):
        return told(replace(said, intent=Intent.STATUS, words=()), talked, details)
    return Say(talk.NOT_DONE, talked.about)


def _still_missing(said: Understanding, talked: Conversation) -> Step:
    if said.plain in ("no", "no no", "no sorry"):
        return Say(talk.STILL_MISSING, replace(talked.before, asked="person"))
    handoff = talked.looked_up.handoff
    if handoff is None:
        numbers = ", ".join(f"#{number}" for number in talked.focus)
        return call_a_person(f"Counts as delivered, not received: order {numbers}: {quote(talked)}")
    text = talk.missing_passed_on(handoff, talked.focus)
    return Say(text, replace(talked.before, asked="", called=True))


def _found(said: Understanding, talked: Conversation) -> Step:
    return Say(talk.FOUND, About())


def _overcharged(said: Understanding, talked: Conversation) -> Step:
    """Nobody here sees a card's charges: what the orders cost, and a person."""
    if said.numbers or said.bare_numbers or (said.pronoun and talked.focus) or said.words:
        return about_order(replace(said, intent=Intent.OVERCHARGED), talked)
    listed, articles = talked.looked_up.orders, talked.looked_up.articles
    if listed is None:
        return Calls((*LIST.tools, ("search_help", {"query": CHARGED})))
    rule = talk.article(articles.get(CHARGED, ()))
    billed = [order for order in listed if order["payment_status"] in BILLED][:ORDERS_AT_ONCE]
    about = About(
        intent=Intent.OVERCHARGED,
        choices=tuple(str(order["number"]) for order in billed),
        asked="person",
    )
    return Say(several.overcharged(billed, rule), about)


#: The intents that only a thread has, and what is done about them.
FOLLOWING: dict[Intent, Callable[[Understanding, Conversation], Step]] = {
    Intent.WHICH_FIRST: _which_first,
    Intent.ANY_LATE: _any_late,
    Intent.ANY_DUE: _any_due,
    Intent.ANY_READY: _any_ready,
    Intent.CANCELLABLE: _cancellable,
    Intent.NOT_THAT: _not_that,
    Intent.REST: _rest,
    Intent.IS_IT: _is_it,
    Intent.SURE: _sure,
    Intent.DONE: _done,
    Intent.STILL_MISSING: _still_missing,
    Intent.FOUND: _found,
    Intent.OVERCHARGED: _overcharged,
    Intent.WHY: about_order,
    Intent.MEANING: about_order,
    Intent.CARRIER: about_order,
    Intent.KEEP: about_order,
    Intent.PRICE: about_order,
}
