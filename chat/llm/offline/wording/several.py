"""Answers about several orders: the list, which of them, which comes first, which is late."""

from collections.abc import Sequence
from datetime import date

from chat.llm.offline.conversation import Facts
from chat.llm.offline.wording import dates, parcels, talk
from chat.llm.offline.wording.orders import Part, name_of, place, route, sent
from chat.llm.offline.wording.phrases import (
    brief_articles,
    count,
    joined,
    listing,
    lower,
    money,
    pieces,
    whole,
)

# After every date, as text.
FAR = "~"


def brief(order: Facts, today: date) -> str:
    """A line for a list, from list_orders."""
    return f"{named(order, today)} – {_state(order, today)}"


def named(order: Facts, today: date) -> str:
    """The same without the state, to tell it from others."""
    at = dates.parse(order["placed_at"])
    when = f"ordered {dates.on_day(at, today)}" if at and at.date() <= today else ""
    what = ", ".join(filter(None, [brief_articles(order), when]))
    return f"#{order['number']}: {what}" if what else f"#{order['number']}"


def numbered(orders: Sequence[Facts], today: date) -> str:
    """A list to choose from."""
    return "\n".join(f"{at}. {brief(order, today)}" for at, order in enumerate(orders, 1))


def names(orders: Sequence[Facts], today: date) -> str:
    """The same without the states."""
    return "\n".join(f"{at}. {named(order, today)}" for at, order in enumerate(orders, 1))


def told(details: Sequence[Facts], today: date) -> str:
    """Where several orders are, each in brief."""
    texts = [route(order, today, brief=True) for order in details]
    doubt = any(
        parcels.needs_a_person(parcel, today) for order in details for parcel in sent(order)
    )
    return "\n\n".join([*texts, *([parcels.IN_DOUBT] if doubt else [])])


def is_late(order: Facts) -> bool:
    """Whether a parcel of it is late, from list_orders."""
    return any(parcel["late"] or parcel["status"] == "delayed" for parcel in order["parcels"])


def first(awaited: Sequence[Facts], today: date) -> str:
    """Which of the orders comes first, from list_orders."""
    if not awaited:
        return talk.NOTHING_AWAITED
    dated = sorted(
        (
            (_due(parcel, today), order, parcel)
            for order in awaited
            for parcel in order["parcels"]
            if _due(parcel, today) != FAR
        ),
        key=lambda each: each[0],
    )
    if not dated:
        none = "I cannot say: no date is known for any of them yet."
        if len(awaited) == 1:
            only = f"You wait for one order only, #{awaited[0]['number']}"
            none = f"{only}, and no date is known for it yet."
        waiting = _to_collect(awaited)
        return joined(none, waiting)
    _, order, parcel = dated[0]
    what = brief_articles(order)
    of = f" ({what})" if what else ""
    which = "A parcel of order" if len(order["parcels"]) > 1 else "Order"
    text = f"{which} #{order['number']}{of} should come first: {parcels.in_short(parcel, today)}."
    known = {each["number"] for _, each, _ in dated}
    unknown = [f"#{each['number']}" for each in awaited if each["number"] not in known]
    then = [
        f"#{other['number']} ({parcels.in_short(p, today)})"
        for _, other, p in dated[1:]
        if other["number"] != order["number"]
    ]
    after = f"Then {listing(list(dict.fromkeys(then)))}." if then else ""
    rest = f"For {listing(unknown)} no date is known yet." if unknown else ""
    return joined(text, after, rest)


def coming(awaited: Sequence[Facts], span: tuple[date, date]) -> list[Facts]:
    """The orders of which a parcel is due on these days, from list_orders."""
    days = [day.isoformat() for day in span]
    return [
        order
        for order in awaited
        if any(days[0] <= _due(p, span[0])[:10] <= days[1] for p in order["parcels"])
    ]


def due(found: Sequence[Facts], awaited: Sequence[Facts], today: date) -> str:
    """What comes on the days that were asked for, from list_orders."""
    if not awaited:
        return talk.NOTHING_AWAITED
    if found:
        return f"Yes, as far as I can see:\n{numbered(found, today)}"
    return f"Not as far as I can see. Your open orders are:\n{numbered(awaited[:5], today)}"


def nothing_to_collect(awaited: Sequence[Facts], today: date) -> str:
    """That no parcel waits to be collected, and what is awaited; from list_orders."""
    none = "No parcel of yours is waiting to be collected, as far as I can see."
    if not awaited:
        return f"{none} {talk.NOTHING_AWAITED}"
    return f"{none} Your open orders are:\n{numbered(awaited[:5], today)}"


def cancellable(orders: Sequence[Facts], today: date) -> str:
    """Which of the orders staff can still cancel, from list_orders."""
    if not orders:
        return (
            "None of your orders can be cancelled any more. What has left us you may be able to"
            " return when it has arrived: ask me “How do I return it?”"
        )
    return (
        f"These have not left us yet, so our staff can still cancel them:\n"
        f"{numbered(orders, today)}\nWhich one do you want to cancel?"
    )


def late(awaited: Sequence[Facts], today: date) -> str:
    """Which of the orders are late, from list_orders."""
    if not awaited:
        return talk.NOTHING_AWAITED
    found = [order for order in awaited if is_late(order)]
    if not found:
        dated = any(_due(p, today) != FAR for order in awaited for p in order["parcels"])
        if len(awaited) == 1:
            text = f"No, order #{awaited[0]['number']} is not late as far as I can see."
        else:
            text = "No, none of your open orders is late as far as I can see."
        return text if dated else f"{text} No delivery date is known, though."
    names = []
    for order in found:
        late_ones = [p for p in order["parcels"] if p["late"] or p["status"] == "delayed"]
        by = listing([p["carrier"] for p in late_ones if p["carrier"]])
        due = next((parcels.expected(p, today) for p in late_ones if p["late"]), "")
        which = "a parcel of " if len(order["parcels"]) > 1 else ""
        details = [brief_articles(order), f"with {by}" if by else ""]
        details += [f"it should have come {due}" if due else ""]
        names.append(f"{which}#{order['number']} ({'; '.join(filter(None, details))})")
    text = f"Yes, I am sorry: {listing(names)}."
    others = "" if len(found) == len(awaited) else " The others are not, as far as I can see."
    return f"{text}{others} {parcels.IN_DOUBT}"


def is_it(
    words: Sequence[str],
    order: Facts,
    parcel: int,
    titles: Sequence[str],
    holding: Sequence[tuple[Facts, Sequence[str]]],
    today: date,
) -> str:
    """Whether the order, or its parcel, holds what was asked for; if not, what does."""
    held = [line for line in order["lines"] if line["title"] in titles]
    what = listing([pieces(line["quantity"], whole(line["title"])) for line in held])
    verb = "is" if sum(line["quantity"] for line in held) == 1 else "are"
    if titles:
        if parcel and not _holds(sent(order)[parcel - 1 : parcel], titles):
            other = route(order, today, Part(tuple(titles)))
            return f"No, that is in another part of the order. {other}"
        return f"Yes, {what} {verb} in {_where(order, parcel, titles)}."
    wanted = " ".join(words)
    if not holding:
        return f"No, and I cannot find “{wanted}” in your other orders either."
    if len(holding) == 1:
        one, found = holding[0]
        what = listing([whole(each) for each in found]) or wanted
        return f"No, {what} is in order #{one['number']}: {_state(one, today)}."
    return f"No, but these hold it:\n{numbered([other for other, _ in holding], today)}"


def overcharged(billed: Sequence[Facts], rule: str) -> str:
    """What the orders cost, for whoever was charged too much; from list_orders.

    ``rule`` is what the shop has written about it, or "".
    """
    begin = "I am sorry about that. I cannot see what was taken from your card"
    if not billed:
        return joined(f"{begin}, and no order of yours shows as paid.", rule, talk.CHECK_CHARGE)
    lines = [f"- #{o['number']} ({brief_articles(o)}): {money(o)}" for o in billed]
    only = "only what the shop has noted for your orders:"
    return "\n".join([f"{begin}, {only}", *lines, joined(rule, talk.CHECK_CHARGE)])


def _where(order: Facts, parcel: int, titles: Sequence[str]) -> str:
    all_sent = sent(order)
    if parcel:
        return lower(name_of(order, all_sent[parcel - 1]))
    held = [at for at, each in enumerate(all_sent, 1) if _holds([each], titles)]
    if len(all_sent) > 1 and len(held) == 1:
        return f"the {place(held[0])} parcel of order #{order['number']}"
    return f"order #{order['number']}"


def _holds(of: Sequence[Facts], titles: Sequence[str]) -> bool:
    return any(content["title"] in titles for parcel in of for content in parcel["contents"])


def _due(parcel: Facts, today: date) -> str:
    """When it is due, to sort by; the end of time where nothing can be said."""
    if parcel["late"]:
        return FAR
    if parcel["status"] == "out_for_delivery":
        heard = dates.parse(parcel["last_scan_at"])
        return today.isoformat() if heard and heard.date() == today else FAR
    if parcel["status"] not in ("in_transit", "pre_transit", "unknown", "delayed"):
        return FAR
    due = parcel["estimated_delivery_to"] or parcel["estimated_delivery_from"]
    return str(due) if due else FAR


def _to_collect(awaited: Sequence[Facts]) -> str:
    ready = [
        f"#{order['number']}"
        for order in awaited
        if any(parcel["status"] == "available_for_pickup" for parcel in order["parcels"])
    ]
    return f"{listing(ready)} can be collected already." if ready else ""


def _state(order: Facts, today: date) -> str:
    if order["status"] == "cancelled":
        return "cancelled"
    states = [parcels.in_short(p, today) for p in order["parcels"] if p["status"] != "cancelled"]
    if order["status"] == "on_hold" and not states:
        return "on hold"
    if not states:
        return "completed" if order["status"] == "completed" else "not sent yet"
    rest = ", the rest not sent yet" if order["fulfillment_status"] == "partially_fulfilled" else ""
    if len(states) == 1:
        return f"{states[0]}{rest}"
    return f"{count(len(states))} parcels: {listing(states)}{rest}"
