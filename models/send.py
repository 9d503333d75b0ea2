"""Accepting messages: one transaction for a batch of sends to one channel.

Rule: lock the channel first, then read again, under the lock, everything that decides (membership, archived, repeats,
what is quoted), then write and number. What was true before the lock does not count. Channel first, then inboxes by
user id: the one lock order there is.
"""

import json
from collections.abc import Sequence

from models.channel import ChannelKind
from models.database import Database, Transaction
from models.errors import NotFound
from models.event import EventKind, NewEvent, append_events
from models.inbox import LockedInbox, lock_inboxes, save_inboxes
from models.message import COLUMNS, MessageRecord, message_record, stored_mentions
from models.notification import NewNotification, add_notifications
from models.send_plan import LockedChannel, Send, SendPlan, plan_sends

MESSAGE_COLUMNS = {
    "channel_id": "bigint", "seq": "bigint", "version": "bigint", "author_id": "bigint", "content": "text",
    "created_us": "bigint", "reply_to_seq": "bigint", "client_message_id": "text", "mentions": "text",
}  # fmt: skip
# A notification quotes this much of the message it is about.
EXCERPT_CHARACTERS = 140


async def accept_sends(db: Database, sends: list[Send], now_us: int) -> list[MessageRecord | Exception]:
    """Store a batch of sends to one channel; returns, in their order, the message of each or why it was refused.

    Raises NotFound where the channel does not exist, Unavailable where the outcome is unknown.
    """
    async with db.transaction() as tx:
        channel = await _lock_channel(tx, sends)
        plan = plan_sends(channel, sends, now_us)
        if plan.new:
            await _write(tx, channel, plan, now_us)
    return plan.outcomes


async def _lock_channel(tx: Transaction, sends: list[Send]) -> LockedChannel:
    channel_id = sends[0].channel_id
    rows = await tx.rows(
        f"SELECT kind, last_event, last_message, archived_us FROM channels WHERE id = $1{tx.dialect.row_lock}",
        channel_id,
    )
    if not rows:
        raise NotFound
    quoted = await _quoted(tx, channel_id, {send.reply_to_seq for send in sends if send.reply_to_seq is not None})
    people = {send.author_id for send in sends}.union(quoted.values(), *(send.mention_ids for send in sends))
    members = await tx.rows(
        f"SELECT user_id FROM channel_members WHERE channel_id = $1 AND {tx.dialect.one_of('user_id', '$2')}",
        channel_id, tx.dialect.array(sorted(people)),
    )  # fmt: skip
    return LockedChannel(
        channel_id=channel_id,
        last_event=rows[0]["last_event"],
        last_message=rows[0]["last_message"],
        archived=rows[0]["archived_us"] is not None,
        visible_to_all=rows[0]["kind"] == ChannelKind.PUBLIC.value,
        members=frozenset(row["user_id"] for row in members),
        quoted=quoted,
        earlier=await _earlier(tx, channel_id, sends),
    )


async def _quoted(tx: Transaction, channel_id: int, seqs: set[int]) -> dict[int, int]:
    if not seqs:
        return {}
    rows = await tx.rows(
        f"SELECT seq, author_id FROM messages WHERE channel_id = $1 AND {tx.dialect.one_of('seq', '$2')}",
        channel_id, tx.dialect.array(sorted(seqs)),
    )  # fmt: skip
    return {row["seq"]: row["author_id"] for row in rows}


async def _earlier(tx: Transaction, channel_id: int, sends: Sequence[Send]) -> dict[tuple[int, str], MessageRecord]:
    keys = {(send.author_id, send.client_message_id) for send in sends if send.client_message_id is not None}
    found: dict[tuple[int, str], MessageRecord] = {}
    for author_id in sorted({author_id for author_id, _ in keys}):
        ids = json.dumps([key for author, key in keys if author == author_id])
        rows = await tx.rows(
            f"SELECT {COLUMNS} FROM messages WHERE channel_id = $1 AND author_id = $2"
            f" AND client_message_id IN ({tx.dialect.texts('$3')})",
            channel_id, author_id, ids,
        )  # fmt: skip
        found.update({(author_id, row["client_message_id"]): message_record(row) for row in rows})
    return found


async def _write(tx: Transaction, channel: LockedChannel, plan: SendPlan, now_us: int) -> None:
    new, channel_id = plan.new, channel.channel_id
    await tx.insert(
        "messages",
        MESSAGE_COLUMNS,
        [
            (m.channel_id, m.seq, m.version, m.author_id, m.content, m.created_us, m.reply_to_seq, m.client_message_id,
             stored_mentions(m))
            for m in new
        ],
    )  # fmt: skip
    events = [NewEvent(m.version, EventKind.MESSAGE_CREATED, m.author_id, seq=m.seq) for m in new]
    await append_events(tx, channel_id, events, now_us)
    await tx.run(
        "UPDATE channels SET last_event = $2, last_message = $3,"
        " last_active_us = CASE WHEN last_active_us < $4 THEN $4 ELSE last_active_us END WHERE id = $1",
        channel_id, new[-1].version, new[-1].seq, now_us,
    )  # fmt: skip
    await _mention(tx, channel_id, new)
    # After the mentions: sending also reads what mentions the author up to the sent message, which is the newest but
    # for those of the same batch that follow it.
    await advance_read_positions(tx, channel_id, plan.read_positions)
    await _notify(tx, channel, new, now_us)


async def _mention(tx: Transaction, channel_id: int, new: list[MessageRecord]) -> None:
    named = [(user_id, m.seq) for m in new for user_id in m.mention_ids]
    await tx.run_many(
        "INSERT INTO message_mentions (channel_id, user_id, seq) VALUES ($1, $2, $3)",
        [(channel_id, user_id, seq) for user_id, seq in named],
    )
    await tx.run_many(
        "UPDATE channel_members SET last_mention = last_mention + 1 WHERE channel_id = $1 AND user_id = $2",
        [(channel_id, user_id) for user_id, _ in named],
    )


async def advance_read_positions(tx: Transaction, channel_id: int, positions: dict[int, int]) -> None:
    """Move read positions of members forward, never back, and the mentions read with them."""
    users = sorted(positions)
    moved = tx.dialect.pairs("$2", "$3", columns=("user_id", "seq"), alias="v")
    await tx.run(
        "UPDATE channel_members SET read_seq = v.seq, read_mention = last_mention - (SELECT count(*) FROM message_mentions AS n"
        " WHERE n.channel_id = $1 AND n.user_id = v.user_id AND n.seq > v.seq)"
        f" FROM {moved} WHERE channel_members.channel_id = $1 AND channel_members.user_id = v.user_id AND read_seq < v.seq",
        channel_id, tx.dialect.array(users), tx.dialect.array([positions[user_id] for user_id in users]),
    )  # fmt: skip


async def _notify(tx: Transaction, channel: LockedChannel, new: list[MessageRecord], now_us: int) -> None:
    by_recipient: dict[int, list[NewNotification]] = {}
    for message in new:
        for user_id, kind in _recipients(channel, message).items():
            by_recipient.setdefault(user_id, []).append(
                NewNotification(
                    type=kind,
                    title="You were mentioned" if kind == "mention" else "Reply to your message",
                    content=message.content[:EXCERPT_CHARACTERS],
                    actor_id=message.author_id,
                    channel_id=message.channel_id,
                    seq=message.seq,
                )
            )
    if by_recipient:
        inboxes: dict[int, LockedInbox] = await lock_inboxes(tx, list(by_recipient))
        for user_id, notifications in sorted(by_recipient.items()):
            await add_notifications(tx, inboxes[user_id], notifications, now_us)
        await save_inboxes(tx, list(inboxes.values()), now_us)


def _recipients(channel: LockedChannel, message: MessageRecord) -> dict[int, str]:
    """Return who is notified of a message, and as what: a mention counts for more than a reply, one's own for nothing."""
    recipients: dict[int, str] = {}
    # Who left reads no more of the channel, not even an excerpt.
    if message.reply_to_seq is not None and channel.quoted[message.reply_to_seq] in channel.members:
        recipients[channel.quoted[message.reply_to_seq]] = "reply"
    recipients.update(dict.fromkeys(message.mention_ids, "mention"))
    recipients.pop(message.author_id, None)
    return recipients
