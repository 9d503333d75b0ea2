"""Presence: asking for a channel by name is being seen there."""

import time
from functools import partial

from cache.presence import SEEN_S, ChannelPresence, Presence, window_s
from models.head import ChannelHead
from models.member import members_of
from models.read_watch import declared
from realtime.pacing import ClientActivity
from resolvers.context import PRESENCE_S, Context, Maybe
from resolvers.paging import PageRequest
from resolvers.user import UserView, users

DEFAULT_ONLINE = 50
# Members are looked through this many at a time, and at most this many times.
LOOK_AT = 500
MAX_LOOKS = 20


def touch(ctx: Context, head: ChannelHead, activity: ClientActivity | None = None) -> None:
    """Count the viewer as seen in a channel they belong to, unless the client says that it is in the background.

    An `activity` that the client gave to one field goes there before that of the request.
    """
    if (activity or ctx.activity) is not ClientActivity.BACKGROUND:
        ctx.depends.seen_in.add(head.channel_id)
        if head.role is not None:
            ctx.services.presence.touch(head.channel_id, ctx.viewer.user_id)


def seen_until_next(ctx: Context, interval_ms: int) -> None:
    """Count the viewer as seen until they ask again, where they were told to wait long."""
    if ctx.activity is ClientActivity.BACKGROUND or window_s(interval_ms) == SEEN_S:
        return
    presence, seen_s = ctx.services.presence, window_s(interval_ms)
    presence.seen(ctx.viewer.user_id, seen_s=seen_s)
    for channel_id in ctx.depends.present_in(ctx.depends.heads):
        presence.touch(channel_id, ctx.viewer.user_id, seen_s=seen_s)


def active_users(ctx: Context, channel_id: int) -> Maybe[int | None]:
    """Return how many members were seen in the last 30 s, None when unknown; at once but for the first look."""
    presence = ctx.services.presence.glance(channel_id)
    if presence is False:
        return _active_users_looked_up(ctx, channel_id)
    return _active_users(ctx, channel_id, presence)


async def typing_user_ids(ctx: Context, channel_id: int) -> tuple[int, ...] | None:
    """Return who is typing, None when unknown."""
    presence = await of(ctx, channel_id)
    ctx.depends.shows(partial(ctx.services.presence.glance, channel_id), presence)
    return presence.typing_user_ids if presence is not None else None


async def of(ctx: Context, channel_id: int) -> ChannelPresence | None:
    """Return who is in a channel; whoever shows any of it says so to `ctx.depends`."""
    with declared():
        return await ctx.services.presence.of(channel_id)


async def _active_users_looked_up(ctx: Context, channel_id: int) -> int | None:
    return _active_users(ctx, channel_id, await of(ctx, channel_id))


def _active_users(ctx: Context, channel_id: int, presence: ChannelPresence | None) -> int | None:
    count = presence.active_users if presence is not None else None
    ctx.depends.shows(partial(active_users_now, ctx.services.presence, channel_id), count)
    return count


def active_users_now(presence: Presence, channel_id: int) -> int | str | None:
    """Return how many members are seen now, a word where that takes a look first."""
    found = presence.glance(channel_id)
    if found is None:
        return None
    return found.active_users if found is not False else "not known at once"


async def online_users(ctx: Context, channel_id: int, request: PageRequest) -> list[UserView] | None:
    """Return members seen anywhere in the last 30 s, by id, None when unknown."""
    wanted = request.size(DEFAULT_ONLINE)
    ctx.depends.ends(time.monotonic() + PRESENCE_S)
    found: list[int] = []
    after = 0
    for _ in range(MAX_LOOKS):
        with declared():  # members are the head's, who of them is online counts for a moment
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
