"""The viewer's inbox: the counts of their notifications."""

from typing import NamedTuple

from models import ids
from models.head import InboxHead
from resolvers.context import Context


class InboxView(NamedTuple):
    """The counts of an inbox, as its owner sees them."""

    head: InboxHead

    @property
    def id(self) -> str:
        return ids.encode(ids.InboxId(self.head.user_id))

    @property
    def unseen_count(self) -> int:
        return self.head.unseen

    @property
    def unread_count(self) -> int:
        return self.head.unread


async def inbox(ctx: Context) -> InboxView:
    """Return the viewer's inbox."""
    return InboxView(await ctx.inbox())


async def find_inbox(ctx: Context, node: ids.InboxId) -> InboxView | None:
    """Return the viewer's own inbox by node id; anybody else's is as if missing."""
    return await inbox(ctx) if node.user_id == ctx.viewer.user_id else None
