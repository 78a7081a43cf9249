"""The web server: uvicorn, set up as this site needs it."""

import asyncio
import logging
import socket
import subprocess
import sys
import time

import uvicorn
from django.conf import settings

from supportbot import children, env

logger = logging.getLogger(__name__)

# A worker that fails sooner, in seconds, would only fail again.
STARTS_WITHIN = 10

# Seconds that running turns have to end once the server is told to stop, and then open requests.
DRAIN_SECONDS = 10
SHUTDOWN_SECONDS = 5

# Seconds that a worker has to end: both, and some for what it then closes. Below the 30 that
# Kubernetes gives unless told (terminationGracePeriodSeconds).
STOPS_WITHIN = DRAIN_SECONDS + SHUTDOWN_SECONDS + 10


class ServerError(Exception):
    """The server cannot start; the text says why."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 lets the system pick one.

    Raises:
        ServerError: the address is not one of this machine, or the port is taken.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            # A port whose last server has just ended can be taken again at once.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(2048)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise ServerError(f"Cannot listen on {host} port {port}: {error.strerror}.") from error
    return listener


def listener_from(file: int) -> socket.socket:
    """The listening socket that this process has inherited.

    Raises:
        ServerError: it is none.
    """
    try:
        listener = socket.socket(fileno=file)
        listening = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise ServerError(f"File {file} is no listening socket: {error.strerror}.") from error
    if not listening:
        raise ServerError(f"The socket in file {file} does not listen.")
    return listener


def url_of(listener: socket.socket) -> str:
    """Where a browser on this machine finds the site."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def run(listener: socket.socket) -> None:
    """Serves until SIGINT or SIGTERM, in this process."""
    Server(_config()).run(sockets=[listener])


class Server(uvicorn.Server):
    """Lets running turns end before it closes sockets, which uvicorn does first."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Needs the apps, which whoever imports this file may not have loaded yet.
        from chat import runtime

        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        if (running := runtime.current()) is not None:
            drain = asyncio.create_task(running.drain(DRAIN_SECONDS))
            while not (drain.done() or self.force_exit):
                await asyncio.wait({drain}, timeout=0.1)
            drain.cancel()
            await asyncio.gather(drain, return_exceptions=True)
        await super().shutdown(sockets)


def run_workers(listener: socket.socket, workers: int) -> None:
    """Serves in so many processes until this one is told to end, and replaces those that die.

    Raises:
        ServerError: a worker did not start.
    """

    def start() -> subprocess.Popen[bytes]:
        file = listener.fileno()
        command = [sys.executable, str(env.ROOT / "manage.py"), "serve", "--fd", str(file)]
        return children.start(command, pass_fds=[file])

    running = [start() for _ in range(workers)]
    since = [time.monotonic()] * workers
    try:
        while True:
            children.wait_for_any()
            for place, worker in enumerate(running):
                status = worker.poll()
                if status is None:
                    continue
                if status > 0 and time.monotonic() < since[place] + STARTS_WITHIN:
                    raise ServerError(f"A worker does not start, exit status {status}; see above.")
                logger.error("Worker %s has ended (%s); starting another.", worker.pid, status)
                running[place], since[place] = start(), time.monotonic()
    finally:
        children.end(*running, timeout=STOPS_WITHIN)


def _config() -> uvicorn.Config:
    return uvicorn.Config(
        "supportbot.asgi:application",
        loop="uvloop",
        http="httptools",
        # websockets-sansio, with fewer writes.
        ws="supportbot.websocket:WebSocket",
        # The largest message in its largest spelling: each code point as two \uXXXX, and the frame.
        ws_max_size=settings.CHAT_MESSAGE_MAX_CHARS * 12 + 4096,
        # Frames are a few words long: compression would cost more than it saves, in each socket.
        ws_per_message_deflate=False,
        lifespan="on",
        # Django's LOGGING counts; who opened which page when is nothing we keep.
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        # X-Forwarded-For and -Proto are believed from 127.0.0.1, or from FORWARDED_ALLOW_IPS.
        proxy_headers=True,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
