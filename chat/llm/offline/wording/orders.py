"""One order in answer to where it is and when it comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from chat.llm.offline.conversation import Facts
from chat.llm.offline.wording import parcels
from chat.llm.offline.wording.payments import back, cancelled
from chat.llm.offline.wording.phrases import articles, count, joined, quoted, upper
from chat.llm.offline.wording.states import told

PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


@dataclass(frozen=True)
class Part:
    """What of an order is meant: articles by their titles, or a parcel, from 1; else all of it."""

    titles: tuple[str, ...] = ()
    parcel: int = 0


WHOLE = Part()


def sent(order: Facts) -> list[Facts]:
    """Its parcels, without those that were cancelled."""
    return [parcel for parcel in order["parcels"] if parcel["status"] != "cancelled"]


def title(order: Facts) -> str:
    """ "order #48211 (Electric kettle and 2 × Assam tea)"."""
    what = articles(order["lines"])
    return f"order #{order['number']} ({what})" if what else f"order #{order['number']}"


def route(
    order: Facts, today: date, part: Part = WHOLE, *, when: bool = False, brief: bool = False
) -> str:
    """Where it is and when it comes."""
    if order["status"] == "cancelled":
        return cancelled(order, f"Your {title(order)}", today)
    on_way, unsent = meant(order, part)
    if not on_way:
        return _not_sent(order, part, unsent)
    if len(on_way) == 1 and not unsent:
        name = f"Your {title(order)}" if part == WHOLE else name_of(order, on_way[0])
        state = told(on_way[0], name, today, when=when, brief=brief)
        return joined(state, _paid_back(order, on_way))
    return _several(order, on_way, unsent, today, when=when, brief=brief)


def meant(order: Facts, part: Part) -> tuple[list[Facts], list[Facts]]:
    """The parcels, and the lines not sent yet, that are meant."""
    on_way = sent(order)
    unsent = [line for line in order["lines"] if line["not_yet_sent"]]
    if part.parcel:
        return on_way[part.parcel - 1 : part.parcel], []
    if part.titles:
        on_way = [p for p in on_way if any(c["title"] in part.titles for c in p["contents"])]
        unsent = [line for line in unsent if line["title"] in part.titles]
    return on_way, unsent


def name_of(order: Facts, parcel: Facts) -> str:
    """ "The parcel with Assam tea from order #48211"."""
    all_sent = sent(order)
    inside = parcels.contents(parcel)
    if inside:
        return f"The parcel with {inside} from order #{order['number']}"
    if len(all_sent) == 1:
        return f"The parcel of order #{order['number']}"
    return f"The {place(all_sent.index(parcel) + 1)} parcel of order #{order['number']}"


def place(at: int) -> str:
    """ "first"."""
    return PLACES[at - 1] if at <= len(PLACES) else f"{at}th"


def _several(
    order: Facts,
    on_way: Sequence[Facts],
    unsent: Sequence[Facts],
    today: date,
    *,
    when: bool,
    brief: bool,
) -> str:
    rest = [{"title": line["title"], "quantity": line["not_yet_sent"]} for line in unsent]
    number = f"{count(len(on_way))} parcels" if len(on_way) > 1 else "one parcel"
    head = f"Your order #{order['number']} travels in {number}"
    if all(parcel["status"] == "delivered" for parcel in on_way):
        head = f"Your order #{order['number']} came in {number}"
    head += ", and something is still to be sent:" if rest else ":"
    items = [
        told(parcel, _name(parcel, at), today, brief=brief, when=when, listed=True)
        for at, parcel in enumerate(on_way, 1)
    ]
    if rest:
        hold = f" {hold_reason(order)}" if order["status"] == "on_hold" else ""
        items.append(f"Not sent yet: {articles(rest)}. No date is known for it.{hold}")
    lines = [f"{at}. {item}" for at, item in enumerate(items, 1)]
    if shared := [parcel for parcel in on_way if parcels.is_shared(parcel)]:
        inside = articles(shared[0]["contents"])
        lines += [f"They hold {inside}; what is in which is not noted."] if inside else []
    doubt = not brief and any(parcels.needs_a_person(parcel, today) for parcel in on_way)
    return "\n".join([head, *lines, *([parcels.IN_DOUBT] if doubt else [])])


def address(order: Facts) -> str:
    """Where it goes, or ""."""
    to = order["ship_to"]
    if not isinstance(to, dict):
        return ""
    town = " ".join(filter(None, [to.get("postal_code"), to.get("city")]))
    return ", ".join(filter(None, [to.get("name"), to.get("street"), town, to.get("country")]))


def has_left(order: Facts) -> bool:
    """Whether a carrier has any of it: from then on the shop cannot stop or redirect it."""
    return any(parcel["status"] != "pre_transit" for parcel in sent(order))


def to_collect(order: Facts) -> bool:
    """Whether a parcel of it waits for the customer."""
    return any(parcel["status"] == "available_for_pickup" for parcel in order["parcels"])


def delivered(order: Facts) -> bool:
    """Whether everything of it that was sent has arrived."""
    return {parcel["status"] for parcel in sent(order)} == {"delivered"}


def all_taken_out(order: Facts) -> bool:
    """Whether nothing of it was or will be sent: every piece was taken out before."""
    lines = order["lines"]
    return (
        bool(lines)
        and not sent(order)
        and all(line["cancelled_quantity"] >= line["quantity"] for line in lines)
    )


def hold_reason(order: Facts) -> str:
    """Why it is on hold, as far as the shop notes it."""
    note = order["note_of_the_shop"]
    reason = f"The reason: {quoted(note)}." if note else "I do not know the reason."
    return f"{reason} If you can settle that or want to know more, I can ask a colleague for you."


def _not_sent(order: Facts, part: Part, unsent: Sequence[Facts]) -> str:
    name = f"Your {title(order)}"
    if part.titles and unsent:
        rest = [{"title": line["title"], "quantity": line["not_yet_sent"]} for line in unsent]
        name = f"The part of order #{order['number']} with {articles(rest)}"
    elif part.titles:
        gone = [line for line in order["lines"] if line["title"] in part.titles]
        if gone and all(line["cancelled_quantity"] >= line["quantity"] for line in gone):
            out = f"taken out of order #{order['number']} before it was sent."
            return joined(f"{upper(articles(gone))}: {out}", back(order))
    if order["status"] == "on_hold":
        return f"{name} is on hold and has not left us yet. {hold_reason(order)}"
    if all_taken_out(order):
        gone_text = f"Everything in your {title(order)} was taken out of it before it was sent"
        return joined(f"{gone_text}, so nothing of it will be sent.", back(order))
    if order["status"] == "completed":
        return (
            f"{name} counts as completed, but no parcel is noted for it, so I cannot see where it"
            f" is. {parcels.IN_DOUBT}"
        )
    if money_back := back(order):
        return joined(f"{name} has not left us.", money_back, parcels.IN_DOUBT)
    waits = ", and its payment is still open" if order["payment_status"] == "pending" else ""
    return f"{name} has not left us yet{waits}. A delivery date is not known yet."


def _paid_back(order: Facts, on_way: Sequence[Facts]) -> str:
    if not any(parcel["status"] == "return_to_sender" for parcel in on_way):
        return ""
    return back(order)


def _name(parcel: Facts, at: int) -> str:
    inside = parcels.contents(parcel)
    return f"The parcel with {inside}" if inside else f"Parcel {at}"
