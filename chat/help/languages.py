"""Which translation a reader gets. Languages are named as in BCP 47: en, de-AT."""

from collections.abc import Sequence


def main(code: str) -> str:
    """The language without region or script: ``de`` of ``de-AT``."""
    return code.lower().partition("-")[0]


def place(code: str, wanted: Sequence[str]) -> int:
    """Where the language stands among those ``wanted``, best first; the smaller the better.

    A reader who wants en-GB is content with en, and the other way round.
    """
    return next((at for at, other in enumerate(wanted) if main(other) == main(code)), len(wanted))
