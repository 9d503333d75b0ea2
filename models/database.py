"""The connection to the store: reads, transactions, and the one place where a driver's failures become ours.

Rule: a read that could not be made raises Unavailable; it is never answered "empty". A commit of unknown outcome
raises Unavailable too: the caller's retry, with its idempotency key, settles what happened.
"""

import asyncio
import logging
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence, Set
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Self, TypeVar, cast

import asyncpg
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext, _current_context
from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError, TransactionManagementError
from tortoise.transactions import in_transaction

from models.asyncpg_engine import PooledClient
from models.deadline import Deadline
from models.dialect import Dialect, PostgreSQL, SQLite
from models.errors import Unavailable
from models.read_watch import note
from models.sqlite_engine import ImmediateClient
from models.store_url import STATEMENT_TIMEOUT_S, StoreUrl
from models.topic import Topic

log = logging.getLogger("pollux.database")

Row = dict[str, Any]  # a column's type is the table's business; records give it a name

R = TypeVar("R")

APP = "models"
_MODELS = ("identity", "user", "channel", "member", "message", "reaction", "event", "inbox", "notification")
# Waiting for a connection included: a request that waits longer is answered UNAVAILABLE rather than held for ever.
READ_DEADLINE_S = 5.0
TRANSACTION_DEADLINE_S = 5.0

_LOST_CONNECTION = (
    OSError,
    asyncio.TimeoutError,
    sqlite3.OperationalError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that died while it was given back; what it did before may stand
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    asyncpg.DeadlockDetectedError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.ObjectNotInPrerequisiteStateError,  # a standby, which recovery has not made a primary yet
    DBConnectionError,
    TransactionManagementError,
)


class RowRefused(Exception):
    """The database refused a row, so nothing of its transaction was stored."""


class DuplicateRow(RowRefused):
    """A unique constraint refused a row."""


class Transaction:
    """Statements of one transaction, which commits when its block ends and rolls back when it raises.

    `topics` are what it changes, for those who wait for changes.
    """

    def __init__(self, client: BaseDBAsyncClient, dialect: Dialect) -> None:
        self.client = client
        self.dialect = dialect
        self.topics: set[Topic] = set()

    async def rows(self, sql: str, *args: object) -> list[Row]:
        """Return what a SELECT or a RETURNING gives."""
        with _our_errors():
            return await self.client.execute_query_dict(self.dialect.placeholders(sql), list(args))

    async def run(self, sql: str, *args: object) -> None:
        """Run a statement for its effect."""
        await self.rows(sql, *args)

    async def run_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Run a statement once for each of `rows`, in one exchange with the server."""
        if rows:
            with _our_errors():
                await self.client.execute_many(self.dialect.placeholders(sql), [list(row) for row in rows])

    async def insert(self, table: str, columns: Mapping[str, str], rows: Sequence[Sequence[object]]) -> None:
        """Insert many rows; `columns` gives PostgreSQL's type of each, in the order of a row's values."""
        if rows:
            insert = self.dialect.insert(table, columns, rows)
            await self.run_many(insert.sql, insert.runs)


class Database:
    """One store. Writes go one transaction at a time on SQLite; reads have connections of their own on both."""

    def __init__(self, context: TortoiseContext, dialect: Dialect) -> None:
        self._context = context
        self._writer = cast(PooledClient | ImmediateClient, context.db("default"))
        self._reader = context.db("reader")
        self.dialect = dialect
        self._read_deadline = Deadline(READ_DEADLINE_S)
        # Told what a transaction changed, after it.
        self.on_change: Callable[[Set[Topic]], None] = _nobody_waits

    @classmethod
    async def open(cls, url: StoreUrl, *, statement_timeout_s: float = STATEMENT_TIMEOUT_S) -> Self:
        """Return the database at `url`; connections are made when first used."""
        context = TortoiseContext()
        with _current(context):
            await context.init(config=tortoise_config(url, statement_timeout_s))
        return cls(context, SQLite() if url.is_sqlite else PostgreSQL())

    async def rows(self, sql: str, *args: object) -> list[Row]:
        """Return what a SELECT gives, of everything committed before this call."""
        return await self._read(sql, self._reader.execute_query_dict(self.dialect.placeholders(sql), list(args)))

    async def tuples(self, sql: str, *args: object) -> Sequence[Sequence[Any]]:
        """Return what `rows` does, each row its values in the order of the columns: for what is read for every poll."""
        _, found = await self._read(sql, self._reader.execute_query(self.dialect.placeholders(sql), list(args)))
        return cast(Sequence[Sequence[Any]], found)

    async def _read(self, sql: str, statement: Coroutine[Any, Any, R]) -> R:
        note(sql)
        with _our_errors():
            return await self._read_deadline.wait(statement)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a transaction: READ COMMITTED on PostgreSQL, IMMEDIATE on SQLite.

        Raises Unavailable where the commit's outcome is unknown.
        """
        topics: Set[Topic] = frozenset()
        try:
            with _our_errors():
                async with asyncio.timeout(TRANSACTION_DEADLINE_S), self._writer.transaction() as client:
                    transaction = Transaction(client, self.dialect)
                    topics = transaction.topics
                    yield transaction
        finally:
            if topics:  # of a failed one too: its outcome may be unknown, and looking in vain costs little
                self.on_change(topics)

    @asynccontextmanager
    async def migration_transaction(self) -> AsyncIterator[Transaction]:
        """Open a transaction that Tortoise's own code, run inside, finds and nests in."""
        with _current(self._context), _our_errors():
            async with in_transaction("default") as client:
                yield Transaction(client, self.dialect)

    def connections(self) -> dict[str, tuple[int, int]]:
        """Return how many connections are open and how many of them idle, by what they are for; nothing on SQLite."""
        clients = {"write": self._writer, "read": self._reader}
        return {use: client.connections for use, client in clients.items() if isinstance(client, PooledClient)}

    async def close(self) -> None:
        """Close every connection."""
        await self._context.close_connections()


def _nobody_waits(_topics: Set[Topic]) -> None:
    """Do nothing, where nobody waits for changes."""


@contextmanager
def _current(context: TortoiseContext) -> Iterator[None]:
    # Tortoise finds its connections through a context variable; a server has many tasks and, in tests, many stores.
    token = _current_context.set(context)
    try:
        yield
    finally:
        _current_context.reset(token)


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise DuplicateRow(str(error)) from error
    except OperationalError as error:
        cause = error.args[0]
        if isinstance(cause, asyncpg.DataError):
            raise RowRefused(str(error)) from error
        # SQLite: busy past its timeout, or the disk. Anything else is a statement of ours that is wrong.
        if isinstance(cause, sqlite3.OperationalError) and not re.search(r"no such|syntax error", str(cause)):
            raise _unavailable(error) from error
        raise
    except (ValueError, OverflowError, sqlite3.DataError) as error:
        # The driver could not encode a value.
        raise RowRefused(str(error)) from error
    except (*_LOST_CONNECTION, sqlite3.DatabaseError) as error:
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> Unavailable:
    log.warning("the database could not answer: %s: %s", type(error).__name__, error)
    return Unavailable()


def tortoise_config(url: StoreUrl, statement_timeout_s: float = STATEMENT_TIMEOUT_S) -> dict[str, Any]:
    """Return Tortoise's configuration: a connection for writing, and one (SQLite) or a pool (PostgreSQL) for reading."""
    return {
        "connections": {name: url.connection(statement_timeout_s) for name in ("default", "reader")},
        "apps": {
            APP: {
                "models": [f"models.{name}" for name in _MODELS],
                "default_connection": "default",
                "migrations": "models.migrations",
            }
        },
        "use_tz": True,
    }
