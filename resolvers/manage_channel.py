"""What owners and moderators do with a channel and its members.

Rule: what a viewer may not see is as if missing; every other rule is checked under the channel's lock, in models.
"""

from collections.abc import Sequence

from models.errors import Mistake, MistakeCode
from models.manage_members import add_channel_members, remove_channel_member, set_channel_member_role
from models.member import ChannelRole
from models.text import bounded
from models.update_channel import ChannelChange, update_channel
from resolvers.channel import LONGEST_NAME, LONGEST_TOPIC, ChannelView, after_change, channel_view
from resolvers.context import Context
from resolvers.message import channel_key
from resolvers.user import user_ids_of

MAX_ADDED = 100


async def update(ctx: Context, channel_id: str, *, name: str | None, topic: str | None, archived: bool | None) -> ChannelView:
    """Change what is given of a channel; returns it as it is now. Raises Mistake, NotFound, Unavailable."""
    key = await _visible(ctx, channel_id)
    change = ChannelChange(
        name=None if name is None else bounded(name, longest=LONGEST_NAME, field="name"),
        topic=None if topic is None else bounded(topic, longest=LONGEST_TOPIC, field="topic", required=False),
        archived=archived,
    )
    await update_channel(ctx.services.db, key, ctx.viewer.user_id, change, ctx.services.clock())
    return await after_change(ctx, key)


async def add_members(ctx: Context, channel_id: str, user_ids: Sequence[str]) -> ChannelView:
    """Make people members. Raises Mistake, NotFound for the channel or a person, Unavailable."""
    key = await _visible(ctx, channel_id)
    if len(user_ids) > MAX_ADDED:
        raise Mistake(MistakeCode.TOO_LONG, f"At most {MAX_ADDED} people at once.", ["userIds"])
    others = await user_ids_of(ctx, user_ids, "userIds")
    await add_channel_members(ctx.services.db, key, ctx.viewer.user_id, others, ctx.services.clock())
    return await after_change(ctx, key)


async def remove_member(ctx: Context, channel_id: str, user_id: str) -> ChannelView | None:
    """End a membership; returns the channel if the viewer may still see it. Raises Mistake, NotFound, Unavailable."""
    key = await _visible(ctx, channel_id)
    (other_id,) = await user_ids_of(ctx, [user_id], "userId")
    await remove_channel_member(ctx.services.db, key, ctx.viewer.user_id, other_id, ctx.services.clock())
    ctx.services.presence.forget(key, other_id)
    ctx.mutated()
    head = await ctx.find_head(key)
    return await channel_view(ctx, head) if head is not None else None


async def set_member_role(ctx: Context, channel_id: str, user_id: str, role: ChannelRole) -> ChannelView:
    """Give a member a role. Raises Mistake, NotFound, Unavailable."""
    key = await _visible(ctx, channel_id)
    (other_id,) = await user_ids_of(ctx, [user_id], "userId")
    await set_channel_member_role(ctx.services.db, key, ctx.viewer.user_id, other_id, role, ctx.services.clock())
    return await after_change(ctx, key)


async def _visible(ctx: Context, channel_id: str) -> int:
    """Return the key of a channel that the viewer may see, before anything else is said. Raises BadUserInput, NotFound."""
    return (await ctx.head(channel_key(channel_id))).channel_id
