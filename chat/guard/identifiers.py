"""Finds what may be an identifier of the shop's in plain text, however it is spread out.

A *group* is a row of numbers with nothing but spaces and signs between them, such as ``4 8 2 1 1``,
``+49 40 1234567`` or ``DE-48211``. Times, dates and amounts of money belong to none.
"""

import base64
import binascii
import html
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import unquote

# Digits of an identifier at the least; fewer say nothing about anybody.
LEAST_DIGITS = 4
# Of a number that is called an order's.
LEAST_DIGITS_OF_ORDERS = 3
# So many digits together are a tracking or a telephone number, whoever's it is.
LONG = 9
# Parts of one group that are read together at the most.
PARTS = 24
# Characters before a group that say what it is.
CONTEXT = 24

SIGNS = r"[\s\-–—‑.,/\\_*~`'’\"|()\[\]{}<>:;·•+&=@]"
PART = r"(?<![^\W_])(?:[a-zA-Z]{0,3}\d[a-zA-Z0-9]*|[a-zA-Z](?![^\W_]))"
GROUP = rf"{PART}(?:{SIGNS}{{1,4}}{PART})*"

_PART, _GROUP, _DIGITS = re.compile(PART), re.compile(GROUP), re.compile(r"\d+")
# A number with many letters before it, as in "order48211".
_STUCK = re.compile(r"(?<![^\W_])[a-zA-Z]{4,}\d[a-zA-Z0-9]*")
# The letters that may belong to the number after them, as in "EN-1018" and "EN 1018".
_LETTERS = re.compile(r"([a-zA-Z]{2,6})[-_ .]?$")
# What makes a number an order's, whatever it looks like.
_ORDERS = re.compile(r"(?:#|\border\s+(?:number|no|nr|id))[\s.:#*_]{0,4}$", re.IGNORECASE)
_NOT_KEY = re.compile(r"[\W_]+")
_YEAR = re.compile(r"(?:19[5-9]|20)\d\d?|20\d\d")

_MONEY = r"(?:EUR|USD|GBP|CHF|[€$£])"
_AMOUNT = r"\d{1,3}(?:[.,' ]\d{3})*(?:[.,]\d{1,2})?(?!\d)"
_APART = re.compile(
    rf"""
      (?<![\d:.])(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d)?(?![\d:])          # a time
    | (?<![\d-])(?:19|20)\d\d-[01]\d-[0-3]\d(?![\d-])                        # 2026-11-25
    | (?<![\d./])[0-3]?\d[./][0-3]?\d[./](?:20)?\d\d(?![\d./]\d)             # 25.11.2026
    | {_MONEY}\s?{_AMOUNT}
    | (?<![\d.,]){_AMOUNT}(?=\s?{_MONEY})
    """,
    re.VERBOSE,
)

_EMAIL = re.compile(
    r"[\w.+'%-]*\w[\s*_`]{0,2}@[\s*_`]{0,2}\w[\w-]*(?:[\s*_`]{0,2}\.[\s*_`]{0,2}\w[\w-]*)+"
)
_BETWEEN, _NAMED = re.compile(r"[\s*_`]"), re.compile(r"@.*\.[a-z]")
_SPACED = re.compile(r"(?<!\S)(?:[\w@.+-] ){4,}[\w@.+-](?!\S)")
_AT = re.compile(
    r"\s*[\[({<]\s*at\s*[\])}>]\s*|\s+at\s+(?=[\w.-]+\s*[\[({<]?\s*dot\b)", re.IGNORECASE
)
_DOT = re.compile(r"\s*[\[({<]\s*dot\s*[\])}>]\s*|\s+dot\s+", re.IGNORECASE)
_HOST = re.compile(
    r"(?:(\b[a-z][a-z0-9+.-]*:)?[/\\]{2}|\b(?=www\.))([^\s/?#\"'<>()\\\]*`]+)", re.IGNORECASE
)
_CODED = re.compile(r"(?<![\w+/=])(?:[A-Za-z0-9+/_-]{4}){1,}(?:[A-Za-z0-9+/_-]{2,3}={0,2})?")


def key(text: str) -> str:
    """The form in which identifiers are compared: their letters and digits, in capitals."""
    return _NOT_KEY.sub("", text).upper()


@dataclass(frozen=True, slots=True)
class Group:
    """A row of numbers: its parts as keys, and the letters that may belong before the first.

    ``orders`` says that it is called an order's number, ``one`` that its parts make one number: it
    begins as telephone numbers do, or its parts stand apart in the same way.
    """

    parts: tuple[str, ...]
    letters: str = ""
    orders: bool = False
    one: bool = False

    def spans(self) -> Iterator[tuple[int, int]]:
        """The neighbours that may be read together, as first and last, longest first."""
        for length in range(min(len(self.parts), PARTS), 0, -1):
            for first in range(len(self.parts) - length + 1):
                yield first, first + length

    def keys(self, first: int, last: int) -> list[str]:
        """What these neighbours may be, read together; nothing where they are too short."""
        whole = "".join(self.parts[first:last])
        if digits_of(whole) < (LEAST_DIGITS_OF_ORDERS if self.orders else LEAST_DIGITS):
            return []
        found = [whole]
        if first == 0 and self.letters:
            found.append(self.letters + whole)
        if last - first == 1:
            found += [
                run for run in _DIGITS.findall(whole) if LEAST_DIGITS <= len(run) < len(whole)
            ]
        return found

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers that it surely is."""
        return ("".join(self.parts),) if self.one else self.parts

    @property
    def is_year(self) -> bool:
        return not self.orders and len(self.parts) == 1 and bool(_YEAR.fullmatch(self.parts[0]))


def groups(text: str, start: int = 0) -> Iterator[Group]:
    """The groups in plain text that have digits enough to identify something.

    What stands before ``start`` only tells what they are.
    """
    left = _APART.sub(lambda found: "\x01" * len(found[0]), text)
    for found in (*_GROUP.finditer(left, start), *_STUCK.finditer(left, start)):
        if (count := digits_of(found[0])) < LEAST_DIGITS_OF_ORDERS:
            continue
        before = text[max(0, found.start() - CONTEXT) : found.start()]
        orders = bool(_ORDERS.search(before))
        if orders or count >= LEAST_DIGITS:
            letters = _LETTERS.search(before)
            parts = tuple(key(part) for part in _PART.findall(found[0])) or (key(found[0]),)
            between = {each.strip(" ") for each in _PART.split(found[0])[1:-1]}
            one = len(between) < 2 and between.isdisjoint((",", ";", "/", "|", "–", "x"))
            one = one or before.endswith("+")
            yield Group(parts, letters[1].upper() if letters else "", orders, one)


def emails(text: str) -> set[str]:
    """The e-mail addresses in plain text, in small letters; also those that are written out."""
    if "@" not in text:
        text = _DOT.sub(".", _AT.sub("@", text))
        if "@" not in text:
            return set()
    text = _SPACED.sub(lambda found: found[0].replace(" ", ""), text)
    found = {_BETWEEN.sub("", each).lower() for each in _EMAIL.findall(text)}
    backwards = {each[::-1].lower() for each in _EMAIL.findall(text[::-1])}
    found |= {each[::-1] for each in backwards - found}
    return {each for each in found if _NAMED.search(each)}


def hosts(text: str) -> set[str]:
    """The hosts that web addresses in plain text lead to, in small letters."""
    found = set()
    for scheme, authority in _HOST.findall(text):
        host = authority.rpartition("@")[2].partition(":")[0].strip(".,;!").lower()
        if scheme or "." in host:
            found.add(host)
    return found


def decoded(text: str) -> list[str]:
    """What plain text says in the codes that people know: percent signs, entities, hex, base64."""
    found = []
    if "%" in text:
        found.append(unquote(text))
    if "&#" in text:
        found.append(html.unescape(text))
    for coded in _CODED.findall(text):
        with suppress(binascii.Error, ValueError):
            padded = coded.rstrip("=") + "=" * (-len(coded.rstrip("=")) % 4)
            found.append(base64.b64decode(padded, "-_" if "-" in coded else None, True).decode())
        with suppress(ValueError):
            found.append(bytes.fromhex(coded).decode())
    return [each for each in found if each != text and each.isprintable()]


def digits_of(text: str) -> int:
    """How many digits it has."""
    return sum(map(str.isdigit, text))
