"""The polling interval, of a channel, of all that a viewer syncs, or of their notifications."""

from functools import partial

from cache.presence import Presence
from realtime.pace import Pace
from realtime.pacing import ClientActivity, Interval
from realtime.rates import Expected
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
    found = interval_of(ctx, head.channel_id, head.last_message, activity)
    return found if isinstance(found, Interval) else await found


def interval_of(ctx: Context, channel_id: int, last_message: int | None, activity: ClientActivity | None = None) -> Maybe[Interval]:
    """Return the interval of a channel that the viewer may see; at once but for the first look at the channel.

    `last_message` is of its head, None where that is known to be as before.
    """
    active, activity = active_users_now(ctx.services.presence, channel_id), activity or ctx.activity
    if isinstance(active, str):
        return _interval_looked_up(ctx, channel_id, last_message, activity)
    return _interval(ctx, channel_id, last_message, active, activity)


def viewer_interval(ctx: Context, expected: Expected, activity: ClientActivity | None) -> Interval:
    """Return when to sync again: everything of the viewer. What was `expected` is so until their pulse is another."""
    pace, user_id, activity = ctx.services.pace, ctx.viewer.user_id, activity or ctx.activity
    interval = pace.of_viewer(user_id, expected, activity)
    ctx.intervals.append(interval)
    ctx.depends.shows(partial(_viewer_pace_now, pace, user_id, activity), _pace(interval))
    return interval


def inbox_interval(ctx: Context) -> Interval:
    """Return when to ask for notifications again."""
    interval = ctx.services.pace.of_notifications(ctx.activity)
    ctx.intervals.append(interval)
    ctx.depends.shows(partial(_inbox_pace_now, ctx.services.pace, ctx.activity), _pace(interval))
    return interval


def show_general_interval(ctx: Context, activity: ClientActivity | None = None) -> None:
    """Take note that the answer shows, or its header does, the interval of a request that names no channel."""
    look = partial(_general_pace_now, ctx.services, activity or ctx.activity)
    ctx.depends.shows(look, look())


def server_load(ctx: Context, interval: Interval) -> float | None:
    """Return the load that an interval was made under."""
    ctx.depends.shows(partial(_load_now, ctx.services.pace), interval.server_load)
    return interval.server_load


def message_rate(ctx: Context, interval: Interval) -> float | None:
    """Return messages a minute, in steps; None when unknown."""
    if interval.of is not None:
        ctx.depends.shows(partial(ctx.services.pace.rate_now, interval.of), interval.message_rate)
    return interval.message_rate


def general_interval(services: Services, activity: ClientActivity = ClientActivity.ACTIVE) -> Interval:
    """Return the interval of a request that names no channel: as if nobody else were active."""
    return services.pace.in_general(activity)


async def _interval_looked_up(ctx: Context, channel_id: int, last_message: int | None, activity: ClientActivity) -> Interval:
    presence = await of(ctx, channel_id)
    return _interval(ctx, channel_id, last_message, presence.active_users if presence is not None else None, activity)


def _interval(ctx: Context, channel_id: int, last_message: int | None, active: int | None, activity: ClientActivity) -> Interval:
    services = ctx.services
    interval = services.pace.of_channel(channel_id, last_message, active, activity)
    ctx.intervals.append(interval)
    look = partial(_pace_now, services.pace, services.presence, activity, channel_id)
    ctx.depends.shows(look, _pace(interval))
    return interval


def _pace(interval: Interval) -> tuple[object, ...]:
    """What an interval shows but the load and the rate, which are fields of their own."""
    return interval.milliseconds, interval.reason, interval.active_users


def _pace_now(pace: Pace, presence: Presence, activity: ClientActivity, channel_id: int) -> tuple[object, ...] | None:
    active = active_users_now(presence, channel_id)
    if isinstance(active, str):
        return None
    return _pace(pace.of_channel(channel_id, None, active, activity))


def _viewer_pace_now(pace: Pace, user_id: int, activity: ClientActivity) -> tuple[object, ...]:
    return _pace(pace.of_viewer(user_id, pace.expected_now(user_id), activity))


def _inbox_pace_now(pace: Pace, activity: ClientActivity) -> tuple[object, ...]:
    return _pace(pace.of_notifications(activity))


def _general_pace_now(services: Services, activity: ClientActivity) -> tuple[object, ...]:
    return _pace(general_interval(services, activity))


def _load_now(pace: Pace) -> float | None:
    return pace.fleet.load
