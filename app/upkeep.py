"""What an operator does to the data: take out what is old, give people theirs, and erase them.

Rule: each command may run beside servers that serve, may be interrupted, and may be run again.
"""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TextIO

import orjson

from models import ids
from models.clock import wall_clock_us
from models.database import Database
from models.erasure import Erased, erase_user
from models.errors import NotFound
from models.migrate import migrate
from models.retention import Retained, retain
from models.store_url import StoreUrl
from models.user_content import user_of
from models.user_export import exported

_US_OF_DAY = 86_400_000_000


def uid_of(who: str, *, issuer: str, is_id: bool) -> str:
    """Return the hash of a user: of a token's subject, or of a node id. Raises BadUserInput for what is no user's id."""
    if not is_id:
        return ids.user_hash_hex(issuer, who)
    node = ids.decode(who)
    if not isinstance(node, ids.UserId):
        raise NotFound
    return node.hash_hex


async def apply_retention(url: StoreUrl, *, days: float, grace_s: float, archive: Path | None) -> Retained:
    """Take out events and log entries older than `days`, appended to `archive`, a file of JSON lines, before they go."""
    async with _opened(url) as db:
        before_us = wall_clock_us() - round(days * _US_OF_DAY)
        return await retain(db, before_us, grace_s=grace_s, archive=None if archive is None else _Archive(archive).keep)


async def export_user(url: StoreUrl, uid: str, out: TextIO) -> int:
    """Write a user's data as JSON lines; returns how many. Raises NotFound for one never seen."""
    async with _opened(url) as db:
        count = 0
        async for record in exported(db, await _known(db, uid)):
            out.write(orjson.dumps(record).decode() + "\n")
            count += 1
        return count


async def erase(url: StoreUrl, uid: str) -> Erased:
    """Erase a user; returns how much went. Raises NotFound for one never seen."""
    async with _opened(url) as db:
        return await erase_user(db, await _known(db, uid), wall_clock_us())


async def _known(db: Database, uid: str) -> int:
    user_id = await user_of(db, uid)
    if user_id is None:
        raise NotFound
    return user_id


@asynccontextmanager
async def _opened(url: StoreUrl) -> AsyncIterator[Database]:
    await migrate(url, wall_clock_us())
    db = await Database.open(url)
    try:
        yield db
    finally:
        await db.close()


class _Archive:
    """A file of JSON lines that rows are added to; after an interruption a row may be in it twice, never not at all."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        """Return when the rows are on the disk."""
        opened = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(opened, "ab") as file:
            file.writelines(orjson.dumps({"table": table, **row}) + b"\n" for row in rows)
            file.flush()
            os.fsync(file.fileno())
