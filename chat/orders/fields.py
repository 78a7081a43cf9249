"""Reading values out of JSON that somebody else wrote: each read says what it wants.

What does not fit raises :class:`~chat.orders.records.Invalid` with its place, such as
``line_items[2].price``. Absent and ``null`` mean the same everywhere.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email

from chat.orders.records import Invalid

#: What ``Order.total`` and ``OrderLine.price`` hold: 14 digits, 3 of them behind the point.
_STORABLE_AMOUNT = re.compile(r"[0-9]{1,11}(\.[0-9]{1,3}0*)?")
_AMOUNT = re.compile(r"[0-9]+(\.[0-9]+)?")
_INTEGER = re.compile(r"[0-9]{1,10}")
#: The largest number in a PostgreSQL integer column.
_LARGEST_INTEGER = 2_147_483_647
#: U+0000 is what PostgreSQL's text cannot hold; lone surrogates are what UTF-8 cannot.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_EMAIL_MAX_CHARS = 254
_is_web_address = URLValidator(schemes=("http", "https"))


class Fields:
    """A JSON object and where it stands in the order."""

    def __init__(self, data: object, place: str = "") -> None:
        if not isinstance(data, Mapping):
            raise Invalid(place, "not an object")
        self._data: Mapping[str, Any] = data
        self.place = place

    def at(self, name: str) -> str:
        """The place of one of the object's values."""
        return f"{self.place}.{name}" if self.place else name

    def has(self, name: str) -> bool:
        return self._data.get(name) is not None

    def text(self, name: str, limit: int) -> str:
        """Text of at most ``limit`` code points without white space around it, or ``""``."""
        return _text(self._data.get(name), self.at(name), limit)

    def texts(self, name: str, limit: int) -> list[str]:
        """A list of texts; absent is empty, ``null`` within it is ``""``."""
        return [
            _text(value, f"{self.at(name)}[{index}]", limit)
            for index, value in enumerate(self._list(name))
        ]

    def email(self, name: str) -> str:
        """An e-mail address, or ``""``."""
        address = self.text(name, _EMAIL_MAX_CHARS)
        if address:
            try:
                validate_email(address)
            except ValidationError:
                raise Invalid(self.at(name), "not an e-mail address") from None
        return address

    def amount(self, name: str) -> Decimal:
        """Money, as a text or a number: never negative, never absent."""
        value = self._required(name)
        written = repr(value) if isinstance(value, float) else str(value).strip()
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise Invalid(self.at(name), "not an amount")
        if written.startswith("-"):
            raise Invalid(self.at(name), "negative")
        if not _AMOUNT.fullmatch(written):
            raise Invalid(self.at(name), "not an amount")
        if not _STORABLE_AMOUNT.fullmatch(written):
            raise Invalid(self.at(name), "more than 11 digits or 3 decimals")
        return Decimal(written)

    def integer(self, name: str) -> int:
        """A number of pieces: never negative, never absent."""
        value = self._required(name)
        written = str(value).strip()
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise Invalid(self.at(name), "not a whole number")
        if written.startswith("-"):
            raise Invalid(self.at(name), "negative")
        if not _INTEGER.fullmatch(written):
            raise Invalid(self.at(name), "not a whole number")
        if int(written) > _LARGEST_INTEGER:
            raise Invalid(self.at(name), "too large")
        return int(written)

    def moment(self, name: str) -> datetime | None:
        """A time with its offset from UTC, given back in UTC."""
        value = self._data.get(name)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value.strip())
            if moment.tzinfo is None:
                raise Invalid(self.at(name), "a date without its offset from UTC")
            return moment.astimezone(UTC)
        except Invalid:
            raise
        except (AttributeError, ValueError, OverflowError):
            raise Invalid(self.at(name), "not a date") from None

    def required_moment(self, name: str) -> datetime:
        moment = self.moment(name)
        if moment is None:
            raise Invalid(self.at(name), "missing")
        return moment

    def flag(self, name: str) -> bool:
        return self._data.get(name) is True

    def child(self, name: str) -> "Fields | None":
        """The object of that name, if there is one."""
        value = self._data.get(name)
        return None if value is None else Fields(value, self.at(name))

    def children(self, name: str) -> list["Fields"]:
        """The objects in the list of that name; absent is empty."""
        return [
            Fields(value, f"{self.at(name)}[{index}]")
            for index, value in enumerate(self._list(name))
        ]

    def _list(self, name: str) -> list[Any]:
        value = self._data.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise Invalid(self.at(name), "not a list")
        return value

    def _required(self, name: str) -> Any:
        value = self._data.get(name)
        if value is None:
            raise Invalid(self.at(name), "missing")
        return value


def web_address(value: str, place: str) -> str:
    """An http or https address as it is, or ``""``: it becomes a link that customers click."""
    if value:
        try:
            _is_web_address(value)
        except ValidationError:
            raise Invalid(place, "not a web address (http:// or https://)") from None
    return value


def _text(value: object, place: str, limit: int) -> str:
    if value is None:
        return ""
    # Numbers stand where a text is meant: post codes, article numbers, ids.
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Invalid(place, "not a text")
    text = str(value).strip()
    if len(text) > limit:
        raise Invalid(place, f"longer than {limit} characters")
    if _UNSTORABLE.search(text):
        raise Invalid(place, "holds a character that cannot be stored, such as U+0000")
    return text
