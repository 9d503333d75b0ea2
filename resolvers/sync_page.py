"""The page that a look at the news becomes.

Rule: the token covers what the page holds, never more; what a client could have missed is sent again rather than not.
All that a page shows hangs on the heads of its look.
"""

from asyncio import gather
from collections.abc import Coroutine, Mapping, Sequence
from typing import NamedTuple, TypeVar

from cache.dependencies import Level
from models import ids
from models.cursor import CursorKind
from models.errors import Unavailable
from models.message import MessageRecord, messages_at
from models.read_watch import declared
from models.sync_token import SyncResetReason
from realtime.pacing import Interval
from resolvers.channel import ChannelView, channel_view
from resolvers.context import Context
from resolvers.inbox import InboxView
from resolvers.message import MessageView, message_views
from resolvers.notification import NotificationView, notification_views
from resolvers.polling import general_interval, interval_of, viewer_interval
from resolvers.sync_draft import Draft
from resolvers.sync_look import Found, Look, Quiet
from resolvers.sync_request import SyncRequest

T = TypeVar("T")


class ChannelDelta(NamedTuple):
    """What a page holds of one channel. `first_seq` is that of its oldest message where older ones were left out."""

    channel: ChannelView
    messages: list[MessageView]
    limited: bool
    first_seq: int | None

    @property
    def gap_cursor(self) -> str | None:
        return self._cursor(self.first_seq)

    @property
    def head_cursor(self) -> str | None:
        return self._cursor(self.channel.head.last_message)

    def _cursor(self, seq: int | None) -> str | None:
        view = self.channel
        return view.cursors.encode(CursorKind.MESSAGES, view.head.channel_id, seq) if seq else None


class SyncPage(NamedTuple):
    token: str
    has_more: bool
    reset_reason: SyncResetReason | None
    channels: list[ChannelDelta]
    removed_channel_ids: list[str]
    notifications: list[NotificationView]
    inbox: InboxView
    polling_interval: Interval


async def page_of(ctx: Context, request: SyncRequest, found: Look) -> SyncPage:
    """Return the page of a look. Raises Unavailable."""
    return await _empty_page(ctx, request, found) if isinstance(found, Quiet) else await _page(ctx, request, found)


async def _empty_page(ctx: Context, request: SyncRequest, quiet: Quiet) -> SyncPage:
    ctx.depends.inbox = quiet.inbox
    ctx.depends.brings(None)
    ctx.depends.reached(Level.RECENT)
    if request.named is None:
        mark = quiet.token.mark
        assert mark is not None  # or it could not have been compared
        interval = viewer_interval(ctx, mark.channels, mark.events, request.activity)
    else:
        interval = await _shortest(ctx, dict.fromkeys(request.named), request)
    return SyncPage(quiet.token.text, False, None, [], [], [], InboxView(quiet.inbox), interval)


async def _page(ctx: Context, request: SyncRequest, found: Found) -> SyncPage:
    scope, draft = found.scope, found.draft
    ctx.started_from({delta.head.channel_id: delta.head for delta in draft.deltas}, scope.viewer.inbox)
    ctx.depends.reached(Level.STORE)
    if found.token is not None:
        ctx.depends.brings(found.news)
    unseen = [ids.encode(ids.ChannelId(key)) for key in request.named or () if key not in scope.heads]
    removed = [ids.encode(ids.ChannelId(key)) for key in draft.removed]
    covered = found.token is not None and not found.news
    return SyncPage(
        token=found.token.text if covered and found.token else draft.token(found.cursors, ctx.viewer.user_id, scope),
        has_more=draft.more,
        reset_reason=found.reason,
        channels=await _deltas(ctx, draft),
        removed_channel_ids=list(dict.fromkeys((*removed, *unseen))),
        notifications=await notification_views(ctx, draft.notifications),
        inbox=InboxView(scope.viewer.inbox),
        polling_interval=await _interval(ctx, request, found),
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
    channels = await _all([channel_view(ctx, one.head) for one in draft.deltas])
    return [
        ChannelDelta(
            channel=channel,
            messages=[next(views) for _ in of_one],
            limited=one.limited,
            first_seq=one.newest[0] if one.limited and one.newest else None,
        )
        for one, channel, of_one in zip(draft.deltas, channels, records, strict=True)
    ]


async def _all(work: Sequence[Coroutine[object, object, T]]) -> list[T]:
    """Return what several give, all at the same time; one alone, as in most pages, needs no task."""
    return [await work[0]] if len(work) == 1 else await gather(*work)


async def _interval(ctx: Context, request: SyncRequest, found: Found) -> Interval:
    """Return when to ask again: as for all that is the viewer's, or for the channels that are named."""
    if request.named is None:
        heads = found.scope.viewer.channels.values()
        return viewer_interval(ctx, len(heads), sum(head.last_event for head in heads), request.activity)
    named = [key for key in request.named if key in found.scope.heads]
    return await _shortest(ctx, {key: found.scope.heads[key].last_message for key in named}, request)


async def _shortest(ctx: Context, channels: Mapping[int, int | None], request: SyncRequest) -> Interval:
    """Return the shortest interval of some channels, given with their last message, None where it is as before."""
    if not channels:
        interval = general_interval(ctx.services, request.activity or ctx.activity)
        ctx.intervals.append(interval)
        return interval
    found = [interval_of(ctx, channel_id, last, request.activity) for channel_id, last in channels.items()]
    looked_up = await gather(*(one for one in found if not isinstance(one, Interval)))
    return min((*(one for one in found if isinstance(one, Interval)), *looked_up), key=lambda one: one.milliseconds)
