"""Sync: everything that changed for a viewer since a token, a page at a time.

Rule: heads first, content after, and the token covers what the page holds, never more. All of a page, authorization
included, hangs on heads of one moment from ReadIndex; what a client could have missed is sent again rather than not.
"""

from asyncio import gather
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cache.dependencies import Level
from models import ids
from models.cursor import CursorCodec
from models.errors import BadUserInput, Unavailable
from models.head import ChannelHead
from models.message import MessageRecord, messages_at
from models.read_watch import declared
from models.sync_token import SyncResetReason, SyncToken, Unusable, open_token
from realtime.pacing import ClientActivity, Interval
from resolvers.channel import ChannelView, channel_view
from resolvers.context import Context
from resolvers.inbox import InboxView, inbox_view
from resolvers.message import MessageView, channel_key, message_cursor, message_views
from resolvers.notification import NotificationView, notification_views
from resolvers.polling import interval_of, polling_interval
from resolvers.presence import touch
from resolvers.sync_draft import Draft, Scope, drafted

LARGEST_LIMIT = 500
DEFAULT_LIMIT = 100
MAX_NAMED = 200
# The epoch may end while a request reads; twice in one request it does not.
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class ChannelDelta:
    """What a page holds of one channel."""

    channel: ChannelView
    messages: list[MessageView]
    limited: bool
    gap_cursor: str | None
    head_cursor: str | None


@dataclass(frozen=True, slots=True)
class SyncPage:
    token: str
    has_more: bool
    reset_reason: SyncResetReason | None
    channels: list[ChannelDelta]
    removed_channel_ids: list[str]
    notifications: list[NotificationView]
    inbox: InboxView
    polling_interval: Interval
    # Whether there is something that the client did not know, which ends a wait.
    news: bool


class SyncRequest(NamedTuple):
    """What a client asks. `named` are the channels it is narrowed to, None for all; `activity` None as in the header."""

    token: str | None
    named: tuple[int, ...] | None
    limit: int
    activity: ClientActivity | None


def sync_request(
    token: str | None,
    channel_ids: Sequence[str] | None,
    wait_ms: int | None,
    limit: int | None,
    activity: ClientActivity | None,
) -> SyncRequest:
    """Return what a client asks, checked. Raises BadUserInput."""
    if wait_ms:
        raise BadUserInput("waitMs is 0: answers are not held.")
    size = DEFAULT_LIMIT if limit is None else limit
    if size < 0:
        raise BadUserInput(f"limit is {size}; at least 0 is needed.")
    if channel_ids is not None and len(channel_ids) > MAX_NAMED:
        raise BadUserInput(f"At most {MAX_NAMED} channelIds at once.")
    named = None if channel_ids is None else tuple(dict.fromkeys(channel_key(one) for one in channel_ids))
    return SyncRequest(token, named, min(size, LARGEST_LIMIT), activity)


async def sync(ctx: Context, request: SyncRequest) -> SyncPage:
    """Return a page of what is new. Raises BadUserInput, Unavailable."""
    ctx.depends.unkept()  # a token is asked with once
    with declared():
        quiet = await _unchanged(ctx, request)
        if quiet is not None:
            return quiet
        scope, cursors = await _scope(ctx, request)
        token, reason = _opened(ctx, cursors, request)
        if token is not None and (gone_back := scope.behind(token.state())):
            # Signed here in this epoch, yet beyond what is stored: the database lost what it had acknowledged.
            await ctx.services.lineage.rewound(f"a sync token of user {ctx.viewer.user_id} is ahead: {gone_back}")
            scope, cursors = await _scope(ctx, request)
            token, reason = None, SyncResetReason.HISTORY_REWRITTEN
        try:
            draft = await drafted(ctx.services.db, scope, token.state() if token is not None else None, limit=request.limit)
        except Unusable as unusable:
            token, reason = None, unusable.reason
            draft = await drafted(ctx.services.db, scope, None, limit=request.limit)
    return await _page(ctx, request, scope, cursors, draft, token=token, reason=reason)


async def _unchanged(ctx: Context, request: SyncRequest) -> SyncPage | None:
    """Return the empty page if the viewer's pulse says that nothing is new, which is what most polls ask."""
    if request.token is None:
        return None
    pulse = await ctx.services.read_index.pulse(ctx.viewer.user_id)
    token, _ = _opened(ctx, ctx.services.cursors, request)
    if token is None or (token.log, token.mark) != (pulse.inbox.last_log, pulse.mark):
        return None
    if request.named is not None:
        places = token.state().places
        if any(channel_id not in places or places[channel_id].read is None for channel_id in request.named):
            return None
    ctx.depends.inbox = pulse.inbox
    ctx.depends.reached(Level.RECENT)
    if request.named is not None:
        for channel_id in request.named:
            _touch(ctx, request, channel_id)
    interval = await _interval(ctx, request.named or (), request)
    return SyncPage(token.text, False, None, [], [], [], inbox_view(pulse.inbox), interval, news=False)


async def _scope(ctx: Context, request: SyncRequest) -> tuple[Scope, CursorCodec]:
    """Return the heads that a page is made under, and the cursors of their epoch. Raises Unavailable."""
    for _ in range(ATTEMPTS):
        viewer = await ctx.services.read_index.viewer(ctx.viewer.user_id)
        others = [key for key in request.named or () if key not in viewer.channels]
        heads = await gather(*(ctx.services.read_index.channel(key, ctx.viewer.user_id) for key in others))
        watched = {head.channel_id: head for head in heads if head is not None and head.visible}
        cursors = ctx.services.cursors
        if {viewer.inbox.epoch_hex, *(head.epoch_hex for head in watched.values())} == {cursors.epoch_hex}:
            return Scope(viewer, watched, request.named), cursors
    raise Unavailable


def _opened(ctx: Context, cursors: CursorCodec, request: SyncRequest) -> tuple[SyncToken | None, SyncResetReason | None]:
    """Return the token, or why it cannot be continued; neither where none was given."""
    if request.token is None:
        return None, None
    try:
        return open_token(cursors, ctx.viewer.user_id, request.token), None
    except Unusable as unusable:
        return None, unusable.reason


async def _page(
    ctx: Context,
    request: SyncRequest,
    scope: Scope,
    cursors: CursorCodec,
    draft: Draft,
    *,
    token: SyncToken | None,
    reason: SyncResetReason | None,
) -> SyncPage:
    ctx.started_from({delta.head.channel_id: delta.head for delta in draft.deltas}, scope.viewer.inbox)
    ctx.depends.reached(Level.STORE)
    for channel_id in request.named or ():
        if channel_id in scope.heads:
            _touch(ctx, request, channel_id, scope.heads[channel_id])
    unseen = [ids.encode(ids.ChannelId(key)) for key in request.named or () if key not in scope.heads]
    removed = [ids.encode(ids.ChannelId(key)) for key in draft.removed]
    news = token is None or bool(draft.deltas or draft.removed or draft.notifications)
    return SyncPage(
        token=draft.token(cursors, ctx.viewer.user_id, scope) if news or token is None else token.text,
        has_more=draft.more,
        reset_reason=reason,
        channels=await _deltas(ctx, draft),
        removed_channel_ids=list(dict.fromkeys((*removed, *unseen))),
        notifications=await notification_views(ctx, draft.notifications),
        inbox=inbox_view(scope.viewer.inbox),
        polling_interval=await _interval(ctx, [key for key in request.named or () if key in scope.heads], request),
        news=news,
    )


async def _deltas(ctx: Context, draft: Draft) -> list[ChannelDelta]:
    """Return the deltas of a page with all that they show, each kind of it read at once for all of them."""
    wanted = [(one.head.channel_id, seq) for one in draft.deltas for seq in one.newest]
    with declared():  # the heads cover them
        stored = {(m.channel_id, m.seq): m for m in await messages_at(ctx.services.db, wanted)} if wanted else {}
    if len(stored) != len(wanted):
        raise Unavailable  # the database went back between the heads and this read; the next heads will say so
    records: list[list[MessageRecord]] = []
    for one in draft.deltas:
        newest = [stored[one.head.channel_id, seq] for seq in one.newest]
        known = {record.seq for record in newest}
        records.append(sorted((*(m for m in one.changed if m.seq not in known), *newest), key=lambda m: m.version))
    views = iter(await message_views(ctx, [record for of_one in records for record in of_one]))
    channels = await gather(*(channel_view(ctx, one.head) for one in draft.deltas))
    return [
        ChannelDelta(
            channel=channel,
            messages=[next(views) for _ in of_one],
            limited=one.limited,
            gap_cursor=message_cursor(ctx, one.head.channel_id, one.newest[0]) if one.limited and one.newest else None,
            head_cursor=message_cursor(ctx, one.head.channel_id, one.head.last_message) if one.head.last_message else None,
        )
        for one, channel, of_one in zip(draft.deltas, channels, records, strict=True)
    ]


def _touch(ctx: Context, request: SyncRequest, channel_id: int, head: ChannelHead | None = None) -> None:
    """Count the viewer as seen in a channel that they name; without a head they are known to be a member."""
    if head is not None:
        touch(ctx, head, request.activity)
    elif (request.activity or ctx.activity) is not ClientActivity.BACKGROUND:
        ctx.services.presence.touch(channel_id, ctx.viewer.user_id)


async def _interval(ctx: Context, channel_ids: Sequence[int], request: SyncRequest) -> Interval:
    """Return when to ask again: as for the busiest of the channels that are named, or as for no channel."""
    if not channel_ids:
        return await polling_interval(ctx, None, request.activity)
    found = [interval_of(ctx, channel_id, request.activity) for channel_id in channel_ids]
    looked_up = await gather(*(one for one in found if not isinstance(one, Interval)))
    return min((*(one for one in found if isinstance(one, Interval)), *looked_up), key=lambda one: one.milliseconds)
