"""Calls of the ORM from the event loop: a few threads, so that one slow query holds up no other.

Channels and asgiref have one thread for all sockets of a process, so that a query which waits for a
lock would stop every customer's tools. LangChain's threads, at the other end, each open a
connection that nobody closes. https://docs.djangoproject.com/en/stable/topics/async/
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connections

P = ParamSpec("P")
T = TypeVar("T")

# The database does not answer; what else it says is about what it was asked.
AWAY = (OperationalError, InterfaceError)
# Fewer than a process has connections to PostgreSQL (settings): pages need some too.
THREADS = 6
# Seconds after which the database counts as away; a customer waits for most of these calls.
ANSWERS_WITHIN = 10.0

_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="database")


def in_thread(
    function: Callable[P, T], *, within: float | None = ANSWERS_WITHIN
) -> Callable[P, Coroutine[Any, Any, T]]:
    """``function``, which uses the ORM, to be awaited; in another thread and so transaction.

    Raises:
        django.db.Error: also when there was no answer ``within`` so many seconds. What the function
            does may be done nevertheless, later.
    """

    @wraps(function)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        work = partial(_run, partial(function, *args, **kwargs))
        try:
            async with asyncio.timeout(within):
                return await asyncio.get_running_loop().run_in_executor(_threads, work)
        except TimeoutError:
            raise OperationalError(f"no answer within {within} s") from None

    return run


def _run(work: Callable[[], T]) -> T:
    try:
        return work()
    finally:
        for connection in connections.all(initialized_only=True):
            # PostgreSQL's goes back to the pool. To open one of SQLite's costs twice as much as
            # what it is opened for, so that one stays, unless something went wrong on it.
            if connection.vendor != "sqlite" or connection.errors_occurred:
                connection.close()
