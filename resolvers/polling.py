"""The polling interval, of a channel or of the viewer's notifications."""

from realtime.pacing import ClientActivity, Interval, channel_interval, notifications_interval
from resolvers.context import Context
from resolvers.message import channel_key
from resolvers.presence import active_users, touch
from resolvers.services import Services


async def polling_interval(ctx: Context, channel_id: str | None, activity: ClientActivity | None) -> Interval:
    """Return when to ask again: for a channel's messages, or without one for anything.

    An `activity` that the client gave here goes before the one it gave in the header.

    Raises NotFound where the viewer may not see the channel, Unavailable.
    """
    if activity is not None:
        ctx.activity = activity
    if channel_id is None:
        interval = general_interval(ctx.services, ctx.activity)
        ctx.intervals.append(interval)
        return interval
    head = await ctx.head(channel_key(channel_id))
    touch(ctx, head)
    return await interval_of(ctx, head.channel_id)


async def interval_of(ctx: Context, channel_id: int) -> Interval:
    """Return the interval of a channel whose head the viewer may see."""
    services = ctx.services
    active = await active_users(ctx, channel_id)
    interval = channel_interval(services.policy, active_users=active, server_load=services.load.load, activity=ctx.activity)
    ctx.intervals.append(interval)
    return interval


def inbox_interval(ctx: Context) -> Interval:
    """Return when to ask for notifications again."""
    interval = notifications_interval(ctx.services.load.load)
    ctx.intervals.append(interval)
    return interval


def general_interval(services: Services, activity: ClientActivity = ClientActivity.ACTIVE) -> Interval:
    """Return the interval of a request that names no channel: as if nobody else were active."""
    return channel_interval(services.policy, active_users=None, server_load=services.load.load, activity=activity)
