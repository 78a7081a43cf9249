"""Which of several orders the words point at: "1 and 3", "the older one", "the late one"."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from chat.llm.offline.conversation import Facts

ORDINALS = {
    "first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "sixth": 5, "last": -1,
    "bottom": -1, "latter": -1, "former": 0, "top": 0,
}  # fmt: skip
ORDINAL = re.compile(
    rf"\b(?:(?:the|my|number|and|or|about|mean|no) )({'|'.join(ORDINALS)})\b(?! (?:time|times|week"
    r"|month|year|night|day|name|scan|digits|thing|update|news|few|message|answer|question|email))"
    rf"|^({'|'.join(ORDINALS)})\b(?= (?:one|order|parcel|package|of|please|and)\b|$)"
)
FIRST_FEW = re.compile(r"\b(first|top|last|bottom) (two|three|four|2|3|4)\b")
FEW = {"two": 2, "three": 3, "four": 4, "2": 2, "3": 3, "4": 4}
# The whole message is digits of the list: "2", "1 and 3", "number 2 please".
DIGITS = re.compile(
    r"(?:the |i mean |number |numbers |no |option |yes )*[1-9](?:(?: and| or| &)? [1-9])*"
    r"(?: please| thanks)?"
)

THING = r"(?:one|order|parcel|package|delivery|item)"
OLDER = re.compile(
    rf"\bthe (?:older|earlier|previous|oldest|earliest)\b|\b(?:older|earlier|previous) {THING}\b"
    rf"|\b(?:one|order) before\b"
)
NEWER = re.compile(
    rf"\bthe (?:newer|later)\b|\b(?:newer|later) {THING}\b|\bone after (?:it|that)\b"
)
FURTHEST = re.compile(r"\b(?:oldest|earliest)\b")

# How customers call an order's state, and what list_orders then says of the order or a parcel.
STATES: tuple[tuple[str, Callable[[Facts], bool]], ...] = (
    (r"late|delayed|overdue|stuck", lambda order: has_parcel(order, "delayed") or _late(order)),
    (r"on hold|held", lambda order: order["status"] == "on_hold"),
    (r"cancelled", lambda order: order["status"] == "cancelled"),
    (r"out for delivery|coming today", lambda order: has_parcel(order, "out_for_delivery")),
    (r"to collect|to pick up|to fetch|ready|collected", lambda order:
        has_parcel(order, "available_for_pickup")),
    (r"delivered|arrived|that came", lambda order: has_parcel(order, "delivered")),
    (r"returned|sent back|came back|coming back", lambda order:
        has_parcel(order, "return_to_sender")),
    (r"not (?:yet )?(?:sent|shipped)(?: yet)?|unsent", lambda order: order["open"]
        and not order["parcels"]),
    (r"on (?:its|the|it is) way|in transit", lambda order: has_parcel(order, "in_transit")),
)  # fmt: skip
BY_STATE = tuple(
    (
        re.compile(
            rf"\b(?:the|my) (?:{words}) {THING}\b|\bthe (?:{words})$"
            rf"|\bwhich\b.* (?:is|are|was|were) (?:{words})$"
            rf"|\b(?:ones?|{THING} (?:that|which)) (?:that |which |is |was |are |were |has |i have "
            rf"|i need |i had )*(?:{words})\b"
        ),
        fits,
    )
    for words, fits in STATES
)

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PLACED = re.compile(
    rf"\b{THING} (?:that |which )?(?:from|i (?:have )?(?:just )?(?:ordered|bought|placed|made)"
    rf"(?: on| in)?|placed(?: on)?|of) (?:last )?(today|yesterday|{'|'.join(WEEKDAYS)})\b"
)


@dataclass(frozen=True)
class Pointer:
    """What the words point at; empty where they point at nothing."""

    ordinals: tuple[int, ...] = ()
    older: bool = False
    newer: bool = False
    state: Callable[[Facts], bool] | None = None
    placed: str = ""

    def __bool__(self) -> bool:
        return bool(self.ordinals or self.older or self.newer or self.state or self.placed)


def pointer(plain: str) -> Pointer:
    """What plain words point at."""
    placed = PLACED.search(plain)
    if placed:
        return Pointer(placed=placed[1])
    for pattern, fits in BY_STATE:
        if pattern.search(plain):
            return Pointer(state=fits)
    if OLDER.search(plain):
        return Pointer(ordinals=(-1,)) if FURTHEST.search(plain) else Pointer(older=True)
    if NEWER.search(plain):
        return Pointer(newer=True)
    return Pointer(ordinals=_ordinals(plain))


def _ordinals(plain: str) -> tuple[int, ...]:
    if few := FIRST_FEW.search(plain):
        many = FEW[few[2]]
        return tuple(range(many)) if few[1] in ("first", "top") else tuple(range(-many, 0))
    if DIGITS.fullmatch(plain):
        return tuple(int(digit) - 1 for digit in re.findall(r"\d", plain))
    return tuple(dict.fromkeys(ORDINALS[one or two] for one, two in ORDINAL.findall(plain)))


def at(numbers: Sequence[str], ordinals: Sequence[int]) -> tuple[str, ...]:
    """Those of a list, of which -1 is the last; those beyond its ends are left out."""
    size = len(numbers)
    return tuple(numbers[each] for each in ordinals if -size <= each < size)


def pointed(
    where: Pointer, orders: Sequence[Facts], focus: Sequence[str], today: date
) -> list[Facts]:
    """Those of the ``orders``, newest first, that are pointed at; ``focus`` was spoken of last."""
    if where.state:
        return [order for order in orders if where.state(order)]
    if where.placed:
        return [order for order in orders if _placed_on(order, where.placed, today)]
    at_focus = [at for at, order in enumerate(orders) if order["number"] in focus]
    if where.older:
        return list(orders[at_focus[-1] + 1 :][:1] if at_focus else orders[-1:])
    if where.newer:
        return list(orders[: at_focus[0]][-1:] if at_focus else orders[:1])
    return []


def _placed_on(order: Facts, word: str, today: date) -> bool:
    placed = date.fromisoformat(str(order["placed_at"])[:10])
    if word in ("today", "yesterday"):
        return placed == today - timedelta(days=word == "yesterday")
    back = (today.weekday() - WEEKDAYS.index(word) - 1) % 7 + 1
    return placed == today - timedelta(days=back) or (back == 7 and placed == today)


def has_parcel(order: Facts, status: str) -> bool:
    """Whether any of its parcels has this status."""
    return any(parcel["status"] == status for parcel in order["parcels"])


def _late(order: Facts) -> bool:
    return any(parcel["late"] for parcel in order["parcels"])
