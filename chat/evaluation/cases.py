"""Cases: what a customer says turn by turn, and what must hold; read from files of JSON lines."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Self

from django.contrib.auth.models import User
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from chat.evaluation.orders import InlineOrder, Parcel, Scan, Shape
from chat.evaluation.wanted import Wanted, wanted
from chat.orders.models import normalize_number
from chat.tools import tools_for

# What the assistant can call, with the names of the arguments.
TOOLS = {tool.name: frozenset(tool.args) for tool in tools_for(User(), "")}

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


class BadFile(Exception):
    """The file cannot be used; the text says where and why, a line for each place."""


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("takes lower-case letters, digits, - and _, such as two-parcels")
    return value


def _call(value: object) -> Any:
    return {"tool": value} if isinstance(value, str) else value


def _one_or_more(value: object) -> Any:
    return value if isinstance(value, list) else [value]


Name = Annotated[str, AfterValidator(_name)]
Text = Annotated[Wanted, BeforeValidator(wanted)]
Numbers = Annotated[
    tuple[Annotated[str, AfterValidator(normalize_number)], ...], Field(strict=False)
]


class Call(Shape):
    """A call of a tool, with whatever arguments where ``arguments`` says nothing of them."""

    tool: str
    arguments: dict[str, Text] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _exists(self) -> Self:
        if self.tool not in TOOLS:
            raise ValueError(f"no tool {self.tool!r}; there are: {', '.join(TOOLS)}")
        if strange := set(self.arguments) - TOOLS[self.tool]:
            known = ", ".join(sorted(TOOLS[self.tool])) or "none"
            raise ValueError(f"{self.tool} has no argument {min(strange)!r}; it has: {known}")
        return self

    def __str__(self) -> str:
        named = ", ".join(f"{name}={value}" for name, value in self.arguments.items())
        return f"{self.tool}({named})"


OneCall = Annotated[Call, BeforeValidator(_call)]
AnyCall = Annotated[tuple[OneCall, ...], BeforeValidator(_one_or_more), Field(strict=False)]


class Expected(Shape):
    """What must hold of one turn, or of all of them together.

    ``calls`` and ``says`` must all be there, where a list stands any one of it. ``handoff`` is
    whether a person has been asked for by then. ``cites`` are slugs of help articles, of which
    one is named or linked.
    """

    calls: Annotated[tuple[AnyCall, ...], Field(strict=False)] = ()
    calls_not: Annotated[tuple[OneCall, ...], Field(strict=False)] = ()
    says: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    says_not: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    names_not: Numbers = ()
    handoff: bool | None = None
    cites: Annotated[tuple[str, ...], BeforeValidator(_one_or_more), Field(strict=False)] = ()

    @field_validator("cites")
    @classmethod
    def _written(cls, slugs: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        articles = (info.context or {}).get("articles", ())
        for slug in slugs:
            if slug not in articles:
                raise ValueError(f"no article {slug!r}; there are: {', '.join(articles)}")
        return slugs


class Turn(Expected):
    """``sentences`` is how many the answer may have at most."""

    say: Annotated[str, Field(min_length=1)]
    sentences: Annotated[int | None, Field(ge=1)] = None


class Case(Shape):
    """One conversation, by a customer of the demo shop or one with orders of the case's own."""

    id: Name
    kind: Name
    customer: str = ""
    orders: Annotated[tuple[InlineOrder, ...] | None, Field(strict=False)] = None
    turns: Annotated[tuple[Turn, ...], Field(strict=False, min_length=1)]
    end: Expected = Expected()

    @field_validator("customer")
    @classmethod
    def _in_the_shop(cls, name: str, info: ValidationInfo) -> str:
        customers = (info.context or {}).get("customers", ())
        if name not in customers:
            raise ValueError(f"takes one of {', '.join(customers)}")
        return name

    @field_validator("orders")
    @classmethod
    def _whole(cls, orders: tuple[InlineOrder, ...] | None) -> tuple[InlineOrder, ...] | None:
        for order in orders or ():
            if strange := order.strangers():
                raise ValueError(f"a parcel of {order.number} holds {strange[0]!r}, unordered")
            if len({article.title for article in order.articles}) < len(order.articles):
                raise ValueError(f"{order.number} has an article twice; write 2 × instead")
        return orders

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if bool(self.customer) == (self.orders is not None):
            raise ValueError("takes either a customer or orders")
        return self

    @model_validator(mode="after")
    def _can_fail(self) -> Self:
        if not any(_demands(each) for each in (*self.turns, self.end)):
            raise ValueError("says nothing that must hold, so it cannot fail")
        return self

    @property
    def name(self) -> str:
        return f"{self.kind}/{self.id}"


def _demands(expected: Expected) -> bool:
    return any(value not in (None, ()) for name, value in expected if name != "say")


KEYS = {
    name
    for shape in (Case, Turn, Expected, Call, InlineOrder, Parcel, Scan)
    for name in shape.model_fields
}


def read(
    files: Iterable[Path],
    *,
    customers: Sequence[str],
    orders: Iterable[str],
    articles: Sequence[str],
) -> list[Case]:
    """The cases of all files, which belong together: no id and no order's number comes twice.

    ``customers`` are the demo's, ``orders`` its numbers, ``articles`` the slugs of its help
    articles.

    Raises:
        BadFile: with every place that is wrong.
    """
    context = {"customers": customers, "articles": articles}
    cases: list[Case] = []
    problems: list[str] = []
    # Where each name and order's number stands first.
    first = {f"order {number}": "the demo shop has it" for number in orders}
    for place, line in _lines(files):
        try:
            case = Case.model_validate(_object(line), context=context)
        except ValidationError as error:
            problems += [f"{place}: {told}" for told in _told(error)]
            continue
        except ValueError as error:
            problems.append(f"{place}: {error}")
            continue
        cases.append(case)
        for name in (case.name, *(f"order {order.number}" for order in case.orders or ())):
            if name in first:
                problems.append(f"{place}: {name} is taken already: {first[name]}")
            first.setdefault(name, place)
    if problems:
        raise BadFile("\n".join(problems))
    if not cases:
        raise BadFile("There is no case in it.")
    return cases


def _lines(files: Iterable[Path]) -> Iterator[tuple[str, str]]:
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except OSError as error:
            raise BadFile(f"{file}: cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise BadFile(f"{file}: takes UTF-8") from error
        # Not splitlines(): a JSON text may hold U+2028, which is no end of a line here.
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield f"{file}:{number}", line


def _object(line: str) -> dict[str, Any]:
    """Raises ValueError where it is not a JSON object, or has a key twice."""
    try:
        found = json.loads(line, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON: {error.msg} at column {error.colno}") from error
    if not isinstance(found, dict):
        raise ValueError("takes a JSON object, one a line")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"{max(keys, key=keys.count)}: there twice")
    return found


def _told(invalid: ValidationError) -> Iterator[str]:
    """What pydantic found: the keys, and what they take."""
    errors = invalid.errors()
    for error in errors:
        loc = error["loc"]
        if error["type"] == "too_short" and any(
            loc == e["loc"][: len(loc)] != e["loc"] for e in errors
        ):
            continue  # pydantic leaves out what is wrong, and then misses it
        key = ""
        for part in loc:
            key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else part
        match error["type"]:
            case "extra_forbidden":
                close = get_close_matches(str(loc[-1]), KEYS, n=1)
                says = "no such key" + (f"; is it {close[0]}?" if close else "")
            case "missing":
                says = "is missing"
            case "value_error":
                says = str(error["ctx"]["error"])
            case "tuple_type":
                says = "takes a list"
            case _:
                says = error["msg"].replace("Input should be", "takes")
        yield f"{key}: {says}" if key else says
