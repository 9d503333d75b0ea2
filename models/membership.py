"""Joining, leaving and reading: what a user does with their own membership, and their log with it.

Rule: the channel's row is locked first, also to read forward: a mention that commits meanwhile would be counted twice
or not at all.
"""

from models.channel import ChannelKind
from models.database import Database
from models.errors import Mistake, MistakeCode
from models.event import EventKind
from models.inbox import UserEventKind
from models.locked_channel import end_membership, lock_channel, log_all, not_a_member, record, refuse_last_owner
from models.member import ChannelRole, add_members
from models.send import advance_read_positions


async def join_channel(db: Database, channel_id: int, user_id: int, now_us: int) -> None:
    """Make the user a member who has read up to the head; nothing changes for who is one already.

    Who joins an empty channel owns it. Raises NotFound where they may not see the channel, Mistake ARCHIVED.
    """
    async with db.transaction() as tx:
        channel = await lock_channel(tx, channel_id, user_id)
        if channel.role is not None:
            return
        channel.require_open()
        role = ChannelRole.MEMBER if channel.member_count else ChannelRole.OWNER
        await add_members(tx, channel_id, [user_id], role=role, at_seq=channel.last_message, now_us=now_us)
        await record(tx, channel, EventKind.MEMBER_JOINED, user_id, [user_id], now_us, members=+1)
        await log_all(tx, [user_id], UserEventKind.CHANNEL_JOINED, channel_id, now_us)


async def leave_channel(db: Database, channel_id: int, user_id: int, now_us: int) -> None:
    """End the user's membership, also of an archived channel.

    Raises NotFound where they may not see the channel; Mistake NOT_A_MEMBER, LAST_OWNER while others remain, or
    NOT_ALLOWED for a direct channel, which keeps exactly its members.
    """
    async with db.transaction() as tx:
        channel = await lock_channel(tx, channel_id, user_id)
        if channel.role is None:
            raise not_a_member()
        if channel.kind is ChannelKind.DIRECT:
            raise Mistake(MistakeCode.NOT_ALLOWED, "A direct channel keeps its members.", ["channelId"])
        if channel.role is ChannelRole.OWNER and channel.member_count > 1:
            await refuse_last_owner(tx, channel, user_id, ["channelId"])
        await end_membership(tx, channel_id, user_id)
        await record(tx, channel, EventKind.MEMBER_LEFT, user_id, [user_id], now_us, members=-1)
        await log_all(tx, [user_id], UserEventKind.CHANNEL_LEFT, channel_id, now_us)


async def mark_channel_read(db: Database, channel_id: int, user_id: int, seq: int, now_us: int) -> None:
    """Move the user's read position forward to `seq`, never back and never past the head.

    Raises NotFound where they may not see the channel, Mistake NOT_A_MEMBER.
    """
    async with db.transaction() as tx:
        channel = await lock_channel(tx, channel_id, user_id)
        if channel.role is None:
            raise not_a_member()
        position = min(seq, channel.last_message)
        if position <= channel.read_seq:
            return
        await advance_read_positions(tx, channel_id, {user_id: position})
        await log_all(tx, [user_id], UserEventKind.CHANNEL_READ, channel_id, now_us)
