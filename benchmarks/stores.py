"""A PostgreSQL and a Valkey of the measurement's own, on the core that the server under test is not on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import redis

from benchmarks.processes import pinned
from tests.servers.postgres import Postgres, free_port
from tests.servers.valkey import Valkey

SERVER_CORE, OTHER_CORE = 0, 1


@dataclass(frozen=True, slots=True)
class Stores:
    postgres: Postgres
    redis_url: str

    def forget(self) -> None:
        """Empty the Valkey, so that no server starts on what another left."""
        client = redis.Redis.from_url(self.redis_url)
        client.flushall()
        client.close()


@contextmanager
def running_stores() -> Iterator[Stores]:
    """Run both; PostgreSQL with fsync, as where it matters."""
    postgres, valkey = Postgres(fsync=True), Valkey()
    try:
        with pinned(OTHER_CORE):
            postgres.start()
            valkey.start()
        # Over TCP, as a server's neighbours are.
        port = free_port()
        client = redis.Redis.from_url(valkey.url)
        client.config_set("bind", "127.0.0.1")
        client.config_set("port", port)
        client.close()
        yield Stores(postgres, f"redis://127.0.0.1:{port}")
    finally:
        postgres.remove()
        valkey.remove()
