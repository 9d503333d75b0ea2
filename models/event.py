"""The events of a channel: every change of it, by dense number, as kind, ids and actor, never content.

Rule: the row is written in the transaction that makes the change, with the number taken from the channel's head row.
"""

from dataclasses import dataclass
from enum import IntEnum

from tortoise import fields
from tortoise.models import Model

from models.database import Database, Transaction
from models.topic import of_channel


class EventKind(IntEnum):
    MESSAGE_CREATED = 1
    MESSAGE_EDITED = 2
    MESSAGE_DELETED = 3
    MESSAGE_REACTIONS = 4
    MEMBER_JOINED = 5
    MEMBER_LEFT = 6
    METADATA = 8
    MADE_OWNER = 9
    MADE_MODERATOR = 10
    MADE_MEMBER = 11
    ARCHIVED = 12
    REOPENED = 13


# Kinds that touch a message somebody may already hold; they move the head's `last_change`.
CHANGES_OF_MESSAGES = (EventKind.MESSAGE_EDITED, EventKind.MESSAGE_DELETED, EventKind.MESSAGE_REACTIONS)


class ChannelEvent(Model):
    """Changes of channels, by dense number. `seq` names the message, `subject_id` the member, `actor_id` who did it."""

    id = fields.BigIntField(primary_key=True)
    channel: fields.ForeignKeyRelation[Model] = fields.ForeignKeyField("models.Channel", on_delete=fields.RESTRICT, db_index=False)
    number = fields.BigIntField()
    kind = fields.SmallIntField()
    seq = fields.BigIntField(null=True)
    subject_id = fields.BigIntField(null=True)
    actor_id = fields.BigIntField()
    created_us = fields.BigIntField()

    class Meta:
        table = "channel_events"
        unique_together = (("channel_id", "number"),)


EVENT_COLUMNS = {
    "channel_id": "bigint", "number": "bigint", "kind": "smallint", "seq": "bigint", "subject_id": "bigint",
    "actor_id": "bigint", "created_us": "bigint",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewEvent:
    number: int
    kind: EventKind
    actor_id: int
    seq: int | None = None
    subject_id: int | None = None


async def append_events(tx: Transaction, channel_id: int, events: list[NewEvent], now_us: int) -> None:
    """Insert events whose numbers the caller took from the locked head row."""
    tx.topics.add(of_channel(channel_id))
    await tx.insert(
        "channel_events",
        EVENT_COLUMNS,
        [(channel_id, e.number, int(e.kind), e.seq, e.subject_id, e.actor_id, now_us) for e in events],
    )


async def changed_messages(db: Database, channel_id: int, *, after: int, upto: int) -> list[int]:
    """Return the seqs of existing messages that events numbered in (after, upto] touched."""
    rows = await db.rows(
        "SELECT DISTINCT seq FROM channel_events WHERE channel_id = $1 AND number > $2 AND number <= $3"
        f" AND kind IN ({', '.join(str(int(kind)) for kind in CHANGES_OF_MESSAGES)})",
        channel_id, after, upto,
    )  # fmt: skip
    return [row["seq"] for row in rows]
