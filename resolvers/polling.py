"""The polling interval, of a channel or of the viewer's notifications."""

from functools import partial

from cache.presence import Presence
from realtime.load import LoadMeter
from realtime.pacing import ClientActivity, Interval, PollingPolicy, channel_interval, notifications_interval
from resolvers.context import Context, Maybe
from resolvers.message import channel_key
from resolvers.presence import active_users_now, of, touch
from resolvers.services import Services


async def polling_interval(ctx: Context, channel_id: str | None, activity: ClientActivity | None) -> Interval:
    """Return when to ask again: for a channel's messages, or without one for anything.

    An `activity` that the client gave here goes, here and nowhere else, before the one it gave in the header: fields are
    resolved beside one another, and none may depend on which comes first.

    Raises NotFound where the viewer may not see the channel, Unavailable.
    """
    if channel_id is None:
        interval = general_interval(ctx.services, activity or ctx.activity)
        ctx.intervals.append(interval)
        show_general_interval(ctx, activity)
        return interval
    head = await ctx.head(channel_key(channel_id))
    touch(ctx, head, activity)
    found = interval_of(ctx, head.channel_id, activity)
    return found if isinstance(found, Interval) else await found


def interval_of(ctx: Context, channel_id: int, activity: ClientActivity | None = None) -> Maybe[Interval]:
    """Return the interval of a channel whose head the viewer may see; at once but for the first look at the channel."""
    active, activity = active_users_now(ctx.services.presence, channel_id), activity or ctx.activity
    if isinstance(active, str):
        return _interval_looked_up(ctx, channel_id, activity)
    return _interval(ctx, channel_id, active, activity)


def inbox_interval(ctx: Context) -> Interval:
    """Return when to ask for notifications again."""
    interval = notifications_interval(ctx.services.load.load)
    ctx.intervals.append(interval)
    return interval


def show_general_interval(ctx: Context, activity: ClientActivity | None = None) -> None:
    """Take note that the answer shows, or its header does, the interval of a request that names no channel."""
    look = partial(_general_pace_now, ctx.services, activity or ctx.activity)
    ctx.depends.shows(look, look())


def server_load(ctx: Context, interval: Interval) -> float | None:
    """Return the load that an interval was made under."""
    ctx.depends.shows(partial(_load_now, ctx.services.load), interval.server_load)
    return interval.server_load


async def _interval_looked_up(ctx: Context, channel_id: int, activity: ClientActivity) -> Interval:
    presence = await of(ctx, channel_id)
    return _interval(ctx, channel_id, presence.active_users if presence is not None else None, activity)


def _interval(ctx: Context, channel_id: int, active: int | None, activity: ClientActivity) -> Interval:
    services = ctx.services
    interval = channel_interval(services.policy, active_users=active, server_load=services.load.load, activity=activity)
    ctx.intervals.append(interval)
    look = partial(_pace_now, services.policy, services.presence, services.load, activity, channel_id)
    ctx.depends.shows(look, _pace(interval))
    return interval


def _pace(interval: Interval) -> tuple[object, ...]:
    """What an interval shows but the load, which is a field of its own."""
    return interval.milliseconds, interval.reason, interval.active_users


def _pace_now(
    policy: PollingPolicy, presence: Presence, load: LoadMeter, activity: ClientActivity, channel_id: int
) -> tuple[object, ...] | None:
    active = active_users_now(presence, channel_id)
    if isinstance(active, str):
        return None
    return _pace(channel_interval(policy, active_users=active, server_load=load.load, activity=activity))


def _general_pace_now(services: Services, activity: ClientActivity) -> tuple[object, ...]:
    return _pace(general_interval(services, activity))


def _load_now(load: LoadMeter) -> float | None:
    return load.load


def general_interval(services: Services, activity: ClientActivity = ClientActivity.ACTIVE) -> Interval:
    """Return the interval of a request that names no channel: as if nobody else were active."""
    return channel_interval(services.policy, active_users=None, server_load=services.load.load, activity=activity)
