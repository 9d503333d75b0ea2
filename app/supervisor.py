"""The supervising process: owns the listening socket, the embedded Valkey and the workers.

Rule: it outlives its workers and serves nothing itself. A worker that ends is started again, ever more slowly while
workers keep ending at once; on SIGTERM or SIGINT everything ends in order: workers, then Valkey.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from pathlib import Path

from app.edge import DRAIN_S
from app.process import die_with_parent
from app.settings import Settings

log = logging.getLogger("pollux.supervisor")

ROOT = Path(__file__).parent.parent
BACKLOG = 1024
FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 5.0
# A worker that ran this long did not fail at its start.
STEADY_S = 10.0


class PortTaken(Exception):
    """The address cannot be listened on."""


def listen(settings: Settings) -> socket.socket:
    """Return the socket all workers accept from. Raises PortTaken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = str(error.strerror or error).partition(" (")[0]  # asyncio's and socket's words repeat the address there
        raise PortTaken(f"HOST={settings.host} PORT={settings.port} cannot be listened on: {reason}") from None
    listener.set_inheritable(True)
    return listener


class Supervisor:
    """Keeps `settings.web_concurrency` workers running on a socket."""

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._count = settings.web_concurrency
        self._listener = listener
        self._stopping = asyncio.Event()
        self._workers: set[asyncio.subprocess.Process] = set()

    async def run(self) -> None:
        """Keep the workers running until `stop`, then let them finish."""
        await asyncio.gather(*(self._keep_one() for _ in range(self._count)))

    def stop(self) -> None:
        """Ask the workers to finish, and end what has not finished in time."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._listener.close()  # or the kernel would go on accepting for nobody
            self._signal(signal.SIGTERM)
            asyncio.get_running_loop().call_later(DRAIN_S + 1, self._signal, signal.SIGKILL)

    def _signal(self, signal_number: signal.Signals) -> None:
        for worker in self._workers:
            if worker.returncode is None:
                worker.send_signal(signal_number)

    async def _keep_one(self) -> None:
        delay_s = FIRST_DELAY_S
        while not self._stopping.is_set():
            started_s = time.monotonic()
            code = await self._run_one()
            if self._stopping.is_set():
                return
            delay_s = FIRST_DELAY_S if time.monotonic() - started_s > STEADY_S else min(LONGEST_DELAY_S, 2 * delay_s)
            log.error("a worker ended with %d; starting another in %.1f s", code, delay_s)
            try:
                await asyncio.wait_for(self._stopping.wait(), delay_s)
            except TimeoutError:
                continue

    async def _run_one(self) -> int:
        descriptor = self._listener.fileno()
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "app.worker", str(descriptor),
            cwd=ROOT, pass_fds=[descriptor], stdin=asyncio.subprocess.DEVNULL, env=os.environ, preexec_fn=die_with_parent,
        )  # fmt: skip
        self._workers.add(worker)
        if self._stopping.is_set():  # while it was started
            worker.terminate()
        try:
            return await worker.wait()
        finally:
            self._workers.discard(worker)
