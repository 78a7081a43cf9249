"""Finds what may be an identifier of the shop's in plain text, however it is spread out.

A *group* is a row of numbers with nothing but spaces and signs between them, such as ``4 8 2 1 1``,
``+49 40 1234567`` or ``DE-48211``. Times, dates and amounts of money belong to none.

Customers' messages are read here too, so every pattern is bounded: none takes more than linear
time.
"""

import base64
import binascii
import html
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from urllib.parse import unquote

# Digits of an identifier at the least; fewer say nothing about anybody.
LEAST_DIGITS = 4
# Of a number that is called an order's.
LEAST_DIGITS_OF_ORDERS = 3
# Of a number that stands in two or more pieces: shorter ones are made by chance, as by "10-18".
LEAST_DIGITS_IN_PIECES = 5
# So many digits together are a tracking or a telephone number, whoever's it is.
LONG = 9
# Parts of one group that are read together at the most.
PARTS = 24
# Characters before a group that say what it is.
CONTEXT = 24

SIGNS = r"[\W_]"
# A letter alone is one too, but not that of "it's".
_ALONE = r"(?<![A-Za-z]['\u2019])[a-zA-Z](?![0-9A-Za-z])"
PART = rf"(?<![0-9A-Za-z])(?:[a-zA-Z]{{0,3}}\d[a-zA-Z0-9]*|{_ALONE})"
GROUP = rf"{PART}(?:{SIGNS}{{1,6}}{PART})*"

_PART, _GROUP, _DIGITS = re.compile(PART), re.compile(GROUP), re.compile(r"\d+")
# A number with many letters before it, as in "order48211".
_STUCK = re.compile(r"(?<![0-9A-Za-z])[a-zA-Z]{4,40}\d[a-zA-Z0-9]*")
# The letters that may belong to the number after them, as in "EN-1018" and "EN 1018".
_LETTERS = re.compile(r"([a-zA-Z]{2,6})[-_ .]?$")
# What makes a number an order's, whatever it looks like; and what makes that likely.
_ORDERS = re.compile(r"(?:#|\border\s{1,3}(?:number|no|nr|id))[\s.:#*_]{0,4}$", re.IGNORECASE)
_OF_AN_ORDER = re.compile(r"\b(?:order|bestellung|commande|pedido)\W{0,3}$", re.IGNORECASE)
_NOT_KEY = re.compile(r"[\W_]+")
_YEAR = re.compile(r"19[5-9]\d|20\d\d")

_MONEY = r"(?:EUR|USD|GBP|CHF|[€$£])"
_AMOUNT = r"\d{1,3}(?:[.,' ]\d{3}){0,4}(?:[.,]\d{1,2})?(?!\d)"
_APART = re.compile(
    rf"""
      (?<![\d:.])(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d)?(?![\d:])          # a time
    | (?<![\d-])(?:19|20)\d\d-[01]\d-[0-3]\d(?![\d-])                        # 2026-11-25
    | (?<![\d./])[0-3]?\d[./][0-3]?\d[./](?:20)?\d\d(?!\d)(?![./]\d)         # 25.11.2026
    | {_MONEY}\s?{_AMOUNT}
    | (?<![\d.,]){_AMOUNT}(?=\s?{_MONEY})
    """,
    re.VERBOSE,
)
# In place of those: a letter that is in no group.
_FILLER = "\u01c2"

_WHITE = re.compile(r"\s+")
_SPACED = re.compile(r"(?<!\S)(?:[\w@.+-] ){4,}[\w@.+-](?!\S)")
# Around an "@" or its disguise there may be some of these.
_WRAPS = "*_`\"'()[]{}<> "
_LOCAL, _DOMAIN = re.compile(r"[\w.+'%-]{1,64}\Z"), re.compile(r"\w[\w-]{0,62}(?:\.\w[\w-]{0,62})+")
_TLD = re.compile(r"\.[a-z]{2,24}\Z")
_AT = re.compile(
    r"(?<=\w)[ _-]?[\[({<]?(?<![a-z])(?:at|ät|arroba)(?![a-z])[\])}>]?[ _-]?(?=\w)", re.IGNORECASE
)
_DOT = re.compile(
    r"[ _-]?[\[({<]?(?<![a-z])(?:dot|punkt|punto|point)(?![a-z])[\])}>]?[ _-]?", re.IGNORECASE
)
REACH = 90  # characters on each side of an "@" that may belong to an address

_LINK = re.compile(r"(?:\b([a-z][a-z0-9+.-]{0,20}):)?[/\\]{2,}|\bwww(?=\.)", re.IGNORECASE)
_AUTHORITY = re.compile(r"[^\s/?#\\<>\"]{1,300}")
_LETTER = re.compile(r"[a-z]")
_ENDS = ")]}.,;:!?'*`_"
_HOST = re.compile(r"[a-z0-9.-]+(?::\d{1,5})?", re.IGNORECASE)

_CODED = re.compile(r"(?<![\w+/])[A-Za-z0-9+/_-]{4,2000}={0,2}")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,12});", re.IGNORECASE)


def key(text: str) -> str:
    """The form in which identifiers are compared: their letters and digits, in capitals."""
    return _NOT_KEY.sub("", text).upper()


@dataclass(frozen=True, slots=True)
class Group:
    """A row of numbers: its parts as keys, what stands between them, and the letters that may
    belong before the first.

    ``orders`` says that it is called an order's number, ``one`` that it is one number, as telephone
    numbers are, and ``maybe_year`` that nothing speaks against a year.
    """

    parts: tuple[str, ...]
    gaps: tuple[str, ...] = ()
    letters: str = ""
    orders: bool = False
    one: bool = False
    maybe_year: bool = False

    def spans(self) -> Iterator[tuple[int, int]]:
        """The neighbours that may be read together, as first and last, longest first."""
        for length in range(min(len(self.parts), PARTS), 0, -1):
            for first in range(len(self.parts) - length + 1):
                if self._together(first, first + length):
                    yield first, first + length

    def _together(self, first: int, last: int) -> bool:
        if last - first == 1 or self.one or self.orders:
            return True
        parts = self.parts[first:last]
        if all(len(part) == 1 for part in parts):
            return True
        alike = len(set(self.gaps[first : last - 1])) == 1
        return alike and sum(map(digits_of, parts)) >= LEAST_DIGITS_IN_PIECES

    def keys(self, first: int, last: int) -> list[str]:
        """What these neighbours may be, read together; nothing where they are too short."""
        whole = "".join(self.parts[first:last])
        if digits_of(whole) < (LEAST_DIGITS_OF_ORDERS if self.orders else LEAST_DIGITS):
            return []
        found = [whole]
        if first == 0 and self.letters:
            found.append(self.letters + whole)
        if whole[0] == "0" and digits_of(whole.lstrip("0")) >= LEAST_DIGITS:
            found.append(whole.lstrip("0"))
        return [*found, *self.runs(first)] if last - first == 1 else found

    def runs(self, place: int) -> list[str]:
        """The numbers within one part."""
        runs = _DIGITS.findall(self.parts[place])
        return [run for run in runs if LEAST_DIGITS <= len(run) < len(self.parts[place])]

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers that it surely is."""
        return ("".join(self.parts),) if self.one else self.parts

    @property
    def is_year(self) -> bool:
        return self.maybe_year and len(self.parts) == 1 and bool(_YEAR.fullmatch(self.parts[0]))


def groups(text: str, start: int = 0) -> Iterator[Group]:
    """The groups in plain text that have digits enough to identify something.

    What stands before ``start`` only tells what they are.
    """
    left = _APART.sub(lambda found: _FILLER * len(found[0]), text)
    for found in (*_GROUP.finditer(left, start), *_STUCK.finditer(left, start)):
        if (count := digits_of(found[0])) < LEAST_DIGITS_OF_ORDERS:
            continue
        before = text[max(0, found.start() - CONTEXT) : found.start()]
        orders = bool(_ORDERS.search(before))
        if orders or count >= LEAST_DIGITS:
            letters = _LETTERS.search(before)
            parts = tuple(key(part) for part in _PART.findall(found[0])) or (key(found[0]),)
            gaps = tuple(each.strip(" ") for each in _PART.split(found[0])[1:-1])
            yield Group(
                parts,
                gaps,
                letters[1].upper() if letters else "",
                orders,
                _is_one(parts, gaps, before),
                not (orders or _OF_AN_ORDER.search(before)),
            )


def _is_one(parts: tuple[str, ...], gaps: tuple[str, ...], before: str) -> bool:
    between = set("".join(gaps))
    if before.endswith(("+", "(")) or parts[0].startswith("0"):
        return between.isdisjoint(",;|")
    if len(set(gaps)) > 1 or not between.isdisjoint(",;/|–x"):
        return False
    lengths = {len(part) for part in parts}
    # Three of the same length or more are a list, unless they are single digits, or as on a card.
    listed = len(parts) > 2 and len(lengths) == 1 and lengths != {1}
    return not listed or (lengths == {4} and not all(map(_YEAR.fullmatch, parts)))


def emails(text: str) -> set[str]:
    """The e-mail addresses in plain text, in small letters."""
    return set(_addresses(_one_line(text))) if "@" in text else set()


def written_out(text: str) -> set[str]:
    """What may be e-mail addresses with their signs as words, or backwards, in small letters."""
    line = _one_line(text)
    signs = _AT.sub("@", line)
    if "@" not in signs:
        return set()
    found = set(_addresses(line[::-1])) if "@" in line else set()
    spoken = _DOT.sub(".", signs)
    if spoken != line:
        found |= set(_addresses(spoken))
    return found - emails(text)


def _one_line(text: str) -> str:
    line = _WHITE.sub(" ", text)
    return _SPACED.sub(lambda found: found[0].replace(" ", ""), line).replace(" . ", ".")


def _addresses(line: str) -> Iterator[str]:
    at = line.find("@")
    while at >= 0:
        before = line[max(0, at - REACH) : at].rstrip(_WRAPS).replace("*", "").replace("`", "")
        after = line[at + 1 : at + REACH].lstrip(_WRAPS).replace("*", "").replace("`", "")
        local, domain = _LOCAL.search(before), _DOMAIN.match(after)
        if local and domain:
            name, host = local[0].strip("'%+-._").lower(), domain[0].strip("-_").lower()
            if name and _TLD.search(host):
                yield f"{name}@{host}"
        at = line.find("@", at + 1)


def hosts(text: str) -> set[str]:
    """The hosts that web addresses lead to, in small letters, in text as it is written.

    What no browser takes for a host, or each for another, is given whole: it is nobody's.
    """
    found = set()
    for link in _LINK.finditer(text):
        start = link.start() if link[0].lower() == "www" else link.end()
        authority = _AUTHORITY.match(text, start)
        host = authority[0].rstrip(_ENDS).lower() if authority else ""
        if not host or not (link[1] or ("." in host and _LETTER.search(host))):
            continue
        found.add(host.partition(":")[0].rstrip(".") if _HOST.fullmatch(host) else host)
    return found


def decoded(text: str) -> list[str]:
    """What plain text says in the codes that people know: percent signs, entities, hex, base64."""
    found = []
    if "%" in text:
        found.append(unquote(text))
    if "&" in text:
        found.append(_ENTITY.sub(lambda entity: html.unescape(entity[0]), text))
    for coded in _CODED.findall(text):
        bare = coded.rstrip("=")
        alphabet = "-_" if "-" in coded or "_" in coded else None
        for decode in (
            partial(base64.b64decode, bare + "=" * (-len(bare) % 4), alphabet, validate=True),
            partial(bytes.fromhex, bare),
        ):
            with suppress(binascii.Error, ValueError):
                found.append(decode().decode().strip())
    return [each for each in found if each != text and each.isprintable()]


def digits_of(text: str) -> int:
    """How many digits it has."""
    return sum(map(str.isdigit, text))
