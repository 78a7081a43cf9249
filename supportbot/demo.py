"""``make demo``: the whole site on this machine, with nothing to set up.

    python -m supportbot.demo                    serves it until Ctrl-C or SIGTERM
    python -m supportbot.demo manage COMMAND…    a management command on the demo's own data

What the environment or ``.env`` sets is used; what is missing is made under ``DATA_DIR``. But where
they are a real shop's, the demo does not start, and a command runs with them just as they are.
"""

import http.client
import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections

from supportbot import children, env, server
from supportbot.data_dir import DataDir, DataDirError, InUse
from supportbot.redis_server import RedisServer, RedisServerError

DEMO = "the demo"

# Seconds for the site's first answer: on a slow disk the first import takes several.
STARTS_WITHIN = 60

# Seconds more until its database and its Redis answer.
READY_WITHIN = 10

# Seconds that the site has to end its open requests; it ends by itself long before.
STOPS_WITHIN = 60

# After so many starts in a row that failed, the embedded Redis is given up.
REDIS_ATTEMPTS = 5


class DemoError(Exception):
    """The demo cannot start or go on; the text says what to do."""


class Stopped(BaseException):
    """SIGINT, SIGTERM or SIGHUP: whatever is under way ends, and cleans up."""

    def __init__(self, number: int) -> None:
        self.number = number


def main(arguments: list[str]) -> int:
    """The command line; returns the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup leaves SIGHUP
            signal.signal(number, _stop)
    try:
        env.load()
        if not arguments:
            demo()
        elif arguments[0] == "manage":
            return manage(arguments[1:])
        else:
            raise DemoError(f"{arguments[0]}: it takes `manage COMMAND…` or nothing.")
    except Stopped as stopped:
        # The demo was asked to end and did. A command that did not come to its end failed.
        return 128 + stopped.number if arguments else 0
    except (
        DemoError,
        DataDirError,
        RedisServerError,
        CommandError,
        ImproperlyConfigured,
    ) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


def demo() -> None:
    """Sets up what is missing, serves the site, and starts the embedded Redis again if it dies.

    Raises:
        Stopped: it was told to; everything that it had started has ended.
        DemoError: the site does not start, or has ended by itself.
    """
    if at_a_real_shop():
        raise DemoError(
            "SECRET_KEY and ALLOWED_HOSTS are set as for a real shop. The demo would put accounts"
            " into its database whose passwords everybody knows. Start it without what is the"
            " shop's: make demo SECRET_KEY= ALLOWED_HOSTS= DATABASE_URL= REDIS_URL="
            " (or with DEBUG=True, if all of it is for trying)."
        )
    data = prepare_environment()
    if not env.boolean("DEBUG", False):
        raise DemoError("DEBUG: the demo's passwords are public, so it runs with True only.")
    try:
        claim = data.claim(DEMO, unless=lambda other: other.what == DEMO)
    except InUse as other:
        raise DemoError(
            f"{data.path} is in use by {other}. End that one, or start this one elsewhere:"
            " make demo DATA_DIR=another/folder PORT=8001"
        ) from None
    with listen() as listener, embedded_redis(data) as embedded:
        set_up()
        with site_on(listener) as site:
            url = server.url_of(listener)
            port = str(listener.getsockname()[1])
            # From here on it is the site's alone: when the site has ended, nobody listens.
            listener.close()
            wait_until_ready(site, url)
            servers = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
            claim.share(servers | {"PORT": port})
            greet(url, data)
            while True:
                children.wait_for_any()
                if site.poll() is not None:
                    raise DemoError(f"The site has ended by itself (status {site.returncode}).")
                if embedded is not None:
                    revive(embedded)


def manage(arguments: list[str]) -> int:
    """Runs a management command where the demo's data is; returns its exit status.

    While the demo runs, the command joins it. Otherwise it has the data for itself, with an
    embedded server for as long as it takes. At a real shop it has that shop's settings, to which
    nothing is added: not even an empty Redis in place of the one that is the default.
    """
    if not arguments:
        raise DemoError('cmd: takes a management command, such as make manage cmd="migrate --plan"')
    if at_a_real_shop():
        return children.run_in_foreground(manage_py(*arguments))
    data = prepare_environment()
    try:
        data.claim(f"manage {arguments[0]}", unless=lambda other: other.environment is not None)
    except InUse as running:
        os.environ |= running.environment or {}
        return children.run_in_foreground(manage_py(*arguments))
    with embedded_redis(data):
        if os.environ["DATABASE_URL"] == data.database_url and not data.database.exists():
            set_up()
        return children.run_in_foreground(manage_py(*arguments))


def at_a_real_shop() -> bool:
    """Whether what production requires is there, and nobody said that it is for trying."""
    required = env.text("SECRET_KEY") and env.text("ALLOWED_HOSTS")
    return bool(required) and not env.boolean("DEBUG", False)


def prepare_environment() -> DataDir:
    """Completes the environment, for this process and for those that it starts."""
    data = DataDir(env.ROOT / env.text("DATA_DIR", "var"))
    made = {
        "DEBUG": "True",
        "SECRET_KEY": data.secret_key(),
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
        "DATABASE_URL": data.database_url,
    }
    os.environ |= {name: value for name, value in made.items() if not env.text(name)}
    os.environ["DJANGO_SETTINGS_MODULE"] = "supportbot.settings"
    return data


def listen() -> socket.socket:
    """The site's socket, on this machine only."""
    port = env.integer("PORT", 8000, at_least=0, at_most=65535)
    try:
        return server.listen("127.0.0.1", port)
    except server.ServerError as error:
        raise DemoError(f"PORT: {error} Choose another one: make demo PORT=8001") from error


@contextmanager
def embedded_redis(data: DataDir) -> Iterator[RedisServer | None]:
    """A server of our own where ``REDIS_URL`` names none, and ``REDIS_URL`` set to it."""
    if env.text("REDIS_URL"):
        yield None
        return
    with ExitStack() as stack:
        embedded = data.redis_server()
        embedded.start()
        stack.callback(embedded.stop)
        os.environ["REDIS_URL"] = embedded.url
        yield embedded


def revive(embedded: RedisServer) -> None:
    """Starts the embedded server again when it has died."""
    if embedded.running:
        return
    print("The embedded Redis has died; starting it again.", file=sys.stderr)
    for left in reversed(range(REDIS_ATTEMPTS)):
        try:
            embedded.start()
            break
        except RedisServerError:
            if not left:
                raise
            time.sleep(1)


def set_up() -> None:
    """The tables, and the demo shop in them."""
    django.setup()
    try:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("seed_demo", stdout=io.StringIO())
    except DatabaseError as error:
        raise DemoError(f"DATABASE_URL: {error}") from error
    finally:
        connections.close_all()


@contextmanager
def site_on(listener: socket.socket) -> Iterator[subprocess.Popen[bytes]]:
    """The site, in a process of its own."""
    file = listener.fileno()
    site = children.start(manage_py("serve", "--fd", str(file)), pass_fds=[file])
    try:
        yield site
    finally:
        children.end(site, timeout=STOPS_WITHIN)


def wait_until_ready(site: subprocess.Popen[bytes], url: str) -> None:
    """Returns once the site answers, and its database and its Redis do."""
    deadline = None
    while True:
        # The socket listens already: the first request waits until the site takes it.
        connection = http.client.HTTPConnection(url.split("/")[2], timeout=STARTS_WITHIN)
        try:
            connection.request("GET", "/readyz")
            response = connection.getresponse()
            answer = response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            site.terminate()
            raise DemoError(f"The site does not start ({error}); see above.") from error
        finally:
            connection.close()
        if response.status == http.HTTPStatus.OK:
            return
        deadline = deadline or time.monotonic() + READY_WITHIN
        if time.monotonic() > deadline:
            raise DemoError(f"The site does not get ready: {answer}")
        time.sleep(0.2)


def greet(url: str, data: DataDir) -> None:
    """Says where the site is and who can log in."""
    from django.conf import settings

    from chat.management.demo.shop import CUSTOMERS, PASSWORD, STAFF

    customers = ", ".join(account.username for account in CUSTOMERS)
    print(
        f"""
The shop is open: {url}

    {customers:<20}customers, password {PASSWORD}
    {STAFF.username:<20}support staff, password {PASSWORD}: {url}{settings.ADMIN_PATH}

It answers with the model {settings.ASSISTANT_MODEL} and keeps its data in {place_of(data)}.
Ctrl-C ends it.
""",
        flush=True,
    )


def place_of(data: DataDir) -> str:
    """The folder, or the database that ``DATABASE_URL`` names; its password is not for printing."""
    from django.conf import settings

    if os.environ["DATABASE_URL"] == data.database_url:
        return str(data.path)
    database = settings.DATABASES["default"]
    server = ":".join(str(database[part]) for part in ("HOST", "PORT") if database[part])
    return f"the database {database['NAME']}" + (f" at {server}" if server else "")


def manage_py(*arguments: str) -> list[str]:
    return [sys.executable, str(env.ROOT / "manage.py"), *arguments]


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
