"""``make audit``: what is installed and known to be vulnerable stops CI."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from supportbot import env

VULNERABLE = {
    "id": "GHSA-0000-0000-0001",
    "affected": [
        {
            "package": {"name": "django", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9.9"}]}],
        }
    ],
}


class Osv(ThreadingHTTPServer):
    """Speaks the protocol of osv.dev (https://google.github.io/osv.dev/post-v1-query/)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Query)
        self.known: dict[str, Any] = {}
        self.asked: set[str] = set()
        self.url = f"http://127.0.0.1:{self.server_port}/v1/query"


class _Query(BaseHTTPRequestHandler):
    server: Osv

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = query["package"]["name"]
        self.server.asked.add(name)
        found = self.server.known.get(name)
        body = json.dumps({"vulns": [found]} if found else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def osv() -> Iterator[Osv]:
    with Osv() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def audit(url: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, env.ROOT / ".ci/audit.py", "--osv-url", url],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_what_is_known_to_be_vulnerable_is_named_with_what_mends_it(osv: Osv) -> None:
    osv.known["django"] = VULNERABLE
    status, told = audit(osv.url)
    assert status == 1
    assert "GHSA-0000-0000-0001, mended in 9.9. Raise it in requirements.txt" in told


def test_every_package_is_asked_for_not_only_those_that_are_listed(osv: Osv) -> None:
    status, told = audit(osv.url)
    assert (status, told.partition(",")[2]) == (0, " 0 known vulnerabilities.\n")
    assert {"django", "redis", "sqlparse", "orjson"} <= osv.asked


def test_without_an_answer_it_says_that_nothing_is_known() -> None:
    status, told = audit("http://127.0.0.1:1/v1/query")
    assert status == 0
    assert told.startswith("NOT AUDITED: osv.dev gave no answer, so nothing is known.")
    assert "127.0.0.1" in told
