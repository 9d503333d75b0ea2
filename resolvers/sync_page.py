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
from realtime.rates import Expected
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


def expected_of(ctx: Context, found: Look) -> Expected:
    """Return what is expected of all that is the viewer's."""
    return ctx.services.pace.expected(ctx.viewer.user_id, *found.events())


async def page_of(ctx: Context, request: SyncRequest, found: Look, expected: Expected | None = None) -> SyncPage:
    """Return the page of a look. Raises Unavailable.

    `expected` is given where it was looked up before; what the page brings counts when it is looked up again.
    """
    if expected is None and request.named is None:
        expected = expected_of(ctx, found)
    if isinstance(found, Quiet):
        return await _empty_page(ctx, request, found, expected)
    return await _page(ctx, request, found, expected)


async def _empty_page(ctx: Context, request: SyncRequest, quiet: Quiet, expected: Expected | None) -> SyncPage:
    ctx.depends.inbox = quiet.inbox
    ctx.depends.brings(None)
    ctx.depends.reached(Level.RECENT)
    interval = await _interval(ctx, request, expected, dict.fromkeys(request.named or ()))
    return SyncPage(quiet.token.text, False, None, [], [], [], InboxView(quiet.inbox), interval)


async def _page(ctx: Context, request: SyncRequest, found: Found, expected: Expected | None) -> SyncPage:
    scope, draft = found.scope, found.draft
    named = {key: scope.heads[key].last_message for key in request.named or () if key in scope.heads}
    ctx.started_from({delta.head.channel_id: delta.head for delta in draft.deltas}, scope.viewer.inbox)
    ctx.depends.reached(Level.STORE)
    if found.token is not None:
        ctx.depends.brings(found.news)
    unseen = [ids.of_channel(key) for key in request.named or () if key not in scope.heads]
    removed = [ids.of_channel(key) for key in draft.removed]
    covered = found.token is not None and not found.news
    return SyncPage(
        token=found.token.text if covered and found.token else draft.token(found.cursors, ctx.viewer.user_id, scope),
        has_more=draft.more,
        reset_reason=found.reason,
        channels=await _deltas(ctx, draft),
        removed_channel_ids=list(dict.fromkeys((*removed, *unseen))),
        notifications=await notification_views(ctx, draft.notifications),
        inbox=InboxView(scope.viewer.inbox),
        polling_interval=await _interval(ctx, request, expected, named),
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


async def _interval(ctx: Context, request: SyncRequest, expected: Expected | None, named: Mapping[int, int | None]) -> Interval:
    """Return when to ask again: as is expected of all that is the viewer's, or where that is None the shortest of some channels.

    They are given with their last message, None where it is as before.
    """
    if expected is not None:
        return viewer_interval(ctx, expected, request.activity)
    if not named:
        interval = general_interval(ctx.services, request.activity or ctx.activity)
        ctx.intervals.append(interval)
        return interval
    found = [interval_of(ctx, channel_id, last, request.activity) for channel_id, last in named.items()]
    looked_up = await gather(*(one for one in found if not isinstance(one, Interval)))
    return min((*(one for one in found if isinstance(one, Interval)), *looked_up), key=lambda one: one.milliseconds)
