"""Records: what the server says, as values that do not change.

Times are aware and in UTC. Closed sets of the server (kinds, roles, reasons) are plain strings, since a later server may
know more of them.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class User:
    id: str
    name: str
    image: str | None = None


@dataclass(frozen=True, slots=True)
class Reaction:
    """How many used one emoji, and whether the viewer is among them."""

    emoji: str
    count: int
    viewer_has_reacted: bool


@dataclass(frozen=True, slots=True)
class Quote:
    """The message that another one answers, as it was then; `content` is empty once it is deleted."""

    id: str
    seq: int
    author: User
    content: str


@dataclass(frozen=True, slots=True)
class Message:
    """`seq` is its place in the channel: 1, 2, 3, … Of two copies the one with the greater `version` is newer.

    A deleted one is a tombstone: `deleted_at` is set and `content` is empty.
    """

    id: str
    cursor: str
    seq: int
    version: int
    channel_id: str
    author: User
    content: str
    created_at: datetime
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    reply_to: Quote | None = None
    mentions: tuple[User, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    client_message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """`kind` is PUBLIC, PRIVATE or DIRECT; `viewer_role` OWNER, MODERATOR, MEMBER, or None for who does not belong.

    `active_users` and `typing_users` are None when the server does not know.
    """

    id: str
    name: str
    topic: str
    kind: str
    created_at: datetime
    archived_at: datetime | None
    member_count: int
    active_users: int | None
    typing_users: tuple[User, ...] | None
    unread_count: int
    mention_count: int
    last_read_cursor: str | None
    viewer_role: str | None


@dataclass(frozen=True, slots=True)
class MentionedMessage:
    """The message that a notification is about."""

    id: str
    cursor: str
    channel_id: str


@dataclass(frozen=True, slots=True)
class Notification:
    """`message` is None where there is none, and once the viewer may not read its channel."""

    id: str
    type: str
    title: str
    content: str
    link: str | None
    created_at: datetime
    seen_at: datetime | None
    read_at: datetime | None
    archived_at: datetime | None
    actor: User | None
    message: MentionedMessage | None


@dataclass(frozen=True, slots=True)
class Inbox:
    unseen_count: int
    unread_count: int


@dataclass(frozen=True, slots=True)
class PollingInterval:
    """When to ask again. `reason` is BUSY, STEADY, QUIET, CROWDED, LOAD or IDLE."""

    milliseconds: int
    reason: str
    active_users: int | None = None


@dataclass(frozen=True, slots=True)
class ChannelDelta:
    """What changed in one channel: messages by their last change, oldest first."""

    channel: Channel
    messages: tuple[Message, ...]
    limited: bool
    gap_cursor: str | None
    head_cursor: str | None


@dataclass(frozen=True, slots=True)
class SyncPage:
    """Everything that changed since a token, or a part of it: `has_more` says so."""

    token: str
    has_more: bool
    reset_reason: str | None
    channels: tuple[ChannelDelta, ...]
    removed_channel_ids: tuple[str, ...]
    notifications: tuple[Notification, ...]
    inbox: Inbox
    polling_interval: PollingInterval


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages of one channel, oldest first. An empty page repeats the cursor it was asked with."""

    messages: tuple[Message, ...]
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None
