"""Identifiers that may be shown, and what remains of some words when those are taken away."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from chat.guard.identifiers import (
    LONG,
    Group,
    decoded,
    digits_of,
    emails,
    groups,
    hosts,
    written_out,
)
from chat.guard.plain import plain

# Digits of a number that is also looked for backwards.
BACKWARDS = 5


class Seen:
    """What one customer may be shown. Hosts that begin with a dot stand for all below them."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.emails: set[str] = set()
        self.hosts: set[str] = set()

    def add(self, texts: Iterable[str]) -> None:
        """Numbers and e-mail addresses in these texts may be shown."""
        for text in texts:
            written, _ = plain(text)
            for group in groups(written):
                # Not what some neighbours make: a long enough row of digits holds any number.
                self.keys.update(group.keys(0, len(group.parts)))
                for place in range(len(group.parts)):
                    self.keys.update(group.keys(place, place + 1))
            self.emails |= emails(written)

    def add_links(self, texts: Iterable[str]) -> None:
        """The hosts that these texts link to may be linked to."""
        for text in texts:
            self.hosts |= hosts(text)

    def links_to(self, host: str) -> bool:
        """Whether a link may lead there."""
        above = {host[at:] for at, sign in enumerate(host) if sign == "."}
        return host in self.hosts or f".{host}" in self.hosts or not above.isdisjoint(self.hosts)


@dataclass(frozen=True, slots=True)
class Doubt:
    """What in some words may be somebody else's.

    ``hidden`` are numbers written in code, ``spoken`` what may be e-mail addresses in words: those
    count only if they are somebody's.
    """

    groups: tuple[Group, ...] = ()
    emails: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    hidden: tuple[Group, ...] = ()
    spoken: frozenset[str] = frozenset()

    @classmethod
    def about(cls, words: str, before: str = "") -> "Doubt":
        """``words`` as they were written, and what was said just before them."""
        (written, _), (context, _) = plain(words), plain(before)
        codes = decoded(written)
        return cls(
            tuple(g for g in groups(context + written, len(context)) if not g.is_year),
            frozenset(emails(context + written) - emails(context)).union(*map(emails, codes)),
            # Browsers do not see through what people do.
            frozenset(hosts(words)).union(*map(hosts, codes)),
            tuple(group for code in codes for group in groups(code)),
            frozenset(written_out(context + written) - written_out(context)),
        )

    @classmethod
    def of_all(cls, doubts: Sequence["Doubt"]) -> "Doubt":
        """What is in any of them."""
        return cls(
            tuple(group for each in doubts for group in each.groups),
            frozenset().union(*(each.emails for each in doubts)),
            frozenset().union(*(each.hosts for each in doubts)),
            tuple(group for each in doubts for group in each.hidden),
            frozenset().union(*(each.spoken for each in doubts)),
        )

    def __bool__(self) -> bool:
        return bool(self.groups or self.emails or self.hosts or self.hidden or self.spoken)

    def without(self, seen: Seen) -> "Doubt":
        """What remains when that may be shown."""
        return Doubt(
            tuple(part for group in self.groups for part in _uncovered(group, seen.keys)),
            self.emails - seen.emails,
            frozenset(host for host in self.hosts if not seen.links_to(host)),
            tuple(part for group in self.hidden for part in _uncovered(group, seen.keys)),
            self.spoken - seen.emails,
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

    def may_be(self) -> set[str]:
        """What the numbers may be, as keys; backwards too."""
        found = {
            each
            for group in (*self.groups, *self.hidden)
            for span in group.spans()
            for each in group.keys(*span)
        }
        return found | {each[::-1] for each in found if digits_of(each) >= BACKWARDS}


def _uncovered(group: Group, keys: set[str]) -> list[Group]:
    """The parts of a group that may not be shown, neighbours together."""
    free = [True] * len(group.parts)
    for first, last in group.spans():
        if any(free[first:last]) and _may_be_shown(group, first, last, keys):
            free[first:last] = [False] * (last - first)
    rest: list[Group] = []
    for place, part in enumerate(group.parts):
        if not free[place]:
            continue
        if place and free[place - 1]:
            so_far = rest.pop()
            gaps = (*so_far.gaps, *group.gaps[place - 1 : place])
            rest.append(replace(so_far, parts=(*so_far.parts, part), gaps=gaps))
        else:
            # Only what stands behind "order number" itself is called one.
            first = not place
            rest.append(
                replace(
                    group,
                    parts=(part,),
                    gaps=(),
                    letters=group.letters if first else "",
                    orders=group.orders and first,
                )
            )
    return [each for each in rest if any(each.keys(*span) for span in each.spans())]


def _may_be_shown(group: Group, first: int, last: int, keys: set[str]) -> bool:
    runs = group.runs(first) if last - first == 1 else []
    whole = [each for each in group.keys(first, last) if each not in runs]
    return not keys.isdisjoint(whole) or (bool(runs) and keys.issuperset(runs))
