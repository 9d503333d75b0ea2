"""Tortoise's asyncpg client, made safe: every connection is to the primary of the history it thinks it is of.

Rule: a new connection compares the cluster's system identifier and timeline with those stored beside the epoch, before
its first statement. Restored into another cluster, or promoted behind what was acknowledged, the database gets a new
epoch there and then. A connection to a standby is refused.

Behind a pooler that gives out servers by the transaction (pgbouncer), a connection says nothing about the server at its other
end: then each read is a transaction too, because asyncpg sends a statement and its execution apart, and the cluster is compared
again every second.
"""

import logging
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper

log = logging.getLogger("pollux.database")

VERIFY_AGAIN_S = 1.0
# The timeline of the write-ahead log now; the control file names the new one only after its first checkpoint.
_CLUSTER = """
    SELECT c.system_identifier::text, t.timeline,
      c.system_identifier::text = d.system_identifier AND t.timeline = d.timeline AS known
    FROM pg_control_system() AS c,
      (SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint AS timeline) AS t,
      database_identity AS d
"""
_ADOPT = """
    UPDATE database_identity AS d SET system_identifier = $1, timeline = $2,
      epoch_hex = CASE WHEN d.system_identifier IS NULL THEN d.epoch_hex ELSE $3 END
    FROM (SELECT id, epoch_hex FROM database_identity FOR UPDATE) AS was
    WHERE d.id = was.id AND (d.system_identifier IS DISTINCT FROM $1 OR d.timeline IS DISTINCT FROM $2)
    RETURNING was.epoch_hex <> d.epoch_hex AS ended
"""


async def verify_lineage(connection: asyncpg.Connection) -> None:
    """Begin a new epoch where this cluster is not the one, or not on the timeline, that the epoch belongs to."""
    try:
        cluster = await connection.fetchrow(_CLUSTER)
        if cluster is None or cluster["known"]:
            return
        ended = await connection.fetchval(_ADOPT, cluster["system_identifier"], cluster["timeline"], secrets.token_hex(8))
    except asyncpg.UndefinedTableError:
        return  # before the first migration there is no epoch to end
    except asyncpg.InsufficientPrivilegeError:
        log.warning("this role may not read the cluster's identity; after a restore or failover run bump-epoch")
        return
    if ended:
        log.error("this is another cluster or timeline than before: a new epoch begins, clients start again")


async def _end_transaction(connection: asyncpg.Connection) -> None:
    """Give a connection back. There is no session state to reset, and the driver's reset costs more than most reads."""
    if connection.is_in_transaction():
        await connection.reset()


class PooledClient(AsyncpgDBClient):
    """A pool of connections to one primary, whose transactions survive a failing BEGIN."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._behind_pooler = self.extra.get("statement_cache_size") == 0
        self._verified_s = -VERIFY_AGAIN_S

    async def create_pool(self, **kwargs: Any) -> asyncpg.Pool:
        """Return a pool whose connections verify what they are connected to."""
        init = None if self._behind_pooler else verify_lineage
        return await asyncpg.create_pool(None, init=init, reset=_end_transaction, **kwargs)

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, list[Any]]:
        """Return how many rows and which."""
        if not self._behind_pooler:
            return cast(tuple[int, list[Any]], await super().execute_query(query, values))
        async with self.transaction() as alone:
            return cast(tuple[int, list[Any]], await alone.execute_query(query, values))

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        """Return rows, as dictionaries."""
        if not self._behind_pooler:
            return cast(list[dict[str, Any]], await super().execute_query_dict(query, values))
        async with self.transaction() as alone:
            return cast(list[dict[str, Any]], await alone.execute_query_dict(query, values))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[TransactionWrapper]:
        """Open a READ COMMITTED transaction that commits at the end of the block, or rolls back.

        Tortoise's own context loses the pool's connection when BEGIN fails or is cancelled.
        """
        async with self.acquire_connection() as connection:
            if self._behind_pooler and time.monotonic() - self._verified_s >= VERIFY_AGAIN_S:
                async with connection.transaction():
                    await verify_lineage(connection)
                self._verified_s = time.monotonic()
            open_transaction = TransactionWrapper(self)
            open_transaction._connection = connection
            async with connection.transaction():
                yield open_transaction

    @property
    def connections(self) -> tuple[int, int]:
        """How many connections are open, and how many of them are idle."""
        return (self._pool.get_size(), self._pool.get_idle_size()) if self._pool is not None else (0, 0)


client_class = PooledClient
