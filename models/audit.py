"""The trail of a channel: who did what to its members, its metadata and others' messages, from its events.

Rule: nothing is written for it. The events that order the channel are the trail, and they are never changed.
"""

from enum import Enum
from typing import NamedTuple

from models.database import Database
from models.event import EventKind


class AuditKind(Enum):
    """What was done, by the names of the events."""

    MESSAGE_DELETED = "MESSAGE_DELETED"
    MEMBER_JOINED = "MEMBER_JOINED"
    MEMBER_LEFT = "MEMBER_LEFT"
    METADATA = "METADATA"
    MADE_OWNER = "MADE_OWNER"
    MADE_MODERATOR = "MADE_MODERATOR"
    MADE_MEMBER = "MADE_MEMBER"
    ARCHIVED = "ARCHIVED"
    REOPENED = "REOPENED"


# Everything but what members do with their own messages. The index channel_events_trail is of these kinds, in this order.
TRAIL = ", ".join(str(int(EventKind[kind.name])) for kind in AuditKind)


class AuditRecord(NamedTuple):
    """One event: who did it, to whom (the member, or a message's author), and to which message."""

    number: int
    kind: AuditKind
    actor_id: int
    subject_id: int | None
    seq: int | None
    created_us: int


async def trail_of(db: Database, channel_id: int, *, below: int, limit: int) -> list[AuditRecord]:
    """Return events numbered under `below`, newest first, at most `limit`."""
    rows = await db.tuples(
        "SELECT number, kind, actor_id, subject_id, seq, created_us FROM channel_events"
        f" WHERE channel_id = $1 AND number < $2 AND kind IN ({TRAIL}) ORDER BY number DESC LIMIT $3",
        channel_id, below, limit,
    )  # fmt: skip
    return [AuditRecord(row[0], AuditKind[EventKind(row[1]).name], *row[2:]) for row in rows]
