"""Why something is as it is, what a state means, how to reach the carrier, how sure that is."""

import re
from datetime import date

from chat.llm.offline.conversation import Facts
from chat.llm.offline.wording import parcels, talk
from chat.llm.offline.wording.orders import (
    Part,
    address,
    has_left,
    hold_reason,
    meant,
    name_of,
    route,
    title,
)
from chat.llm.offline.wording.payments import back, cancelled
from chat.llm.offline.wording.phrases import joined, listing, lower, quoted, upper

TROUBLE = ("delayed", "failure", "error", "return_to_sender", "attempted_delivery")

MEANINGS = {
    "pre_transit": "{by} knows of the parcel, but has not scanned it yet. When they have taken it"
    " over, the tracking shows where it is.",
    "in_transit": "{by} has the parcel, and it travels from depot to depot towards you.",
    "delayed": "the parcel takes longer than {by} had planned.",
    "out_for_delivery": "the parcel is in the vehicle that brings it to you.",
    "attempted_delivery": "the driver was there and could not hand it over. What {by} does next,"
    " the tracking page tells.",
    "available_for_pickup": "the parcel lies at a pick-up point and waits for you to collect it.",
    "delivered": "{by} counts the parcel as handed over or left for you.",
    "return_to_sender": "the parcel did not reach you and travels back to us.",
    "failure": "{by} could not go on with the parcel and does not say more.",
    "error": "{by} could not go on with the parcel and does not say more.",
    "unknown": "the parcel has left us, and we have not heard where it is since.",
}
ASKS_TO_CALL = re.compile(r"\b(?:you|u)\b.*\b(?:call|phone|ring|contact|email|reach|ask)\b")


def why(order: Facts, part: Part, today: date, asked_for: str) -> tuple[str, str]:
    """What is known of the reason, and what that asks (see ``About.asked``).

    ``asked_for`` is the intent before: a cancellation is refused for another reason than a parcel
    is late.
    """
    name = f"Your {title(order)}"
    note = order["note_of_the_shop"]
    if order["status"] == "cancelled":
        told = cancelled(order, name, today)
        return (told, "") if note else (joined(told, talk.NO_REASON), "person")
    if asked_for in ("cancel", "address") and has_left(order):
        return f"{talk.WITH_CARRIER} {talk.OFFER}", "person"
    on_way, unsent = meant(order, part)
    if order["status"] == "on_hold":
        return f"{name} is on hold. {hold_reason(order)}", "offer"
    if troubled := [p for p in on_way if p["status"] in TROUBLE or p["late"]]:
        reasons = []
        for parcel in troubled:
            scan = parcels.last_scan(parcel, today)
            words = parcel["events"] and parcel["events"][0]["message"]
            begin = f"{name_of(order, parcel)}:" if len(troubled) > 1 else ""
            known = scan if words else joined(scan, f"{upper(_by(parcel))} gives no reason.")
            reasons.append(joined(begin, known))
        sorry = "I am sorry, all that I know is this." if len(reasons) == 1 else "I am sorry."
        return joined(sorry, *reasons, talk.NO_MORE), "person"
    if unsent and not on_way:
        if order["payment_status"] == "pending":
            return (
                f"{name} has not been sent, and its payment is still open. {talk.OFFER}",
                "person",
            )
        return f"{name} has not left us yet. {talk.NO_REASON}", "person"
    quiet = joined(talk.NO_TROUBLE, route(order, today, part))
    return quiet, "person" if parcels.IN_DOUBT in quiet else ""


def meaning(order: Facts, part: Part, today: date) -> tuple[str, str]:
    """What the state of the order is in other words, and what that asks."""
    if order["status"] == "cancelled":
        return joined("It means that nothing of it is sent any more.", back(order)), ""
    on_way, unsent = meant(order, part)
    if order["status"] == "on_hold":
        stopped = "On hold means that it is not sent before something is settled."
        return joined(stopped, hold_reason(order)), "offer"
    if not on_way:
        if order["status"] == "completed":
            return f"It means that the shop has closed the order. {talk.OFFER}", "person"
        return "It means that the order is not with a carrier yet; it is still with us.", ""
    texts = []
    for parcel in [p for p in on_way if p["status"] != "delivered"] or on_way:
        known = MEANINGS.get(parcel["status"], MEANINGS["unknown"]).format(by=_by(parcel))
        begin = f"{name_of(order, parcel)}:" if len(on_way) > 1 else "It means that"
        message = parcel["events"][0]["message"] if parcel["events"] else ""
        noted = f"{upper(_by(parcel))} notes: {quoted(message)}." if message else ""
        texts.append(joined(f"{begin} {known}", noted))
    if unsent:
        texts.append("The rest of the order is still with us.")
    asks = any(parcels.needs_a_person(parcel, today) for parcel in on_way)
    return joined("\n".join(texts), parcels.IN_DOUBT if asks else ""), "offer" if asks else ""


def carrier(order: Facts, part: Part, plain: str) -> tuple[str, str]:
    """How to reach whoever brings the order, and what that asks."""
    on_way, _ = meant(order, part)
    still = [parcel for parcel in on_way if parcel["status"] not in ("delivered", "cancelled")]
    asked = still or on_way
    if not asked:
        return f"Nothing of your {title(order)} is with a carrier. {talk.OFFER}", "person"
    if ASKS_TO_CALL.search(plain):
        who = listing(list(dict.fromkeys(_by(parcel) for parcel in asked)))
        return f"I cannot do that, but a colleague can ask {who}. Shall I ask one?", "person"
    lines = []
    for parcel in asked:
        name = _by(parcel)
        page = parcel["tracking_url"]
        how = f"The parcel's page is the way to reach them: {page}" if page else ""
        number = parcel["tracking_number"]
        ask = f"They will want the tracking number, {number}." if number else ""
        known = joined(f"I have no phone number of {name}.", ask, how)
        if not page and not number:
            known = joined(known, "The parcel has no tracking number.")
        lines.append(known)
    return "\n".join([*lines, "A colleague can ask them for you: shall I pass it on?"]), "person"


def sure(order: Facts, part: Part, today: date) -> str:
    """The same once more, with where it comes from."""
    on_way, _ = meant(order, part)
    carriers = [_by(p) for p in on_way if p["events"] and p["carrier"]]
    sources = ["the shop", *dict.fromkeys(carriers)]
    have = "have" if len(sources) > 1 else "has"
    coming = [p for p in on_way if p["status"] != "delivered" and not p["late"]]
    dated = any(parcels.expected(parcel, today) for parcel in coming)
    promise = "The day is an estimate, not a promise." if dated else ""
    told = route(order, today, part, brief=True)
    return joined(f"That is what {listing(sources)} {have} on record right now.", promise, told)


def kept(order: Facts, intent: str, today: date, *, called: bool) -> tuple[str, str]:
    """That an order stays as it is, for whoever takes a wish back."""
    name = f"your {title(order)}"
    if order["status"] == "cancelled":
        told = cancelled(order, upper(name), today)
        return f"It is too late for that: {lower(told)} {talk.OFFER}", "person"
    if intent == "address":
        to = address(order)
        stays = f"{name} keeps its address{f', {to}' if to else ''}"
    else:
        stays = f"{name} is not cancelled"
    if called:
        return (
            f"All right. So far {stays}, and the colleague whom I asked can read here that you want"
            " it to stay so."
        ), ""
    return f"All right, I change nothing: {stays}.", ""


def _by(parcel: Facts) -> str:
    return str(parcel["carrier"] or "the carrier")
