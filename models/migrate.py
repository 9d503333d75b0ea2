"""Applying migrations, safely when several processes start at once and while others serve.

Rule: everything pending is applied and recorded in one transaction that first takes a lock, so that a second process
waits, then finds nothing to do, and a failure leaves nothing behind. It never waits long for a table that others use,
because everybody else would wait behind it: it gives up, lets them pass, and tries again.
"""

import asyncio
import logging
from dataclasses import dataclass

import asyncpg
from tortoise.migrations.executor import MigrationExecutor

from models.database import Database, tortoise_config
from models.errors import Unavailable
from models.identity import make_identity
from models.store_url import StoreUrl

log = logging.getLogger("pollux.migrate")

# Of the stock command line, for `make migration`; the models are the same for every database.
CONFIG = tortoise_config(StoreUrl.parse("sqlite://var/pollux.db"))
PACKAGE = "models.migrations"
# Any constant will do, as long as it is this one everywhere; the letters "pollux" as a number.
_ADVISORY_LOCK = int.from_bytes(b"pollux")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a migration may wait and work on PostgreSQL. What waits behind it waits as long as `lock_s`."""

    # Less than a reader's own deadline (models/database.py).
    lock_s: float = 2.0
    statement_s: float = 600.0
    attempts: int = 20
    pause_s: float = 1.0


class TablesInUse(Exception):
    """A long transaction of others uses a table that a migration changes. Nothing was changed."""


async def migrate(url: StoreUrl, now_us: int, *, patience: Patience | None = None, package: str = PACKAGE) -> list[str]:
    """Bring the database at `url` up to date; returns the names of the migrations applied now, in order.

    Raises TablesInUse, Unavailable.
    """
    patience = patience or Patience()
    if url.sqlite_path is not None:
        url.sqlite_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    db = await Database.open(url, statement_timeout_s=patience.statement_s)
    try:
        for attempt in range(1, patience.attempts + 1):
            try:
                return await _apply(db, url, now_us, patience, package)
            except Unavailable as error:
                if not isinstance(error.__cause__, asyncpg.LockNotAvailableError):
                    raise
                log.warning("a table that a migration changes is in use; attempt %d of %d", attempt, patience.attempts)
                await asyncio.sleep(patience.pause_s)
        raise TablesInUse
    finally:
        await db.close()


async def _apply(db: Database, url: StoreUrl, now_us: int, patience: Patience, package: str) -> list[str]:
    async with db.migration_transaction() as tx:
        if not url.is_sqlite:
            await tx.run(f"SET LOCAL statement_timeout = {max(1, round(patience.statement_s * 1000))}")
            await tx.run("SELECT pg_advisory_xact_lock($1)", _ADVISORY_LOCK)
            await tx.run(f"SET LOCAL lock_timeout = {max(1, round(patience.lock_s * 1000))}")
        apps = tortoise_config(url)["apps"]
        executor = MigrationExecutor(tx.client, {name: {**app, "migrations": package} for name, app in apps.items()})
        # Before the executor looks for it: a failed look would abort the transaction on PostgreSQL.
        await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))
        applied: list[str] = []
        await executor.migrate(progress=lambda event, _app, name: applied.append(name) if event == "apply_done" else None)
        if not await tx.rows("SELECT 1 AS present FROM database_identity"):
            await make_identity(tx, now_us)
        return applied
