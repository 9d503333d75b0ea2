"""Message: what was said, and its place in the channel's order."""

from functools import partial
from typing import Annotated

import strawberry
from graphql import GraphQLResolveInfo

from realtime.pacing import Interval
from resolvers import message as messages
from resolvers import message_page as pages
from resolvers import polling, presence
from resolvers.context import Context, Maybe
from resolvers.message import MessageView
from resolvers.message_page import MessagePage
from resolvers.paging import Edge
from schema.context import Info
from schema.encoded import ENCODED
from schema.node import Node
from schema.page import PageInfo
from schema.polling import PollingInterval
from schema.reaction import ReactionGroup
from schema.scalars import DateTime
from schema.user import User


@strawberry.type(description="Something said in a channel.")
class Message(Node):
    cursor: str = strawberry.field(description="Its place: valid for messages(after:, before:) and markChannelRead.")
    seq: int = strawberry.field(description="Its number in the channel: 1, 2, 3, …, never skips, never changes.")
    version: int = strawberry.field(description="Grows with every change of this message; of two copies the higher is newer.")
    channel_id: strawberry.ID = strawberry.field(description="Node id of its channel.")
    author: User = strawberry.field(description="Who said it.")
    content: str = strawberry.field(description="Plain text of 1 to 4000 characters. Empty once deleted.")
    created_at: DateTime = strawberry.field(description="When it was accepted; order is by `seq`, not by this.")
    edited_at: DateTime | None = strawberry.field(description="When it was last edited.")
    deleted_at: DateTime | None = strawberry.field(description="When it was deleted.")
    mentions: list[User] = strawberry.field(description="Whom the author named.")
    reactions: list[ReactionGroup] = strawberry.field(
        description="Emoji that people answered with, at most 20 different ones, by their first use; empty once deleted."
    )
    client_message_id: str | None = strawberry.field(description="What the author's client sent with sendMessage.")

    @strawberry.field(
        description="The message it answers.",
        graphql_type=Annotated["Message", strawberry.lazy("schema.message")] | None,
    )
    async def reply_to(self, info: Info, root: strawberry.Parent[MessageView]) -> MessageView | None:
        return await messages.quoted_message(info.context, root)

    @classmethod
    def is_type_of(cls, value: object, _info: GraphQLResolveInfo[Context]) -> bool:
        return isinstance(value, MessageView)


@strawberry.type(description="One message and its place in the order.")
class MessageEdge:
    cursor: str = strawberry.field(description="The message's cursor.")
    node: Message = strawberry.field(description="The message.")


@strawberry.type(
    description="Messages of one channel, oldest first, in the order in which they were accepted, each in its newest state; "
    "deleted ones stay as tombstones. No paging argument: the newest 50, as `last: 50`. `first` alone: from the oldest. "
    "`after`: what follows the cursor. `before`: what precedes it. Both: what lies between."
)
class MessageConnection:
    page_info: PageInfo = strawberry.field(description="Where the page stands.")

    @strawberry.field(
        description="Messages with their cursors.",
        graphql_type=list[MessageEdge],
        metadata={ENCODED: partial(pages.encoded, edges=True)},
    )
    async def edges(self, info: Info, root: strawberry.Parent[MessagePage]) -> list[Edge[MessageView]]:
        return [pages.edge(view) for view in await root.views(info.context)]

    @strawberry.field(
        description="Messages without their cursors.",
        graphql_type=list[Message],
        metadata={ENCODED: partial(pages.encoded, edges=False)},
    )
    async def nodes(self, info: Info, root: strawberry.Parent[MessagePage]) -> list[MessageView]:
        return await root.views(info.context)

    @strawberry.field(description="Members seen in the last 30 s, to the second; null when unknown.", graphql_type=int | None)
    def active_users(self, info: Info, root: strawberry.Parent[MessagePage]) -> Maybe[int | None]:
        return presence.active_users(info.context, root.head.channel_id)

    @strawberry.field(description="When to ask for this channel's messages again.", graphql_type=PollingInterval)
    def polling_interval(self, info: Info, root: strawberry.Parent[MessagePage]) -> Maybe[Interval]:
        return polling.interval_of(info.context, root.head.channel_id, root.head.last_message)


@strawberry.type(description="Messages that were found, newest first; the cursors are places in this list.")
class MessageSearchConnection:
    edges: list[MessageEdge] = strawberry.field(description="Messages with their places in this list.")
    nodes: list[Message] = strawberry.field(description="Messages without their places.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
