"""Membership: who belongs to a channel, in which role, and how far they have read.

Rule: unread counts are differences of two ordinals that only grow. `read_seq` is the read position in messages,
`last_mention` numbers the messages that mention the member, `read_mention` those at or before the read position.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from tortoise import fields
from tortoise.models import Model

from models.database import Database, Transaction


class ChannelRole(Enum):
    OWNER = "OWNER"
    MODERATOR = "MODERATOR"
    MEMBER = "MEMBER"


class ChannelMember(Model):
    """Who belongs to which channel, and has read how far."""

    id = fields.BigIntField(primary_key=True)
    channel: fields.ForeignKeyRelation[Model] = fields.ForeignKeyField("models.Channel", on_delete=fields.RESTRICT, db_index=False)
    user: fields.ForeignKeyRelation[Model] = fields.ForeignKeyField("models.User", on_delete=fields.RESTRICT, db_index=True)
    role = fields.CharField(max_length=9)
    joined_us = fields.BigIntField()
    read_seq = fields.BigIntField(default=0)
    last_mention = fields.BigIntField(default=0)
    read_mention = fields.BigIntField(default=0)

    class Meta:
        table = "channel_members"
        unique_together = (("channel_id", "user_id"),)


@dataclass(frozen=True, slots=True)
class Member:
    channel_id: int
    user_id: int
    role: ChannelRole
    joined_us: int


_COLUMNS = "channel_id, user_id, role, joined_us"


async def members_of(db: Database, channel_id: int, *, after_user_id: int, limit: int) -> list[Member]:
    """Return members by user id, at most `limit`, those above `after_user_id`."""
    rows = await db.rows(
        f"SELECT {_COLUMNS} FROM channel_members WHERE channel_id = $1 AND user_id > $2 ORDER BY user_id LIMIT $3",
        channel_id, after_user_id, limit,
    )  # fmt: skip
    return [_member(row) for row in rows]


async def member(db: Database, channel_id: int, user_id: int) -> Member | None:
    """Return one membership, or None."""
    rows = await members_of(db, channel_id, after_user_id=user_id - 1, limit=1)
    return rows[0] if rows and rows[0].user_id == user_id else None


async def add_members(
    tx: Transaction, channel_id: int, user_ids: Sequence[int], *, role: ChannelRole, at_seq: int, now_us: int
) -> None:
    """Insert memberships that read from `at_seq` on; they are new under the channel's lock."""
    await tx.run_many(
        "INSERT INTO channel_members (channel_id, user_id, role, joined_us, read_seq, last_mention, read_mention)"
        " VALUES ($1, $2, $3, $4, $5, 0, 0)",
        [(channel_id, user_id, role.value, now_us, at_seq) for user_id in user_ids],
    )


def _member(row: dict[str, object]) -> Member:
    match row:
        case {"channel_id": int(channel_id), "user_id": int(user_id), "role": str(role), "joined_us": int(joined_us)}:
            return Member(channel_id, user_id, ChannelRole(role), joined_us)
    raise TypeError(f"not a row of channel_members: {sorted(row)}")
