"""The form of what tools return: compact JSON with ISO 8601 dates in the shop's time zone."""

from datetime import datetime
from typing import Any

import orjson
from django.utils import timezone


def compact(**facts: Any) -> str:
    """JSON with today's date first, so that a model can say "tomorrow"."""
    return orjson.dumps({"today": timezone.localdate().isoformat(), **facts}).decode()


def iso(moment: datetime | None) -> str | None:
    """A moment to the minute, in the shop's time zone; None stays None: not known."""
    return timezone.localtime(moment).isoformat(timespec="minutes") if moment else None
