"""What makes this database this database: its epoch, the keys that sign cursors, the last profile number.

Rule: made once, by the first migration, and kept with the data: a restored copy brings its own.
"""

import secrets

from tortoise import fields
from tortoise.models import Model

from models.cursor import CursorCodec, SigningKey
from models.database import Database, Transaction

EPOCH_BYTES = 8
SECRET_BYTES = 32


class DatabaseIdentity(Model):
    """What makes this database this database, in one row with id 1.

    `system_identifier` and `timeline` are PostgreSQL's, of the cluster that the epoch belongs to.
    """

    id = fields.SmallIntField(primary_key=True, generated=False)
    epoch_hex = fields.CharField(max_length=2 * EPOCH_BYTES)
    last_profile = fields.BigIntField(default=0)
    system_identifier = fields.CharField(max_length=20, null=True)
    timeline = fields.BigIntField(null=True)

    class Meta:
        table = "database_identity"


class CursorKey(Model):
    """Keys that sign cursors. The highest number signs, the others still verify."""

    number = fields.IntField(primary_key=True, generated=False)
    secret_hex = fields.CharField(max_length=2 * SECRET_BYTES)
    created_us = fields.BigIntField()

    class Meta:
        table = "cursor_keys"


async def make_identity(tx: Transaction, now_us: int) -> None:
    """Give a new database its epoch and first signing key."""
    await tx.run("INSERT INTO database_identity (id, epoch_hex, last_profile) VALUES (1, $1, 0)", secrets.token_hex(EPOCH_BYTES))
    await tx.run(
        "INSERT INTO cursor_keys (number, secret_hex, created_us) VALUES (1, $1, $2)",
        secrets.token_hex(SECRET_BYTES),
        now_us,
    )


async def cursor_codec(db: Database) -> CursorCodec:
    """Return the codec of this database's cursors."""
    identity = await db.rows("SELECT epoch_hex FROM database_identity WHERE id = 1")
    keys = await db.rows("SELECT number, secret_hex FROM cursor_keys ORDER BY number DESC")
    return CursorCodec(
        epoch_hex=identity[0]["epoch_hex"],
        keys=tuple(SigningKey(number=row["number"], secret=bytes.fromhex(row["secret_hex"])) for row in keys),
    )


async def bump_epoch(db: Database, *, expected: str | None = None) -> str:
    """Begin a new epoch, unless it is no longer the `expected` one already; returns the present epoch."""
    async with db.transaction() as tx:
        await tx.run(
            "UPDATE database_identity SET epoch_hex = $1 WHERE epoch_hex = coalesce($2, epoch_hex)",
            secrets.token_hex(EPOCH_BYTES), expected,
        )  # fmt: skip
        rows = await tx.rows("SELECT epoch_hex FROM database_identity WHERE id = 1")
    return str(rows[0]["epoch_hex"])
