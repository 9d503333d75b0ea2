"""The parts under test, each real and each of this run alone: two servers, a Valkey, and a PostgreSQL or one file.

Rule: what a fault breaks it mends, and the time between is a window in the lab's log.
"""

import asyncio
import shutil
import signal
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.store_url import StoreUrl
from tests.faults.history.epochs import Loss
from tests.servers.cluster import Cluster
from tests.servers.followed import FollowedPostgres
from tests.servers.pgbouncer import PgBouncer
from tests.servers.pollux import Server
from tests.servers.postgres import Postgres
from tests.servers.sentinels import Sentinels
from tests.servers.valkey import Valkey

SERVERS = 2


class FaultyValkey(Valkey):
    """A Valkey that can be stopped in its tracks, emptied, and brought back with what it knew long ago."""

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def flush(self) -> None:
        self._command(b"FLUSHALL")

    def save(self) -> None:
        """Keep what it knows now, for `roll_back`."""
        self._command(b"SAVE")

    def roll_back(self) -> None:
        """Fall, and come back with what was saved."""
        self.kill()
        self.start()
        (self.folder / "dump.rdb").unlink()

    def _signal(self, signal_number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(signal_number)

    def _command(self, command: bytes) -> None:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(str(self.folder / "s"))
            connection.sendall(command + b"\r\n")
            answer = connection.recv(64)
            assert answer.startswith(b"+OK"), answer


class Lab:
    """Everything a scenario needs; `windows` are the times of its faults, `losses` those of them that lost something."""

    def __init__(
        self, store: str, *, redis: str = "one server", pooler: bool = False, standby: bool = False, lags: bool = False
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pollux-lab-"))
        self.valkey = FaultyValkey()
        self.sentinels = Sentinels() if redis == "sentinels" else None
        self.cluster = Cluster(replicas=redis == "cluster with replicas") if redis.startswith("cluster") else None
        self.followed = FollowedPostgres(synchronous=not lags) if standby else None
        self._postgres = Postgres() if store == "postgres" and not standby else None
        self.pooler = PgBouncer(self.postgres) if pooler and self.postgres is not None else None
        url = self.postgres.url("postgres") if self.postgres is not None else f"sqlite://{self.folder / 'pollux.db'}"
        self.store = StoreUrl.parse(url)
        if self.pooler is not None:
            url = self.pooler.url("postgres")
        settings = {
            "DATABASE_URL": url,
            "REDIS_URL": (self.sentinels or self.cluster or self.valkey).url,
            "POLLUX_RATE_LIMIT": "off",
            "LOG_LEVEL": "warning",
            "LOG_FOLDER": str(self.folder),
        }
        self.servers = [Server(**settings) for _ in range(SERVERS)]
        self.windows: list[tuple[float, float]] = []
        self.losses: list[Loss] = []

    @property
    def postgres(self) -> Postgres | None:
        """The PostgreSQL that the servers use, None where they use a file."""
        return self.followed.primary if self.followed is not None else self._postgres

    def __enter__(self) -> "Lab":
        try:
            if self.followed is not None:
                self.followed.start()
            elif self.postgres is not None:
                self.postgres.start()
            if self.pooler is not None:
                self.pooler.start()
            self.valkey.start()
            for several in (self.sentinels, self.cluster):
                if several is not None:
                    several.start()
            for server in self.servers:
                server.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for server in self.servers:
            if server.process is not None:
                server.stop()
        self.valkey.remove()
        for part in (self.sentinels, self.cluster, self.pooler):
            if part is not None:
                part.remove()
        for database in (self.followed, self._postgres):
            if database is not None:
                database.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def window(self) -> Iterator[None]:
        """A fault begins and is mended."""
        began_s = time.monotonic()
        try:
            yield
        finally:
            self.windows.append((began_s, time.monotonic()))

    async def ready(self, server: Server) -> None:
        """Return when the server has said three times running that it is ready."""
        for _ in range(3):
            await asyncio.to_thread(server.wait_ready)

    def worker(self, server: Server) -> int | None:
        """Return the process that answers, None while there is none."""
        workers = server.children(named="app.worker")
        return workers[0] if workers else None

    def tracebacks(self) -> list[str]:
        """Return the ends of the tracebacks in the servers' logs, where each was raised and what, with how often."""
        ends: Counter[str] = Counter()
        for server in self.servers:
            place = ""
            for line in server.log().splitlines():
                if line.lstrip().startswith("File "):
                    place = line.strip()
                elif place and line[:1].strip():
                    ends[f"{line[:200]} at {place}"] += 1
                    place = ""
        return [f"{count} x {end}" for end, count in ends.most_common(5)]
