"""The site as production runs it: collected files, https behind a proxy, no debugging."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from supportbot import env
from supportbot.redis_server import RedisServer
from tests.ops.test_serve import Manage
from tests.site import Site

HTTPS = {"X_Forwarded_Proto": "https", "Host": "shop.example"}


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Manage]:
    """A site of its own, made as docs/operations.md says."""
    folder = tmp_path_factory.mktemp("production")
    code = folder / "code"
    skip = shutil.ignore_patterns("__pycache__")
    for name in ("supportbot", "chat", "templates"):
        shutil.copytree(env.ROOT / name, code / name, ignore=skip)
    shutil.copy(env.ROOT / "manage.py", code)
    redis = RedisServer(folder / "redis", folder / "redis.sock")
    redis.start()
    settings = {
        "DEBUG": "False",
        "SECRET_KEY": "production-" * 5,
        "ALLOWED_HOSTS": "shop.example",
    }
    site = Site(folder, redis, settings)
    for command in (["migrate", "-v0"], ["collectstatic", "-v0", "--noinput"]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=code, env=site.environment)
    try:
        with Manage(site, folder / "log", "serve", "--port", "0", code=code) as manage:
            yield manage.until_serving()
            manage.process.send_signal(signal.SIGTERM)
            assert manage.process.wait() == 0
    finally:
        redis.stop()


def test_files_carry_their_hash_and_may_be_kept_for_ever(production: Manage) -> None:
    status, _, page = production.get("/accounts/login/", **HTTPS)
    assert status == 200
    links = re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', page)
    assert links
    for link in links:
        assert re.search(r"\.[0-9a-f]{12}\.(css|js)$", link)
        status, headers, _ = production.get(link, **HTTPS)
        assert status == 200
        assert "immutable" in headers["Cache-Control"]
    assert "Warning" not in production.printed


def test_plain_http_is_sent_on_to_https_but_for_the_health_checks(production: Manage) -> None:
    status, headers, _ = production.get("/accounts/login/", Host="shop.example")
    assert (status, headers["Location"]) == (301, "https://shop.example/accounts/login/")
    assert production.get("/healthz")[0] == 200
    assert production.get("/readyz")[0] == 200


def test_cookies_travel_over_https_only(production: Manage) -> None:
    _, headers, _ = production.get("/accounts/login/", **HTTPS)
    cookies = headers.get_all("Set-Cookie") or []
    assert cookies
    assert all("Secure" in cookie for cookie in cookies)
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_errors_tell_visitors_nothing_of_the_code(production: Manage) -> None:
    status, _, page = production.get("/no-such-page/", **HTTPS)
    assert status == 404
    assert "urlpatterns" not in page
    assert "URLconf" not in page


def test_other_hosts_are_refused(production: Manage) -> None:
    assert production.get("/", Host="evil.example", X_Forwarded_Proto="https")[0] == 400
    # Scanners ask all day, and what they write is nothing for the log.
    assert "evil.example" not in production.printed


def test_the_demo_shop_is_refused(production: Manage, tmp_path: Path) -> None:
    with Manage(production.site, tmp_path / "log", "seed_demo", code=production.code) as manage:
        assert manage.process.wait() == 1
        assert "DEBUG=True" in manage.printed
