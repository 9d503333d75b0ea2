"""Anything by its global id."""

from asyncio import gather
from collections.abc import Sequence
from typing import assert_never

from models import ids
from models.errors import BadUserInput
from resolvers.channel import ChannelView, find_channel
from resolvers.context import Context
from resolvers.inbox import InboxView, find_inbox
from resolvers.member import MemberView, find_member
from resolvers.message import MessageView, find_message
from resolvers.notification import NotificationView, find_notification
from resolvers.user import UserView, find_user

NodeView = UserView | ChannelView | MessageView | MemberView | NotificationView | InboxView

MAX_NODES = 100


async def node(ctx: Context, node_id: str) -> NodeView | None:
    """Return what an id names, None where there is none or the viewer may not see it. Raises BadUserInput."""
    return await _find(ctx, ids.decode(node_id))


async def nodes(ctx: Context, node_ids: Sequence[str]) -> list[NodeView | None]:
    """Return what ids name, in their order, at most 100."""
    if len(node_ids) > MAX_NODES:
        raise BadUserInput(f"At most {MAX_NODES} ids at once.")
    named = [ids.decode(node_id) for node_id in node_ids]
    return list(await gather(*(_find(ctx, one) for one in named)))


async def _find(ctx: Context, named: ids.NodeId) -> NodeView | None:
    match named:
        case ids.UserId():
            return await find_user(ctx, named)
        case ids.ChannelId(channel_id):
            return await find_channel(ctx, channel_id)
        case ids.MessageId(channel_id, seq):
            return await find_message(ctx, channel_id, seq)
        case ids.MemberId():
            return await find_member(ctx, named)
        case ids.NotificationId():
            return await find_notification(ctx, named)
        case ids.InboxId():
            return await find_inbox(ctx, named)
        case _:
            assert_never(named)
