"""Heads: the few numbers that tell whether anything changed, and whether the viewer may look.

Rule: read from the primary, by a statement that begins after the request arrived; never cached by time, never from a
replica. Everything above the store is held against them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from models.channel import ChannelKind
from models.database import Database
from models.member import ChannelRole
from models.topic import Topic, of_channel, of_user, sorted_out

_KINDS = {kind.value: kind for kind in ChannelKind}
_ROLES: dict[str | None, ChannelRole | None] = {None: None} | {role.value: role for role in ChannelRole}


class ChannelHead(NamedTuple):
    """A channel's version vector and one viewer's place in it; `role` is None for who is not a member."""

    epoch_hex: str
    channel_id: int
    kind: ChannelKind
    last_event: int
    last_message: int
    last_change: int
    meta_version: int
    member_count: int
    archived: bool
    role: ChannelRole | None
    read_seq: int
    unread_mentions: int
    last_profile: int

    @property
    def visible(self) -> bool:
        """Whether the viewer may read the channel; if not, it is as if there were none."""
        return self.role is not None or self.kind is ChannelKind.PUBLIC

    @property
    def version(self) -> tuple[str, int]:
        """What everything in the channel that is the same for all viewers is a function of: each change is an event."""
        return self.epoch_hex, self.last_event

    @property
    def place(self) -> tuple[ChannelRole | None, int, int]:
        """What the rest is a function of: the viewer's role, how far they have read, and their unread mentions."""
        return self.role, self.read_seq, self.unread_mentions

    @property
    def unread(self) -> int:
        """Messages after the read position; 0 for who is not a member."""
        return self.last_message - self.read_seq if self.role is not None else 0


class InboxHead(NamedTuple):
    """A viewer's own version vector: their log, and the three ordinals that give the counts of notifications."""

    epoch_hex: str
    user_id: int
    last_log: int
    last_number: int
    seen_total: int
    read_total: int
    last_profile: int

    @property
    def version(self) -> tuple[str, int]:
        """What everything in the inbox is a function of: each change of it is an entry of its log."""
        return self.epoch_hex, self.last_log

    @property
    def unseen(self) -> int:
        return self.last_number - self.seen_total

    @property
    def unread(self) -> int:
        return self.last_number - self.read_total


async def channel_heads(db: Database, pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], ChannelHead]:
    """Return the heads of (channel id, viewer id) pairs whose channel exists, in one statement."""
    keys = db.dialect.pairs("$1", "$2", columns=("channel_id", "user_id"), alias="k")
    rows = await db.tuples(
        "SELECT k.channel_id, k.user_id, c.kind, c.last_event, c.last_message, c.last_change, c.meta_version,"
        " c.member_count, c.archived_us, m.role, m.read_seq, m.last_mention, m.read_mention, d.epoch_hex, d.last_profile"
        f" FROM {keys} JOIN channels AS c ON c.id = k.channel_id JOIN database_identity AS d ON d.id = 1"
        " LEFT JOIN channel_members AS m ON m.channel_id = k.channel_id AND m.user_id = k.user_id",
        db.dialect.array([channel_id for channel_id, _ in pairs]),
        db.dialect.array([user_id for _, user_id in pairs]),
    )
    return {
        (channel_id, user_id): ChannelHead(
            epoch_hex,
            channel_id,
            _KINDS[kind],
            last_event,
            last_message,
            last_change,
            meta_version,
            member_count,
            archived_us is not None,
            _ROLES[role],
            read_seq or 0,
            last_mention - read_mention if role is not None else 0,
            last_profile,
        )
        for (
            channel_id, user_id, kind, last_event, last_message, last_change, meta_version,
            member_count, archived_us, role, read_seq, last_mention, read_mention, epoch_hex, last_profile,
        ) in rows
    }  # fmt: skip


async def inbox_heads(db: Database, user_ids: Sequence[int]) -> dict[int, InboxHead]:
    """Return the heads of the inboxes of users, all zeros for who has none yet, in one statement."""
    rows = await db.tuples(
        "SELECT d.epoch_hex, u.id, coalesce(i.last_log, 0), coalesce(i.last_number, 0), coalesce(i.seen_total, 0),"
        " coalesce(i.read_total, 0), d.last_profile"
        " FROM users AS u JOIN database_identity AS d ON d.id = 1 LEFT JOIN inboxes AS i ON i.user_id = u.id"
        f" WHERE {db.dialect.one_of('u.id', '$1')}",
        db.dialect.array(user_ids),
    )
    return {row[1]: InboxHead(*row) for row in rows}


class LastNumbers(NamedTuple):
    """The last event of each channel and the last entry of each user's log, as far as there are any, in one epoch."""

    epoch_hex: str
    by_topic: dict[Topic, int]


async def last_numbers(db: Database, topics: Sequence[Topic]) -> LastNumbers:
    """Return how far topics have come, in one statement."""
    channel_ids, user_ids = sorted_out(topics)
    rows = await db.tuples(
        "SELECT d.epoch_hex, 0, 0, 0 FROM database_identity AS d WHERE d.id = 1"
        f" UNION ALL SELECT '', 1, c.id, c.last_event FROM channels AS c WHERE {db.dialect.one_of('c.id', '$1')}"
        f" UNION ALL SELECT '', 2, i.user_id, i.last_log FROM inboxes AS i WHERE {db.dialect.one_of('i.user_id', '$2')}",
        db.dialect.array(channel_ids),
        db.dialect.array(user_ids),
    )
    found = {of_channel(row[2]) if row[1] == 1 else of_user(row[2]): row[3] for row in rows if row[1]}
    return LastNumbers(next(row[0] for row in rows if not row[1]), found)
