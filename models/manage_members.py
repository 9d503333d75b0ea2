"""What owners and moderators do with the membership of others: add, remove, give a role.

Rule: owners may do everything but leave a channel without one; moderators add people and remove plain members. Roles
are read under the channel's lock, the target's as well as one's own.
"""

from collections.abc import Sequence

from models.database import Database, Transaction
from models.errors import Mistake, MistakeCode
from models.event import EventKind
from models.inbox import UserEventKind
from models.locked_channel import end_membership, lock_channel, log_all, record, refuse_last_owner
from models.member import ChannelRole, add_members

_EVENT_OF_ROLE = {
    ChannelRole.OWNER: EventKind.MADE_OWNER,
    ChannelRole.MODERATOR: EventKind.MADE_MODERATOR,
    ChannelRole.MEMBER: EventKind.MADE_MEMBER,
}


async def add_channel_members(db: Database, channel_id: int, user_id: int, others: Sequence[int], now_us: int) -> None:
    """Make others members who have read up to the head; nothing changes for those who are.

    Raises NotFound where the user may not see the channel; Mistake NOT_A_MEMBER, NOT_ALLOWED, ARCHIVED.
    """
    async with db.transaction() as tx:
        channel = await lock_channel(tx, channel_id, user_id)
        channel.require(ChannelRole.OWNER, ChannelRole.MODERATOR, what="add members")
        channel.require_open()
        present = await _roles(tx, channel_id, others)
        new = [other for other in dict.fromkeys(others) if other not in present]
        if new:
            await add_members(tx, channel_id, new, role=ChannelRole.MEMBER, at_seq=channel.last_message, now_us=now_us)
            await record(tx, channel, EventKind.MEMBER_JOINED, user_id, new, now_us, members=len(new))
            await log_all(tx, new, UserEventKind.CHANNEL_JOINED, channel_id, now_us)


async def remove_channel_member(db: Database, channel_id: int, user_id: int, other_id: int, now_us: int) -> None:
    """End the membership of another, or one's own.

    Raises NotFound where the user may not see the channel; Mistake NOT_A_MEMBER, NOT_ALLOWED, ARCHIVED, LAST_OWNER.
    """
    async with db.transaction() as tx:
        channel = await lock_channel(tx, channel_id, user_id)
        everybody = ChannelRole if other_id == user_id else (ChannelRole.OWNER, ChannelRole.MODERATOR)
        channel.require(*everybody, what="remove members")
        channel.require_open()
        role = await _role(tx, channel_id, other_id)
        if other_id != user_id and channel.role is ChannelRole.MODERATOR and role is not ChannelRole.MEMBER:
            raise Mistake(MistakeCode.NOT_ALLOWED, "Moderators remove plain members only.", ["userId"])
        if role is ChannelRole.OWNER and channel.member_count > 1:
            await refuse_last_owner(tx, channel, other_id, ["userId"])
        await end_membership(tx, channel_id, other_id)
        await record(tx, channel, EventKind.MEMBER_LEFT, user_id, [other_id], now_us, members=-1)
        await log_all(tx, [other_id], UserEventKind.CHANNEL_LEFT, channel_id, now_us)


async def set_channel_member_role(
    db: Database, channel_id: int, user_id: int, other_id: int, role: ChannelRole, now_us: int
) -> None:
    """Give a member a role; the one they have changes nothing. For owners.

    Raises NotFound where the user may not see the channel; Mistake NOT_A_MEMBER, NOT_ALLOWED, ARCHIVED, LAST_OWNER.
    """
    async with db.transaction() as tx:
        channel = await lock_channel(tx, channel_id, user_id)
        channel.require(ChannelRole.OWNER, what="give roles")
        channel.require_open()
        present = await _role(tx, channel_id, other_id)
        if present is role:
            return
        if present is ChannelRole.OWNER:
            await refuse_last_owner(tx, channel, other_id, ["userId"])
        await tx.run(
            "UPDATE channel_members SET role = $3 WHERE channel_id = $1 AND user_id = $2", channel_id, other_id, role.value
        )
        await record(tx, channel, _EVENT_OF_ROLE[role], user_id, [other_id], now_us)


async def _role(tx: Transaction, channel_id: int, user_id: int) -> ChannelRole:
    roles = await _roles(tx, channel_id, [user_id])
    if not roles:
        raise Mistake(MistakeCode.NOT_A_MEMBER, "This person is not a member of the channel.", ["userId"])
    return roles[user_id]


async def _roles(tx: Transaction, channel_id: int, user_ids: Sequence[int]) -> dict[int, ChannelRole]:
    rows = await tx.rows(
        f"SELECT user_id, role FROM channel_members WHERE channel_id = $1 AND {tx.dialect.one_of('user_id', '$2')}",
        channel_id, tx.dialect.array(user_ids),
    )  # fmt: skip
    return {row["user_id"]: ChannelRole(row["role"]) for row in rows}
