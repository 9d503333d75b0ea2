"""Changing messages that others may already hold: edits and deletions.

Rule: the change takes an event number under the channel's lock, which becomes the message's `version` and the head's
`last_change`, so that every copy of the message knows that it is old. A deleted message keeps its place and loses its
words, also where a notification quotes them.
"""

from models.channel import ChannelKind
from models.database import Database, Row, Transaction
from models.errors import Mistake, MistakeCode, NotFound
from models.event import EventKind, NewEvent, append_events
from models.inbox import UserEventKind, lock_inboxes, save_inboxes
from models.member import ChannelRole
from models.message import COLUMNS, MessageRecord, message_record, stored_mentions

MODERATORS = (ChannelRole.OWNER, ChannelRole.MODERATOR)


async def edit_message(db: Database, channel_id: int, seq: int, user_id: int, content: str, now_us: int) -> MessageRecord:
    """Give a message new words; returns it as it is now. The same words change nothing.

    Raises NotFound where the user may not see the message; Mistake NOT_A_MEMBER, ARCHIVED, NOT_THE_AUTHOR, ALREADY_DELETED.
    """
    async with db.transaction() as tx:
        channel, role, message = await _lock(tx, channel_id, seq, user_id)
        _refuse(channel, role, message)
        if message.author_id != user_id:
            raise Mistake(MistakeCode.NOT_THE_AUTHOR, "Only its author may edit a message.", ["input", "messageId"])
        if message.content == content:
            return message
        changed = message._replace(content=content, edited_us=now_us, version=channel["last_event"] + 1)
        await _store(tx, changed, EventKind.MESSAGE_EDITED, user_id, now_us)
    return changed


async def delete_message(db: Database, channel_id: int, seq: int, user_id: int, now_us: int) -> MessageRecord:
    """Leave a tombstone in a message's place; returns it. Authors may, and the channel's owners and moderators.

    Raises NotFound where the user may not see the message; Mistake NOT_A_MEMBER, ARCHIVED, NOT_THE_AUTHOR, ALREADY_DELETED.
    """
    async with db.transaction() as tx:
        channel, role, message = await _lock(tx, channel_id, seq, user_id)
        _refuse(channel, role, message)
        if message.author_id != user_id and role not in MODERATORS:
            raise Mistake(MistakeCode.NOT_THE_AUTHOR, "Only its author or a moderator may delete a message.", ["messageId"])
        tombstone = message._replace(content="", mention_ids=(), deleted_us=now_us, version=channel["last_event"] + 1)
        await _store(tx, tombstone, EventKind.MESSAGE_DELETED, user_id, now_us)
        await _blank_notifications(tx, channel_id, seq, now_us)
    return tombstone


async def _lock(tx: Transaction, channel_id: int, seq: int, user_id: int) -> tuple[Row, ChannelRole | None, MessageRecord]:
    channels = await tx.rows(f"SELECT kind, archived_us, last_event FROM channels WHERE id = $1{tx.dialect.row_lock}", channel_id)
    members = await tx.rows("SELECT role FROM channel_members WHERE channel_id = $1 AND user_id = $2", channel_id, user_id)
    messages = await tx.rows(f"SELECT {COLUMNS} FROM messages WHERE channel_id = $1 AND seq = $2", channel_id, seq)
    if not channels or not messages or (not members and channels[0]["kind"] != ChannelKind.PUBLIC.value):
        raise NotFound
    return channels[0], ChannelRole(members[0]["role"]) if members else None, message_record(messages[0])


def _refuse(channel: Row, role: ChannelRole | None, message: MessageRecord) -> None:
    if role is None:
        raise Mistake(MistakeCode.NOT_A_MEMBER, "You are not a member of this channel.", ["messageId"])
    if channel["archived_us"] is not None:
        raise Mistake(MistakeCode.ARCHIVED, "The channel is archived.", ["messageId"])
    if message.deleted_us is not None:
        raise Mistake(MistakeCode.ALREADY_DELETED, "The message is deleted.", ["messageId"])


async def _store(tx: Transaction, message: MessageRecord, kind: EventKind, actor_id: int, now_us: int) -> None:
    await tx.run(
        "UPDATE messages SET content = $3, edited_us = $4, deleted_us = $5, version = $6, mentions = $7"
        " WHERE channel_id = $1 AND seq = $2",
        message.channel_id, message.seq, message.content, message.edited_us, message.deleted_us, message.version,
        stored_mentions(message),
    )  # fmt: skip
    event = NewEvent(message.version, kind, actor_id, seq=message.seq, subject_id=message.author_id)
    await append_events(tx, message.channel_id, [event], now_us)
    await tx.run("UPDATE channels SET last_event = $2, last_change = $2 WHERE id = $1", message.channel_id, message.version)


async def _blank_notifications(tx: Transaction, channel_id: int, seq: int, now_us: int) -> None:
    about = await tx.rows("SELECT user_id, number FROM notifications WHERE channel_id = $1 AND seq = $2", channel_id, seq)
    if not about:
        return
    inboxes = await lock_inboxes(tx, [row["user_id"] for row in about])
    await tx.run("UPDATE notifications SET content = '' WHERE channel_id = $1 AND seq = $2", channel_id, seq)
    for row in about:
        inboxes[row["user_id"]].log(UserEventKind.NOTIFICATION_CHANGED, notification=row["number"])
    await save_inboxes(tx, list(inboxes.values()), now_us)
