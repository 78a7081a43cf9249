"""A database and a Redis for once, for a command that must not touch the shop's own.

The settings are read once in a process, so such a command runs itself again in a second one, whose
environment names the throw-away database and Redis.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from supportbot.redis_server import RedisServer

# Names the folder in which both are, for the second process.
VARIABLE = "SUPPORTBOT_STAGE"


@contextmanager
def throw_away() -> Iterator[dict[str, str]]:
    """The environment of a process on an empty database and Redis, gone at the end.

    Raises:
        RedisServerError: there is no server program, or it does not start.
    """
    folder = Path(tempfile.mkdtemp(prefix="supportbot-stage-"))
    try:
        redis = RedisServer(folder / "redis", folder / "redis.sock")
        redis.start()
        try:
            yield {
                **os.environ,
                VARIABLE: str(folder),
                "DATABASE_URL": f"sqlite:///{quote(str(folder / 'stage.sqlite3'))}",
                "REDIS_URL": redis.url,
                "CHAT_REDIS_REPLICAS": "0",
            }
        finally:
            redis.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def entered(database: Mapping[str, object], redis_url: str) -> bool:
    """Whether these settings are those of a :func:`throw_away`, and surely not the shop's."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        return False
    places = (Path(str(database["NAME"])), Path(unquote(urlsplit(redis_url).path)))
    return redis_url.startswith("unix:") and all(place.parent == Path(folder) for place in places)
