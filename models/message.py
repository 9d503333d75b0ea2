"""Messages: one channel's order of what was said.

Rule: `seq` is 1, 2, 3 … without gaps and in commit order, so the messages of any page are known from the head row
before one is read: a page is a range of seqs, and a range with a hole in it is a defect, never an answer.
"""

import json
from collections.abc import Iterable, Sequence
from sys import getsizeof
from typing import Any, NamedTuple

from tortoise import fields
from tortoise.models import Model

from models.database import Database, Row
from models.reaction import ReactionGroup


class Message(Model):
    """Messages, by channel and seq.

    `mentions` is a JSON list of user ids, `reactions` one of emoji and how many people used each, in the order of their
    first use, `version` the number of the last event that touched the message.
    """

    id = fields.BigIntField(primary_key=True)
    channel: fields.ForeignKeyRelation[Model] = fields.ForeignKeyField("models.Channel", on_delete=fields.RESTRICT, db_index=False)
    seq = fields.BigIntField()
    version = fields.BigIntField()
    author: fields.ForeignKeyRelation[Model] = fields.ForeignKeyField("models.User", on_delete=fields.RESTRICT, db_index=False)
    content = fields.TextField()
    created_us = fields.BigIntField()
    edited_us = fields.BigIntField(null=True)
    deleted_us = fields.BigIntField(null=True)
    reply_to_seq = fields.BigIntField(null=True)
    client_message_id = fields.CharField(max_length=64, null=True)
    mentions = fields.TextField(null=True)
    reactions = fields.TextField(null=True)

    class Meta:
        table = "messages"
        unique_together = (("channel_id", "seq"), ("channel_id", "author_id", "client_message_id"))


class MessageMention(Model):
    """Members named by messages."""

    id = fields.BigIntField(primary_key=True)
    channel: fields.ForeignKeyRelation[Model] = fields.ForeignKeyField("models.Channel", on_delete=fields.RESTRICT, db_index=False)
    user_id = fields.BigIntField()
    seq = fields.BigIntField()

    class Meta:
        table = "message_mentions"
        unique_together = (("channel_id", "user_id", "seq"),)


# A record without its content: a tuple, four numbers and times of 32 bytes each, an id, and its place in a dict.
RECORD_BYTES = 500


class MessageRecord(NamedTuple):
    """A message in the state its `version` names. Times are microseconds since 1970."""

    channel_id: int
    seq: int
    version: int
    author_id: int
    content: str
    created_us: int
    edited_us: int | None
    deleted_us: int | None
    reply_to_seq: int | None
    client_message_id: str | None
    mention_ids: tuple[int, ...]
    reactions: tuple[ReactionGroup, ...] = ()

    @property
    def size(self) -> int:
        """What it takes in a process, in bytes, about."""
        return RECORD_BYTES + getsizeof(self.content)


COLUMNS = (
    "channel_id, seq, version, author_id, content, created_us, edited_us, deleted_us, reply_to_seq, client_message_id, mentions,"
    " reactions"
)
_NAMES = COLUMNS.split(", ")


async def messages_between(db: Database, channel_id: int, first_seq: int, last_seq: int) -> list[MessageRecord]:
    """Return the committed messages with first_seq <= seq <= last_seq, oldest first."""
    rows = await db.tuples(
        f"SELECT {COLUMNS} FROM messages WHERE channel_id = $1 AND seq >= $2 AND seq <= $3 ORDER BY seq",
        channel_id, first_seq, last_seq,
    )  # fmt: skip
    return [record_of(row) for row in rows]


async def messages_at(db: Database, places: Sequence[tuple[int, int]]) -> list[MessageRecord]:
    """Return the messages at (channel id, seq) places that exist, in no order, in one statement."""
    keys = db.dialect.pairs("$1", "$2", columns=("channel_id", "seq"), alias="k")
    columns = ", ".join(f"m.{column}" for column in COLUMNS.split(", "))
    rows = await db.rows(
        f"SELECT {columns} FROM {keys} JOIN messages AS m ON m.channel_id = k.channel_id AND m.seq = k.seq",
        db.dialect.array([channel_id for channel_id, _ in places]),
        db.dialect.array([seq for _, seq in places]),
    )
    return [message_record(row) for row in rows]


def message_record(row: Row) -> MessageRecord:
    """Return the record of a row with COLUMNS."""
    return record_of([row[name] for name in _NAMES])


def record_of(values: Iterable[Any]) -> MessageRecord:
    """Return the record of the values of COLUMNS."""
    *plain, mentions, reactions = values
    mention_ids = tuple(json.loads(mentions)) if mentions else ()
    return MessageRecord._make((*plain, mention_ids, reaction_groups(json.loads(reactions)) if reactions else ()))


def stored_mentions(message: MessageRecord) -> str | None:
    """Return the mentions as their column holds them."""
    return json.dumps(message.mention_ids) if message.mention_ids else None


def reaction_groups(listed: Sequence[Sequence[Any]]) -> tuple[ReactionGroup, ...]:
    """Return the groups that JSON holds as lists of emoji and count."""
    return tuple((emoji, count) for emoji, count in listed)


def stored_reactions(message: MessageRecord) -> str | None:
    """Return the reactions as their column holds them."""
    return json.dumps(message.reactions, ensure_ascii=False) if message.reactions else None
