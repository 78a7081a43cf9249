"""The sentences about one parcel, for each of its states."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from chat.llm.offline.conversation import Facts
from chat.llm.offline.wording import dates
from chat.llm.offline.wording.parcels import (
    IF_NOT_COME,
    IF_NOT_THEN,
    IF_NOT_TODAY,
    IN_DOUBT,
    expected,
    is_exact,
    is_out_today,
    is_quiet,
    last_heard,
    last_scan,
    link,
    needs_a_person,
)
from chat.llm.offline.wording.phrases import joined, lower, quoted


@dataclass(frozen=True)
class Told:
    """What a sentence about a parcel is made of."""

    parcel: Facts
    name: str
    today: date
    brief: bool
    when: bool
    listed: bool

    @property
    def carrier(self) -> str:
        """ " with DHL", or ""."""
        return f" with {self.parcel['carrier']}" if self.parcel["carrier"] else ""

    @property
    def by(self) -> str:
        return self.parcel["carrier"] or "the carrier"

    @property
    def due(self) -> str:
        return expected(self.parcel, self.today)

    @property
    def scan(self) -> str:
        quiet = self.listed and not needs_a_person(self.parcel, self.today)
        return "" if self.brief or quiet else last_scan(self.parcel, self.today)

    @property
    def follow(self) -> str:
        if not self.brief and not self.listed:
            return link(self.parcel)
        number = self.parcel["tracking_number"]
        return self.parcel["tracking_url"] or (f"Tracking number: {number}." if number else "")

    @property
    def message(self) -> str:
        """ ": “what the carrier wrote”", or ""."""
        events = self.parcel["events"]
        return f": {quoted(events[0]['message'])}" if events and events[0]["message"] else ""

    def doubt(self, text: str = IN_DOUBT) -> str:
        return "" if self.brief or self.listed else text


def told(
    parcel: Facts,
    name: str,
    today: date,
    *,
    brief: bool = False,
    when: bool = False,
    listed: bool = False,
) -> str:
    """All that matters of a parcel; ``name`` begins the sentence ("Your parcel").

    ``listed`` leaves out what is said once for all parcels of an order, ``brief`` all that a list
    of orders has no room for; ``when`` is for those who ask when it comes, not where it is.
    """
    told = Told(parcel, name, today, brief, when, listed)
    return STATES.get(parcel["status"], _left)(told)


def _delivered(told: Told) -> str:
    parcel, today = told.parcel, told.today
    event = next((e for e in parcel["events"] if e["status"] == "delivered"), None)
    at = dates.parse(parcel["delivered_at"])
    if at is None and event and is_exact(event):
        at = dates.parse(event["occurred_at"])
    noted = dates.parse(event["occurred_at"]) if event else None
    if at and at.date() <= today:
        when = f"was delivered {dates.moment(at, today)}"
    elif noted and noted.date() <= today:
        when = f"was delivered; that was noted {dates.moment(noted, today)}"
    else:
        when = "was delivered, but I do not know when"
    where = f" in {event['city']}" if event and event["city"] else ""
    said = f"{told.by[:1].upper()}{told.by[1:]} notes: {quoted(event['message'])}." if (
        event and event["message"]
    ) else ""  # fmt: skip
    return joined(f"{told.name} {when}{where}.", said)


def _announced(told: Told) -> str:
    if told.parcel["tracking_number"]:
        state = (
            f"The label for {lower(told.name)} is printed, but {told.by} has not taken it over yet."
        )
    else:
        state = f"{told.name} is being made ready; {told.by} has not taken it over yet."
    if told.parcel["late"]:
        sorry = f"I am sorry, that is late: it should have arrived {told.due}."
        return joined(state, sorry, told.doubt(), told.follow)
    due = f"It should arrive {told.due}." if told.due else "There is no delivery date yet."
    return joined(state, due, told.follow)


def _out(told: Told) -> str:
    if not is_out_today(told.parcel, told.today):
        at = last_heard(told.parcel)
        if at is None or at.date() > told.today:
            late = "I am sorry that it is late." if told.parcel["late"] else ""
            return joined(f"{told.name} is out for delivery{told.carrier}.", late, told.follow)
        noted = f"{told.name} was out for delivery{told.carrier} {dates.on_day(at, told.today)}"
        sorry = f"{noted}, and I see nothing newer. I am sorry about that."
        return joined(sorry, told.doubt(), told.follow)
    late = told.parcel["late"]
    hours = told.due if told.due.startswith("today") and not late else "today"
    sorry = " I am sorry that it is late." if late else ""
    out = f"{told.name} is out for delivery{told.carrier} {hours}.{sorry}"
    if told.when:
        return joined(out, told.doubt(IF_NOT_TODAY), told.follow)
    return joined(out, told.scan, told.follow)


def _attempted(told: Told) -> str:
    at = last_heard(told.parcel)
    day = dates.on_day(at, told.today) if at and at.date() <= told.today else ""
    exact = bool(told.parcel["events"]) and is_exact(told.parcel["events"][0])
    when = f" {day}" if day and exact else ""
    noted = f" (noted {day})" if day and not exact else ""
    by = f"{told.by[:1].upper()}{told.by[1:]}"
    tried = f"{by} tried to deliver {lower(told.name)}{when}, but could not hand it over{noted}"
    choose = told.follow
    if told.parcel["tracking_url"] and not (told.brief or told.listed):
        choose = "With the tracking link you can often choose another day or place:"
        choose = f"{choose} {told.parcel['tracking_url']}"
    return joined(f"{tried}{told.message}.", choose)


def _to_collect(told: Told) -> str:
    ready = f"{told.name} is waiting for you to collect it{told.message}."
    unknown = "" if told.message else "I cannot see where; the carrier's notice to you says it."
    return joined(ready, told.doubt(unknown), told.follow)


def _back(told: Told) -> str:
    """It may be on its way or have arrived: nobody scans it here."""
    at = last_heard(told.parcel)
    when = f" {dates.on_day(at, told.today)}" if at and at.date() <= told.today else ""
    return f"{told.name} was sent back to us{when}{told.message}."


def _failed(told: Told) -> str:
    problem = f"I am sorry: {told.by} reports a problem with {lower(told.name)}{told.message}."
    return joined(problem, told.doubt(), told.follow)


def _cancelled(told: Told) -> str:
    return f"{told.name} was cancelled and does not travel any more."


def _late(told: Told) -> str:
    if told.parcel["late"] and told.due:
        since = f"it should have arrived {told.due}, and there is no new date yet"
        what = f"is late{told.carrier}: {since}"
    elif told.due:
        what = f"is delayed{told.carrier}; it should arrive {told.due}"
    else:
        what = f"is delayed{told.carrier}, and there is no new date yet"
    sorry = f"I am sorry, {lower(told.name)} {what}."
    return joined(sorry, told.scan, told.doubt(), told.follow)


def _on_its_way(told: Told) -> str:
    if told.parcel["late"]:
        return _late(told)
    if is_quiet(told.parcel, told.today):
        at = last_heard(told.parcel)
        heard = f" The last I heard of it was {dates.moment(at, told.today)}." if at else ""
        sorry = f"{told.name} was on its way{told.carrier}, and no delivery date is known.{heard}"
        return joined(sorry, told.doubt(IF_NOT_COME), told.follow)
    if told.due and told.when:
        way = f"It is on its way{told.carrier}."
        return joined(
            f"{told.name} should arrive {told.due}.", way, told.doubt(IF_NOT_THEN), told.follow
        )
    if told.due:
        way = f"{told.name} is on its way{told.carrier} and should arrive {told.due}."
        return joined(way, told.scan, told.follow)
    unknown = "No delivery date is known yet, so I cannot name you one."
    if told.brief:
        unknown = "No delivery date is known yet."
    return joined(f"{told.name} is on its way{told.carrier}.", unknown, told.scan, told.follow)


def _left(told: Told) -> str:
    """It left, and nobody has said where it is."""
    parcel, today = told.parcel, told.today
    if parcel["late"]:
        return _late(told)
    at = dates.parse(parcel["shipped_at"])
    left = f"left us {dates.on_day(at, today)}" if at and at.date() <= today else "has left us"
    service = f" ({parcel['service']})" if parcel["service"] else ""
    if parcel["tracking_number"] or parcel["tracking_url"]:
        where = "We have not heard where it is since."
        quiet = is_quiet(parcel, today)
    else:
        where = "It has no tracking, so I cannot see where it is."
        quiet = True
    when = f"It should arrive {told.due}." if told.due else "A delivery date is not known."
    missing = IF_NOT_COME if quiet else ""
    return joined(
        f"{told.name} {left}{told.carrier}{service}.", where, when, told.doubt(missing), told.follow
    )


STATES: dict[str, Callable[[Told], str]] = {
    "delivered": _delivered,
    "pre_transit": _announced,
    "in_transit": _on_its_way,
    "delayed": _late,
    "out_for_delivery": _out,
    "attempted_delivery": _attempted,
    "available_for_pickup": _to_collect,
    "return_to_sender": _back,
    "failure": _failed,
    "error": _failed,
    "cancelled": _cancelled,
}
