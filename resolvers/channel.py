"""Channels: metadata as a viewer sees it, lists, and what changes a channel or a membership."""

from asyncio import gather
from collections.abc import Sequence
from typing import NamedTuple

from cache.dependencies import Level
from models import ids
from models.channel import ChannelKind, ChannelMetadata, ChannelPlace, channels_of, search_channels
from models.cursor import CursorCodec, CursorKind
from models.errors import Mistake, MistakeCode
from models.head import ChannelHead
from models.member import ChannelRole
from models.membership import join_channel, leave_channel, mark_channel_read
from models.open_channel import NewChannel, open_channel
from models.read_watch import declared
from models.text import LONGEST_SEARCH, bounded, client_key, storable
from resolvers.context import Context
from resolvers.message import MessageView, channel_key, find_message, message_seq
from resolvers.paging import Connection, Edge, PageRequest, forward_connection
from resolvers.polling import polling_interval
from resolvers.presence import touch, typing_user_ids
from resolvers.user import UserView, user_ids_of, users

DEFAULT_CHANNELS = 50
DEFAULT_SEARCH = 20
LONGEST_NAME = 100
LONGEST_TOPIC = 500
MAX_FIRST_MEMBERS = 100
TYPING_S = 6.0


class ChannelView(NamedTuple):
    """A channel as one viewer sees it under one head, each field made when it is asked for. Times are microseconds since 1970."""

    head: ChannelHead
    metadata: ChannelMetadata
    name: str
    cursors: CursorCodec

    @property
    def id(self) -> str:
        return ids.of_channel(self.head.channel_id)

    @property
    def topic(self) -> str:
        return self.metadata.topic

    @property
    def kind(self) -> ChannelKind:
        return self.metadata.kind

    @property
    def created_at(self) -> int:
        return self.metadata.created_us

    @property
    def archived_at(self) -> int | None:
        return self.metadata.archived_us

    @property
    def member_count(self) -> int:
        return self.head.member_count

    @property
    def unread_count(self) -> int:
        return self.head.unread

    @property
    def mention_count(self) -> int:
        return self.head.unread_mentions

    @property
    def last_read_cursor(self) -> str | None:
        head = self.head
        if head.role is None or not head.read_seq:
            return None
        return self.cursors.encode(CursorKind.MESSAGES, head.channel_id, head.read_seq)

    @property
    def viewer_role(self) -> ChannelRole | None:
        return self.head.role


async def find_channel(ctx: Context, channel_id: int) -> ChannelView | None:
    """Return a channel, None where there is none or the viewer may not see it."""
    head = await ctx.find_head(channel_id)
    if head is None:
        return None
    touch(ctx, head)
    return await channel_view(ctx, head)


async def channel_view(ctx: Context, head: ChannelHead) -> ChannelView:
    """Return what the viewer sees of a channel whose head they may see."""
    with declared():  # the head covers it
        metadata = await ctx.services.metadata.get(head)
    return ChannelView(head, metadata, await _name(ctx, metadata), ctx.services.cursors)


async def channels(ctx: Context, request: PageRequest) -> Connection[ChannelView]:
    """Return the channels the viewer belongs to, most recently active first."""
    limit = request.size(DEFAULT_CHANNELS)
    cursors, scope = ctx.services.cursors, ctx.viewer.user_id
    after = None
    if request.after is not None:
        last_active_us, channel_id = cursors.decode(CursorKind.CHANNELS, scope, request.after, numbers=2)
        after = ChannelPlace(channel_id, last_active_us)
    await ctx.inbox()  # which channels they are, is in the viewer's log; how recent each is, in its head
    ctx.depends.reached(Level.STORE)
    with declared():
        places = await channels_of(ctx.services.db, scope, limit=limit + 1, after=after)
    if after is not None or len(places) > limit:
        ctx.depends.unkept()  # what lies beyond the page decides what is on it
    views = await _views(ctx, [place.channel_id for place in places])
    edges = [
        Edge(cursors.encode(CursorKind.CHANNELS, scope, place.last_active_us, place.channel_id), views[place.channel_id])
        for place in places[:limit]
        if place.channel_id in views
    ]
    return forward_connection(edges, request, more=len(places) > limit)


async def public_channels(ctx: Context, text: str, request: PageRequest) -> Connection[ChannelView]:
    """Return public channels whose name or topic contains `text`, oldest first."""
    limit = request.size(DEFAULT_SEARCH)
    cursors = ctx.services.cursors
    after_id = cursors.decode(CursorKind.SEARCH, 0, request.after)[0] if request.after is not None else 0
    wanted = storable(text, "text")[:LONGEST_SEARCH]
    ctx.depends.unkept()  # a channel that is not found has no version
    with declared():
        found = await search_channels(ctx.services.db, wanted, limit=limit + 1, after_id=after_id)
    views = await _views(ctx, found)
    edges = [
        Edge(cursors.encode(CursorKind.SEARCH, 0, channel_id), views[channel_id])
        for channel_id in found[:limit]
        if channel_id in views
    ]
    return forward_connection(edges, request, more=len(found) > limit)


async def last_message(ctx: Context, view: ChannelView) -> MessageView | None:
    """Return the newest message of a channel."""
    return await find_message(ctx, view.head.channel_id, view.head.last_message)


async def typing_users(ctx: Context, view: ChannelView) -> list[UserView] | None:
    """Return who is typing, by id, None when unknown."""
    typing = await typing_user_ids(ctx, view.head.channel_id)
    if typing is None:
        return None
    return sorted((await users(ctx, typing)).values(), key=lambda user: user.id)


async def create_channel(
    ctx: Context,
    *,
    name: str | None,
    topic: str,
    kind: ChannelKind,
    member_ids: Sequence[str],
    client_channel_id: str | None,
) -> ChannelView:
    """Open a channel owned by the viewer, or return the one the same call opened before.

    Raises Mistake for what the user can mend, NotFound for a member who does not exist, Unavailable.
    """
    if len(member_ids) > MAX_FIRST_MEMBERS:
        raise Mistake(MistakeCode.TOO_LONG, f"At most {MAX_FIRST_MEMBERS} members at first.", ["input", "memberIds"])
    others = await user_ids_of(ctx, member_ids, "memberIds") if member_ids else []
    direct = kind is ChannelKind.DIRECT
    new = NewChannel(
        kind=kind,
        name="" if direct else bounded(name or "", longest=LONGEST_NAME, field="name"),
        topic=bounded(topic, longest=LONGEST_TOPIC, field="topic", required=False),
        creator_id=ctx.viewer.user_id,
        member_ids=tuple(user_id for user_id in others if user_id != ctx.viewer.user_id),
        client_channel_id=client_key(client_channel_id, "clientChannelId"),
    )
    channel_id = await open_channel(ctx.services.db, new, ctx.services.clock())
    return await after_change(ctx, channel_id)


async def join(ctx: Context, channel_id: str) -> ChannelView:
    """Make the viewer a member."""
    key = channel_key(channel_id)
    await join_channel(ctx.services.db, key, ctx.viewer.user_id, ctx.services.clock())
    return await after_change(ctx, key)


async def leave(ctx: Context, channel_id: str) -> ChannelView | None:
    """End the viewer's membership; returns the channel if they may still see it."""
    key = channel_key(channel_id)
    await leave_channel(ctx.services.db, key, ctx.viewer.user_id, ctx.services.clock())
    ctx.services.presence.forget(key, ctx.viewer.user_id)
    ctx.mutated()
    head = await ctx.find_head(key)
    return await channel_view(ctx, head) if head is not None else None


async def mark_read(ctx: Context, channel_id: str, cursor: str) -> ChannelView:
    """Move the viewer's read position forward to a message's cursor."""
    key = channel_key(channel_id)
    seq = await message_seq(ctx, await ctx.head(key), cursor)
    await mark_channel_read(ctx.services.db, key, ctx.viewer.user_id, seq, ctx.services.clock())
    return await after_change(ctx, key)


async def touch_presence(ctx: Context, channel_id: str, *, typing: bool) -> ChannelView:
    """Show the viewer as present, and as typing if so: for 6 s, or one polling interval where that is longer."""
    head = await ctx.head(channel_key(channel_id))
    if head.role is None:
        raise Mistake(MistakeCode.NOT_A_MEMBER, "You are not a member of this channel.", ["channelId"])
    interval = await polling_interval(ctx, channel_id, None)
    typing_s = max(TYPING_S, interval.milliseconds / 1000) if typing else 0.0
    ctx.services.presence.touch(head.channel_id, ctx.viewer.user_id, typing_s=typing_s)
    return await channel_view(ctx, head)


async def after_change(ctx: Context, channel_id: int) -> ChannelView:
    """Return a channel as a mutation left it."""
    ctx.mutated()
    return await channel_view(ctx, await ctx.head(channel_id))


async def _views(ctx: Context, channel_ids: Sequence[int]) -> dict[int, ChannelView]:
    """Return the visible ones of channels; their heads are one statement, and so is the metadata that is not held."""
    heads = await gather(*(ctx.find_head(channel_id) for channel_id in channel_ids))
    views = await gather(*(channel_view(ctx, head) for head in heads if head is not None))
    return {view.head.channel_id: view for view in views}


async def _name(ctx: Context, metadata: ChannelMetadata) -> str:
    """Return the name; a direct channel's is the other members' names, or one's own when there are none."""
    if metadata.kind is not ChannelKind.DIRECT:
        return metadata.name
    others = [user_id for user_id in metadata.member_ids if user_id != ctx.viewer.user_id]
    people = await users(ctx, others or [ctx.viewer.user_id])
    return ", ".join(sorted(user.name for user in people.values()))
