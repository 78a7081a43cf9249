"""Small pieces of sentences."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from chat.llm.offline.conversation import Facts

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

# As people write them; every other currency stands behind the amount by its letters.
BEFORE = {"GBP": "£", "USD": "$", "JPY": "¥"}
BEHIND = {"EUR": "€"}

# Words that our sentences begin with and that are no names.
BEGINNINGS = frozenset(
    {"A", "Everything", "It", "Its", "Nothing", "Order", "Parcel", "The", "Your"}
)


def count(number: int) -> str:
    """ "two", "eleven" as 11."""
    return NUMBERS[number] if number < len(NUMBERS) else str(number)


def counted(number: int, thing: str) -> str:
    """ "one order", "two orders"."""
    return f"{count(number)} {thing}{'' if number == 1 else 's'}"


def listing(parts: Sequence[str], last: str = "and") -> str:
    """ "a, b and c"; "a; b, blue; and c" where a part holds a comma itself."""
    if len(parts) > 1 and any("," in part for part in parts):
        return f"{'; '.join(parts[:-1])}; {last} {parts[-1]}"
    return f" {last} ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def articles(lines: Sequence[Facts], at_most: int = 3) -> str:
    """ "Electric kettle and 2 × Assam tea"; titles without what follows their first comma."""
    shorts = [_short(line["title"]) for line in lines]
    names = [
        pieces(line["quantity"], short if shorts.count(short) == 1 else whole(line["title"]))
        for line, short in zip(lines, shorts, strict=True)
    ]
    if len(names) > at_most:
        rest = len(names) - at_most + 1
        names = [*names[: at_most - 1], f"{count(rest)} more"]
    return listing(names)


def brief_articles(order: Facts) -> str:
    """The same, from list_orders, where each article is "2 × title"."""
    lines = []
    for article in order.get("articles", []):
        quantity, _, title = str(article).partition(" × ")
        lines.append({"quantity": int(quantity) if quantity.isdigit() else 1, "title": title})
    return articles(lines)


def pieces(quantity: int, name: str) -> str:
    """ "Kettle", "2 × Kettle"."""
    return name if quantity == 1 else f"{quantity} × {name}"


def quoted(text: Any) -> str:
    """What a carrier or the shop wrote, as a quotation without a full stop of its own."""
    return f"“{str(text).strip().rstrip('.')}”"


def amount(value: Any, currency: str) -> str:
    """ "54.80 €", "£12", "1,250 SEK"."""
    number = Decimal(str(value))
    text = f"{number:,.0f}" if number == number.to_integral_value() else f"{number:,}"
    if currency in BEFORE:
        return f"{BEFORE[currency]}{text}"
    return f"{text} {BEHIND.get(currency, currency)}"


def money(order: Facts) -> str:
    """The order's total."""
    return amount(order["total"], order["currency"])


def joined(*sentences: str) -> str:
    """Sentences with a space between, without the empty ones."""
    return " ".join(filter(None, sentences))


def lower(text: str) -> str:
    """Fit to stand within a sentence; names, such as a carrier's, stay as they are."""
    first = text.split(" ", 1)[0]
    return text[:1].lower() + text[1:] if first in BEGINNINGS else text


def upper(text: str) -> str:
    """Fit to begin a sentence."""
    return text[:1].upper() + text[1:]


def named(title: str) -> str:
    """An article's whole title, fit to stand in a sentence."""
    return " ".join(title.split()).rstrip(".") or "an article"


def _short(title: str) -> str:
    return named(title.split(",")[0][:60])


def whole(title: str) -> str:
    """With what follows the comma, where the short titles are the same: "mug (red)"."""
    head, _, tail = title.partition(",")
    return f"{named(head)} ({named(tail)})" if tail.strip() else named(title)
