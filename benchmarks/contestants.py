"""The servers that are measured, one at a time on a core of its own."""

import http.client
import os
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import workloads
from benchmarks.answers import check_pollux
from benchmarks.dataset import Dataset, fresh_copy
from benchmarks.processes import pinned
from benchmarks.stores import SERVER_CORE, Stores
from benchmarks.wrk import Plan
from tests.servers.pollux import ROOT, Server
from tests.servers.postgres import free_port

READY_S = 30


@dataclass
class Contestant(ABC):
    """A server that can be started, asked and stopped. `workloads` are those that it answers."""

    name: str
    stores: Stores
    data: Dataset
    folder: Path
    workloads: tuple[str, ...] = tuple(workloads.ALL)
    port: int = field(default_factory=free_port)
    cores: tuple[int, ...] = (SERVER_CORE,)
    learns_etags: bool = True  # whether a conditional request carries what an earlier answer gave

    def start(self, *, writes: bool = False) -> None:
        """Start on empty caches, and on a copy of the database where what follows writes."""
        self.stores.forget()
        with pinned(*self.cores):
            self._start(writes=writes)

    @abstractmethod
    def _start(self, *, writes: bool) -> None: ...

    @property
    @abstractmethod
    def pid(self) -> int:
        """The process below which everything the server uses its core for is found."""

    @abstractmethod
    def stop(self) -> None: ...

    @abstractmethod
    def check(self) -> None:
        """Compare answers with the database. Raises AssertionError."""

    @abstractmethod
    def plan(self, workload: str) -> Plan: ...


# All clients of a benchmark have one address, which is charged for what each of them leases.
WIDE_RATES = {
    **{f"POLLUX_RATE_{name}": "1000000/1000000" for name in ("SENDS", "COST", "CHANNEL")},
    **{f"POLLUX_RATE_ADDRESS_{name}": "900000000/900000000" for name in ("SENDS", "COST")},
}


@dataclass
class Pollux(Contestant):
    """`python server.py` as an operator starts it, with the defaults of everything but its stores and the polling policy.

    wrk does not obey, so an interval that follows load would move through the whole measurement. Rate limits are on, so that
    they are paid for, and so wide that nobody meets them.
    """

    workers: int = 1
    _server: Server | None = None

    def _start(self, *, writes: bool) -> None:
        url = fresh_copy(self.stores.postgres, self.data, "written") if writes else self.data.url
        server = Server(
            DATABASE_URL=url,
            REDIS_URL=self.stores.redis_url,
            WEB_CONCURRENCY=str(self.workers),
            POLLUX_RATE_LIMIT="on",
            **WIDE_RATES,
            LOG_FOLDER=str(self.folder),
            POLLUX_POLLING_POLICY="activity",
        )
        self._server, self.port = server.start(), server.port

    @property
    def pid(self) -> int:
        assert self._server is not None
        assert self._server.process is not None
        return self._server.process.pid

    @property
    def worker_pids(self) -> list[int]:
        assert self._server is not None
        return self._server.children(named="app.worker")

    def stop(self) -> None:
        assert self._server is not None
        self._server.stop()

    def check(self) -> None:
        check_pollux(self.data, self.port)

    def plan(self, workload: str) -> Plan:
        return workloads.ALL[workload](self.data)


@dataclass
class Program(Contestant):
    """A server that is one command, with its port in PORT."""

    command: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    directory: Path = ROOT
    _process: subprocess.Popen[bytes] | None = None

    def _start(self, *, writes: bool) -> None:
        log_path = self.folder / "program.log"
        with log_path.open("wb") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=self.directory,
                env={**os.environ, **self.environment, "PORT": str(self.port)},
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline and self._process.poll() is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port)
            try:
                connection.connect()
            except OSError:
                time.sleep(0.05)
            else:
                return
            finally:
                connection.close()
        self.stop()
        raise AssertionError(f"{self.name} did not start: {log_path.read_text()[-1000:]}")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@dataclass
class Floor(Program):
    """aiohttp that answers fixed bytes, each as long as Pollux's answer to the same request."""

    bodies: Path = Path()
    learns_etags: bool = False

    def __post_init__(self) -> None:
        self.command = (sys.executable, "-m", "benchmarks.floor")
        self.environment = {"FOLDER": str(self.bodies)}

    def check(self) -> None:
        for name in workloads.READS:
            (kind,) = self.plan(name).kinds
            assert kind.ask(self.port).body == (self.bodies / kind.name).read_bytes(), name

    def plan(self, workload: str) -> Plan:
        path = "/{}-304" if workload in workloads.CONDITIONAL else "/{}"
        return workloads.ALL[workload](self.data).paths(path)
