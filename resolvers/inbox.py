"""The viewer's inbox: the counts of their notifications."""

from dataclasses import dataclass

from models import ids
from models.head import InboxHead
from resolvers.context import Context


@dataclass(frozen=True, slots=True)
class InboxView:
    id: str
    unseen_count: int
    unread_count: int


def inbox_view(head: InboxHead) -> InboxView:
    """Return the counts of an inbox."""
    return InboxView(ids.encode(ids.InboxId(head.user_id)), head.unseen, head.unread)


async def inbox(ctx: Context) -> InboxView:
    """Return the viewer's inbox."""
    return inbox_view(await ctx.inbox())


async def find_inbox(ctx: Context, node: ids.InboxId) -> InboxView | None:
    """Return the viewer's own inbox by node id; anybody else's is as if missing."""
    return await inbox(ctx) if node.user_id == ctx.viewer.user_id else None
