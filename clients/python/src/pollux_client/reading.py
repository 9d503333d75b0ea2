"""Reading: the server's JSON as records.

Rule: what a record needs and the answer lacks is `ValueError`, and what the answer has beyond is ignored; the client then
knows that it does not talk to the server it was made for.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from pollux_client.records import (
    Channel,
    ChannelDelta,
    Inbox,
    MentionedMessage,
    Message,
    MessagePage,
    Notification,
    PollingInterval,
    Quote,
    Reaction,
    SyncPage,
    User,
)

T = TypeVar("T")
Json = Mapping[str, Any]


def read(reader: Callable[[Json], T], value: object) -> T:
    """Return a record read from JSON. Raises ValueError where it is not of that form."""
    try:
        return reader(value)  # type: ignore[arg-type]  # what else it may be is what the errors are for
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the answer is not of the form expected: {error!r}") from error


def sync_page(of: Json) -> SyncPage:
    return SyncPage(
        token=_text(of["token"]),
        has_more=bool(of["hasMore"]),
        reset_reason=of["resetReason"],
        channels=tuple(channel_delta(one) for one in of["channels"]),
        removed_channel_ids=tuple(_text(one) for one in of["removedChannelIds"]),
        notifications=tuple(notification(one) for one in of["notifications"]),
        inbox=Inbox(int(of["inbox"]["unseenCount"]), int(of["inbox"]["unreadCount"])),
        polling_interval=polling_interval(of["pollingInterval"]),
    )


def channel_delta(of: Json) -> ChannelDelta:
    return ChannelDelta(
        channel=channel(of["channel"]),
        messages=tuple(message(one) for one in of["messages"]),
        limited=bool(of["limited"]),
        gap_cursor=of["gapCursor"],
        head_cursor=of["headCursor"],
    )


def channel(of: Json) -> Channel:
    typing = of["typingUsers"]
    return Channel(
        id=_text(of["id"]),
        name=_text(of["name"]),
        topic=_text(of["topic"]),
        kind=_text(of["kind"]),
        created_at=_required_time(of["createdAt"]),
        archived_at=_time(of["archivedAt"]),
        member_count=int(of["memberCount"]),
        active_users=of["activeUsers"],
        typing_users=None if typing is None else tuple(user(one) for one in typing),
        unread_count=int(of["unreadCount"]),
        mention_count=int(of["mentionCount"]),
        last_read_cursor=of["lastReadCursor"],
        viewer_role=of["viewerRole"],
    )


def message(of: Json) -> Message:
    quoted = of["replyTo"]
    return Message(
        id=_text(of["id"]),
        cursor=_text(of["cursor"]),
        seq=int(of["seq"]),
        version=int(of["version"]),
        channel_id=_text(of["channelId"]),
        author=user(of["author"]),
        content=_text(of["content"]),
        created_at=_required_time(of["createdAt"]),
        edited_at=_time(of["editedAt"]),
        deleted_at=_time(of["deletedAt"]),
        reply_to=None
        if quoted is None
        else Quote(_text(quoted["id"]), int(quoted["seq"]), user(quoted["author"]), _text(quoted["content"])),
        mentions=tuple(user(one) for one in of["mentions"]),
        reactions=tuple(Reaction(_text(one["emoji"]), int(one["count"]), bool(one["viewerHasReacted"])) for one in of["reactions"]),
        client_message_id=of["clientMessageId"],
    )


def message_page(of: Json) -> MessagePage:
    info = of["pageInfo"]
    return MessagePage(
        messages=tuple(message(one) for one in of["nodes"]),
        has_next_page=bool(info["hasNextPage"]),
        has_previous_page=bool(info["hasPreviousPage"]),
        start_cursor=info["startCursor"],
        end_cursor=info["endCursor"],
    )


def notification(of: Json) -> Notification:
    actor, about = of["actor"], of["message"]
    return Notification(
        id=_text(of["id"]),
        type=_text(of["type"]),
        title=_text(of["title"]),
        content=_text(of["content"]),
        link=of["link"],
        created_at=_required_time(of["createdAt"]),
        seen_at=_time(of["seenAt"]),
        read_at=_time(of["readAt"]),
        archived_at=_time(of["archivedAt"]),
        actor=None if actor is None else user(actor),
        message=None if about is None else MentionedMessage(_text(about["id"]), _text(about["cursor"]), _text(about["channelId"])),
    )


def user(of: Json) -> User:
    return User(_text(of["id"]), _text(of["name"]), of.get("image"))


def polling_interval(of: Json) -> PollingInterval:
    return PollingInterval(int(of["milliseconds"]), _text(of["reason"]), of.get("activeUsers"))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def _time(value: object) -> datetime | None:
    return None if value is None else _required_time(value)


def _required_time(value: object) -> datetime:
    return datetime.fromisoformat(_text(value))
