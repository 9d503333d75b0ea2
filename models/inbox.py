"""Inboxes: one user's numbered log, and the ordinals that count their notifications.

Rule: rows of a user's log and of their notifications are numbered under the inbox row's lock; inboxes are locked after
channels and in order of user id, so that no two transactions wait for each other. All ordinals only grow: a
notification adds 1 to `last_number` when created, to `seen_total` when first seen, read or archived, to `read_total`
when first read or archived, so unseen and unread are differences. Log entries up to `kept_after` are nothing to go by
(models/retention.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from tortoise import fields
from tortoise.models import Model

from models.database import Transaction
from models.topic import of_user


class UserEventKind(IntEnum):
    CHANNEL_JOINED = 1
    CHANNEL_LEFT = 2
    CHANNEL_READ = 3
    NOTIFICATION_CREATED = 4
    NOTIFICATION_CHANGED = 5
    # Every notification up to and with the number named was seen or read at once.
    NOTIFICATIONS_MARKED = 6


class Inbox(Model):
    """Heads of users' logs and notifications."""

    user_id = fields.BigIntField(primary_key=True, generated=False)
    last_log = fields.BigIntField(default=0)
    last_number = fields.BigIntField(default=0)
    seen_total = fields.BigIntField(default=0)
    read_total = fields.BigIntField(default=0)
    kept_after = fields.BigIntField(default=0, db_default=0)

    class Meta:
        table = "inboxes"


class UserEvent(Model):
    """Entries of users' logs, by dense number. `channel_id` or `notification` names what an entry is about."""

    id = fields.BigIntField(primary_key=True)
    user: fields.ForeignKeyRelation[Model] = fields.ForeignKeyField("models.User", on_delete=fields.RESTRICT, db_index=False)
    number = fields.BigIntField()
    kind = fields.SmallIntField()
    channel_id = fields.BigIntField(null=True)
    notification = fields.BigIntField(null=True)
    created_us = fields.BigIntField()

    class Meta:
        table = "user_log"
        unique_together = (("user_id", "number"),)


@dataclass(slots=True)
class LockedInbox:
    """An inbox row held by the open transaction; its numbers move as entries are added, and are stored by `save`."""

    user_id: int
    last_log: int
    last_number: int
    seen_total: int
    read_total: int
    entries: list[tuple[UserEventKind, int | None, int | None]]

    def log(self, kind: UserEventKind, *, channel_id: int | None = None, notification: int | None = None) -> None:
        """Add an entry to the user's log."""
        self.entries.append((kind, channel_id, notification))


async def lock_inboxes(tx: Transaction, user_ids: Sequence[int]) -> dict[int, LockedInbox]:
    """Lock the inboxes of users, made where missing, in order of user id."""
    ordered = sorted(set(user_ids))
    await tx.run_many(
        "INSERT INTO inboxes (user_id, last_log, last_number, seen_total, read_total) VALUES ($1, 0, 0, 0, 0)"
        " ON CONFLICT (user_id) DO NOTHING",
        [(user_id,) for user_id in ordered],
    )
    rows = await tx.rows(
        "SELECT user_id, last_log, last_number, seen_total, read_total FROM inboxes"
        f" WHERE {tx.dialect.one_of('user_id', '$1')} ORDER BY user_id{tx.dialect.row_lock}",
        tx.dialect.array(ordered),
    )
    return {row["user_id"]: LockedInbox(**row, entries=[]) for row in rows}


async def save_inboxes(tx: Transaction, inboxes: Sequence[LockedInbox], now_us: int) -> None:
    """Store the numbers and the new log entries of locked inboxes."""
    entries = []
    for inbox in inboxes:
        if inbox.entries:
            tx.topics.add(of_user(inbox.user_id))
        for kind, channel_id, notification in inbox.entries:
            inbox.last_log += 1
            entries.append((inbox.user_id, inbox.last_log, int(kind), channel_id, notification, now_us))
        inbox.entries.clear()
    await tx.run_many(
        "INSERT INTO user_log (user_id, number, kind, channel_id, notification, created_us) VALUES ($1, $2, $3, $4, $5, $6)",
        entries,
    )
    await tx.run_many(
        "UPDATE inboxes SET last_log = $2, last_number = $3, seen_total = $4, read_total = $5 WHERE user_id = $1",
        [(i.user_id, i.last_log, i.last_number, i.seen_total, i.read_total) for i in inboxes],
    )
