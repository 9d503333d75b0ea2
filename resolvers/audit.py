"""The trail of a channel, for those who keep order in it."""

from dataclasses import dataclass

from cache.dependencies import Level
from models import ids
from models.audit import AuditKind, AuditRecord, trail_of
from models.cursor import CursorKind
from models.errors import Forbidden
from models.member import ChannelRole
from models.read_watch import declared
from resolvers.channel import ChannelView
from resolvers.context import Context
from resolvers.paging import Connection, Edge, PageRequest, forward_connection
from resolvers.user import UserView, users

DEFAULT_ENTRIES = 50


@dataclass(frozen=True, slots=True)
class AuditView:
    kind: AuditKind
    created_at: int
    actor: UserView
    user: UserView | None
    message_id: str | None


async def trail(ctx: Context, channel: ChannelView, request: PageRequest) -> Connection[AuditView]:
    """Return what was done in a channel, newest first. Raises Forbidden for who is neither its owner nor its moderator."""
    head, cursors = channel.head, ctx.services.cursors
    if head.role not in (ChannelRole.OWNER, ChannelRole.MODERATOR):
        raise Forbidden
    limit, below = request.size(DEFAULT_ENTRIES), head.last_event + 1
    if request.after is not None:
        below = cursors.decode(CursorKind.AUDIT, head.channel_id, request.after)[0]
    ctx.depends.reached(Level.STORE)
    with declared():  # the channel's head covers it: each entry is one of its events
        found = await trail_of(ctx.services.db, head.channel_id, below=below, limit=limit + 1)
    shown = found[:limit]
    people = await users(ctx, {user_id for one in shown for user_id in (one.actor_id, one.subject_id) if user_id is not None})
    edges = [
        Edge(cursors.encode(CursorKind.AUDIT, head.channel_id, one.number), _view(one, people, head.channel_id)) for one in shown
    ]
    return forward_connection(edges, request, more=len(found) > limit)


def _view(one: AuditRecord, people: dict[int, UserView], channel_id: int) -> AuditView:
    return AuditView(
        kind=one.kind,
        created_at=one.created_us,
        actor=people[one.actor_id],
        user=people[one.subject_id] if one.subject_id is not None else None,
        message_id=ids.encode(ids.MessageId(channel_id, one.seq)) if one.seq is not None else None,
    )
