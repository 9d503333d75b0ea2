"""Erasing a user: their words, name and traces go, and everybody else's view stays whole.

Rule: each thing that goes is a change like any other, under the same locks and with the same events, so that every copy of it
is out of date: messages leave tombstones, reactions are taken back, memberships end. What remains is an id without a name. It
may be interrupted, and run again.
"""

from dataclasses import dataclass, field

from models.change_message import leave_tombstones, store_reactions
from models.channel import ChannelKind
from models.database import Database, Transaction
from models.event import EventKind
from models.inbox import UserEventKind, lock_inboxes, save_inboxes
from models.locked_channel import LockedChannel, end_membership, lock_channel, log_all, record
from models.member import ChannelRole
from models.message import COLUMNS, message_record
from models.reaction import take_reaction, with_one_less
from models.user import erase_profile
from models.user_content import channels_touched_by

# Of one channel in one transaction: senders wait for its lock meanwhile.
BATCH = 100


@dataclass(slots=True)
class Erased:
    """How much went. `inherited` are channels that another member owns now, because the user was their last owner."""

    messages: int = 0
    reactions: int = 0
    memberships: int = 0
    notifications: int = 0
    inherited: list[int] = field(default_factory=list)


async def erase_user(db: Database, user_id: int, now_us: int) -> Erased:
    """Erase a user, who must exist. Raises Unavailable, after which it is to be run again."""
    erased = Erased()
    await erase_profile(db, user_id, now_us)
    async for channel_id in channels_touched_by(db, user_id):
        while (count := await _erase_messages(db, channel_id, user_id, now_us)) > 0:
            erased.messages += count
        while (count := await _erase_reactions(db, channel_id, user_id, now_us)) > 0:
            erased.reactions += count
        await _end_membership(db, channel_id, user_id, now_us, erased)
    async with db.transaction() as tx:
        await tx.run("UPDATE channels SET client_channel_id = NULL WHERE creator_id = $1", user_id)
    while (count := await _erase_notifications(db, user_id)) > 0:
        erased.notifications += count
    await _close_log(db, user_id, now_us)
    return erased


async def _erase_messages(db: Database, channel_id: int, user_id: int, now_us: int) -> int:
    async with db.transaction() as tx:
        channel = await tx.rows(f"SELECT last_event FROM channels WHERE id = $1{tx.dialect.row_lock}", channel_id)
        rows = await tx.rows(
            # A tombstone keeps its sender's key, which is a text of theirs too.
            f"SELECT {COLUMNS} FROM messages WHERE channel_id = $1 AND author_id = $2"
            f" AND (deleted_us IS NULL OR client_message_id IS NOT NULL) ORDER BY seq LIMIT {BATCH}",
            channel_id, user_id,
        )  # fmt: skip
        if not rows:
            return 0
        messages = [message_record(row) for row in rows]
        await leave_tombstones(tx, channel_id, channel[0]["last_event"], messages, user_id, now_us)
        await tx.run(
            f"UPDATE messages SET client_message_id = NULL WHERE channel_id = $1 AND {tx.dialect.one_of('seq', '$2')}",
            channel_id, tx.dialect.array([one.seq for one in messages]),
        )  # fmt: skip
    return len(rows)


async def _erase_reactions(db: Database, channel_id: int, user_id: int, now_us: int) -> int:
    async with db.transaction() as tx:
        channel = await tx.rows(f"SELECT last_event FROM channels WHERE id = $1{tx.dialect.row_lock}", channel_id)
        rows = await tx.rows(
            f"SELECT seq, emoji FROM message_reactions WHERE channel_id = $1 AND user_id = $2 ORDER BY seq, id LIMIT {BATCH}",
            channel_id, user_id,
        )  # fmt: skip
        for number, row in enumerate(rows, start=channel[0]["last_event"] + 1):
            await take_reaction(tx, channel_id, row["seq"], user_id, row["emoji"])
            found = await tx.rows(f"SELECT {COLUMNS} FROM messages WHERE channel_id = $1 AND seq = $2", channel_id, row["seq"])
            message = message_record(found[0])
            groups = with_one_less(message.reactions, row["emoji"])
            await store_reactions(tx, message._replace(reactions=groups, version=number), user_id, now_us)
    return len(rows)


async def _end_membership(db: Database, channel_id: int, user_id: int, now_us: int, erased: Erased) -> None:
    """End the user's membership, but of a direct channel, whose other member would lose it."""
    async with db.transaction() as tx:
        members = await tx.rows("SELECT 1 AS one FROM channel_members WHERE channel_id = $1 AND user_id = $2", channel_id, user_id)
        if not members:
            return
        channel = await lock_channel(tx, channel_id, user_id)
        if channel.kind is ChannelKind.DIRECT or channel.role is None:
            return
        if channel.role is ChannelRole.OWNER and await _inherit(tx, channel, user_id, now_us):
            erased.inherited.append(channel_id)
        await end_membership(tx, channel_id, user_id)
        await record(tx, channel, EventKind.MEMBER_LEFT, user_id, [user_id], now_us, members=-1)
        await log_all(tx, [user_id], UserEventKind.CHANNEL_LEFT, channel_id, now_us)
        erased.memberships += 1


async def _inherit(tx: Transaction, channel: LockedChannel, user_id: int, now_us: int) -> bool:
    """Make the moderator, else the member, who joined first an owner, where no other owner is left; returns whether so."""
    others = await tx.rows(
        "SELECT user_id, role FROM channel_members WHERE channel_id = $1 AND user_id <> $2"
        " ORDER BY CASE role WHEN 'OWNER' THEN 0 WHEN 'MODERATOR' THEN 1 ELSE 2 END, joined_us, id LIMIT 1",
        channel.id, user_id,
    )  # fmt: skip
    if not others or others[0]["role"] == ChannelRole.OWNER.value:
        return False
    heir = others[0]["user_id"]
    await tx.run("UPDATE channel_members SET role = 'OWNER' WHERE channel_id = $1 AND user_id = $2", channel.id, heir)
    await record(tx, channel, EventKind.MADE_OWNER, user_id, [heir], now_us)
    return True


async def _erase_notifications(db: Database, user_id: int) -> int:
    async with db.transaction() as tx:
        rows = await tx.rows(
            "DELETE FROM notifications WHERE user_id = $1 AND number IN"
            " (SELECT number FROM notifications WHERE user_id = $1 ORDER BY number LIMIT 1000) RETURNING number",
            user_id,
        )
    return len(rows)


async def _close_log(db: Database, user_id: int, now_us: int) -> None:
    """Empty the inbox, and let no token go on from before."""
    async with db.transaction() as tx:
        inbox = (await lock_inboxes(tx, [user_id]))[user_id]
        inbox.seen_total = inbox.read_total = inbox.last_number
        inbox.log(UserEventKind.NOTIFICATIONS_MARKED, notification=inbox.last_number)
        await save_inboxes(tx, [inbox], now_us)
        await tx.run("UPDATE inboxes SET kept_after = last_log WHERE user_id = $1", user_id)
        await tx.run("DELETE FROM user_log WHERE user_id = $1 AND number < $2", user_id, inbox.last_log)
