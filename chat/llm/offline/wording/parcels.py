"""What is known of one parcel, and its state in a few words."""

from datetime import date, datetime, timedelta

from chat.llm.offline.conversation import Facts
from chat.llm.offline.wording import dates
from chat.llm.offline.wording.phrases import articles, quoted

IN_DOUBT = "If you like, I can ask a colleague to look into it."
IF_NOT_COME = "If it has not reached you, tell me, and I ask a colleague to look into it."
IF_NOT_TODAY = "If it does not come today, tell me, and I ask a colleague to look into it."
IF_NOT_THEN = "If it does not come then, tell me, and I ask a colleague to look into it."

# A parcel of which nothing was heard for longer may be lost.
QUIET_DAYS = 10


def needs_a_person(parcel: Facts, today: date) -> bool:
    """Whether something went wrong with it that the customer cannot put right."""
    if parcel["status"] in ("delayed", "failure", "error") or parcel["late"]:
        return True
    if parcel["status"] == "out_for_delivery":
        return not is_out_today(parcel, today)
    return parcel["status"] in ("in_transit", "unknown") and is_quiet(parcel, today)


def is_quiet(parcel: Facts, today: date) -> bool:
    """Whether nothing was heard of it for long, and nothing says when it should come."""
    last = last_heard(parcel) or dates.parse(parcel["shipped_at"])
    due = dates.parse(parcel["estimated_delivery_to"] or parcel["estimated_delivery_from"])
    if due and due.date() >= today:
        return False
    return bool(last and last.date() < today - timedelta(days=QUIET_DAYS))


def last_heard(parcel: Facts) -> datetime | None:
    """When its newest scan was."""
    return dates.parse(parcel["events"][0]["occurred_at"]) if parcel["events"] else None


def expected(parcel: Facts, today: date) -> str:
    """When it should arrive, or ""."""
    begin = dates.parse(parcel["estimated_delivery_from"])
    end = dates.parse(parcel["estimated_delivery_to"])
    return dates.window(begin, end, today)


def contents(parcel: Facts) -> str:
    """What is in it, as far as that is known."""
    if is_shared(parcel):
        return ""
    return articles(parcel["contents"])


def is_shared(parcel: Facts) -> bool:
    """Whether it left together with others, and nobody noted what is in which."""
    return any("contents" in missing for missing in parcel["not_known"])


def last_scan(parcel: Facts, today: date) -> str:
    """The newest scan in a sentence, or ""."""
    at = last_heard(parcel)
    if at is None or at.date() > today:
        return ""
    event = parcel["events"][0]
    if not is_exact(event):
        return f"The last news of it came {dates.moment(at, today)}."
    where = f" in {event['city']}" if event["city"] else ""
    what = f": {quoted(event['message'])}" if event["message"] else ""
    return f"The last scan was {dates.moment(at, today)}{where}{what}."


def link(parcel: Facts) -> str:
    """How the customer can follow it themselves."""
    if parcel["tracking_url"]:
        return f"You can follow it here: {parcel['tracking_url']}"
    if parcel["tracking_number"]:
        return f"Its tracking number is {parcel['tracking_number']}."
    return ""


def in_short(parcel: Facts, today: date) -> str:
    """A parcel's state in a few words, from list_orders."""
    if parcel["late"]:
        return "late"
    due = expected(parcel, today)
    heard = dates.parse(parcel["last_scan_at"])
    match parcel["status"]:
        case "in_transit":
            return f"on its way, due {due}" if due else "on its way"
        case "out_for_delivery":
            return (
                "out for delivery today"
                if heard and heard.date() == today
                else "last out for delivery"
            )
    return {
        "pre_transit": "not yet with the carrier",
        "delayed": "late",
        "attempted_delivery": "delivery was tried",
        "available_for_pickup": "ready to be collected",
        "delivered": "delivered",
        "return_to_sender": "sent back to us",
        "failure": "problem at the carrier",
        "error": "problem at the carrier",
        "cancelled": "parcel cancelled",
    }.get(parcel["status"], "sent")


def is_out_today(parcel: Facts, today: date) -> bool:
    """Of a parcel out for delivery: whether that was heard today, and not days ago."""
    at = last_heard(parcel)
    return at is not None and at.date() == today


def is_exact(event: Facts) -> bool:
    """A carrier's own scan has words or a place; else it is when the shop heard of it."""
    return bool(event["message"] or event["city"])
