"""Presence: asking for a channel by name is being seen there."""

from models.head import ChannelHead
from models.member import members_of
from realtime.pacing import ClientActivity
from resolvers.context import Context
from resolvers.paging import PageRequest
from resolvers.user import UserView, users

DEFAULT_ONLINE = 50
# Members are looked through this many at a time, and at most this many times.
LOOK_AT = 500
MAX_LOOKS = 20


def touch(ctx: Context, head: ChannelHead) -> None:
    """Count the viewer as seen in a channel they belong to, unless the client says that it is in the background."""
    if head.role is not None and ctx.activity is not ClientActivity.BACKGROUND:
        ctx.services.presence.touch(head.channel_id, ctx.viewer.user_id)


async def active_users(ctx: Context, channel_id: int) -> int | None:
    """Return how many members were seen in the last 30 s, None when unknown."""
    presence = await ctx.services.presence.of(channel_id)
    return presence.active_users if presence is not None else None


async def online_users(ctx: Context, channel_id: int, request: PageRequest) -> list[UserView] | None:
    """Return members seen anywhere in the last 30 s, by id, None when unknown."""
    wanted = request.size(DEFAULT_ONLINE)
    found: list[int] = []
    after = 0
    for _ in range(MAX_LOOKS):
        members = await members_of(ctx.services.db, channel_id, after_user_id=after, limit=LOOK_AT)
        online = await ctx.services.presence.online([member.user_id for member in members]) if members else set()
        if online is None:
            return None
        found += sorted(online)
        if len(members) < LOOK_AT or len(found) >= wanted:
            break
        after = members[-1].user_id
    return sorted((await users(ctx, found[:wanted])).values(), key=lambda user: user.id)


async def is_online(ctx: Context, user_id: int) -> bool | None:
    """Return whether a user was seen anywhere in the last 30 s, None when unknown."""
    return await ctx.online(user_id)
