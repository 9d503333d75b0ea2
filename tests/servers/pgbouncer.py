"""A real pgbouncer in transaction mode, in front of a PostgreSQL, on a port and in a folder of its own."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from app.process import die_with_parent
from tests.servers.debian import program
from tests.servers.postgres import Postgres, as_other_user, free_port
from tests.servers.waiting import accepts, until

# Fewer than a server process has connections, so that transactions change places.
SERVERS = 3


class Missing(Exception):
    """A program is not on this machine."""


class PgBouncer:
    """One pooler; `url(name)` is a DATABASE_URL that goes through it."""

    def __init__(self, postgres: Postgres) -> None:
        found = program("pgbouncer", "pgbouncer")
        if found is None:
            raise Missing("there is no pgbouncer, and it cannot be installed here: apt-get install pgbouncer")
        self._binary = found
        self._options = as_other_user()
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="pollux-pgbouncer-"))
        if self._options:
            os.chown(self.folder, self._options["user"], self._options["group"])
        (self.folder / "users").write_text('"postgres" ""\n')
        self._process: subprocess.Popen[bytes] | None = None
        self.lead_to(postgres)

    def start(self) -> "PgBouncer":
        """Start the pooler and wait until it listens."""
        self._process = subprocess.Popen(
            [self._binary, "-q", str(self.folder / "ini")],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent, **self._options,
        )  # fmt: skip
        until(lambda: accepts(self.port), "pgbouncer does not listen")
        return self

    def lead_to(self, postgres: Postgres) -> None:
        """Send what comes from now on to another PostgreSQL."""
        (self.folder / "ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={postgres.port}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\n"
            f"auth_type = trust\nauth_file = {self.folder / 'users'}\nlogfile = {self.folder / 'log'}\n"
            f"pool_mode = transaction\ndefault_pool_size = {SERVERS}\nmax_client_conn = 200\n"
            "server_login_retry = 1\nserver_fast_close = 1\n"
        )
        if self._process is not None:
            self._process.send_signal(signal.SIGHUP)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}?pooler=transaction"

    def remove(self) -> None:
        """End the pooler and delete its folder."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
