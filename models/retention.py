"""Retention: events of channels and entries of users' logs that are older than a moment are taken out of the store.

Rule: the newest 2,000 of each stay, and so does a channel's trail. `kept_after` says up to where nothing may be relied on,
and rows go only a while after it was raised: a request that looked at it before has ended by then.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from models.audit import TRAIL
from models.database import Database, Row

# Twice as many as a token may lack without anybody looking whether they are there (FAR in resolvers/sync_draft.py).
KEPT = 2_000
# Much longer than any request takes.
GRACE_S = 60.0
BATCH = 1_000
_OWNERS = 500

Keep = Callable[[str, Sequence[Row]], None]


class _Kind(NamedTuple):
    """A numbered record of changes: whose it is, and which of it stays in any case."""

    table: str
    heads: str
    key: str
    owner: str
    last: str
    columns: str
    stays: str


_EVENTS = _Kind(
    "channel_events", "channels", "id", "channel_id", "last_event",
    "channel_id, number, kind, seq, subject_id, actor_id, created_us", f" AND kind NOT IN ({TRAIL})",
)  # fmt: skip
_LOGS = _Kind(
    "user_log", "inboxes", "user_id", "user_id", "last_log",
    "user_id, number, kind, channel_id, notification, created_us", "",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Retained:
    """How many rows went."""

    events: int
    entries: int


async def retain(db: Database, before_us: int, *, archive: Keep | None = None, grace_s: float = GRACE_S) -> Retained:
    """Take out what is older than `before_us` (microseconds since 1970); may be interrupted, and run again.

    `archive` is given each table's rows before they go, and must have kept them when it returns. Raises Unavailable.
    """
    for kind in (_EVENTS, _LOGS):
        async for owner, kept_after, last in _owners(db, kind):
            await _raise_floor(db, kind, owner, await _floor(db, kind, owner, kept_after, last - KEPT, before_us))
    await asyncio.sleep(grace_s)
    return Retained(await _remove(db, _EVENTS, archive), await _remove(db, _LOGS, archive))


async def _owners(db: Database, kind: _Kind) -> AsyncIterator[tuple[int, int, int]]:
    """Yield owner, floor and last number of all that have one, by owner."""
    after = 0
    while rows := await db.tuples(
        f"SELECT {kind.key}, kept_after, {kind.last} FROM {kind.heads} WHERE {kind.key} > $1 ORDER BY {kind.key} LIMIT {_OWNERS}",
        after,
    ):
        for owner, kept_after, last in rows:
            yield owner, kept_after, last
        after = rows[-1][0]


async def _floor(db: Database, kind: _Kind, owner: int, low: int, high: int, before_us: int) -> int:
    """Return the highest number in low..high that is older than `before_us`, or `low`.

    Times grow with the numbers but for what the clocks of several servers differ, so a search by halves finds it.
    """
    while low < high:
        middle = (low + high + 1) // 2
        rows = await db.tuples(
            f"SELECT created_us FROM {kind.table} WHERE {kind.owner} = $1 AND number = $2",
            owner, middle,
        )  # fmt: skip
        # One that is missing was taken out with a floor that was lost, so it was older still.
        if not rows or rows[0][0] < before_us:
            low = middle
        else:
            high = middle - 1
    return low


async def _raise_floor(db: Database, kind: _Kind, owner: int, floor: int) -> None:
    if floor > 0:
        async with db.transaction() as tx:
            await tx.run(f"UPDATE {kind.heads} SET kept_after = $2 WHERE {kind.key} = $1 AND kept_after < $2", owner, floor)


async def _remove(db: Database, kind: _Kind, archive: Keep | None) -> int:
    removed = 0
    async for owner, floor, _ in _owners(db, kind):
        while floor:
            rows = await db.rows(
                f"SELECT {kind.columns} FROM {kind.table} WHERE {kind.owner} = $1 AND number <= $2{kind.stays}"
                f" ORDER BY number LIMIT {BATCH}",
                owner, floor,
            )  # fmt: skip
            if not rows:
                break
            if archive is not None:
                await asyncio.to_thread(archive, kind.table, rows)
            async with db.transaction() as tx:
                await tx.run(
                    f"DELETE FROM {kind.table} WHERE {kind.owner} = $1 AND number <= $2{kind.stays}",
                    owner, rows[-1]["number"],
                )  # fmt: skip
            removed += len(rows)
    return removed
