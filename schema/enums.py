"""The closed sets of the API: the enums of the rooms below, with what each value means to a client."""

from enum import Enum

import strawberry

from models.audit import AuditKind
from models.channel import ChannelKind
from models.errors import MistakeCode
from models.member import ChannelRole
from models.notification import NotificationState
from models.sync_token import SyncResetReason
from realtime.latency import EventType
from realtime.pacing import ClientActivity, PollingReason


def _publish(enum: type[Enum], name: str, description: str, **meanings: str) -> None:
    """Make an enum part of the API; each of its values needs a meaning."""
    strawberry.enum(enum, name=name, description=description)
    for value in enum.__strawberry_definition__.values:  # type: ignore[attr-defined]  # Strawberry's own mark
        value.description = meanings.pop(value.name)
    if meanings:
        raise TypeError(f"{name} has no {', '.join(meanings)}")


_publish(
    ChannelKind,
    "ChannelKind",
    "Who may find, read and join a channel.",
    PUBLIC="Anyone signed in may find, read and join.",
    PRIVATE="Members only; others cannot tell that it exists.",
    DIRECT="Exactly the members it was opened with; one per set of members.",
)
_publish(
    ChannelRole,
    "ChannelRole",
    "What a member may do in a channel.",
    OWNER="May change the channel and its members; the last one cannot leave while others remain.",
    MODERATOR="Keeps order: changes name and topic, adds members, removes plain ones, deletes messages of others.",
    MEMBER="Reads and sends.",
)
_publish(
    NotificationState,
    "NotificationState",
    "Predicates, not exclusive states: what is unseen is also unread.",
    UNSEEN="seenAt is null and archivedAt is null.",
    UNREAD="readAt is null and archivedAt is null.",
    READ="readAt is set and archivedAt is null.",
    ARCHIVED="archivedAt is set.",
)
_publish(
    PollingReason,
    "PollingReason",
    "Why a polling interval is what it is.",
    BUSY="Much is arriving.",
    STEADY="Nothing special.",
    QUIET="Nothing has arrived for a while.",
    CROWDED="Many people are watching.",
    LOAD="The server asks everyone to slow down.",
    IDLE="The client said that its user is away.",
)
_publish(
    ClientActivity,
    "ClientActivity",
    "What the user of a client is doing.",
    ACTIVE="The user is looking at it.",
    IDLE="Open but not looked at.",
    BACKGROUND="In the background; such polling is not being seen.",
)
_publish(
    MistakeCode,
    "UserErrorCode",
    "What is wrong, for a program.",
    BLANK="Nothing is there, or only white space.",
    TOO_LONG="More than is allowed.",
    INVALID="It does not fit what it refers to.",
    TAKEN="Somebody else has it.",
    ARCHIVED="The channel is archived and refuses changes.",
    NOT_A_MEMBER="Only members may do this.",
    NOT_THE_AUTHOR="Only the author may do this.",
    NOT_ALLOWED="The viewer's role, or the kind of channel, does not allow this.",
    LAST_OWNER="The last owner stays while others remain.",
    ALREADY_DELETED="The message is gone.",
    CONFLICT="The same key was used for something else.",
)
_publish(
    AuditKind,
    "AuditKind",
    "What was done in a channel.",
    MESSAGE_DELETED="A message was deleted, by its author or by a moderator.",
    MEMBER_JOINED="Somebody joined, or was added.",
    MEMBER_LEFT="Somebody left, or was removed.",
    METADATA="The channel was opened, or its name or topic changed.",
    MADE_OWNER="A member became an owner.",
    MADE_MODERATOR="A member became a moderator.",
    MADE_MEMBER="A member became a plain one.",
    ARCHIVED="The channel was archived.",
    REOPENED="The channel was opened again.",
)
_publish(
    SyncResetReason,
    "SyncResetReason",
    "Why a sync token could not be continued, and the page is a fresh start.",
    TOKEN_EXPIRED="Older than what is kept.",  # noqa: S106  # a meaning, no secret
    TOKEN_INVALID="Not a token of this server and viewer.",  # noqa: S106  # as above
    HISTORY_REWRITTEN="The database was restored or failed over behind what the token had seen.",
)
_publish(
    EventType,
    "RealtimeEventType",
    "What reached somebody.",
    MESSAGE="A message.",
    NOTIFICATION="A notification.",
    PRESENCE="Somebody appeared, left or typed.",
)
