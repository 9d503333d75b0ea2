"""Tortoise's asyncpg client with a transaction that always gives its connection back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper


class PooledClient(AsyncpgDBClient):
    """A pool whose transactions survive a failing BEGIN."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[TransactionWrapper]:
        """Open a READ COMMITTED transaction that commits at the end of the block, or rolls back.

        Tortoise's own context loses the pool's connection when BEGIN fails or is cancelled.
        """
        async with self.acquire_connection() as connection:
            open_transaction = TransactionWrapper(self)
            open_transaction._connection = connection
            async with connection.transaction():
                yield open_transaction


client_class = PooledClient
