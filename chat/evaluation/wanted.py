"""Text that a case wants to find in an answer, or not to find."""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from chat.evaluation import dates

TAKES = "a text, a /regular expression/, or a list of them of which one must be there"

# Typists and models disagree about these; cases need not care.
_PLAIN = str.maketrans("’‘“”„\u00a0\u202f", '\'\'"""  ')


@dataclass(frozen=True)
class Wanted:
    """One of ``any_of`` is wanted: whole words, in capitals or not, or a regular expression.

    A ``*`` stands for the rest of a word: ``deliver*``. A regular expression stands between
    slashes. ``{date:+1}`` is tomorrow, however it is said.
    """

    any_of: tuple[str, ...]

    def __post_init__(self) -> None:
        for text in self.any_of:
            if not text.strip() or text == "//":
                raise ValueError("takes no empty text")
            try:
                _expression(text, date(2001, 1, 1))
            except re.error as error:
                raise ValueError(f"{text} is no regular expression: {error}") from error

    def within(self, text: str, today: date) -> bool:
        """Whether the text has it somewhere."""
        plain = normal(text)
        return any(_expression(each, today).search(plain) for each in self.any_of)

    def is_all_of(self, value: object, today: date) -> bool:
        """Whether a tool's argument is just that; a regular expression may match anywhere in it.

        The ``#`` before an order's number does not matter.
        """
        plain = normal(str(value)).lstrip("# ")
        return any(
            bool(_expression(each, today).search(plain))
            if _is_expression(each)
            else bool(_expression(each.lstrip("# "), today).fullmatch(plain))
            for each in self.any_of
        )

    def __str__(self) -> str:
        return " or ".join(each if _is_expression(each) else f"“{each}”" for each in self.any_of)


def wanted(value: object) -> Wanted:
    """What a case has written. Raises ValueError with what it takes."""
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"takes {TAKES}")
    return Wanted(tuple(map(str, texts)))


def normal(text: str) -> str:
    """The text with plain quotes, and single spaces where there was any white space."""
    return " ".join(text.translate(_PLAIN).split())


def _is_expression(text: str) -> bool:
    return len(text) > 2 and text.startswith("/") and text.endswith("/")


@lru_cache(maxsize=4096)
def _expression(text: str, today: date) -> re.Pattern[str]:
    expression = _is_expression(text)
    source = text[1:-1] if expression else normal(text)
    # Between two placeholders stands text: every second part is an offset.
    parts = dates.PLACEHOLDER.split(source)
    for at, part in enumerate(parts):
        if at % 2:
            parts[at] = dates.pattern(dates.day_at(part, today), today)
        elif not expression:
            parts[at] = re.escape(part).replace(r"\*", r"\w*")
    joined = "".join(parts)
    if not expression:
        before = r"(?<!\w)" if re.match(r"\w", source) else ""
        after = r"(?!\w)" if re.search(r"[\w]$", source) else ""
        joined = f"{before}{joined}{after}"
    return re.compile(joined, re.IGNORECASE)
