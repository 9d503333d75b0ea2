"""Messages that are found: looked for in the store, shown under heads that were read for this request.

Rule: what a search finds is shown only where its channel's head says that the viewer may see it, in its newest state.
"""

from asyncio import gather

from cache.dependencies import Level
from models.cursor import CursorKind
from models.message_search import NEWEST, search_messages, words_of
from models.read_watch import declared
from models.text import searched
from resolvers.context import Context
from resolvers.message import MessageView, channel_key, message_views
from resolvers.paging import Connection, Edge, PageRequest, forward_connection

DEFAULT_FOUND = 20


async def found_messages(ctx: Context, text: str, channel_id: str | None, request: PageRequest) -> Connection[MessageView]:
    """Return messages with the words of `text`, newest first, of a channel or of all that the viewer belongs to.

    Raises BadUserInput, InvalidCursor, NotFound where the viewer may not see the channel, Unavailable.
    """
    limit = request.size(DEFAULT_FOUND)
    cursors, scope = ctx.services.cursors, ctx.viewer.user_id
    before = NEWEST if request.after is None else cursors.decode(CursorKind.FOUND_MESSAGES, scope, request.after)[0]
    words = words_of(searched(text, "text"))
    channel = (await ctx.head(channel_key(channel_id))).channel_id if channel_id is not None else None
    ctx.depends.unkept()  # what is not found has no version
    ctx.depends.reached(Level.STORE)
    with declared():
        found = await search_messages(ctx.services.db, words, user_id=scope, channel_id=channel, before=before, limit=limit + 1)
    records = await gather(*(ctx.message(one.channel_id, one.seq) for one in found[:limit]))
    there = {one: record for one, record in zip(found, records, strict=False) if record is not None and record.deleted_us is None}
    views = await message_views(ctx, list(there.values()))
    edges = [
        Edge(cursors.encode(CursorKind.FOUND_MESSAGES, scope, one.number), view) for one, view in zip(there, views, strict=True)
    ]
    return forward_connection(edges, request, more=len(found) > limit)
