"""The supervising process: owns the listening socket, the embedded Valkey and the workers.

Rule: it outlives its workers and serves nothing itself. A worker that ends is started again, ever more slowly while
workers keep ending at once; a reload ends none before the one in its place serves; on SIGTERM or SIGINT everything ends
in order: workers, then Valkey.
"""

import asyncio
import logging
import socket
from pathlib import Path

from app.settings import Settings
from app.shelf import Shelf
from app.worker_process import WorkerProcess
from models.tasks import end

log = logging.getLogger("pollux.supervisor")

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


class _Slot:
    """The place of one worker. Who fills it holds `filling`."""

    def __init__(self) -> None:
        self.worker: WorkerProcess | None = None
        self.filling = asyncio.Lock()


class Supervisor:
    """Keeps `settings.web_concurrency` workers running on a socket; what they measure is laid down in `folder`."""

    def __init__(self, settings: Settings, listener: socket.socket, folder: Path) -> None:
        self._slots = [_Slot() for _ in range(settings.web_concurrency)]
        self._listener = listener
        self._stopping = asyncio.Event()
        self._to_reload = asyncio.Event()
        self._folder = folder
        self._shelf = Shelf(folder)
        self._alive: set[WorkerProcess] = set()
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    async def run(self) -> None:
        """Keep the workers running until `stop`, then let them finish."""
        reloading = asyncio.create_task(self._reload_for_ever(), name="reload")
        await asyncio.gather(*map(self._keep, self._slots))
        await end(reloading)
        await asyncio.gather(*self._ending)

    def stop(self) -> None:
        """Ask the workers to finish, and end what has not finished in time."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._listener.close()  # or the kernel would go on accepting for nobody
            for worker in self._alive:
                self._end(worker)

    def reload(self) -> None:
        """Replace the workers one by one, each when the new one serves; where one does not, the others stay."""
        self._to_reload.set()

    async def _keep(self, slot: _Slot) -> None:
        delay_s = FIRST_DELAY_S
        while not self._stopping.is_set():
            async with slot.filling:
                if slot.worker is None and not self._stopping.is_set():
                    slot.worker = await self._start()
            worker = slot.worker
            if worker is None:
                return
            code = await worker.ended()
            self._gone(worker)
            if slot.worker is not worker:  # a reload put another in its place
                continue
            slot.worker = None
            if self._stopping.is_set():
                return
            delay_s = FIRST_DELAY_S if worker.age_s > STEADY_S else min(LONGEST_DELAY_S, 2 * delay_s)
            log.error("a worker ended with %d; starting another in %.1f s", code, delay_s)
            try:
                await asyncio.wait_for(self._stopping.wait(), delay_s)
            except TimeoutError:
                continue

    async def _reload_for_ever(self) -> None:
        while True:
            await self._to_reload.wait()
            self._to_reload.clear()
            log.info("replacing %d workers", len(self._slots))
            for slot in self._slots:
                if not await self._replace(slot):
                    if self._stopping.is_set():
                        return
                    log.error("a new worker does not serve; the ones that do stay")
                    break
            else:
                log.info("all workers were replaced")

    async def _replace(self, slot: _Slot) -> bool:
        """Put a new worker in the place of a slot's; False where it does not serve."""
        async with slot.filling:
            if self._stopping.is_set():
                return False
            worker = await self._start()
            if not await worker.serves():
                self._end(worker)
                return False
            slot.worker, before = worker, slot.worker
        if before is not None:
            await asyncio.wait([self._end(before)])
        return True

    async def _start(self) -> WorkerProcess:
        worker = await WorkerProcess.start(self._listener, self._folder)
        self._alive.add(worker)
        if self._stopping.is_set():  # while it was started
            self._end(worker)
        return worker

    def _end(self, worker: WorkerProcess) -> asyncio.Task[None]:
        task = asyncio.create_task(worker.stop(), name="ending a worker")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        task.add_done_callback(lambda _: self._gone(worker))
        return task

    def _gone(self, worker: WorkerProcess) -> None:
        self._alive.discard(worker)
        self._shelf.ended(worker.pid)
