"""What to do about orders: which are meant, looking them up, and what is said of them."""

import re
from collections.abc import Sequence
from dataclasses import replace

from chat.llm.offline import naming, references
from chat.llm.offline.conversation import About, Conversation, Facts
from chat.llm.offline.intents import Intent
from chat.llm.offline.reading import Understanding
from chat.llm.offline.short_words import WITH
from chat.llm.offline.steps import (
    LIST,
    ORDERS_AT_ONCE,
    Say,
    Step,
    call_a_person,
    get,
    quote,
    today,
)
from chat.llm.offline.wording import answers, choices, talk
from chat.llm.offline.wording.orders import Part, sent
from chat.llm.offline.wording.phrases import listing

OFFERED = 6
WHO = re.compile(r"\b(?:which|who|whom|what name|where)\b")
STILL_OPEN = re.compile(
    r"\bnot (?:\w+ )?(?:here|arrived|come|delivered|received)\b"
    r"|\b(?:open|outstanding|awaited|pending)\b|\bwait(?:ing)? for\b"
    r"|\bstill (?:to come|coming|missing)\b|\bon (?:its|their|the|it is) way\b"
)
ITS_NUMBER = re.compile(r"\btracking (?:number|code|id|no)\b")
CANCELLED = re.compile(r"\bcancel(?:led)?\b")
# What only staff can do, as they read it.
WHAT = {Intent.ADDRESS: "Change of address", Intent.CANCEL: "Cancellation"}
# What the customer may go on asking of the same parcel or article.
SAME_PART = frozenset(
    {Intent.STATUS, Intent.WHEN, Intent.WHY, Intent.MEANING, Intent.CARRIER, Intent.SURE}
)


def list_all(said: Understanding, talked: Conversation) -> Step:
    """The customer's orders; those under way where they ask for what has not come yet."""
    found = talked.looked_up
    if found.orders is None:
        return LIST
    if not found.orders:
        return Say(talk.NO_ORDERS, About(asked="offer"))
    awaited = [order for order in found.orders if order["open"]]
    only = bool(awaited and STILL_OPEN.search(said.plain))
    listed = awaited if only else found.orders
    numbers = tuple(str(order["number"]) for order in listed)
    text = choices.all_orders(listed, found.more_orders, today(talked), awaited=only)
    if len(numbers) == 1:
        return Say(text, About(Intent.STATUS, orders=numbers, open=listed[0]["open"]))
    return Say(text, About(Intent.STATUS, choices=numbers))


def about_order(said: Understanding, talked: Conversation) -> Step:
    """Find out which order is meant, look it up, and answer; or ask which."""
    found = talked.looked_up
    numbers = references.without_list(said, talked)
    if not numbers:
        if found.orders is None:
            return LIST
        chosen = _chosen(said, talked, found.orders)
        if isinstance(chosen, Say):
            return chosen
        numbers = chosen
    numbers = numbers[:ORDERS_AT_ONCE]
    if unknown := [number for number in numbers if number not in found.details]:
        return get(unknown)
    known = [order for number in numbers if (order := found.details[number])]
    if known:
        return told(said, talked, known)
    if found.orders is None:
        return LIST
    text = choices.not_found(numbers, found.orders, today(talked))
    offered = tuple(str(order["number"]) for order in found.orders[:ORDERS_AT_ONCE])
    return Say(text, About(said.intent, choices=offered, asked="which" if offered else "offer"))


def _chosen(
    said: Understanding, talked: Conversation, listed: Sequence[Facts]
) -> Say | tuple[str, ...]:
    """The numbers of the orders that are meant, or the question which."""
    if not listed:
        return Say(talk.NO_ORDERS, About(said.intent, asked="offer"))
    meant = references.from_list(said, talked, listed, today(talked))
    if meant.numbers:
        return meant.numbers
    shown = listed[:ORDERS_AT_ONCE]
    if meant.unknown:
        text = choices.no_such_article(
            meant.unknown, shown, today(talked), older=talked.looked_up.more_orders
        )
        return Say(text, About(said.intent, choices=_numbers(shown), asked="which"))
    offered = meant.choices[:OFFERED] or shown
    text = choices.which(
        said.intent, offered, today(talked), all_in_all=_how_many(meant.choices, talked)
    )
    if talked.before.asked == "which" and talked.before.choices == _numbers(offered):
        text = f"{talk.WHICH_AGAIN} {text}"
    return Say(text, About(said.intent, choices=_numbers(offered), asked="which"))


def told(said: Understanding, talked: Conversation, details: Sequence[Facts]) -> Step:
    """What is said of these orders, or the person to be called for it."""
    order = details[0]
    about = About(
        intent=_asked_about(said, talked),
        orders=_numbers(details),
        open=any(order["open"] for order in details),
    )
    if said.intent in WHAT and (step := _by_staff(said, talked, details, about)):
        return step
    if len(details) > 1:
        return Say(answers.several(details, today(talked)), about)
    if (
        said.intent == talked.before.intent == Intent.NOT_RECEIVED
        and about.orders == talked.before.orders
        and not WHO.search(said.plain)
    ):
        return Say(talk.STILL_MISSING, replace(talked.before, asked="person"))
    part = _part(said, talked, order)
    is_all = {str(line["title"]) for line in order["lines"]} <= {*part.titles}
    text, asked = answers.about_order(said, order, part, today(talked), before=talked.about)
    if said.intent is Intent.STATUS and CANCELLED.search(said.plain) and order["open"]:
        text = f"Order #{order['number']} is not cancelled. {text}"
    numbers = [p["tracking_number"] for p in sent(order) if p["tracking_number"]]
    if numbers and said.intent is Intent.STATUS and ITS_NUMBER.search(said.plain):
        text = f"{text} The tracking number is {listing(numbers)}."
    if references.lacks_parcel(said, talked) and len(parcels_sent := sent(order)) < 2:
        only = talk.ONE_PARCEL if parcels_sent else talk.NO_PARCEL
        text = f"{only.format(number=order['number'])} {text}"
    kept = talked.about.called and about.orders == talked.focus and said.intent is not Intent.KEEP
    return Say(
        text,
        replace(
            about,
            asked=asked,
            titles=() if is_all else part.titles,
            parcel=0 if is_all else part.parcel,
            parcels=len(sent(order)),
            called=kept,
        ),
    )


def _by_staff(
    said: Understanding, talked: Conversation, details: Sequence[Facts], about: About
) -> Step | None:
    """A colleague is called for what only staff can do; None for a question about one order."""
    handoff, day = talked.looked_up.handoff, today(talked)
    staff = [each for each in details if answers.needs_staff(said.intent, each)]
    titles = _part_to_cancel(said, staff)
    if said.question or not staff:
        texts = [answers.refused(said.intent, each, day) for each in details]
        several = len(details) > 1
        return Say("\n\n".join(texts), replace(about, asked="person")) if several else None
    if handoff is None:
        numbers = ", ".join(f"#{number}" for number in _numbers(staff))
        only = f" of {' and '.join(titles)} alone" if titles else ""
        return call_a_person(f"{WHAT[said.intent]}{only} for order {numbers}: {quote(talked)}")
    others = answers.refused_each(said.intent, [o for o in details if o not in staff], day)
    done = answers.staff_asked(said.intent, staff, handoff, titles)
    asked = "address" if said.intent is Intent.ADDRESS else ""
    return Say("\n\n".join([done, *others]), replace(about, asked=asked, called=True))


# What is to stay, of what is named: "cancel the scale, keep the blender".
KEPT = re.compile(r"\b(?:keep|but not|not|leave)\b(?: (?:the|my|only|just))* (\w+)")


def _part_to_cancel(said: Understanding, staff: Sequence[Facts]) -> Sequence[str]:
    """The articles that are to be taken out of the one order; none where all of it is meant."""
    if said.intent is not Intent.CANCEL or len(staff) != 1 or WITH.search(said.plain):
        return ()  # "the one with the blender" is all of that order
    kept = KEPT.findall(said.plain)
    words = [word for word in said.words if word not in kept]
    titles = naming.wanted_titles(words, staff[0])
    return () if len(titles) == len(staff[0]["lines"]) else titles


def _part(said: Understanding, talked: Conversation, order: Facts) -> Part:
    """The articles or the parcel that it is about; all of the order where none is meant."""
    parcels = sent(order)
    if parcel := references.parcel_meant(said, talked) or references.parcel_of(said.words, parcels):
        return Part(parcel=min(parcel, len(parcels)))
    if said.words and (titles := naming.wanted_titles(said.words, order)):
        if said.intent is Intent.STATUS and len(titles) == len(order["lines"]):
            return Part()
        return Part(titles, _only_parcel_with(titles, parcels))
    same = (order["number"],) == talked.focus and said.pointing and not said.words
    if same and said.intent in SAME_PART and talked.about.parcel <= len(parcels):
        return Part(talked.about.titles, talked.about.parcel)
    return Part()


def _only_parcel_with(titles: Sequence[str], parcels: Sequence[Facts]) -> int:
    held = [
        at
        for at, parcel in enumerate(parcels, 1)
        if any(content["title"] in titles for content in parcel["contents"])
    ]
    return held[0] if len(held) == 1 else 0


def _asked_about(said: Understanding, talked: Conversation) -> str:
    """What the thread goes on with: "why?" asks no new thing."""
    if said.intent not in (Intent.WHY, Intent.MEANING, Intent.CARRIER, Intent.SURE, Intent.KEEP):
        return said.intent
    return talked.order_intent or Intent.STATUS


def _how_many(choices: Sequence[Facts], talked: Conversation) -> str:
    """How many come into question, if that is more than are shown."""
    if len(choices) <= OFFERED:
        return ""
    return f"More than {len(choices)}" if talked.looked_up.more_orders else str(len(choices))


def _numbers(orders: Sequence[Facts]) -> tuple[str, ...]:
    return tuple(str(order["number"]) for order in orders)
