"""The whole answer to each thing that customers want to know of their orders."""

import re
from collections.abc import Sequence
from datetime import date

from chat.llm.offline.conversation import About, Facts
from chat.llm.offline.intents import Intent
from chat.llm.offline.reading import Understanding
from chat.llm.offline.short_words import KIND, OVERCHARGED, WHAT_NOW
from chat.llm.offline.wording import dates, orders, parcels, payments, reasons, talk
from chat.llm.offline.wording import several as many
from chat.llm.offline.wording.orders import WHOLE, Part
from chat.llm.offline.wording.phrases import joined, listing, lower, named, whole

# States of a parcel that may still come on the day that was asked for.
COMING = (
    "pre_transit", "in_transit", "delayed", "out_for_delivery", "attempted_delivery", "unknown",
)  # fmt: skip
ORDERED_WHEN = re.compile(r"\bwhen (?:did|have|was|were)\b")
YES_OR_NO = re.compile(
    r"^(?:(?:and|but|so|ok|hi|hello|hey|please) )*(?:is|are|was|were|did|do|does|have|has|had)\b"
)


def needs_staff(intent: Intent, order: Facts) -> bool:
    """Whether only staff can do what the customer wants, and still can."""
    ended = order["status"] in ("cancelled", "completed") or orders.all_taken_out(order)
    still = not ended and not orders.has_left(order)
    return intent in (Intent.ADDRESS, Intent.CANCEL) and still


def staff_asked(
    intent: Intent, asked_for: Sequence[Facts], handoff: Facts, titles: Sequence[str] = ()
) -> str:
    """That a colleague was asked to do it, for these orders; or to take ``titles`` out of one."""
    names = listing([orders.title(order) for order in asked_for])
    if intent is Intent.CANCEL and titles:
        what = listing([whole(title) for title in titles])
        return joined(
            talk.asked_a_person(handoff, f" to take {what} out of your {names}"),
            "Nothing is taken out before they say so.",
        )
    if intent is Intent.CANCEL:
        done = "It is" if len(asked_for) == 1 else "They are"
        return joined(
            talk.asked_a_person(handoff, f" to cancel your {names}"),
            f"{done} not cancelled before they say so.",
        )
    to = orders.address(asked_for[0])
    return joined(
        talk.asked_a_person(handoff, f" to change the address of your {names}"),
        f"So far it goes to {to}." if to else "",
        "Please write the new address here, if you have not done so.",
    )


def refused(intent: Intent, order: Facts, today: date) -> str:
    """Why it cannot be done for an order, or that staff still can."""
    return (_cancel if intent is Intent.CANCEL else _address)(order, today)[0]


def refused_each(intent: Intent, details: Sequence[Facts], today: date) -> list[str]:
    """The same for several, after staff were asked about others; what is on its way, together."""
    gone = [o for o in details if orders.has_left(o) and o["open"]]
    if intent is not Intent.CANCEL or len(gone) < 2:
        return [refused(intent, each, today) for each in details]
    names = listing([f"#{each['number']}" for each in gone])
    rest = [refused(intent, each, today) for each in details if each not in gone]
    return [
        f"Your orders {names} have already left us, so they cannot be cancelled any more. You may"
        " be able to return them when they have arrived: ask me how.",
        *rest,
    ]


def several(details: Sequence[Facts], today: date) -> str:
    """Where several orders are."""
    return many.told(details, today)


def about_order(
    said: Understanding, order: Facts, part: Part, today: date, *, before: About
) -> tuple[str, str]:
    """The answer about an order, or ``part`` of it, and what it asks (see ``About.asked``).

    ``before`` is what was last said of orders.
    """
    name = f"Your {orders.title(order)}"
    match said.intent:
        case Intent.NOT_RECEIVED:
            return _not_received(said, order, today, part)
        case Intent.STATUS | Intent.WHEN if said.missing and _arrived(order, part):
            return _not_received(said, order, today, part)
        case Intent.ADDRESS if orders.to_collect(order) and "address" not in said.plain:
            pass  # "where do I pick it up?"
        case Intent.ADDRESS:
            return _address(order, today)
        case Intent.CANCEL:
            return _cancel(order, today)
        case Intent.KEEP:
            intent = Intent.ADDRESS if "address" in said.plain else before.intent
            return reasons.kept(order, intent, today, called=before.called)
        case Intent.WHY:
            return reasons.why(order, part, today, before.intent)
        case Intent.MEANING:
            return reasons.meaning(order, part, today)
        case Intent.CARRIER:
            return reasons.carrier(order, part, said.plain)
        case Intent.SURE:
            return reasons.sure(order, part, today), ""
        case Intent.OVERCHARGED:
            return _overcharged(order, name), "person"
        case Intent.PAYMENT_STATUS if OVERCHARGED.search(said.plain):
            return _overcharged(order, name), "person"
        case Intent.REFUND_STATUS:
            told = payments.refund(order, orders.title(order), today)
            if order["payment_status"] == "refunded":
                return joined(told, f"If it has not reached you, {_offer()}"), "offer"
            return joined(told, talk.OFFER), "person"
        case Intent.PAYMENT_STATUS:
            told = payments.payment(order, name)
            return joined(told, "If something looks wrong, " + _offer()), "offer"
        case Intent.PRICE:
            return payments.price(order, part.titles), ""
        case Intent.CONTENTS:
            return _contents(said, order, part, today)
    text = orders.route(order, today, part, when=said.intent is Intent.WHEN)
    if said.intent is Intent.WHEN:
        text = _whether_then(said.plain, order, part, text, today)
    on_way, _ = orders.meant(order, part)
    in_doubt = any(parcels.needs_a_person(parcel, today) for parcel in on_way)
    asks = in_doubt or order["status"] == "on_hold" or parcels.IN_DOUBT in text
    if WHAT_NOW.search(said.plain) and not asks:
        return joined(text, talk.OFFER), "person"
    return text, "offer" if asks else ""


def _arrived(order: Facts, part: Part) -> bool:
    on_way, unsent = orders.meant(order, part)
    return not unsent and {parcel["status"] for parcel in on_way} == {"delivered"}


def _contents(said: Understanding, order: Facts, part: Part, today: date) -> tuple[str, str]:
    if KIND.search(said.plain) and part.titles:
        return payments.contents(order, today, part.titles), ""
    if ORDERED_WHEN.search(said.plain) or part == WHOLE:
        return payments.contents(order, today), ""
    text = orders.route(order, today, part)
    if part.titles and YES_OR_NO.search(said.plain):
        what = listing([named(title) for title in part.titles])
        return f"Yes: order #{order['number']} holds {what}. {text}", ""
    return text, ""


def _overcharged(order: Facts, name: str) -> str:
    noted = lower(payments.payment(order, name))
    return (
        "I am sorry about that. I cannot see what was taken from your card, only what the shop has"
        f" noted: {noted} {talk.CHECK_CHARGE}"
    )


def _whether_then(plain: str, order: Facts, part: Part, text: str, today: date) -> str:
    """ "Yes", "no" or "perhaps" before the answer to "so tomorrow?"."""
    asked = dates.asked(plain, today)
    on_way, unsent = orders.meant(order, part)
    if asked is None or len(on_way) != 1 or unsent or order["status"] == "cancelled":
        return text
    parcel = on_way[0]
    if parcel["late"] or parcel["status"] not in COMING:
        return text
    begin = dates.parse(parcel["estimated_delivery_from"])
    end = dates.parse(parcel["estimated_delivery_to"])
    first, last = (begin or end), (end or begin)
    if parcel["status"] == "out_for_delivery" and parcels.is_out_today(parcel, today):
        span = (today, today)
    elif first and last:
        span = (first.date(), last.date())
    else:
        return f"I cannot say: {lower(text)}"
    if asked[0] <= span[0] and span[1] <= asked[1]:
        return f"Yes, as far as I can see: {lower(text)}"
    if span[0] <= asked[1] and asked[0] <= span[1]:
        return f"Perhaps: {lower(text)}"
    return f"No, {'later' if span[0] > asked[1] else 'sooner'}: {lower(text)}"


# Whoever says so has looked where it was left.
LOOKED = re.compile(
    r"\b(?:looked|checked|searched|asked|stolen|stole|empty)\b|\bnot (?:in|at) (?:the|my)\b"
    r"|\bnothing (?:in|at|there)\b|\b(?:has|have|had) nothing\b"
    r"|\b(?:does|(?:they|neighbours?) do) not have (?:it|them|anything)\b"
)


def _not_received(said: Understanding, order: Facts, today: date, part: Part) -> tuple[str, str]:
    on_way, _ = orders.meant(order, part)
    arrived = [p for p in on_way if p["status"] == "delivered"]
    if part == WHOLE and arrived and len(arrived) < len(orders.sent(order)):
        # What is still under way is not what is missing.
        part = Part(parcel=orders.sent(order).index(arrived[0]) + 1) if len(arrived) == 1 else part
    text = orders.route(order, today, part)
    if not arrived:
        not_yet = "It is not marked as delivered." if on_way else ""
        return joined(text.replace(f" {parcels.IN_DOUBT}", ""), not_yet, talk.OFFER), "person"
    message = " ".join(e["message"] for p in arrived for e in p["events"][:1]).lower()
    if "neighbo" in said.plain or LOOKED.search(said.plain):
        return joined(talk.SORRY_MISSING, text, talk.OFFER), "person"
    if "neighbo" in message:
        check = "Please ask there first."
    elif any(word in message for word in ("letterbox", "mailbox", "garage", "door", "porch")):
        check = "Please look there first, and ask whoever lives with you."
    else:
        check = "Please ask whoever lives with you and your neighbours, and look where drivers"
        check += " leave parcels; some also scan them a little early."
    return joined(talk.SORRY_MISSING, text, check, f"If it stays missing, {_offer()}"), "missing"


def _address(order: Facts, today: date) -> tuple[str, str]:
    if needs_staff(Intent.ADDRESS, order):
        to = orders.address(order)
        goes = f" It goes to {to} so far." if to else ""
        return (
            f"Your {orders.title(order)} has not left us yet, so our staff can still change the"
            f" address; I cannot do it myself.{goes} {talk.OFFER}"
        ), "person"
    if orders.has_left(order) and order["open"]:
        on_way = [p for p in order["parcels"] if p["status"] not in ("delivered", "cancelled")]
        links = [p["tracking_url"] for p in on_way if p["tracking_url"]]
        to = orders.address(order)
        where = f" ({to})" if to else ""
        late = f"Your {orders.title(order)} is with the carrier already, so we can no longer change"
        choose = f"The carrier may still let you choose another day or place: {' '.join(links)}"
        return joined(f"{late} its address{where}.", talk.OFFER, choose if links else ""), "person"
    name = f"Your {orders.title(order)}"
    if order["status"] == "cancelled":
        done = payments.cancelled(order, name, today)
    elif orders.delivered(order):
        done = f"{name} was delivered already."
    else:
        done = orders.route(order, today, brief=True)
    return joined(done, "There is nothing left to send to another address."), ""


def _cancel(order: Facts, today: date) -> tuple[str, str]:
    if order["status"] == "cancelled":
        return payments.cancelled(order, f"Your {orders.title(order)}", today), ""
    if needs_staff(Intent.CANCEL, order):
        return (
            f"Your {orders.title(order)} has not left us yet, so our staff can still cancel it; I"
            f" cannot do it myself. {talk.OFFER}"
        ), "person"
    name = f"Your {orders.title(order)}"
    if orders.all_taken_out(order):
        return f"{orders.route(order, today)} There is nothing left to cancel.", ""
    if not orders.has_left(order):
        return (
            f"{name} is closed already, so it cannot be cancelled any more. {talk.OFFER}",
            "person",
        )
    if orders.delivered(order) or order["status"] == "completed":
        ended = "was delivered" if orders.delivered(order) else "is closed"
        return (
            f"{name} {ended} already, so it cannot be cancelled any more. You may be able to return"
            " it: ask me “How do I return it?”"
        ), ""
    return (
        f"{name} has already left us, so it cannot be cancelled any more. You may be able to return"
        f" it when it has arrived: ask me how. {talk.OFFER}"
    ), "person"


def _offer() -> str:
    return "tell me, and I ask a colleague to look into it."
