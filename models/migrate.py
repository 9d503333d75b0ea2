"""Applying migrations, safely when several processes start at once.

Rule: everything pending is applied and recorded in one transaction that first takes a lock, so that a second process
waits, then finds nothing to do, and a failure leaves nothing behind.
"""

from tortoise.migrations.executor import MigrationExecutor

from models.database import Database, tortoise_config
from models.identity import make_identity
from models.store_url import StoreUrl

# Of the stock command line, for `make migration`; the models are the same for every database.
CONFIG = tortoise_config(StoreUrl.parse("sqlite://var/pollux.db"))
# Any constant will do, as long as it is this one everywhere; the letters "pollux" as a number.
_ADVISORY_LOCK = int.from_bytes(b"pollux")


async def migrate(url: StoreUrl, now_us: int) -> list[str]:
    """Bring the database at `url` up to date; returns the names of the migrations applied now, in order."""
    if url.sqlite_path is not None:
        url.sqlite_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    db = await Database.open(url)
    try:
        async with db.migration_transaction() as tx:
            if not url.is_sqlite:
                await tx.run("SELECT pg_advisory_xact_lock($1)", _ADVISORY_LOCK)
            executor = MigrationExecutor(tx.client, tortoise_config(url)["apps"])
            # Before the executor looks for it: a failed look would abort the transaction on PostgreSQL.
            await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))
            applied: list[str] = []
            await executor.migrate(progress=lambda event, _app, name: applied.append(name) if event == "apply_done" else None)
            if not await tx.rows("SELECT 1 AS present FROM database_identity"):
                await make_identity(tx, now_us)
            return applied
    finally:
        await db.close()
