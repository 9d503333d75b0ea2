"""Channels: their metadata, and the head row that orders everything in them.

Rule: `last_event`, `last_message` and `last_change` only grow, and only under the row's lock. `last_event` numbers every
change, `last_message` the messages, `last_change` is the last event that touched an existing message, `meta_version`
the last that touched metadata.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from tortoise import fields
from tortoise.models import Model

from models.database import Database


class ChannelKind(Enum):
    PUBLIC = "PUBLIC"
    PRIVATE = "PRIVATE"
    DIRECT = "DIRECT"


class Channel(Model):
    """Channels with their metadata and their head.

    `name_key` is the case-folded name of a public channel, `search_text` name and topic so folded,
    `direct_key` names the set of a direct channel's members. Of events up to `kept_after` only the trail is kept.
    """

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=8)
    name = fields.CharField(max_length=100)
    name_key = fields.CharField(max_length=400, null=True)
    topic = fields.CharField(max_length=500)
    search_text = fields.TextField()
    direct_key = fields.CharField(max_length=64, null=True, unique=True)
    client_channel_id = fields.CharField(max_length=64, null=True)
    creator: fields.ForeignKeyRelation[Model] = fields.ForeignKeyField("models.User", on_delete=fields.RESTRICT, db_index=False)
    created_us = fields.BigIntField()
    archived_us = fields.BigIntField(null=True)
    last_event = fields.BigIntField(default=0)
    last_message = fields.BigIntField(default=0)
    last_change = fields.BigIntField(default=0)
    meta_version = fields.BigIntField(default=0)
    member_count = fields.BigIntField(default=0)
    last_active_us = fields.BigIntField()
    kept_after = fields.BigIntField(default=0, db_default=0)

    class Meta:
        table = "channels"
        unique_together = (("creator_id", "client_channel_id"),)


def name_key_of(kind: ChannelKind, name: str) -> str | None:
    """Return what is unique among public channels that are not archived."""
    return name.casefold() if kind is ChannelKind.PUBLIC else None


def search_text_of(name: str, topic: str) -> str:
    """Return what a search looks into."""
    return f"{name}\n{topic}".casefold()


@dataclass(frozen=True, slots=True)
class ChannelMetadata:
    """What is true of a channel at one `version` (its meta_version). `member_ids` is given for direct channels only."""

    channel_id: int
    version: int
    kind: ChannelKind
    name: str
    topic: str
    created_us: int
    archived_us: int | None
    member_ids: tuple[int, ...]


async def metadata(db: Database, channel_ids: Sequence[int]) -> list[ChannelMetadata]:
    """Return the present metadata of those of `channel_ids` that exist, in no order."""
    one_of = db.dialect.one_of("c.id", "$1")
    rows = await db.rows(
        "SELECT c.id, c.meta_version, c.kind, c.name, c.topic, c.created_us, c.archived_us, m.user_id"
        " FROM channels AS c LEFT JOIN channel_members AS m ON m.channel_id = c.id AND c.kind = 'DIRECT'"
        f" WHERE {one_of} ORDER BY m.user_id",
        db.dialect.array(channel_ids),
    )
    members: dict[int, list[int]] = {}
    for row in rows:
        members.setdefault(row["id"], []).extend([row["user_id"]] if row["user_id"] is not None else [])
    return [
        ChannelMetadata(
            channel_id=row["id"],
            version=row["meta_version"],
            kind=ChannelKind(row["kind"]),
            name=row["name"],
            topic=row["topic"],
            created_us=row["created_us"],
            archived_us=row["archived_us"],
            member_ids=tuple(members[row["id"]]),
        )
        for row in {row["id"]: row for row in rows}.values()
    ]


@dataclass(frozen=True, slots=True)
class ChannelPlace:
    """A channel and its place in a keyset order: the moment of its last activity, or 0 where the order is by id."""

    channel_id: int
    last_active_us: int


async def channels_of(db: Database, user_id: int, *, limit: int, after: ChannelPlace | None) -> list[ChannelPlace]:
    """Return the channels a user belongs to, most recently active first, at most `limit`, those that follow `after`."""
    place = after or ChannelPlace(channel_id=0, last_active_us=(1 << 63) - 1)
    rows = await db.rows(
        "SELECT c.id, c.last_active_us FROM channel_members AS m JOIN channels AS c ON c.id = m.channel_id"
        " WHERE m.user_id = $1 AND (c.last_active_us < $2 OR (c.last_active_us = $2 AND c.id < $3))"
        " ORDER BY c.last_active_us DESC, c.id DESC LIMIT $4",
        user_id, place.last_active_us, place.channel_id, limit,
    )  # fmt: skip
    return [ChannelPlace(row["id"], row["last_active_us"]) for row in rows]


async def search_channels(db: Database, text: str, *, limit: int, after_id: int) -> list[int]:
    """Return the ids of public channels, not archived, whose name or topic contains `text` in any case; oldest first."""
    pattern = "%" + text.casefold().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    rows = await db.rows(
        "SELECT id FROM channels WHERE kind = 'PUBLIC' AND archived_us IS NULL AND id > $1"
        " AND search_text LIKE $2 ESCAPE '\\' ORDER BY id LIMIT $3",
        after_id, pattern, limit,
    )  # fmt: skip
    return [row["id"] for row in rows]
