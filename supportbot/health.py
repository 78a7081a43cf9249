"""``/healthz``: the process answers. ``/readyz``: the database and Redis answer.

A middleware, and the first one: load balancers ask by address, so the ``Host`` of these two is not
held against ``ALLOWED_HOSTS``, and they are never sent on to https.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import async_to_sync, iscoroutinefunction
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.utils.decorators import sync_and_async_middleware
from redis import RedisError
from redis.asyncio import RedisCluster
from redis.exceptions import RedisClusterException

from chat import redis_clients

# Seconds for both checks together: below the time-outs that load balancers have by default
# (HAProxy's checks 2 s, Kubernetes' probes 1 s unless told).
READY_WITHIN = 0.9

# Seconds until the next of several Redis servers is asked, where one cannot be reached.
NEXT_WITHIN = 0.25

logger = logging.getLogger(__name__)

# One thread, so that a database which hangs holds up one thread and not one more for each probe.
_database_thread = ThreadPoolExecutor(1, thread_name_prefix="readyz")


@sync_and_async_middleware
def health(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Answers the two addresses and passes on everything else."""
    if iscoroutinefunction(get_response):

        async def middleware(request: HttpRequest) -> HttpResponse:
            probe = PROBES.get(request.path_info)
            response: HttpResponse = await (probe or get_response)(request)
            return response

        return middleware

    def sync_middleware(request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info)
        response: HttpResponse = (async_to_sync(probe) if probe else get_response)(request)
        return response

    return sync_middleware


async def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers at all; asks nobody else."""
    return _answer(request, {})


async def readyz(request: HttpRequest) -> HttpResponse:
    """200, or 503 when the database or Redis does not answer in time; the body says which."""
    checks = {"database": _database_answers, "redis": _redis_answers}
    results = await asyncio.gather(*(_in_time(name, check) for name, check in checks.items()))
    return _answer(request, dict(zip(checks, results, strict=True)))


PROBES: dict[str, Callable[[HttpRequest], Awaitable[HttpResponse]]] = {
    "/healthz": healthz,
    "/readyz": readyz,
}


def _answer(request: HttpRequest, checks: dict[str, bool]) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    ok = all(checks.values())
    body = {"status": "ok" if ok else "unavailable"} | {
        name: "ok" if answers else "no answer" for name, answers in checks.items()
    }
    return JsonResponse(body, status=200 if ok else 503, headers={"Cache-Control": "no-store"})


async def _in_time(name: str, check: Callable[[], Awaitable[None]]) -> bool:
    try:
        await asyncio.wait_for(check(), READY_WITHIN)
    except (TimeoutError, DatabaseError, RedisError, RedisClusterException, OSError) as error:
        # To the log and not into the answer: it may name hosts and users.
        logger.warning("Not ready: %s: %s", name, error or type(error).__name__)
        return False
    return True


async def _database_answers() -> None:
    await asyncio.get_running_loop().run_in_executor(_database_thread, _read_one_row)


def _read_one_row() -> None:
    try:
        with connection.cursor() as cursor:
            # A table of ours: SQLite answers "SELECT 1" without so much as a file.
            cursor.execute("SELECT 1 FROM django_migrations")
            cursor.fetchone()
    finally:
        connection.close()


async def _redis_answers() -> None:
    client = redis_clients.async_client(settings.REDIS_URL, connect_within=NEXT_WITHIN)
    try:
        if isinstance(client, RedisCluster):
            # One of its nodes. While a master is replaced, most conversations go on, and every
            # process is as good as the others: taking this one out of service would help nobody.
            await client.ping(target_nodes=RedisCluster.RANDOM)
        else:
            await client.ping()
    finally:
        await redis_clients.close(client)
