"""Sync reads: the heads of all that is a viewer's in one statement, and what changed since a place, for many at once.

Rule: as for every head, a pulse and a viewer's heads are read from the primary, by a statement that begins after the
request arrived; content is read after them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from models.channel import ChannelKind
from models.database import Database
from models.event import EventKind
from models.head import ChannelHead, InboxHead
from models.inbox import UserEventKind
from models.member import ChannelRole
from models.message import COLUMNS, MessageRecord, message_record
from models.sync_token import PulseMark

# Events that are a message's; the others are of the channel's metadata and members.
_OF_MESSAGES = ", ".join(
    str(int(kind))
    for kind in (EventKind.MESSAGE_CREATED, EventKind.MESSAGE_EDITED, EventKind.MESSAGE_DELETED, EventKind.MESSAGE_REACTIONS)
)
# Numbers of events only grow, so that while a viewer's channels are the same, an equal sum of them says that nothing
# happened. The weighted sum also tells that a store went back and then forward again elsewhere.
_PRIME, _MODULUS = 1_000_003, 2_147_483_647

# Of a backlog that is of all messages.
NO_CEILING = (1 << 63) - 1

_KINDS = {kind.value: kind for kind in ChannelKind}
_ROLES = {role.value: role for role in ChannelRole}
_INBOX = (
    "d.epoch_hex, u.id, coalesce(i.last_log, 0), coalesce(i.last_number, 0), coalesce(i.seen_total, 0),"
    " coalesce(i.read_total, 0), d.last_profile"
)


class ViewerPulse(NamedTuple):
    """A few numbers that are the same while nothing that a viewer syncs has changed."""

    inbox: InboxHead
    mark: PulseMark


class ViewerHeads(NamedTuple):
    """The heads of a viewer's inbox and of the channels they belong to, most recently active first, of one moment."""

    inbox: InboxHead
    channels: dict[int, ChannelHead]

    @property
    def mark(self) -> PulseMark:
        """What the pulse would be at this moment."""
        events = sum(head.last_event for head in self.channels.values())
        weight = sum((key % _PRIME + 1) * (head.last_event % _PRIME) % _MODULUS for key, head in self.channels.items())
        return PulseMark(len(self.channels), events, weight)


async def viewer_pulses(db: Database, user_ids: Sequence[int]) -> dict[int, ViewerPulse]:
    """Return the pulses of those of `user_ids` that exist, in one statement, a row for each."""
    rows = await db.tuples(
        f"SELECT {_INBOX}, count(c.id), CAST(coalesce(sum(c.last_event), 0) AS bigint),"
        f" CAST(coalesce(sum((c.id % {_PRIME} + 1) * (c.last_event % {_PRIME}) % {_MODULUS}), 0) AS bigint)"
        " FROM users AS u JOIN database_identity AS d ON d.id = 1 LEFT JOIN inboxes AS i ON i.user_id = u.id"
        " LEFT JOIN channel_members AS m ON m.user_id = u.id LEFT JOIN channels AS c ON c.id = m.channel_id"
        f" WHERE {db.dialect.one_of('u.id', '$1')}"
        " GROUP BY d.epoch_hex, d.last_profile, u.id, i.last_log, i.last_number, i.seen_total, i.read_total",
        db.dialect.array(user_ids),
    )
    return {row[1]: ViewerPulse(InboxHead(*row[:7]), PulseMark(*row[7:])) for row in rows}


async def viewer_heads(db: Database, user_ids: Sequence[int]) -> dict[int, ViewerHeads]:
    """Return the heads of all that is theirs for those of `user_ids` that exist, in one statement."""
    rows = await db.tuples(
        f"SELECT {_INBOX}, c.id, c.kind, c.last_event, c.last_message, c.last_change, c.meta_version, c.member_count,"
        " c.archived_us, m.role, m.read_seq, m.last_mention - m.read_mention"
        " FROM users AS u JOIN database_identity AS d ON d.id = 1 LEFT JOIN inboxes AS i ON i.user_id = u.id"
        " LEFT JOIN channel_members AS m ON m.user_id = u.id LEFT JOIN channels AS c ON c.id = m.channel_id"
        f" WHERE {db.dialect.one_of('u.id', '$1')} ORDER BY c.last_active_us DESC, c.id DESC",
        db.dialect.array(user_ids),
    )
    found: dict[int, ViewerHeads] = {}
    for row in rows:
        viewer = found.get(row[1])
        if viewer is None:
            viewer = found[row[1]] = ViewerHeads(InboxHead(*row[:7]), {})
        if row[7] is not None:
            viewer.channels[row[7]] = _channel_head(row)
    return found


def _channel_head(row: Sequence[object]) -> ChannelHead:
    channel_id, kind, last_event, last_message, last_change, meta_version, members, archived_us, role, read, mentions = row[7:]
    head = (row[0], channel_id, _KINDS[str(kind)], last_event, last_message, last_change, meta_version, members)
    return ChannelHead._make((*head, archived_us is not None, _ROLES[str(role)], read, mentions, row[6]))


class Backlog(NamedTuple):
    """What a client lacks of a channel: events in (after, upto], of messages up to `ceiling`."""

    channel_id: int
    after: int
    upto: int
    ceiling: int


class ChangedMessage(NamedTuple):
    """A message as it is now, and the last event of a backlog that touched it."""

    change: int
    message: MessageRecord


async def changed_messages(db: Database, backlogs: Sequence[Backlog], *, limit: int) -> list[ChangedMessage]:
    """Return messages created or changed in `backlogs`, each once, in their order, and by change within each.

    At most `limit`, in one statement.
    """
    columns = ("place", "channel_id", "after", "upto", "ceiling")
    keys = db.dialect.numbers({name: f"${index}" for index, name in enumerate(columns, start=1)}, alias="k")
    rows = await db.rows(
        f"SELECT e.change, {', '.join(f'm.{column}' for column in COLUMNS.split(', '))} FROM ("
        "SELECT k.place, k.channel_id, v.seq, max(v.number) AS change"
        f" FROM {keys} JOIN channel_events AS v ON v.channel_id = k.channel_id AND v.number > k.after AND v.number <= k.upto"
        f" WHERE v.kind IN ({_OF_MESSAGES}) AND v.seq <= k.ceiling"
        f" GROUP BY k.place, k.channel_id, v.seq ORDER BY k.place, max(v.number) LIMIT ${len(columns) + 1}"
        ") AS e JOIN messages AS m ON m.channel_id = e.channel_id AND m.seq = e.seq ORDER BY e.place, e.change",
        *(db.dialect.array(column) for column in (range(len(backlogs)), *zip(*backlogs, strict=True))), limit,
    )  # fmt: skip
    return [ChangedMessage(row["change"], message_record(row)) for row in rows]


class Behind(NamedTuple):
    """How an old place in a channel stands: the last message up to it, and whether what followed it is still kept."""

    last_seq: int
    kept: bool


async def behind(db: Database, places: Sequence[tuple[int, int]]) -> dict[int, Behind]:
    """Return how (channel id, event number) places stand, by channel, in one statement."""
    keys = db.dialect.pairs("$1", "$2", columns=("channel_id", "event"), alias="k")
    rows = await db.tuples(
        # From the next message on, not back to the one before, whose event need not be kept.
        "SELECT c.id, coalesce((SELECT e.seq - 1 FROM channel_events AS e WHERE e.channel_id = c.id AND e.number > k.event"
        f" AND e.kind = {int(EventKind.MESSAGE_CREATED)} ORDER BY e.number LIMIT 1), c.last_message), k.event >= c.kept_after"
        f" FROM {keys} JOIN channels AS c ON c.id = k.channel_id",
        db.dialect.array([channel_id for channel_id, _ in places]),
        db.dialect.array([event for _, event in places]),
    )
    return {row[0]: Behind(row[1], bool(row[2])) for row in rows}


class LogSince(NamedTuple):
    """What a viewer's log says since a place: which channels were left, and whether all of it is still kept."""

    left: list[int]
    kept: bool


async def log_since(db: Database, user_id: int, *, after: int, upto: int) -> LogSince:
    """Return what entries in (after, upto], which must not be empty, say of channels."""
    rows = await db.tuples(
        "SELECT kept_after, 0 FROM inboxes WHERE user_id = $1"
        " UNION ALL SELECT channel_id, number FROM user_log WHERE user_id = $1 AND number > $2 AND number <= $3"
        f" AND kind = {int(UserEventKind.CHANNEL_LEFT)}",
        user_id, after, upto,
    )  # fmt: skip
    left = sorted((number, channel_id) for channel_id, number in rows if number)
    return LogSince([channel_id for _, channel_id in left], all(after >= kept_after for kept_after, number in rows if not number))


class ChangedNotification(NamedTuple):
    """The number of a notification, and the last entry of the log that is about it."""

    entry: int
    number: int


async def changed_notifications(
    db: Database, user_id: int, *, after: int, within: int, upto: int, limit: int
) -> list[ChangedNotification]:
    """Return notifications that entries in (after, upto] of the log are about, each once, by their last entry.

    Of entry after + 1 only those numbered above `within`. At most `limit`.
    """
    rows = await db.tuples(
        "SELECT max(entry), number FROM ("
        "SELECT l.number AS entry, l.notification AS number FROM user_log AS l WHERE l.user_id = $1 AND l.number > $2"
        f" AND l.number <= $3 AND l.kind IN ({int(UserEventKind.NOTIFICATION_CREATED)}, {int(UserEventKind.NOTIFICATION_CHANGED)})"
        # Those marked all at once have the entry's own moment as one of their times.
        " UNION ALL SELECT l.number, n.number FROM user_log AS l JOIN notifications AS n ON n.user_id = l.user_id"
        " AND n.number <= l.notification AND l.created_us IN (n.seen_us, n.read_us, n.archived_us)"
        f" WHERE l.user_id = $1 AND l.number > $2 AND l.number <= $3 AND l.kind = {int(UserEventKind.NOTIFICATIONS_MARKED)}"
        ") AS touched GROUP BY number HAVING max(entry) > $2 + 1 OR number > $4 ORDER BY max(entry), number LIMIT $5",
        user_id, after, upto, within, limit,
    )  # fmt: skip
    return [ChangedNotification(*row) for row in rows]
