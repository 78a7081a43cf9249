"""Days that cases name from today on, found in an answer however it words them. English only."""

import re
from collections.abc import Iterable
from datetime import date, timedelta

PLACEHOLDER = re.compile(r"\{date:([+-]?\d{1,3})\}")

_MONTHS = tuple(f"{date(2001, month, 1):%B}" for month in range(1, 13))
_WEEKDAYS = tuple(f"{date(2001, 1, day):%A}" for day in range(1, 8))  # the first was a Monday

_MONTH = "|".join(f"{name}|{name[:3]}" for name in _MONTHS)
_WEEKDAY = "|".join(f"{name}|{name[:3]}" for name in _WEEKDAYS)
_NTH = "(?:st|nd|rd|th)?"
_EXPLICIT = re.compile(
    rf"\b(?:(?P<weekday>{_WEEKDAY})\b\.?,? )?(?:the )?"
    rf"(?:(?P<day>\d{{1,2}}){_NTH}\.? (?:of )?(?P<month>{_MONTH})\b"
    rf"|(?P<month2>{_MONTH})\.? (?:the )?(?P<day2>\d{{1,2}}){_NTH}\b(?!:))"
    r"(?:\.?,? (?P<year>20\d\d)\b)?"
)
_ISO = re.compile(r"\b(20\d\d)-(\d\d)-(\d\d)(?=\b|T)")
_RELATIVE = {"tomorrow": 1, "yesterday": -1}
_WORD = re.compile(rf"\b(?:{'|'.join([*_RELATIVE, *_WEEKDAYS])})\b", re.IGNORECASE)


def day_at(offset: str, today: date) -> date:
    """The day of a placeholder, whose ``offset`` counts from today."""
    return today + timedelta(days=int(offset))


def filled_in(text: str, today: date) -> str:
    """The text as a person would write it: ``{date:+1}`` becomes "24 November"."""

    def written(match: re.Match[str]) -> str:
        day = day_at(match[1], today)
        return f"{day.day} {day:%B}"

    return PLACEHOLDER.sub(written, text)


def pattern(day: date, today: date) -> str:
    """A regular expression for every usual way to say that day."""
    number, month = rf"\b0?{day.day}(?:st|nd|rd|th)?", rf"(?:{day:%B}|{day:%b})"
    ways = [
        rf"{number}\.? (?:of )?{month}\b",
        rf"{month}\.? (?:the )?{day.day}(?:st|nd|rd|th)?\b(?!:)",
        # "between 24 and 26 November", "24–26 November"
        rf"{number}(?: ?[-–] ?| and | to | or )\d\d?(?:st|nd|rd|th)? {month}\b",
        rf"\b{day.isoformat()}\b",
        rf"\b0?{day.day}[./]0?{day.month}\b",
    ]
    away = (day - today).days
    ways += {
        0: [r"\btoday\b", r"\btonight\b", r"\bthis (?:morning|afternoon|evening)\b"],
        1: [r"(?<!day after )\btomorrow\b"],
        2: [r"\bday after tomorrow\b"],
        -1: [r"\byesterday\b"],
    }.get(away, [])
    if 0 < abs(away) < 7:
        # Not the Tuesday of "Tuesday 17 November".
        ways.append(rf"\b{day:%A}\b(?!,? (?:the )?(?:\d|(?:{_MONTH})\b))")
    return f"(?:{'|'.join(ways)})"


def made_up(text: str, sources: Iterable[str], today: date) -> list[str]:
    """The dates that ``text`` names and none of the ``sources`` does, as it says them.

    The sources are what the tools answered and the customer said. A weekday, "tomorrow" and
    "yesterday" stand for the days nearest to today.
    """
    told = "\n".join(sources)
    known = {today} | {day for _, days in _explicit(told, today) for day in days}
    words = {match[0].lower() for match in _WORD.finditer(told)}
    found = [said for said, days in _explicit(text, today) if not known & set(days)]
    for match in _WORD.finditer(_EXPLICIT.sub(" ", text)):
        word = match[0].lower()
        days = _meant(word, today)
        if word not in words and not known & days:
            found.append(match[0])
    return found


def _explicit(text: str, today: date) -> list[tuple[str, list[date]]]:
    """Each date said in full, with the days it may stand for.

    There are none for a 31 November, or for a Monday that is a Tuesday.
    """
    found = []
    for match in _EXPLICIT.finditer(text):
        number = int(match["day"] or match["day2"])
        name = (match["month"] or match["month2"])[:3]
        month = next(at for at, full in enumerate(_MONTHS, 1) if full.startswith(name))
        years = [int(match["year"])] if match["year"] else [today.year + n for n in (-1, 0, 1)]
        days = [day for year in years for day in _day(year, month, number)]
        if match["weekday"]:
            days = [day for day in days if f"{day:%A}".startswith(match["weekday"])]
        found.append((match[0], days))
    found += [(m[0], _day(int(m[1]), int(m[2]), int(m[3]))) for m in _ISO.finditer(text)]
    return found


def _day(year: int, month: int, number: int) -> list[date]:
    try:
        return [date(year, month, number)]
    except ValueError:
        return []


def _meant(word: str, today: date) -> set[date]:
    if word in _RELATIVE:
        return {today + timedelta(days=_RELATIVE[word])}
    near = (today + timedelta(days=n) for n in range(-7, 8))
    return {day for day in near if f"{day:%A}".lower() == word}
