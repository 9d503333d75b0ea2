"""Changing messages that others may already hold: edits, deletions and reactions.

Rule: the change takes an event number under the channel's lock, which becomes the message's `version` and the head's
`last_change`, so that every copy of the message knows that it is old. A deleted message keeps its place and loses its
words, also where a notification quotes them, and its reactions.
"""

from collections.abc import Sequence

from models.channel import ChannelKind
from models.database import Database, Row, Transaction
from models.errors import Mistake, MistakeCode, NotFound
from models.event import EventKind, NewEvent, append_events
from models.inbox import UserEventKind, lock_inboxes, save_inboxes
from models.member import ChannelRole
from models.message import COLUMNS, MessageRecord, message_record, stored_reactions
from models.reaction import clear_reactions, put_reaction, take_reaction, with_one_less, with_one_more

MODERATORS = (ChannelRole.OWNER, ChannelRole.MODERATOR)


async def edit_message(db: Database, channel_id: int, seq: int, user_id: int, content: str, now_us: int) -> MessageRecord:
    """Give a message new words; returns it as it is now. The same words change nothing.

    Raises NotFound where the user may not see the message; Mistake NOT_A_MEMBER, ARCHIVED, NOT_THE_AUTHOR, ALREADY_DELETED.
    """
    async with db.transaction() as tx:
        channel, role, message = await _lock(tx, channel_id, seq, user_id)
        _refuse(channel, role, message, ["input", "messageId"])
        if message.author_id != user_id:
            raise Mistake(MistakeCode.NOT_THE_AUTHOR, "Only its author may edit a message.", ["input", "messageId"])
        if message.content == content:
            return message
        changed = message._replace(content=content, edited_us=now_us, version=channel["last_event"] + 1)
        await tx.run(
            "UPDATE messages SET content = $3, edited_us = $4, version = $5 WHERE channel_id = $1 AND seq = $2",
            channel_id, seq, content, now_us, changed.version,
        )  # fmt: skip
        await _append(tx, [changed], EventKind.MESSAGE_EDITED, user_id, now_us)
    return changed


async def delete_message(db: Database, channel_id: int, seq: int, user_id: int, now_us: int) -> MessageRecord:
    """Leave a tombstone in a message's place; returns it. Authors may, and the channel's owners and moderators.

    Raises NotFound where the user may not see the message; Mistake NOT_A_MEMBER, ARCHIVED, NOT_THE_AUTHOR, ALREADY_DELETED.
    """
    async with db.transaction() as tx:
        channel, role, message = await _lock(tx, channel_id, seq, user_id)
        _refuse(channel, role, message, ["messageId"])
        if message.author_id != user_id and role not in MODERATORS:
            raise Mistake(MistakeCode.NOT_THE_AUTHOR, "Only its author or a moderator may delete a message.", ["messageId"])
        (tombstone,) = await leave_tombstones(tx, channel_id, channel["last_event"], [message], user_id, now_us)
    return tombstone


async def add_reaction(db: Database, channel_id: int, seq: int, user_id: int, emoji: str, now_us: int) -> MessageRecord:
    """Answer a message with an emoji; returns it as it is now. An emoji that the user has put there already changes nothing.

    Raises NotFound where the user may not see the message; Mistake NOT_A_MEMBER, ARCHIVED, ALREADY_DELETED, NOT_ALLOWED.
    """
    async with db.transaction() as tx:
        channel, role, message = await _lock(tx, channel_id, seq, user_id)
        _refuse(channel, role, message, ["input", "messageId"])
        groups = with_one_more(message.reactions, emoji)
        if not await put_reaction(tx, channel_id, seq, user_id, emoji):
            return message
        changed = message._replace(reactions=groups, version=channel["last_event"] + 1)
        await store_reactions(tx, changed, user_id, now_us)
    return changed


async def remove_reaction(db: Database, channel_id: int, seq: int, user_id: int, emoji: str, now_us: int) -> MessageRecord:
    """Take an emoji back; returns the message as it is now. One that the user has not put there changes nothing.

    Raises NotFound where the user may not see the message; Mistake NOT_A_MEMBER, ARCHIVED, ALREADY_DELETED.
    """
    async with db.transaction() as tx:
        channel, role, message = await _lock(tx, channel_id, seq, user_id)
        _refuse(channel, role, message, ["input", "messageId"])
        if not await take_reaction(tx, channel_id, seq, user_id, emoji):
            return message
        changed = message._replace(reactions=with_one_less(message.reactions, emoji), version=channel["last_event"] + 1)
        await store_reactions(tx, changed, user_id, now_us)
    return changed


async def leave_tombstones(
    tx: Transaction, channel_id: int, last_event: int, messages: Sequence[MessageRecord], actor_id: int, now_us: int
) -> list[MessageRecord]:
    """Leave a tombstone in each message's place; returns them. The channel, of which `last_event` is the head, must be locked."""
    tombstones = [
        message._replace(content="", mention_ids=(), reactions=(), deleted_us=message.deleted_us or now_us, version=number)
        for number, message in enumerate(messages, start=last_event + 1)
    ]
    await tx.run_many(
        "UPDATE messages SET content = '', mentions = NULL, reactions = NULL, deleted_us = $3, version = $4"
        " WHERE channel_id = $1 AND seq = $2",
        [(channel_id, one.seq, one.deleted_us, one.version) for one in tombstones],
    )
    seqs = [one.seq for one in tombstones]
    await clear_reactions(tx, channel_id, seqs)
    await _append(tx, tombstones, EventKind.MESSAGE_DELETED, actor_id, now_us)
    await _blank_notifications(tx, channel_id, seqs, now_us)
    return tombstones


async def store_reactions(tx: Transaction, message: MessageRecord, actor_id: int, now_us: int) -> None:
    """Store who answered a message how often, as the event that its version names. The channel must be locked."""
    await tx.run(
        "UPDATE messages SET reactions = $3, version = $4 WHERE channel_id = $1 AND seq = $2",
        message.channel_id, message.seq, stored_reactions(message), message.version,
    )  # fmt: skip
    await _append(tx, [message], EventKind.MESSAGE_REACTIONS, actor_id, now_us)


async def _lock(tx: Transaction, channel_id: int, seq: int, user_id: int) -> tuple[Row, ChannelRole | None, MessageRecord]:
    channels = await tx.rows(f"SELECT kind, archived_us, last_event FROM channels WHERE id = $1{tx.dialect.row_lock}", channel_id)
    members = await tx.rows("SELECT role FROM channel_members WHERE channel_id = $1 AND user_id = $2", channel_id, user_id)
    messages = await tx.rows(f"SELECT {COLUMNS} FROM messages WHERE channel_id = $1 AND seq = $2", channel_id, seq)
    if not channels or not messages or (not members and channels[0]["kind"] != ChannelKind.PUBLIC.value):
        raise NotFound
    return channels[0], ChannelRole(members[0]["role"]) if members else None, message_record(messages[0])


def _refuse(channel: Row, role: ChannelRole | None, message: MessageRecord, field: list[str]) -> None:
    if role is None:
        raise Mistake(MistakeCode.NOT_A_MEMBER, "You are not a member of this channel.", field)
    if channel["archived_us"] is not None:
        raise Mistake(MistakeCode.ARCHIVED, "The channel is archived.", field)
    if message.deleted_us is not None:
        raise Mistake(MistakeCode.ALREADY_DELETED, "The message is deleted.", field)


async def _append(tx: Transaction, messages: Sequence[MessageRecord], kind: EventKind, actor_id: int, now_us: int) -> None:
    """Append the events that the versions of messages of one channel name, and move the head to the last."""
    channel_id, last_event = messages[-1].channel_id, messages[-1].version
    events = [NewEvent(one.version, kind, actor_id, seq=one.seq, subject_id=one.author_id) for one in messages]
    await append_events(tx, channel_id, events, now_us)
    await tx.run("UPDATE channels SET last_event = $2, last_change = $2 WHERE id = $1", channel_id, last_event)


async def _blank_notifications(tx: Transaction, channel_id: int, seqs: Sequence[int], now_us: int) -> None:
    where = f"channel_id = $1 AND {tx.dialect.one_of('seq', '$2')}"
    about = await tx.rows(f"SELECT user_id, number FROM notifications WHERE {where}", channel_id, tx.dialect.array(seqs))
    if not about:
        return
    inboxes = await lock_inboxes(tx, [row["user_id"] for row in about])
    await tx.run(f"UPDATE notifications SET content = '' WHERE {where}", channel_id, tx.dialect.array(seqs))
    for row in about:
        inboxes[row["user_id"]].log(UserEventKind.NOTIFICATION_CHANGED, notification=row["number"])
    await save_inboxes(tx, list(inboxes.values()), now_us)
