"""Joining, leaving and reading: what changes a membership, and the user's log with it.

Rule: the channel's row is locked first, also to read forward: a mention that commits meanwhile would be counted twice
or not at all.
"""

from dataclasses import dataclass

from models.channel import ChannelKind
from models.database import Database, Row, Transaction
from models.errors import Mistake, MistakeCode, NotFound
from models.event import EventKind, NewEvent, append_events
from models.inbox import UserEventKind, lock_inboxes, save_inboxes
from models.member import ChannelRole, add_members
from models.send import advance_read_positions


@dataclass(frozen=True, slots=True)
class _Locked:
    """A channel's row and the viewer's membership, both as they are under the lock."""

    kind: ChannelKind
    archived: bool
    last_event: int
    last_message: int
    role: ChannelRole | None
    read_seq: int


async def join_channel(db: Database, channel_id: int, user_id: int, now_us: int) -> None:
    """Make the user a member who has read up to the head; nothing changes for who is one already.

    Raises NotFound where they may not see the channel, Mistake ARCHIVED.
    """
    async with db.transaction() as tx:
        channel = await _lock(tx, channel_id, user_id)
        if channel.role is not None:
            return
        if channel.archived:
            raise Mistake(MistakeCode.ARCHIVED, "The channel is archived.", ["channelId"])
        await add_members(tx, channel_id, [user_id], role=ChannelRole.MEMBER, at_seq=channel.last_message, now_us=now_us)
        await _record(tx, channel_id, channel, EventKind.MEMBER_JOINED, user_id, now_us, members=+1)
        await _log(tx, user_id, UserEventKind.CHANNEL_JOINED, channel_id, now_us)


async def leave_channel(db: Database, channel_id: int, user_id: int, now_us: int) -> None:
    """End the user's membership.

    Raises NotFound where they may not see the channel; Mistake NOT_A_MEMBER, LAST_OWNER while others remain, or
    NOT_ALLOWED for a direct channel, which keeps exactly its members.
    """
    async with db.transaction() as tx:
        channel = await _lock(tx, channel_id, user_id)
        if channel.role is None:
            raise _not_a_member()
        if channel.kind is ChannelKind.DIRECT:
            raise Mistake(MistakeCode.NOT_ALLOWED, "A direct channel keeps its members.", ["channelId"])
        if channel.role is ChannelRole.OWNER:
            await _refuse_last_owner(tx, channel_id, user_id)
        await tx.run("DELETE FROM message_mentions WHERE channel_id = $1 AND user_id = $2", channel_id, user_id)
        await tx.run("DELETE FROM channel_members WHERE channel_id = $1 AND user_id = $2", channel_id, user_id)
        await _record(tx, channel_id, channel, EventKind.MEMBER_LEFT, user_id, now_us, members=-1)
        await _log(tx, user_id, UserEventKind.CHANNEL_LEFT, channel_id, now_us)


async def mark_channel_read(db: Database, channel_id: int, user_id: int, seq: int, now_us: int) -> None:
    """Move the user's read position forward to `seq`, never back and never past the head.

    Raises NotFound where they may not see the channel, Mistake NOT_A_MEMBER.
    """
    async with db.transaction() as tx:
        channel = await _lock(tx, channel_id, user_id)
        if channel.role is None:
            raise _not_a_member()
        position = min(seq, channel.last_message)
        if position <= channel.read_seq:
            return
        await advance_read_positions(tx, channel_id, {user_id: position})
        await _log(tx, user_id, UserEventKind.CHANNEL_READ, channel_id, now_us)


async def _lock(tx: Transaction, channel_id: int, user_id: int) -> _Locked:
    channels: list[Row] = await tx.rows(
        f"SELECT kind, archived_us, last_event, last_message FROM channels WHERE id = $1{tx.dialect.row_lock}",
        channel_id,
    )
    members = await tx.rows(
        "SELECT role, read_seq FROM channel_members WHERE channel_id = $1 AND user_id = $2", channel_id, user_id
    )
    if not channels or (not members and channels[0]["kind"] != ChannelKind.PUBLIC.value):
        raise NotFound
    return _Locked(
        kind=ChannelKind(channels[0]["kind"]),
        archived=channels[0]["archived_us"] is not None,
        last_event=channels[0]["last_event"],
        last_message=channels[0]["last_message"],
        role=ChannelRole(members[0]["role"]) if members else None,
        read_seq=members[0]["read_seq"] if members else 0,
    )


async def _refuse_last_owner(tx: Transaction, channel_id: int, user_id: int) -> None:
    rows = await tx.rows(
        "SELECT count(*) AS members, sum(CASE WHEN role = 'OWNER' THEN 1 ELSE 0 END) AS owners"
        " FROM channel_members WHERE channel_id = $1 AND user_id <> $2",
        channel_id, user_id,
    )  # fmt: skip
    if rows[0]["members"] and not rows[0]["owners"]:
        raise Mistake(MistakeCode.LAST_OWNER, "You are the last owner; make somebody else one first.", ["channelId"])


async def _record(
    tx: Transaction, channel_id: int, channel: _Locked, kind: EventKind, user_id: int, now_us: int, *, members: int
) -> None:
    number = channel.last_event + 1
    await append_events(tx, channel_id, [NewEvent(number, kind, user_id, subject_id=user_id)], now_us)
    await tx.run(
        "UPDATE channels SET last_event = $2, member_count = member_count + $3 WHERE id = $1",
        channel_id,
        number,
        members,
    )


async def _log(tx: Transaction, user_id: int, kind: UserEventKind, channel_id: int, now_us: int) -> None:
    inbox = (await lock_inboxes(tx, [user_id]))[user_id]
    inbox.log(kind, channel_id=channel_id)
    await save_inboxes(tx, [inbox], now_us)


def _not_a_member() -> Mistake:
    return Mistake(MistakeCode.NOT_A_MEMBER, "You are not a member of this channel.", ["channelId"])
