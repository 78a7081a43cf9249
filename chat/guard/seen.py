"""Identifiers that may be shown, and what remains of some words when those are taken away."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from chat.guard.identifiers import LONG, Group, decoded, digits_of, emails, groups, hosts
from chat.guard.plain import plain

# Digits of a number that is also looked for backwards.
BACKWARDS = 5


class Seen:
    """What one customer may be shown."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.emails: set[str] = set()
        self.hosts: set[str] = set()

    def add(self, texts: Iterable[str]) -> None:
        """Numbers and e-mail addresses in these texts may be shown."""
        for text in texts:
            written, _ = plain(text)
            for group in groups(written):
                # Not what neighbours make together: a long enough row of digits holds any number.
                for span in {(0, len(group.parts)), *pairwise(range(len(group.parts) + 1))}:
                    self.keys.update(group.keys(*span))
            self.emails |= emails(written)

    def add_links(self, texts: Iterable[str]) -> None:
        """The hosts that these texts link to may be linked to."""
        for text in texts:
            self.hosts |= hosts(plain(text)[0])


@dataclass(frozen=True, slots=True)
class Doubt:
    """What in some words may be somebody else's; ``hidden`` are numbers written in code."""

    groups: tuple[Group, ...] = ()
    emails: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    hidden: tuple[Group, ...] = ()

    @classmethod
    def about(cls, words: str, before: str = "") -> "Doubt":
        """``words`` in plain characters, and what was said just before them."""
        codes = decoded(words)
        return cls(
            tuple(group for group in groups(before + words, len(before)) if not group.is_year),
            frozenset(emails(before + words) - emails(before)).union(*map(emails, codes)),
            frozenset(hosts(words)).union(*map(hosts, codes)),
            tuple(group for code in codes for group in groups(code)),
        )

    def __bool__(self) -> bool:
        return bool(self.groups or self.emails or self.hosts or self.hidden)

    def without(self, seen: Seen) -> "Doubt":
        """What remains when that may be shown."""
        return Doubt(
            tuple(part for group in self.groups for part in _uncovered(group, seen.keys)),
            self.emails - seen.emails,
            self.hosts - seen.hosts,
            tuple(part for group in self.hidden for part in _uncovered(group, seen.keys)),
        )

    @property
    def certain(self) -> str:
        """What is none of this customer's, whoever's it is, as a kind; "" where nothing is."""
        if self.emails:
            return "e-mail address"
        if self.hosts:
            return "link"
        if any(group.orders for group in self.groups):
            return "order number"
        if any(digits_of(each) >= LONG for group in self.groups for each in group.numbers):
            return "tracking or telephone number"
        return ""

    def keys(self) -> set[str]:
        """What the numbers may be; backwards too."""
        found = {
            each
            for group in (*self.groups, *self.hidden)
            for span in group.spans()
            for each in group.keys(*span)
        }
        return found | {each[::-1] for each in found if digits_of(each) >= BACKWARDS}


def _uncovered(group: Group, keys: set[str]) -> list[Group]:
    """The parts of a group that are in none of the keys, neighbours together."""
    free = [True] * len(group.parts)
    for first, last in group.spans():
        if any(free[first:last]) and not keys.isdisjoint(group.keys(first, last)):
            free[first:last] = [False] * (last - first)
    rest: list[Group] = []
    for place, part in enumerate(group.parts):
        if not free[place]:
            continue
        if place and free[place - 1]:
            last_one = rest.pop()
            rest.append(replace(last_one, parts=(*last_one.parts, part)))
        else:
            # Only what stands behind "order number" itself is called one.
            rest.append(
                replace(
                    group,
                    parts=(part,),
                    letters="" if place else group.letters,
                    orders=group.orders and not place,
                )
            )
    return [each for each in rest if any(each.keys(*span) for span in each.spans())]
