"""What the search needs of the machine."""

import sqlite3
from contextlib import closing
from typing import Any

from django.core.checks import CheckMessage, Error, register


@register()
def sqlite_can_search(**_: Any) -> list[CheckMessage]:
    """The index is one of SQLite's, in memory, whatever the shop's database is."""
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute("CREATE VIRTUAL TABLE needed USING fts5(text)")
    except sqlite3.OperationalError as error:
        return [
            Error(
                f"Python's SQLite has no full-text search ({error}); help articles need it.",
                hint="Use a Python whose sqlite3 module was built with FTS5, as nearly all are.",
                id="help.E001",
            )
        ]
    return []
