"""One worker process, as the supervisor sees it: started, ready, ended.

Rule: a worker says that it serves by one byte on a pipe; one that ends before says so by the pipe's end.
"""

import asyncio
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Self

from app.edge import DRAIN_S
from app.process import die_with_parent

ROOT = Path(__file__).parent.parent
READY = b"1"
READY_S = 30.0


class WorkerProcess:
    """A process that serves a listening socket."""

    def __init__(self, process: asyncio.subprocess.Process, said: asyncio.StreamReader) -> None:
        self._process = process
        self._said = said
        self._started_s = time.monotonic()

    @classmethod
    async def start(cls, listener: socket.socket, folder: Path) -> Self:
        """Start a process that is to serve `listener` and measure into `folder`. The listener may be closed meanwhile."""
        listening = os.dup(listener.fileno())
        hears, says = os.pipe()
        said = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(said), os.fdopen(hears, "rb"))
        descriptors = [listening, says]
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "app.worker", *map(str, descriptors), str(folder),
                cwd=ROOT, pass_fds=descriptors, stdin=asyncio.subprocess.DEVNULL, env=os.environ, preexec_fn=die_with_parent,
            )  # fmt: skip
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return cls(process, said)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def age_s(self) -> float:
        return time.monotonic() - self._started_s

    async def serves(self) -> bool:
        """Wait until the worker serves; False where it ends before, or takes too long."""
        try:
            return await asyncio.wait_for(self._said.read(1), READY_S) == READY
        except TimeoutError:
            return False

    async def ended(self) -> int:
        """Wait until the process has ended; returns its status."""
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask the worker to finish, and end it if it has not in time."""
        if self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), DRAIN_S + 1)
        except TimeoutError:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()
