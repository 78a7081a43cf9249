"""Reads environment variables strictly.

Every reader takes the variable's name and a default, and raises
:class:`django.core.exceptions.ImproperlyConfigured` with the name and what it takes
when the value is of the wrong shape. An empty value counts as unset.
"""

import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dj_database_url
import psycopg
from django.core.exceptions import ImproperlyConfigured
from dotenv import load_dotenv
from psycopg.conninfo import make_conninfo

from chat import redis_clients
from chat.budget import Limits
from chat.budget import parse as parse_limits
from chat.prices import Prices
from chat.prices import parse as parse_prices

ROOT = Path(__file__).resolve().parent.parent

# https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def load(file: str | Path = ROOT / ".env") -> None:
    """Takes in a file of variables, if it is there; what the environment has already wins."""
    load_dotenv(file, override=False)


def reject(name: str, takes: str) -> NoReturn:
    """Stops the start: ``name`` is set to something it cannot take."""
    # The value is left out: it may be a secret.
    raise ImproperlyConfigured(f"{name}: takes {takes}")


def switch_off(*names: str) -> None:
    """Sets variables that libraries read to ``false``, whatever they were."""
    os.environ.update(dict.fromkeys(names, "false"))


def text(name: str, default: str = "") -> str:
    """The variable as it is, without white space around it."""
    return os.environ.get(name, "").strip() or default


def boolean(name: str, default: bool) -> bool:
    """``True`` or ``False``, spelled exactly so."""
    value = text(name)
    if not value:
        return default
    if value not in ("True", "False"):
        reject(name, "True or False")
    return value == "True"


def integer(name: str, default: int, *, at_least: int, at_most: int) -> int:
    """A whole number within bounds, both included."""
    takes = f"a whole number from {at_least} to {at_most}"
    return int(_number(name, default, r"[0-9]+", takes, at_least, at_most))


def seconds(name: str, default: float, *, at_least: float, at_most: float) -> float:
    """A number of seconds within bounds, both included; fractions are fine."""
    takes = f"a number of seconds from {at_least:g} to {at_most:g}"
    return _number(name, default, r"[0-9]+(\.[0-9]+)?", takes, at_least, at_most)


def _number(
    name: str, default: float, shape: str, takes: str, at_least: float, at_most: float
) -> float:
    value = text(name)
    if not value:
        return default
    # The shape first: Python's own conversions also take "1_000", "nan" and "٣".
    if not re.fullmatch(shape, value) or not at_least <= float(value) <= at_most:
        reject(name, takes)
    return float(value)


def words(name: str, shape: str, takes: str) -> list[str]:
    """A list separated by commas, each entry of the shape; empty entries are dropped."""
    found = [word for word in (part.strip() for part in text(name).split(",")) if word]
    if not all(re.fullmatch(shape, word) for word in found):
        reject(name, takes)
    return found


def path(name: str, default: str, taken: Collection[str]) -> str:
    """Where something stands on the site, as ``back-office/``; no part of it is ``taken``."""
    value = text(name, default).strip("/")
    if not re.fullmatch(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*", value) or value.split("/")[0] in taken:
        reject(name, f"a path such as {default} that does not begin with {', '.join(taken)}")
    return f"{value}/"


def rate(name: str, default: str) -> tuple[int, int]:
    """``20/m``: how many in a second, minute, hour or day → (count, milliseconds)."""
    match = re.fullmatch(r"([1-9][0-9]{0,5})/([smhd])", text(name, default))
    if match is None:
        reject(name, "a rate such as 20/m (a whole number, then /s, /m, /h or /d)")
    milliseconds = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}[match[2]]
    return int(match[1]), milliseconds


def time_zone(name: str, default: str) -> str:
    """A place's name in the time zone database."""
    value = text(name, default)
    try:
        ZoneInfo(value)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        reject(name, "a name of the time zone database, such as Europe/Berlin")
    return value


def http_url(name: str) -> str:
    """An address on the web, or nothing."""
    value = text(name)
    try:
        parts = urlsplit(value)
        right = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        right = False
    if value and not right:
        reject(name, "an address such as https://host.example/v1")
    return value


def prices(name: str) -> Prices:
    """What models cost, in the form of :mod:`chat.prices`."""
    try:
        return parse_prices(text(name))
    except ValueError:
        reject(
            name,
            "prices of a million tokens by model, such as"
            ' {"currency": "USD", "gpt-4.1-mini": {"in": 0.40, "cached": 0.10, "out": 1.60}}'
            " (cached and the currency may be left out)",
        )


def budget(name: str) -> Limits:
    """What models may cost in a day, in the form of :mod:`chat.budget`."""
    try:
        return parse_limits(text(name))
    except ValueError:
        reject(
            name,
            "customer=0.50,shop=20 in the currency of ASSISTANT_PRICES, or tokens, such as"
            " customer=100000 tokens,shop=5000000 tokens; either may be left out",
        )


def redis_url(name: str, default: str) -> str:
    """One server, Sentinel or Cluster, in the forms of :mod:`chat.redis_clients`."""
    value = text(name, default)
    try:
        redis_clients.parse(value)
    except ValueError:
        reject(
            name,
            "redis://host:port/0, rediss://host:port/0, unix:///path/to/socket,"
            " redis+sentinel://host:port,host:port/NAME/0 or redis+cluster://host:port,host:port"
            " (each but unix with user:password@ before the first host, where needed)",
        )
    return value


def database(name: str, default: str) -> dict[str, Any]:
    """The entry for Django's ``DATABASES``: SQLite or PostgreSQL, whose driver we bring.

    What stands behind a ``?`` are libpq's own options, such as ``sslmode``:
    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
    """
    takes = (
        "sqlite:////path/to/file or postgres://user:password@host:port/name, for a socket"
        " postgres://user@%2Ffolder/name; characters such as / ? # @ in a password as %2F %3F %23"
        " %40; behind a ?, options of libpq such as sslmode=verify-full"
    )
    value = text(name, default)
    if not value.startswith(("sqlite:", "postgres://", "postgresql://")):
        reject(name, takes)
    try:
        found: dict[str, Any] = dict(dj_database_url.parse(value))
        if not value.startswith("sqlite:"):
            parts = urlsplit(value)
            options = found.get("OPTIONS", {})
            # An unknown option is an error of psycopg's; the rest nobody would notice before the
            # first connection, if then: with a slip in sslmode, or a port that is left out.
            make_conninfo(**options)
            right = (
                options.get("sslmode", "prefer") in SSL_MODES
                and parts.port != 0
                and not parts.fragment
                and "/" not in found["NAME"]
            )
        else:
            right = True
    except (ValueError, psycopg.Error):
        right = False
    if not right or not found["NAME"]:
        reject(name, takes)
    return found
