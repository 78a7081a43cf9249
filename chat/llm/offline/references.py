"""Which orders are meant: by number, by article, "the second one", "the other one", "it"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from chat.llm.offline.conversation import Conversation, Facts
from chat.llm.offline.intents import Intent
from chat.llm.offline.naming import by_article, each_by_its_own, stem
from chat.llm.offline.pointing import Pointer, at, has_parcel, pointed
from chat.llm.offline.reading import Understanding
from chat.llm.offline.short_words import CANCEL_ALL, MANY, MISSED, NOBODY_HOME
from chat.llm.offline.spelling import words_of

# An order that came this many days ago or less may still be what "my parcel" means.
RECENT_DAYS = 14
PAID_BACK = ("refunded", "partially_refunded")
# "order 1018 and 1019": the second number without a word before it.
ALSO = re.compile(
    r"(?:\band|&|,)\s*#?((?:[a-z]{1,8}-?)?\d{3,10}(?:-[a-z]+)?)"
    r"(?![\w.,-]*\d|\s*(?:€|eur\b|days?\b))",
    re.IGNORECASE,
)
JOINED = re.compile(r"\b(?:and|both|plus)\b|[&,]", re.IGNORECASE)
SAYS_LATE = re.compile(r"\bmy \w+ (?:is|are) (?:\w+ )?(?:late|delayed|overdue)\b")
ON_HOLD = re.compile(r"\bon hold\b|\bheld\b")
COLLECTS = re.compile(r"\b(?:collect|pick(?:ed|ing)? (?:it )?up|pickup|fetch)\b")
ORDER = re.compile(r"\borders?\b")
PARCEL = re.compile(r"\b(?:parcel|package|box|shipment|delivery)s?\b")
# An article is named, as far as one can tell who does not know it: "where is my ipad".
NAMED = re.compile(
    r"^(?!.*\b(?:orders?|parcels?|packages?|packets?|deliver\w*|shipments?|stuff|things?|box"
    r"|purchases?|items?|goods|products?|letters?)\b)"
    r".*\b(?:where (?:is|are)|when (?:is|are|does|do|will)|what about|track) (?:my|the)"
    r" (?:new )?(?!own\b|other\b)\w+(?: \w+)?(?: (?:come|arrive|coming|arriving|here|been"
    r" (?:sent|shipped)|now|please|then))*$"
)


@dataclass(frozen=True)
class Meant:
    """Either ``numbers``; or ``choices``, of which the customer must choose; or neither."""

    numbers: tuple[str, ...] = ()
    choices: tuple[Facts, ...] = ()
    unknown: str = ""  # what the customer named and nothing fits


def without_list(said: Understanding, talk: Conversation) -> tuple[str, ...]:
    """The order numbers, where they are known without looking at the customer's orders."""
    if said.numbers:
        also = (number.upper() for number in ALSO.findall(talk.text))
        return tuple(dict.fromkeys((*said.numbers, *also)))
    if parcel_meant(said, talk) or lacks_parcel(said, talk):
        return talk.focus
    where = said.where
    ordinals = where.ordinals or (() if said.ordinal is None else (said.ordinal,))
    row = talk.choices or (talk.spoken if len(talk.spoken) > 1 else ())
    if row and ordinals and not said.words and not said.newest:
        return at(row, ordinals)
    if said.other and not said.words and not talk.choices and len(talk.spoken) == 2:
        return tuple(number for number in talk.spoken if number not in talk.focus)
    if where or said.tracking or said.words or said.newest or said.other:
        return ()
    if said.bare_numbers and said.intent is not Intent.ADDRESS:
        return said.bare_numbers
    if talk.choices and said.every:
        return talk.choices
    if said.refers:
        return ()
    return talk.focus if _means_focus(said, talk) else ()


def from_list(
    said: Understanding, talk: Conversation, orders: Sequence[Facts], today: date
) -> Meant:
    """The orders that are meant, of the customer's ``orders``, newest first."""
    known = {str(order["number"]).upper(): order for order in orders}
    if said.tracking:
        found = _by_tracking(said.tracking, orders)
        return Meant(numbers=found) if found else Meant(unknown=said.tracking[0])
    for number in said.bare_numbers:
        if found := _by_number(number, known):
            return Meant(numbers=found)
    where = said.where
    if not said.words and (found_orders := _pointed(where, talk, orders, today)):
        return _few(found_orders)
    last_one = where.ordinals == (-1,) and not talk.choices
    if (said.newest or last_one) and orders and not said.words:
        return Meant(numbers=(orders[0]["number"],))
    if said.words:
        found_orders = by_article(said.words, orders)
        if said.other:
            left = [order for order in found_orders if order["number"] not in talk.focus]
            found_orders = left or found_orders
        if found_orders:
            several = each_by_its_own(said.words, orders) if JOINED.search(talk.text) else ()
            if several:
                return Meant(numbers=several)
            return _narrowed(said.intent, talk, found_orders)
        if said.intent in (Intent.CONTENTS, Intent.PRICE) or NAMED.search(said.plain):
            return Meant(unknown=" ".join(said.words))
    if said.other:
        return _few(others(talk, orders))
    everything = said.intent is Intent.CANCEL and CANCEL_ALL.search(said.plain)
    if (
        said.every
        or everything
        or (MANY.search(said.plain) and said.intent in (Intent.STATUS, Intent.WHEN))
    ):
        return Meant(numbers=tuple(_open(orders)) or (orders[0]["number"],))
    if where.ordinals and not talk.choices and len(orders) > 1:
        return Meant(choices=tuple(orders))
    spoken_of = [known[number.upper()] for number in talk.focus if number.upper() in known]
    if said.intent is Intent.NOT_RECEIVED and any(
        has_parcel(order, "delivered") for order in spoken_of
    ):
        return Meant(numbers=talk.focus)
    if said.intent is Intent.REFUND_STATUS and any(map(_money_moved, spoken_of)):
        return Meant(numbers=talk.focus)
    if _means_focus(said, talk):
        return Meant(numbers=talk.focus)
    return _default(said.intent, said.plain, orders)


def others(talk: Conversation, orders: Sequence[Facts]) -> list[Facts]:
    """What was not spoken of: of those that were offered, else of those awaited, else of all."""
    for numbers in (talk.choices, _open(orders), [str(order["number"]) for order in orders]):
        left = [o for o in orders if o["number"] in numbers and o["number"] not in talk.focus]
        if left:
            return left
    return []


def parcel_meant(said: Understanding, talk: Conversation) -> int:
    """Which parcel, from 1, of the one order spoken of last: "and the second parcel?"; else 0."""
    about = talk.about
    if len(talk.focus) != 1 or about.parcels < 2 or said.words or ORDER.search(said.plain):
        return 0
    if talk.choices and not PARCEL.search(said.plain):
        return 0
    if said.other and about.parcel and about.parcels == 2:
        return 3 - about.parcel
    if found := at([str(n + 1) for n in range(about.parcels)], said.where.ordinals[:1]):
        return int(found[0])
    return 0


def lacks_parcel(said: Understanding, talk: Conversation) -> bool:
    """Whether "the other parcel" is asked for of an order that has at most one."""
    one = len(talk.focus) == 1 and talk.about.parcels < 2 and not (talk.choices or said.words)
    another = said.other or any(said.where.ordinals)
    return one and another and bool(PARCEL.search(said.plain)) and not ORDER.search(said.plain)


def parcel_of(words: Sequence[str], sent: Sequence[Facts]) -> int:
    """Which of an order's parcels is named by its carrier, from 1: "the GLS one"; else 0."""
    wanted = {stem(word) for word in words}
    hits = [
        at
        for at, parcel in enumerate(sent, 1)
        if wanted & {stem(word) for word in words_of(parcel["carrier"] or "")}
    ]
    return hits[0] if len(hits) == 1 and len(sent) > 1 else 0


def _pointed(
    where: Pointer, talk: Conversation, orders: Sequence[Facts], today: date
) -> list[Facts]:
    """Of those offered, or else of all."""
    offered = [order for order in orders if order["number"] in talk.choices]
    found = pointed(where, offered, talk.focus, today)
    return found or pointed(where, orders, talk.focus, today)


def _means_focus(said: Understanding, talk: Conversation) -> bool:
    """Whether "it", or no word at all for an order, means the one spoken of last."""
    if not talk.focus or said.intent is Intent.NOT_RECEIVED:
        return False  # in "it says delivered", "it" is the tracking page
    if said.intent is Intent.REFUND_STATUS:
        return said.pronoun
    return said.pointing or talk.focus_open


def _by_tracking(tracking: Sequence[str], orders: Sequence[Facts]) -> tuple[str, ...]:
    return tuple(
        order["number"]
        for order in orders
        if any(str(p["tracking_number"] or "").upper() in tracking for p in order["parcels"])
    )


def _by_number(number: str, known: dict[str, Facts]) -> tuple[str, ...]:
    """The order with that number, or the only one whose number ends with it (EN-1018)."""
    if number in known:
        return (known[number]["number"],)
    ending = [n for n in known if n.endswith(number) and not n[: -len(number)][-1:].isdigit()]
    return (known[ending[0]]["number"],) if len(ending) == 1 else ()


def _narrowed(intent: Intent, talk: Conversation, orders: list[Facts]) -> Meant:
    """Of several that hold the article: those offered before, then those still awaited."""
    offered = [order for order in orders if order["number"] in talk.choices]
    awaited = [order for order in offered or orders if order["open"]]
    if intent in (Intent.NOT_RECEIVED, Intent.RETURN, Intent.DAMAGED, Intent.REFUND_STATUS):
        awaited = []
    return _few(awaited or offered or orders)


def _default(intent: Intent, plain: str, orders: Sequence[Facts]) -> Meant:
    """What "my order" means when nothing else was said."""
    awaited = [order for order in orders if order["open"]]
    late = [order for order in awaited if any(p["late"] for p in order["parcels"])]
    if SAYS_LATE.search(plain) and len(late) == 1:
        return _few(late)
    tried = [order for order in awaited if has_parcel(order, "attempted_delivery")]
    held = [order for order in awaited if order["status"] == "on_hold"]
    if held and ON_HOLD.search(plain):
        return _few(held)
    waits = [order for order in awaited if has_parcel(order, "available_for_pickup")]
    if waits and COLLECTS.search(plain):
        return _few(waits)
    if tried and (NOBODY_HOME.search(plain) or MISSED.search(plain)):
        return _few(tried)
    match intent:
        case Intent.NOT_RECEIVED:
            arrived = [order for order in orders if has_parcel(order, "delivered")]
            recent = [o for o in arrived if _days_since_delivery(o, orders) <= RECENT_DAYS]
            return _few(recent or arrived[:1] or awaited)
        case Intent.REFUND_STATUS:
            back = [o for o in orders if o["payment_status"] in PAID_BACK]
            called_off = [o for o in orders if o["status"] == "cancelled" and o not in back]
            returning = [o for o in orders if o not in back and has_parcel(o, "return_to_sender")]
            return _few(called_off + returning or back or list(orders[:1]))
        case Intent.PAYMENT_STATUS:
            unpaid = [o for o in awaited if o["payment_status"] != "paid"]
            return _few(unpaid or awaited or list(orders[:1]))
    return _few(awaited or list(orders[:1]))


def _money_moved(order: Facts) -> bool:
    return order["status"] == "cancelled" or order["payment_status"] in PAID_BACK


def _days_since_delivery(order: Facts, orders: Sequence[Facts]) -> int:
    """Days between the newest thing known of any order and this one's delivery."""
    dates = [str(p["delivered_at"])[:10] for p in order["parcels"] if p["delivered_at"]]
    newest = max(str(each["placed_at"])[:10] for each in orders)
    if not dates:
        return RECENT_DAYS + 1
    return (date.fromisoformat(newest) - date.fromisoformat(max(dates))).days


def _few(orders: Sequence[Facts]) -> Meant:
    if len(orders) == 1:
        return Meant(numbers=(orders[0]["number"],))
    return Meant(choices=tuple(orders))


def _open(orders: Sequence[Facts]) -> list[str]:
    return [str(order["number"]) for order in orders if order["open"]]
