"""Dates as people say them: "tomorrow, Tuesday 24 November, between 9:00 and 13:00"."""

import re
from datetime import date, datetime, timedelta

# A window that begins or ends here means the day, not the hour.
MIDNIGHTS = {"00:00", "23:59"}

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY_WORD = re.compile(rf"\b(today|tonight|tomorrow|weekend|{'|'.join(WEEKDAYS)})\b")
NOT_ASKED = re.compile(
    r"\b(?:when|what|why|where|who|ordered|bought|placed|since|last|was|were|should have|ago|said"
    r"|told|promised|supposed|next week|day after|or)\b"
)
BY = re.compile(r"\b(?:by|until|till|latest)\b")
BEFORE = re.compile(r"\bbefore\b")


def day(moment: datetime | date, today: date) -> str:
    """ "today", "tomorrow, Tuesday 24 November", "Thursday 26 November"."""
    at = moment.date() if isinstance(moment, datetime) else moment
    full = f"{at:%A} {at.day} {at:%B}" + (f" {at.year}" if at.year != today.year else "")
    match (at - today).days:
        case 0:
            return "today"
        case 1:
            return f"tomorrow, {full}"
        case -1:
            return f"yesterday, {full}"
    return full


def on_day(moment: datetime | date, today: date) -> str:
    """The same, after a verb: "on Thursday 26 November", but "tomorrow, …"."""
    at = moment.date() if isinstance(moment, datetime) else moment
    return day(at, today) if abs((at - today).days) <= 1 else f"on {day(at, today)}"


def moment(at: datetime, today: date) -> str:
    """With the hour: "today at 3:52"."""
    return f"{on_day(at, today)} at {_hour(at)}"


def window(begin: datetime | None, end: datetime | None, today: date) -> str:
    """When something is expected; "" where nothing is known."""
    if begin is None or end is None:
        only = begin or end
        if only is None:
            return ""
        hour = (
            "" if f"{only:%H:%M}" in MIDNIGHTS else f" {'after' if begin else 'by'} {_hour(only)}"
        )
        return on_day(only, today) + hour
    if begin.date() != end.date():
        first = max(begin.date(), today) if end.date() > today else begin.date()
        if first == end.date():
            return on_day(end, today)
        return f"between {day(first, today)} and {day(end, today)}"
    if {f"{begin:%H:%M}", f"{end:%H:%M}"} & MIDNIGHTS or end - begin < timedelta(minutes=1):
        return on_day(end, today)
    comma = "" if end.date() == today else ","
    return f"{on_day(end, today)}{comma} between {_hour(begin)} and {_hour(end)}"


def asked(plain: str, today: date) -> tuple[date, date] | None:
    """The day or days that a question like "so tomorrow?" or "by friday?" is about.

    None where it names none, or speaks of the past, or names one beside a question of its own.
    """
    if NOT_ASKED.search(plain):
        return None
    named = [_named(word, today) for word in DAY_WORD.findall(plain)]
    if not named:
        return None
    first, last = min(day for day, _ in named), max(day for _, day in named)
    if BEFORE.search(plain):
        return today, last - timedelta(days=1)
    return (today, last) if BY.search(plain) else (first, last)


def _named(word: str, today: date) -> tuple[date, date]:
    if word in ("today", "tonight", "tomorrow"):
        at = today + timedelta(days=word == "tomorrow")
        return at, at
    if word == "weekend":
        saturday = today + timedelta(days=(5 - today.weekday()) % 7)
        return (today, today) if today.weekday() == 6 else (saturday, saturday + timedelta(days=1))
    at = today + timedelta(days=(WEEKDAYS.index(word) - today.weekday()) % 7)
    return at, at


def parse(iso: object) -> datetime | None:
    """A moment of a tool's JSON; None where it is not known."""
    return datetime.fromisoformat(iso) if isinstance(iso, str) else None


def _hour(at: datetime) -> str:
    return f"{at.hour}:{at:%M}"
