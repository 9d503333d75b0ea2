"""Tortoise's SQLite client with what several processes on one file need.

Rule: a transaction that may write begins IMMEDIATE, so that what it reads stays true until it commits; a deferred one
would read first and then fail to take the write lock. Whatever happens in between, the connection comes back usable.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

from tortoise.backends.base.client import TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.exceptions import TransactionManagementError


class ImmediateTransaction(SqliteTransactionWrapper):
    """A transaction that holds the write lock from its first statement on."""

    async def begin(self) -> None:
        """Take the write lock. Raises TransactionManagementError when it is not free within busy_timeout."""
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise TransactionManagementError(error) from error

    async def execute_script(self, query: str) -> None:
        """Run several statements. `executescript` of the driver would commit the open transaction first."""
        pending = ""
        for line in query.splitlines(keepends=True):
            pending += line
            if sqlite3.complete_statement(pending):
                await self.execute_query(pending)
                pending = ""
        if pending.strip():
            await self.execute_query(pending)


class ImmediateClient(SqliteClient):
    """One connection whose transactions begin IMMEDIATE."""

    async def create_connection(self, with_db: bool) -> None:
        """Open the connection, which also knows the small letters that are not ASCII."""
        await super().create_connection(with_db)
        assert self._connection is not None
        await self._connection.create_function("lower_of", 1, str.lower, deterministic=True)

    def _in_transaction(self) -> TransactionContext:
        return SqliteTransactionContext(ImmediateTransaction(self), self._lock)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[ImmediateTransaction]:
        """Open a transaction that commits at the end of the block, or rolls back.

        Tortoise's own context keeps the connection's lock for ever when BEGIN fails or is cancelled.
        """
        async with self._lock:
            if self._connection is None:
                await self.create_connection(with_db=True)
            open_transaction = ImmediateTransaction(self)
            try:
                await _whole(open_transaction.begin())
                yield open_transaction
                await open_transaction.commit()
            except BaseException:
                if self._connection is not None and self._connection.in_transaction:
                    await self._connection.rollback()
                raise


async def _whole(begin: Coroutine[object, object, None]) -> None:
    """Await to the end, also when cancelled: the driver's thread would take the write lock with nobody to give it back."""
    task = asyncio.ensure_future(begin)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


client_class = ImmediateClient
