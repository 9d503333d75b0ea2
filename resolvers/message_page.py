"""Pages of messages: which seqs a cursor and a size mean, and the messages of them, one by one or encoded.

Rule: seqs have no gaps, so a page is cut from the head alone, and nothing is read of it that is not selected.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from cache.fragments import Loaded, Selection
from cache.profiles import numbers_of
from models.head import ChannelHead
from resolvers.context import Context, Maybe
from resolvers.message import (
    MessageView,
    channel_key,
    message_cursor,
    message_seq,
    message_views,
    people_of,
    records_of,
    views_of,
)
from resolvers.paging import Edge, PageRequest
from resolvers.presence import touch

DEFAULT_PAGE = 50


class MessagePageInfo(NamedTuple):
    """Where a page of messages stands: as `PageInfo`, but that a cursor is signed only where it is selected.

    `start` and `end` are seqs, or texts that a client gave.
    """

    has_next_page: bool
    has_previous_page: bool
    start: int | str | None
    end: int | str
    cursor_of: Callable[[int], str]

    @property
    def start_cursor(self) -> str | None:
        return self.cursor_of(self.start) if isinstance(self.start, int) else self.start

    @property
    def end_cursor(self) -> str:
        return self.cursor_of(self.end) if isinstance(self.end, int) else self.end


@dataclass(slots=True)
class MessagePage:
    """The messages first..last of a channel, read when they are asked for, under the head the page was cut by."""

    head: ChannelHead
    first: int
    last: int
    page_info: MessagePageInfo
    _views: "asyncio.Future[list[MessageView]] | None" = None

    async def views(self, ctx: Context) -> list[MessageView]:
        """Return the messages, oldest first. Raises Unavailable."""
        if self._views is None:
            self._views = asyncio.ensure_future(self._read(ctx))
        return await self._views

    async def _read(self, ctx: Context) -> list[MessageView]:
        return await message_views(ctx, await records_of(ctx, self.head, self.first, self.last))


async def poll_messages(ctx: Context, channel_id: str, request: PageRequest) -> MessagePage:
    """Return a page of a channel that a client asks for by name, which is being seen in it."""
    key = channel_key(channel_id)
    touch(ctx, await ctx.head(key))
    return await messages(ctx, key, request)


async def messages(ctx: Context, channel_id: int, request: PageRequest) -> MessagePage:
    """Return a page of a channel's messages, oldest first; without arguments the newest 50.

    Raises NotFound where the viewer may not see the channel, InvalidCursor, Unavailable.
    """
    head = await ctx.head(channel_id)
    after = await message_seq(ctx, head, request.after) if request.after is not None else 0
    before = await message_seq(ctx, head, request.before) if request.before is not None else head.last_message + 1
    # The range the page is cut from; seqs have no gaps, so the page is known before a message is read.
    low, high = after + 1, before - 1
    size = request.size(DEFAULT_PAGE)
    backward = request.backward or (request.first is None and request.after is None)
    first, last = (max(low, high - size + 1), high) if backward else (low, min(high, low + size - 1))
    some = first <= last
    if request.after is not None:
        ctx.depends.brings(some)
    info = MessagePageInfo(
        has_next_page=high < head.last_message if backward else last < high,
        has_previous_page=first > low if backward else low > 1,
        start=first if some else request.before,
        end=last if some else request.after or 0,
        cursor_of=lambda seq: message_cursor(ctx, channel_id, seq),
    )
    return MessagePage(head, first, last, info)


def edge(view: MessageView) -> Edge[MessageView]:
    """Return a message in its place in the order."""
    return Edge(view.cursor, view)


def encoded(ctx: Context, page: MessagePage, selection: Selection, *, edges: bool) -> Maybe[bytes]:
    """Return the messages of a page as the JSON of a list, edges or nodes, with what `selection` selects of each."""
    head = page.head

    async def load(first: int, last: int) -> Loaded:
        records = await records_of(ctx, head, first, last)
        people = await people_of(ctx, records)
        views = views_of(ctx, records, people)  # of these very people, not of the same asked for again
        return Loaded([edge(view) for view in views] if edges else views, numbers_of(people), records[-1].created_us)

    return ctx.services.fragments.page(ctx.depends, head, page.first, page.last, selection, load)
