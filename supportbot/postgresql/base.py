"""Django's PostgreSQL backend with its pool, quick to say that the database is away.

Whoever wants a connection from psycopg's pool waits out the pool's time-out although the server
refuses every connection. The sockets' database work runs in a few threads (``chat/database.py``),
so that with the database away hundreds of customers would wait for each other. Here the first wait,
and those after them are told at once.
"""

from time import monotonic
from typing import Any, ClassVar

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    # Of this process: whether the pool had no connection when it was last asked, and until when
    # the server need not be asked whether it is back.
    _ask_first: ClassVar[bool] = False
    _away_until: ClassVar[float] = 0.0

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection from the pool.

        Raises:
            psycopg.OperationalError: the server does not answer, or no connection was free in time.
        """
        cls = type(self)
        if cls._ask_first:
            self._ask_server(conn_params)
            cls._ask_first = False
        try:
            return super().get_new_connection(conn_params)
        except self.Database.OperationalError:
            cls._ask_first = True
            raise

    def _ask_server(self, conn_params: dict[str, Any]) -> None:
        """Connects past the pool: a server that is away refuses at once, and one that is there
        shows that only the pool was empty."""
        cls = type(self)
        asked_at = monotonic()
        if asked_at < cls._away_until:
            raise self.Database.OperationalError("The server did not answer a moment ago.")
        try:
            self.Database.connect(**conn_params).close()
        except self.Database.OperationalError:
            # One that is not even refused takes seconds: half of the time at most goes on asking.
            cls._away_until = monotonic() + (monotonic() - asked_at)
            raise
