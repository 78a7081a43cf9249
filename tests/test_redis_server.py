from pathlib import Path

import pytest
import redis

from supportbot.redis_server import RedisServer, RedisServerError


def test_what_was_written_survives_a_restart(tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "redis", tmp_path / "redis.sock")
    for expected in (None, b"kept"):
        server.start()
        try:
            with redis.Redis.from_url(server.url) as client:
                assert client.get("word") == expected
                client.set("word", "kept")
        finally:
            server.stop()


def test_a_socket_path_too_long_is_refused_with_the_limit(tmp_path: Path) -> None:
    with pytest.raises(RedisServerError, match="107 bytes"):
        RedisServer(tmp_path, tmp_path / ("x" * 120))
