"""Members of a channel."""

from dataclasses import dataclass

from cache.dependencies import Level
from models import ids
from models.cursor import CursorKind
from models.member import ChannelRole, Member, member, members_of
from models.read_watch import declared
from resolvers.channel import ChannelView
from resolvers.context import Context
from resolvers.paging import Connection, Edge, PageRequest, forward_connection
from resolvers.user import UserView, users

DEFAULT_MEMBERS = 50


@dataclass(frozen=True, slots=True)
class MemberView:
    user_id: int
    id: str
    user: UserView
    role: ChannelRole
    joined_at: int


async def members(ctx: Context, channel: ChannelView, request: PageRequest) -> Connection[MemberView]:
    """Return the members of a channel that the viewer may see, in the order in which people first came to this server."""
    channel_id, cursors = channel.head.channel_id, ctx.services.cursors
    limit = request.size(DEFAULT_MEMBERS)
    after = cursors.decode(CursorKind.MEMBERS, channel_id, request.after)[0] if request.after is not None else 0
    ctx.depends.reached(Level.STORE)
    with declared():  # the channel's head covers it
        found = await members_of(ctx.services.db, channel_id, after_user_id=after, limit=limit + 1)
    people = await users(ctx, [one.user_id for one in found])
    edges = [
        Edge(cursors.encode(CursorKind.MEMBERS, channel_id, one.user_id), _view(one, people[one.user_id])) for one in found[:limit]
    ]
    return forward_connection(edges, request, more=len(found) > limit)


async def find_member(ctx: Context, node: ids.MemberId) -> MemberView | None:
    """Return one membership, None where there is none or the viewer may not see the channel."""
    if await ctx.find_head(node.channel_id) is None:
        return None
    with declared():  # the channel's head covers it
        found = await member(ctx.services.db, node.channel_id, node.user_id)
    return _view(found, (await users(ctx, [node.user_id]))[node.user_id]) if found is not None else None


def _view(one: Member, user: UserView) -> MemberView:
    return MemberView(one.user_id, ids.encode(ids.MemberId(one.channel_id, one.user_id)), user, one.role, one.joined_us)
