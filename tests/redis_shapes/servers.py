"""Redis in its larger shapes, for tests: Sentinel and Cluster, of real servers on loopback ports.

    with running_sentinel(folder) as redis:     one master, two replicas, three sentinels
        redis.url, redis.master.kill(), redis.until_whole()

    with running_cluster(folder) as redis:      three masters with a replica each
        redis.url, redis.master_of(key).kill(), redis.until_whole()

The servers end with the block, and with the process of the tests however that ends.
"""

import contextlib
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import redis
from redis.crc import key_slot

from supportbot import children
from supportbot.redis_server import server_binary
from tests.ops import processes

# Milliseconds without an answer after which a server counts as down: low, as tests wait for it.
DOWN_AFTER = 1_000
# Another process may take the port between its choice and the server's start.
ATTEMPTS = 5
# What the sentinels watch goes by this name.
MASTER_NAME = "shop"

SLOTS = 16_384


def until(condition: Callable[[], bool], what: str) -> None:
    """Returns as soon as the condition holds; a server that does not answer is no yes."""

    def holds() -> bool:
        with contextlib.suppress(redis.RedisError):
            return condition()
        return False

    processes.until(holds, what)


def free_port() -> int:
    """A port of this machine that nobody uses, as the system picks it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Node:
    """One server process on a loopback port, with a folder of its own.

    ``options`` are the server's, for its port; they are asked for at each start.
    """

    def __init__(self, folder: Path, options: Callable[[int], Sequence[str]]) -> None:
        self.folder = folder
        self.port = 0
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Returns once it answers; again after :meth:`kill`, it has its old port and its data."""
        self.folder.mkdir(parents=True, exist_ok=True)
        chosen = self.port
        for _ in range(ATTEMPTS):
            self.port = chosen or free_port()
            with (self.folder / "server.log").open("ab") as log:
                self._process = children.start(
                    [server_binary(), *self._options(self.port)], output=log
                )
            with contextlib.suppress(ChildProcessError):
                until(self._answers, f"an answer of {self.address}")
                return
        raise RuntimeError((self.folder / "server.log").read_text())

    def kill(self) -> None:
        """Ends it as a crash does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None:
            children.end(self._process, timeout=10)

    def hang(self) -> None:
        """Keeps its connections open and answers nobody any more, until it is killed."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        processes.until(partial(processes.is_stopped, self._process.pid), "a halt")

    def leave_replicas_behind(self) -> None:
        """No replica gets what this master takes, until it is told or has been started again."""
        self.ask("ACL", "SETUSER", "default", "-psync", "-sync")
        self.ask("CLIENT", "KILL", "TYPE", "replica")

    def take_replicas_along(self) -> None:
        """Replicas get what they have missed, and what is to come."""
        self.ask("ACL", "SETUSER", "default", "+psync", "+sync")

    def ask(self, *command: Any) -> Any:
        """The answer to a command, from this very server."""
        with redis.Redis(port=self.port, socket_timeout=5) as client:
            return client.execute_command(*command)

    def set_safely(self, key: str, value: str, replicas: int) -> None:
        """Sets a key and returns once so many replicas have it."""
        with redis.Redis(port=self.port) as client:
            pipeline = client.pipeline(transaction=False)  # WAIT knows its own connection only
            pipeline.set(key, value).wait(replicas, 0)
            pipeline.execute()

    def info(self, section: str = "everything") -> dict[str, Any]:
        answer: dict[str, Any] = self.ask("INFO", section)
        return answer

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise ChildProcessError
        try:
            self.ask("PING")
        except redis.exceptions.BusyLoadingError:
            return False
        return True


def _storage(folder: Path, port: int) -> list[str]:
    return [
        *("--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", ""),
        # As the demo's own server: what is acknowledged is on the disk.
        *("--appendonly", "yes", "--appendfsync", "always"),
        *("--repl-diskless-sync-delay", "0"),
    ]


class SentinelRedis:
    """A master, its replicas, and three sentinels of which two must agree on a failover."""

    def __init__(self, folder: Path, replicas: int = 2) -> None:
        self.nodes = [self._data_node(folder / f"node-{n}") for n in range(1 + replicas)]
        self.sentinels = [self._sentinel(folder / f"sentinel-{n}") for n in range(3)]

    @property
    def url(self) -> str:
        hosts = ",".join(sentinel.address for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/{MASTER_NAME}/0"

    @property
    def master(self) -> Node:
        """The server that the sentinels name as master."""
        _, port = self._of_a_sentinel("GET-MASTER-ADDR-BY-NAME", MASTER_NAME)
        return next(node for node in self.nodes if node.port == int(port))

    def replicas_of(self, master: Node) -> list[Node]:
        return [node for node in self.nodes if node is not master]

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        for replica in self.nodes[1:]:
            replica.ask("REPLICAOF", "127.0.0.1", self.nodes[0].port)
        # The sentinels ask a master for its replicas at once, and then every ten seconds.
        until(lambda: self._linked(self.nodes[0]), "replicas in step")
        self.until_whole()

    def stop(self) -> None:
        for node in (*self.sentinels, *self.nodes):
            node.stop()

    def fail_over(self) -> Node:
        """Kills the master and returns once another one is named; answers the dead one."""
        dead = self.master
        dead.kill()
        until(lambda: self.master is not dead, "another master")
        return dead

    def until_whole(self) -> None:
        """Starts what is dead, and returns once a failover can succeed (again)."""
        for node in (*self.nodes, *self.sentinels):
            if not node.running:
                node.start()
                if node in self.sentinels:
                    # What a dead master comes back to is settled by their talk and looks, which
                    # are seconds apart.
                    node.ask("SENTINEL", "DEBUG", "PUBLISH-PERIOD", 200, "INFO-PERIOD", 500)
        until(lambda: self._linked(self.master), "replicas in step")
        until(lambda: all(map(self._knows_all, self.sentinels)), "sentinels in agreement")

    def clear(self) -> None:
        """Forgets all data."""
        self.master.ask("FLUSHALL")

    def _linked(self, master: Node) -> bool:
        info = master.info("replication")
        states = [info.get(f"slave{n}", {}).get("state") for n in range(len(self.nodes) - 1)]
        return info["role"] == "master" and all(state == "online" for state in states)

    def _knows_all(self, sentinel: Node) -> bool:
        about = sentinel.ask("SENTINEL MASTER", MASTER_NAME)
        replicas = sentinel.ask("SENTINEL SLAVES", MASTER_NAME)
        return (
            int(about["port"]) == self.master.port
            and about["flags"] == "master"
            and int(about["num-other-sentinels"]) == len(self.sentinels) - 1
            and len(replicas) == len(self.nodes) - 1
            and all(each["flags"] == "slave" for each in replicas)
        )

    def _of_a_sentinel(self, *command: str) -> Any:
        sentinel = next(each for each in self.sentinels if each.running)
        return sentinel.ask("SENTINEL", *command)

    def _data_node(self, folder: Path) -> Node:
        return Node(folder, lambda port: _storage(folder, port))

    def _sentinel(self, folder: Path) -> Node:
        file = folder / "sentinel.conf"

        def options(port: int) -> list[str]:
            if not file.exists():  # else it is what the sentinel itself has written meanwhile
                file.write_text(
                    f"port {port}\n"
                    "bind 127.0.0.1\n"
                    f"dir {folder}\n"
                    f"sentinel monitor {MASTER_NAME} 127.0.0.1 {self.nodes[0].port} 2\n"
                    f"sentinel down-after-milliseconds {MASTER_NAME} {DOWN_AFTER}\n"
                    f"sentinel failover-timeout {MASTER_NAME} 5000\n"
                )
            return [str(file), "--sentinel"]

        return Node(folder, options)


class ClusterRedis:
    """Three masters that share the slots, with a replica each."""

    def __init__(self, folder: Path) -> None:
        self._buses: dict[int, int] = {}
        self.nodes = [self._node(folder / f"node-{n}") for n in range(6)]

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(node.address for node in self.nodes[:3])

    def master_of(self, key: str) -> Node:
        """The server that has the key's slot, as most others see it."""
        slot = key_slot(key.encode())
        found = [self._master_of(slot, asked) for asked in self.nodes if asked.running]
        return max(filter(None, found), key=found.count)

    def replicas_of(self, master: Node) -> list[Node]:
        ports = [node.info("replication").get("master_port") for node in self.nodes]
        return [node for node, port in zip(self.nodes, ports, strict=True) if port == master.port]

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        masters, replicas = self.nodes[:3], self.nodes[3:]
        for n, master in enumerate(masters):
            first, last = SLOTS * n // 3, SLOTS * (n + 1) // 3 - 1
            master.ask("CLUSTER", "ADDSLOTSRANGE", first, last)
            master.ask("CLUSTER", "SET-CONFIG-EPOCH", n + 1)
        for node in self.nodes[1:]:
            node.ask("CLUSTER", "MEET", "127.0.0.1", masters[0].port, self._bus(masters[0].port))
        until(
            lambda: all(self._view(node)["cluster_known_nodes"] == "6" for node in self.nodes),
            "all know each other",
        )
        for master, replica in zip(masters, replicas, strict=True):
            master_id = master.ask("CLUSTER", "MYID")
            until(partial(self._follow, replica, master_id), "a replica")
        self.until_whole()

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()

    def fail_over(self, key: str) -> Node:
        """Kills the master of the key's slot and returns once another has it; answers the dead."""
        dead = self.master_of(key)
        dead.kill()
        until(lambda: self.master_of(key) is not dead, "another master")
        return dead

    @contextmanager
    def moving(self, key: str) -> Iterator[None]:
        """Within the block, all that is in the key's slot has left its master, which still has the
        slot; after it, the slot is where its keys are."""
        slot, source = key_slot(key.encode()), self.master_of(key)
        masters = [node for node in self.nodes if node.info("replication")["role"] == "master"]
        target = next(node for node in masters if node is not source)
        source_id, target_id = source.ask("CLUSTER", "MYID"), target.ask("CLUSTER", "MYID")
        target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source_id)
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target_id)
        keys = source.ask("CLUSTER", "GETKEYSINSLOT", slot, 100)
        source.ask("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
        yield
        for node in (target, source):
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", target_id)

    def until_whole(self) -> None:
        """Starts what is dead, and returns once the loss of any master can be made good."""
        for node in self.nodes:
            if not node.running:
                node.start()
        until(lambda: all(map(self._sees_all, self.nodes)), "a whole cluster")

    def clear(self) -> None:
        """Forgets all data."""
        for node in self.nodes:
            if node.info("replication")["role"] == "master":
                node.ask("FLUSHALL")

    def _sees_all(self, node: Node) -> bool:
        if self._view(node)["cluster_state"] != "ok":
            return False
        replication = node.info("replication")
        if replication["role"] == "slave":
            return bool(replication["master_link_status"] == "up")
        return bool(replication["connected_slaves"] == 1)

    def _follow(self, replica: Node, master_id: bytes) -> bool:
        return bool(replica.ask("CLUSTER", "REPLICATE", master_id) == b"OK")

    def _view(self, node: Node) -> dict[str, str]:
        answer: dict[str, str] = node.ask("CLUSTER INFO")
        return answer

    def _master_of(self, slot: int, asked: Node) -> Node | None:
        for first, last, (_, port, *_), *_ in asked.ask("CLUSTER SLOTS"):
            if first <= slot <= last:
                return next(node for node in self.nodes if node.port == port)
        return None

    def _node(self, folder: Path) -> Node:
        return Node(
            folder,
            lambda port: [
                *_storage(folder, port),
                *("--cluster-enabled", "yes", "--cluster-node-timeout", str(DOWN_AFTER)),
                *("--cluster-port", str(self._bus(port))),
            ],
        )

    def _bus(self, port: int) -> int:
        return self._buses.setdefault(port, free_port())


@contextmanager
def running_sentinel(folder: Path, replicas: int = 2) -> Iterator[SentinelRedis]:
    """Started and whole; see above."""
    with ExitStack() as stack:
        shape = SentinelRedis(folder, replicas)
        stack.callback(shape.stop)
        shape.start()
        yield shape


@contextmanager
def running_cluster(folder: Path) -> Iterator[ClusterRedis]:
    """Started and whole; see above."""
    with ExitStack() as stack:
        shape = ClusterRedis(folder)
        stack.callback(shape.stop)
        shape.start()
        yield shape
