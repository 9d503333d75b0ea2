"""Notifications: numbered per recipient, newest first when read.

Rule: states are predicates on three times, and what is unseen is also unread: reading or archiving sets `seen_us` too.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from tortoise import fields
from tortoise.models import Model

from models.database import Database, Row, Transaction
from models.inbox import LockedInbox, UserEventKind, lock_inboxes, save_inboxes
from models.user import ensure_user


class NotificationState(Enum):
    UNSEEN = "UNSEEN"
    UNREAD = "UNREAD"
    READ = "READ"
    ARCHIVED = "ARCHIVED"


_CONDITION = {
    NotificationState.UNSEEN: "(seen_us IS NULL AND archived_us IS NULL)",
    NotificationState.UNREAD: "(read_us IS NULL AND archived_us IS NULL)",
    NotificationState.READ: "(read_us IS NOT NULL AND archived_us IS NULL)",
    NotificationState.ARCHIVED: "(archived_us IS NOT NULL)",
}


class Notification(Model):
    """Notifications, by recipient and dense number."""

    id = fields.BigIntField(primary_key=True)
    user: fields.ForeignKeyRelation[Model] = fields.ForeignKeyField("models.User", on_delete=fields.RESTRICT, db_index=False)
    number = fields.BigIntField()
    type = fields.CharField(max_length=50)
    title = fields.CharField(max_length=200)
    content = fields.TextField()
    link = fields.TextField(null=True)
    created_us = fields.BigIntField()
    seen_us = fields.BigIntField(null=True)
    read_us = fields.BigIntField(null=True)
    archived_us = fields.BigIntField(null=True)
    actor_id = fields.BigIntField(null=True)
    channel_id = fields.BigIntField(null=True)
    seq = fields.BigIntField(null=True)
    dedupe_key = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "notifications"
        unique_together = (("user_id", "number"), ("user_id", "dedupe_key"))


@dataclass(frozen=True, slots=True)
class NotificationRecord:
    """A notification as it is now. `channel_id` and `seq` name the message it is about, if any."""

    user_id: int
    number: int
    type: str
    title: str
    content: str
    link: str | None
    created_us: int
    seen_us: int | None
    read_us: int | None
    archived_us: int | None
    actor_id: int | None
    channel_id: int | None
    seq: int | None


@dataclass(frozen=True, slots=True)
class NewNotification:
    type: str
    title: str
    content: str
    link: str | None = None
    actor_id: int | None = None
    channel_id: int | None = None
    seq: int | None = None
    dedupe_key: str | None = None


_COLUMNS = "user_id, number, type, title, content, link, created_us, seen_us, read_us, archived_us, actor_id, channel_id, seq"
_NEWEST = (1 << 63) - 1


async def notifications_page(
    db: Database,
    user_id: int,
    states: Sequence[NotificationState],
    *,
    below: int | None,
    above: int | None,
    limit: int,
    newest: bool,
) -> list[NotificationRecord]:
    """Return notifications in any of `states` (all of them when empty) with above < number < below, newest first.

    At most `limit`: the newest of the range, or with `newest` false the oldest.
    """
    wanted = " AND (" + " OR ".join(_CONDITION[state] for state in states) + ")" if states else ""
    rows = await db.rows(
        f"SELECT {_COLUMNS} FROM notifications WHERE user_id = $1 AND number < $2 AND number > $3{wanted}"
        f" ORDER BY number {'DESC' if newest else 'ASC'} LIMIT $4",
        user_id, _NEWEST if below is None else below, above or 0, limit,
    )  # fmt: skip
    records = [_record(row) for row in rows]
    return records if newest else records[::-1]


async def newest_unread_us(db: Database, user_id: int) -> int | None:
    """Return when the newest unread notification was created, or None."""
    rows = await db.rows(
        f"SELECT created_us FROM notifications WHERE user_id = $1 AND {_CONDITION[NotificationState.UNREAD]}"
        " ORDER BY number DESC LIMIT 1",
        user_id,
    )
    return int(rows[0]["created_us"]) if rows else None


async def notifications_at(db: Database | Transaction, user_id: int, numbers: Sequence[int]) -> list[NotificationRecord]:
    """Return those of a user's notifications that exist, newest first."""
    rows = await db.rows(
        f"SELECT {_COLUMNS} FROM notifications WHERE user_id = $1 AND {db.dialect.one_of('number', '$2')} ORDER BY number DESC",
        user_id, db.dialect.array(numbers),
    )  # fmt: skip
    return [_record(row) for row in rows]


async def add_notifications(tx: Transaction, inbox: LockedInbox, new: Sequence[NewNotification], now_us: int) -> list[int]:
    """Insert notifications into a locked inbox, which the caller saves; returns their numbers."""
    rows = []
    for one in new:
        inbox.last_number += 1
        inbox.log(UserEventKind.NOTIFICATION_CREATED, notification=inbox.last_number)
        rows.append(
            (inbox.user_id, inbox.last_number, one.type, one.title, one.content, one.link, now_us,
             one.actor_id, one.channel_id, one.seq, one.dedupe_key)
        )  # fmt: skip
    await tx.run_many(
        "INSERT INTO notifications (user_id, number, type, title, content, link, created_us, actor_id, channel_id, seq, dedupe_key)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        rows,
    )
    return [row[1] for row in rows]


async def create_notifications(db: Database, uid: str, new: Sequence[NewNotification], now_us: int) -> list[NotificationRecord]:
    """Create notifications for one user, seen before or not, in one transaction; returns each, in their order.

    Where a dedupe key was used before, in the store or in this call, that notification is returned instead.
    """
    async with db.transaction() as tx:
        user_id = await ensure_user(tx, uid, now_us)
        inbox = (await lock_inboxes(tx, [user_id]))[user_id]
        numbers_by_key = await _known_keys(tx, user_id, [one.dedupe_key for one in new if one.dedupe_key is not None])
        fresh: list[NewNotification] = []
        numbers = []
        for one in new:
            number = numbers_by_key.get(one.dedupe_key or "")
            if number is None:
                fresh.append(one)
                number = inbox.last_number + len(fresh)
                if one.dedupe_key is not None:
                    numbers_by_key[one.dedupe_key] = number
            numbers.append(number)
        await add_notifications(tx, inbox, fresh, now_us)
        await save_inboxes(tx, [inbox], now_us)
        found = {record.number: record for record in await notifications_at(tx, user_id, numbers)}
    return [found[number] for number in numbers]


async def _known_keys(tx: Transaction, user_id: int, keys: Sequence[str]) -> dict[str, int]:
    if not keys:
        return {}
    rows = await tx.rows(
        "SELECT dedupe_key, number FROM notifications"
        f" WHERE user_id = $1 AND dedupe_key IN ({tx.dialect.texts('$2')})",
        user_id, json.dumps(list(keys)),
    )  # fmt: skip
    return {row["dedupe_key"]: row["number"] for row in rows}


class Mark(Enum):
    """What can be done to a notification; each also does what stands above it."""

    SEEN = "seen"
    READ = "read"
    ARCHIVED = "archived"


# Per mark: which notifications it still changes, and which times it sets where they are not set yet.
_MARKS = {
    Mark.SEEN: (_CONDITION[NotificationState.UNSEEN], ("seen_us",)),
    Mark.READ: (_CONDITION[NotificationState.UNREAD], ("seen_us", "read_us")),
    Mark.ARCHIVED: ("archived_us IS NULL", ("seen_us", "archived_us")),
}


async def mark(db: Database, user_id: int, what: Mark, numbers: Sequence[int] | None, now_us: int) -> list[int]:
    """Mark notifications, all of them for None; returns the numbers of those that changed, newest first."""
    condition, times = _MARKS[what]
    async with db.transaction() as tx:
        inbox = (await lock_inboxes(tx, [user_id]))[user_id]
        chosen = "" if numbers is None else f" AND {tx.dialect.one_of('number', '$2')}"
        arguments = () if numbers is None else (tx.dialect.array(numbers),)
        rows = await tx.rows(
            "SELECT number, seen_us, read_us, archived_us FROM notifications"
            f" WHERE user_id = $1 AND {condition}{chosen} ORDER BY number DESC",
            user_id, *arguments,
        )  # fmt: skip
        changed = [int(row["number"]) for row in rows]
        if not changed:
            return []
        await tx.run(
            f"UPDATE notifications SET {', '.join(f'{time} = coalesce({time}, $2)' for time in times)}"
            f" WHERE user_id = $1 AND {tx.dialect.one_of('number', '$3')}",
            user_id, now_us, tx.dialect.array(changed),
        )  # fmt: skip
        _count(inbox, what, rows)
        if numbers is None:
            inbox.log(UserEventKind.NOTIFICATIONS_MARKED, notification=changed[0])
        for number in reversed(changed if numbers is not None else []):
            inbox.log(UserEventKind.NOTIFICATION_CHANGED, notification=number)
        await save_inboxes(tx, [inbox], now_us)
    return changed


def _count(inbox: LockedInbox, what: Mark, rows: Sequence[Row]) -> None:
    """Move the ordinals on by what the rows, as they were before, had not counted yet."""
    inbox.seen_total += sum(row["seen_us"] is None and row["archived_us"] is None for row in rows)
    if what is not Mark.SEEN:
        inbox.read_total += sum(row["read_us"] is None and row["archived_us"] is None for row in rows)


def _record(row: Row) -> NotificationRecord:
    return NotificationRecord(**row)
