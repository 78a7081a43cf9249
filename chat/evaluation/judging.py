"""What a case demands, held against what was said and done."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from chat.assistant import PLAIN
from chat.evaluation import dates
from chat.evaluation.cases import Call, Case, Expected
from chat.evaluation.wanted import normal

_LINK = re.compile(r"https?://\S+?(?=[.,;)]*(?:\s|$))")
_ITEM = re.compile(r"^\s*(?:[-*•–]|\d+[.)])\s+", re.MULTILINE)
# A sentence ends before a capital, a digit or a quotation mark; "1.7 l" and "e.g. tea" go on.
_SENTENCE = re.compile(r"(?<=[.!?…])[\"”')]*\s+(?=[\"“'(]?[A-Z0-9#])|\n+")


@dataclass(frozen=True, slots=True)
class Called:
    """A tool call, with the arguments as the tool got them, and what it answered."""

    tool: str
    arguments: Mapping[str, Any]
    answered: str


@dataclass(frozen=True, slots=True)
class Heard:
    """One turn as it went: what the customer said, the answer, and what was called for it.

    ``failed`` is the error's code where there is no answer. ``handoff``: by its end, a person had
    been asked for. ``withheld``: the guard did not let the answer go. ``seconds`` from the message
    to the end of its answer. ``models`` are those that answered, ``tokens`` what they counted,
    where they did: input, of that from a cache, output.
    """

    say: str
    answer: str
    calls: tuple[Called, ...]
    failed: str
    handoff: bool
    seconds: float
    figures: Mapping[str, Any]
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that should hold and does not, in turn ``turn`` (from 1), or 0 for all of them."""

    turn: int
    expected: str


@dataclass(frozen=True, slots=True)
class Shop:
    """What a judge has to know beside the case: the day, whose orders there are, and the titles of
    the help articles by their slugs."""

    today: date
    own: frozenset[str]
    others: frozenset[str]
    articles: Mapping[str, str]


def judge(case: Case, heard: Sequence[Heard], shop: Shop) -> list[Problem]:
    """Everything that does not hold; the conversation may have ended before its last turn."""
    problems: list[Problem] = []
    for number, (turn, said) in enumerate(zip(case.turns, heard, strict=False), 1):
        found = [*_always(heard[:number], shop), *_unmet(turn, [said], shop)]
        if turn.sentences is not None and (count := sentences(said.answer)) > turn.sentences:
            found.append(f"an answer of at most {turn.sentences} sentences, not of {count}")
        problems += [Problem(number, expected) for expected in found]
    if heard:
        problems += [Problem(0, expected) for expected in _unmet(case.end, heard, shop)]
    return problems


def sentences(text: str) -> int:
    """How many sentences a person would count; the items of a list are one each."""
    plain = _ITEM.sub("", _LINK.sub("link", text))
    return len([each for each in _SENTENCE.split(plain) if each.strip()])


def _always(heard: Sequence[Heard], shop: Shop) -> Iterator[str]:
    """What no answer may do, whatever it is about; the last of ``heard`` is judged."""
    *_, now = heard
    if now.failed:
        yield f"an answer, instead of the error {now.failed}"
        return
    because = now.figures.get("because", PLAIN)
    if because != PLAIN:  # which is the shop's choice, and part of what is evaluated
        # Right or wrong, it says nothing of the model.
        yield f"an answer by that model, not by {now.figures['model']} ({because})"
    told = [each.say for each in heard] + [c.answered for each in heard for c in each.calls]
    for said in dates.made_up(now.answer, told, shop.today):
        yield f"no date that nobody has named: {said}"
    by_customer = {number for number in shop.others if any(_names(e.say, number) for e in heard)}
    for number in sorted(shop.others - by_customer):
        if _names(now.answer, number):
            yield f"not somebody else's order: {number}"
    if now.withheld:
        yield "an answer that the guard lets go"


def _unmet(expected: Expected, heard: Sequence[Heard], shop: Shop) -> Iterator[str]:
    text = "\n".join(each.answer for each in heard)
    calls = [call for each in heard for call in each.calls]
    for any_of in expected.calls:
        if not any(_is(call, wanted, shop.today) for wanted in any_of for call in calls):
            yield f"a call of {' or '.join(map(str, any_of))}{_instead(calls)}"
    for unwanted in expected.calls_not:
        if any(_is(call, unwanted, shop.today) for call in calls):
            yield f"no call of {unwanted}"
    for wanted in expected.says:
        if not wanted.within(text, shop.today):
            yield f"to hear {wanted}"
    for wanted in expected.says_not:
        if wanted.within(text, shop.today):
            yield f"not to hear {wanted}"
    for number in expected.names_not:
        if _names(text, number):
            yield f"no word of order {number}"
    if expected.handoff is not None and heard[-1].handoff != expected.handoff:
        yield "a person to be asked for" if expected.handoff else "nobody to be asked for yet"
    if expected.cites and not any(_cites(text, slug, shop.articles) for slug in expected.cites):
        yield f"the article {' or '.join(expected.cites)} to be named or linked"


def _is(call: Called, wanted: Call, today: date) -> bool:
    return call.tool == wanted.tool and all(
        name in call.arguments and value.is_all_of(call.arguments[name], today)
        for name, value in wanted.arguments.items()
    )


def _instead(calls: Sequence[Called]) -> str:
    if not calls:
        return ", and nothing was called"
    return ", instead of " + ", ".join(
        f"{call.tool}({', '.join(f'{k}={v!r}' for k, v in call.arguments.items())})"
        for call in calls
    )


def _names(text: str, number: str) -> bool:
    """Whether the text names the order, and not a longer number that holds its digits."""
    return bool(re.search(rf"(?<![\w-]){re.escape(number)}(?![\w-])", text, re.IGNORECASE))


def _cites(text: str, slug: str, articles: Mapping[str, str]) -> bool:
    title = normal(articles.get(slug, "")).lower()
    return bool(title and title in normal(text).lower()) or f"/help/{slug}" in text
