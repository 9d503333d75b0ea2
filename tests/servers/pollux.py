"""A server as an operator starts it: `python server.py`, on a port and a folder of its own."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from cache.dependencies import UNDECLARED
from tests.asking import SECRET, token
from tests.servers.postgres import free_port

ROOT = Path(__file__).parents[2]


def run_server(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `server.py` to its end."""
    return subprocess.run(
        [sys.executable, str(ROOT / "server.py"), *arguments],
        env={**os.environ, **environment}, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


class Server:
    """One supervising process and its workers. Settings not given here are the defaults, but for rate limits."""

    def __init__(self, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {"POLLUX_JWT_SECRET": SECRET, "POLLUX_RATE_LIMIT": "off", "PORT": str(self.port), **environment}
        self.log_path = Path(environment["DATABASE_URL"].removeprefix("sqlite://")).parent / f"server-{self.port}.log"
        if not environment["DATABASE_URL"].startswith("sqlite"):
            self.log_path = Path(environment.pop("LOG_FOLDER", "/tmp")) / f"pollux-server-{self.port}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Server":
        """Start the server and wait until it is ready."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "server.py")],
                env={**os.environ, **self._environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.wait_ready()
        return self

    def wait_ready(self, timeout_s: float = 60) -> None:
        """Wait until the server says that it is ready."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self.get("/readyz")[0] == 200:
                return
            assert self.process is not None
            assert self.process.poll() is None, f"the server ended: {self.log()}"
            time.sleep(0.05)
        raise AssertionError(f"not ready: {self.log()}")

    def stop(self, signal_number: signal.Signals = signal.SIGTERM) -> int:
        """Send the server a signal and return its exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        return self.process.wait(20)

    def log(self) -> str:
        return self.log_path.read_text()

    def children(self, *, named: str) -> list[int]:
        """Return the processes right below the server's whose command line holds `named`."""
        assert self.process is not None
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(pid) for pid in listed if named in Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")]

    def get(self, path: str) -> tuple[int, bytes]:
        """Return status and body; 0 where nobody listens."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def answer(self, query: str, variables: dict[str, Any] | None = None, *, who: str = "alice") -> Any:
        """Return the whole answer, data and errors."""
        request = urllib.request.Request(
            f"{self.url}/graphql",
            json.dumps({"query": query, "variables": variables or {}}).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {token(who)}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def ask(self, query: str, variables: dict[str, Any] | None = None, *, who: str = "alice") -> Any:
        """Return the data of an answer without errors; the value of its only field where it has one."""
        body = self.answer(query, variables, who=who)
        assert "errors" not in body, body
        data = body["data"]
        return next(iter(data.values())) if len(data) == 1 else data

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.stop() != 0 or UNDECLARED in self.log():
            raise AssertionError(self.log())
