"""How the log tells of what broke: where, and none of the words of it."""

import logging
from collections.abc import Iterator
from traceback import format_tb
from typing import Any

import django.db
import redis

# Errors of a machine or of our code, whose messages hold nobody's words. Any other's may: those of
# a value that was not taken, of a key that is missing, of a row that the database refused, of a
# command that Redis did.
SPEAK_OF_NOBODY = (
    *(OSError, MemoryError, ImportError, AttributeError, NameError),
    *(django.db.OperationalError, django.db.InterfaceError),
    *(redis.ConnectionError, redis.TimeoutError),
)


class Discreet(logging.Formatter):
    """Tracebacks whose errors say their type and place, and their message only where it is safe.

    What customers said, and what is in their orders, is in no log: whoever keeps or reads it need
    not be allowed to read conversations.
    """

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """The error, after those that led to it."""
        return "\n".join(_told(ei[1], set())) if ei[1] is not None else "no error"


def _told(error: BaseException, before: set[int]) -> Iterator[str]:
    """The lines of a traceback as Python prints them, of the cause first; not those ``before``."""
    before.add(id(error))
    cause, context = error.__cause__, error.__context__
    if cause is not None:
        if id(cause) not in before:
            yield from _told(cause, before)
            yield "The above was the direct cause of this:"
    elif context is not None and not error.__suppress_context__ and id(context) not in before:
        yield from _told(context, before)
        yield "While that was handled, this came up:"
    if error.__traceback__ is not None:
        yield "Traceback (most recent call last):"
        yield "".join(format_tb(error.__traceback__)).rstrip()
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    yield f"{kind}: {error}" if isinstance(error, SPEAK_OF_NOBODY) else kind
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _told(each, before)
