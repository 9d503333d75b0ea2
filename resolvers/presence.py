"""Presence: asking for a channel by name is being seen there."""

from models.head import ChannelHead
from realtime.pacing import ClientActivity
from resolvers.context import Context


def touch(ctx: Context, head: ChannelHead, *, typing: bool = False) -> None:
    """Count the viewer as seen in a channel they belong to, unless the client says that it is in the background."""
    if head.role is not None and ctx.activity is not ClientActivity.BACKGROUND:
        ctx.services.presence.touch(head.channel_id, ctx.viewer.user_id, typing=typing)


async def active_users(ctx: Context, channel_id: int) -> int | None:
    """Return how many members were seen in the last 30 s, None when unknown."""
    presence = await ctx.services.presence.of(channel_id)
    return presence.active_users if presence is not None else None
