"""``REDIS_URL`` in its three shapes, and the clients for each.

    redis://[user:password@]host:port/DB     one server; rediss:// with TLS
    unix:///path/to/socket?db=DB             one server on this machine
    redis+sentinel://[user:password@]host:port,host:port/NAME/DB
                                             the master that these sentinels name, whoever it is
    redis+cluster://[user:password@]host:port,host:port
                                             a Cluster, of which these are some nodes

User and password are those of the data's servers. Sentinels are shown the same password, which
those without one of their own do not mind.

No client tries anything a second time by itself: what may run twice is decided where it is called.
"""

import asyncio
import re
import socket
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from redis.asyncio import Connection, ConnectionPool, Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.maint_notifications import MaintNotificationsConfig

# Seconds for a connection: a server that cannot be reached says nothing, and others can be asked.
CONNECT_WITHIN = 2
# Seconds for an answer: a server that forks, or whose disk is busy, takes its time.
ANSWER_WITHIN = 5
# Connections to one server: more than are ever used at once (chat/lanes.py).
CONNECTIONS = 32
# Seconds. A connection whose other end has gone without a word is found out and closed by the
# operating system, and none is silent for so long that a firewall forgets it.
_KEEPALIVE = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """``REDIS_URL`` taken apart: ``nodes`` are sentinels, or nodes of a Cluster."""

    shape: Literal["standalone", "sentinel", "cluster"]
    text: str = field(repr=False)
    nodes: tuple[Address, ...] = ()
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    service: str = ""
    db: int = 0


def parse(text: str) -> RedisUrl:
    """Reads a URL strictly.

    Raises:
        ValueError: it is none of those above; says nothing of the text, which may be secret.
    """
    parts = urlsplit(text)
    if parts.scheme not in ("redis+sentinel", "redis+cluster"):
        return _standalone(text)
    match = re.fullmatch(r"(?:([^:@]*):([^:@]+)@)?([^@]+)", parts.netloc)
    if match is None:
        raise ValueError("user:password@ once or not at all, then the hosts")
    username, password, hosts = match.groups()
    nodes = tuple(_address(host) for host in hosts.split(","))
    login = (unquote(username or "") or None, unquote(password or "") or None)
    if parts.query or parts.fragment:
        raise ValueError("neither a query nor a fragment")
    if parts.scheme == "redis+cluster":
        if parts.path not in ("", "/"):
            raise ValueError("a Cluster has one database, without a name")
        return RedisUrl("cluster", text, nodes, *login)
    match = re.fullmatch(r"/([^/]+)/([0-9]+)", parts.path)
    if match is None:
        raise ValueError("the name that the sentinels know, then the database")
    return RedisUrl("sentinel", text, nodes, *login, unquote(match[1]), int(match[2]))


def _standalone(text: str) -> RedisUrl:
    parts = urlsplit(text)
    parsed = ConnectionPool.from_url(text).connection_kwargs
    if parts.scheme == "unix":
        right = bool(parsed.get("path"))
    else:
        # redis-py takes database 0 where it does not understand the path.
        right = bool(parts.hostname and re.fullmatch(r"(/[0-9]*)?", parts.path))
    if not right:
        raise ValueError("a host or a path, and a number")
    return RedisUrl("standalone", text)


def _address(text: str) -> Address:
    parts = urlsplit(f"//{text}")
    if not parts.hostname or not parts.port or parts.path or "@" in text:
        raise ValueError("each with host and port")
    return parts.hostname, parts.port


# --- clients --------------------------------------------------------------------------------------


def async_client(text: str, *, connect_within: float = CONNECT_WITHIN) -> Redis | RedisCluster:
    """A client for one event loop, to be closed with :func:`close`; connects when it is used.

    On a Cluster, unreachable slots fail by themselves and do not keep the others from working.
    """
    url = parse(text)
    options = _options(connect_within, tcp=not text.startswith("unix:"))
    login: dict[str, Any] = {"username": url.username, "password": url.password}
    if url.shape == "cluster":
        return RedisCluster(
            startup_nodes=[ClusterNode(host, port) for host, port in url.nodes],
            retry=Retry(NoBackoff(), 0),
            require_full_coverage=False,
            # Else every fifth slot that has moved would close all connections, those in use too.
            reinitialize_steps=0,
            max_connections=CONNECTIONS,
            **login,
            **options,
        )
    options |= {"retry": Retry(NoBackoff(), 0), "max_connections": CONNECTIONS}
    if url.shape == "sentinel":
        sentinels = Sentinels(url.nodes, sentinel_kwargs=_for_sentinels(url, connect_within))
        client: Redis = sentinels.master_for(url.service, db=url.db, **login, **options)
        return client
    return Redis.from_pool(ConnectionPool.from_url(text, **options))


class Sentinels(Sentinel):
    """Asks sentinels for the master, one question at a time.

    redis-py moves the one that knew to the head of its list. Questions that overlap make it write
    one sentinel twice and lose another, for good: in the end a process asks a single one.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        self._asking = asyncio.Lock()

    async def discover_master(self, service_name: str) -> Any:
        async with self._asking:
            return await super().discover_master(service_name)


async def close(client: Redis | RedisCluster) -> None:
    """Closes all of its connections, to the sentinels too."""
    await client.aclose()
    if isinstance(client, Redis) and isinstance(client.connection_pool, SentinelConnectionPool):
        await client.connection_pool.sentinel_manager.aclose()


def channel_layer_host(text: str) -> dict[str, Any]:
    """What channels_redis takes as a host for it."""
    url = parse(text)
    options = _options(CONNECT_WITHIN, tcp=not text.startswith("unix:"))
    login: dict[str, Any] = {"username": url.username, "password": url.password}
    if url.shape == "sentinel":
        return {
            "master_name": url.service,
            "sentinels": list(url.nodes),
            "sentinel_kwargs": _for_sentinels(url, CONNECT_WITHIN),
            "db": url.db,
            **login,
            **options,
        }
    if url.shape == "cluster":
        return {"connection_class": AnyNode, "nodes": url.nodes, **login, **options}
    return {"address": text, **options}


class AnyNode(Connection):
    """A connection to whichever of some servers can be reached.

    For publishing on a Cluster: all nodes hear what is published on any of them.
    """

    def __init__(self, *, nodes: Sequence[Address], **options: Any) -> None:
        super().__init__(**options)
        self._nodes = deque(nodes)

    async def connect(self) -> None:
        if self.is_connected:
            return
        for left in reversed(range(len(self._nodes))):
            self.host, self.port = self._nodes[0]
            try:
                await super().connect()  # type: ignore[no-untyped-call]
                break
            except (RedisConnectionError, RedisTimeoutError):
                self._nodes.rotate(-1)
                if not left:
                    raise


def _options(connect_within: float, *, tcp: bool) -> dict[str, Any]:
    options: dict[str, Any] = {
        "socket_connect_timeout": connect_within,
        "socket_timeout": ANSWER_WITHIN,
        # Of Redis Enterprise. While they are on, redis-py takes from the pool even a connection
        # with something unread, which would answer every command with the one before.
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }
    if tcp:
        options["socket_keepalive"] = True
        options["socket_keepalive_options"] = {
            getattr(socket, name): seconds
            for name, seconds in _KEEPALIVE.items()
            if hasattr(socket, name)  # those that the operating system has
        }
    return options


def _for_sentinels(url: RedisUrl, connect_within: float) -> dict[str, Any]:
    # One that does not answer at once is passed over: another one knows as much.
    options = _options(connect_within, tcp=True) | {"socket_timeout": connect_within}
    login = {"username": "default", "password": url.password} if url.password else {}
    return options | login | {"retry": Retry(NoBackoff(), 0)}
