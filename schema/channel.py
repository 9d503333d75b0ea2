"""Channel: metadata, members and messages of a room."""

from typing import Annotated

import strawberry
from graphql import GraphQLResolveInfo

from models.channel import ChannelKind
from models.member import ChannelRole
from realtime.pacing import Interval
from resolvers import audit, polling, presence
from resolvers import channel as channels
from resolvers import member as members
from resolvers import message_page as pages
from resolvers.audit import AuditView
from resolvers.channel import ChannelView
from resolvers.context import Context, Maybe
from resolvers.member import MemberView
from resolvers.message import MessageView
from resolvers.message_page import MessagePage
from resolvers.paging import Connection, PageRequest
from resolvers.user import UserView
from schema import enums  # noqa: F401  # publishes ChannelKind and ChannelRole
from schema.audit import AuditConnection
from schema.context import Info
from schema.member import ChannelMemberConnection
from schema.message import Message, MessageConnection
from schema.node import Node
from schema.page import PageInfo
from schema.polling import PollingInterval
from schema.scalars import DateTime
from schema.user import User

# What the paging arguments of every connection mean.
First = Annotated[int | None, strawberry.argument(description="At most this many from the start of the range; 1 to 200.")]
Last = Annotated[int | None, strawberry.argument(description="At most this many from the end of the range; 1 to 200.")]
After = Annotated[str | None, strawberry.argument(description="Only what follows this cursor.")]
Before = Annotated[str | None, strawberry.argument(description="Only what precedes this cursor.")]


@strawberry.type(description="Channel metadata: everything a channel list or header shows.")
class Channel(Node):
    name: str = strawberry.field(description="For a DIRECT channel, the other members' names as the viewer sees them.")
    topic: str = strawberry.field(description="What it is about; may be empty.")
    kind: ChannelKind = strawberry.field(description="Who may find, read and join it.")
    created_at: DateTime = strawberry.field(description="When it was opened.")
    archived_at: DateTime | None = strawberry.field(description="When it was archived; it can still be read.")
    member_count: int = strawberry.field(description="How many belong to it.")
    unread_count: int = strawberry.field(
        description="Messages after the viewer's read position; 0 for a non-member. Derived, never counted up and down."
    )
    mention_count: int = strawberry.field(description="Those of the unread messages that mention the viewer.")
    last_read_cursor: str | None = strawberry.field(
        description="Cursor of the last message the viewer has read; null before the first."
    )
    viewer_role: ChannelRole | None = strawberry.field(description="Null for who is not a member.")

    @strawberry.field(description="Who belongs to it, in an order that never changes.", graphql_type=ChannelMemberConnection)
    async def members(
        self, info: Info, root: strawberry.Parent[ChannelView], first: First = 50, after: After = None
    ) -> Connection[MemberView]:
        return await members.members(info.context, root, PageRequest(first=first, after=after))

    @strawberry.field(
        description="Members seen in the last 30 s, to the second; null when unknown. Polling is being seen, unless the "
        "client says BACKGROUND.",
        graphql_type=int | None,
    )
    def active_users(self, info: Info, root: strawberry.Parent[ChannelView]) -> Maybe[int | None]:
        return presence.active_users(info.context, root.head.channel_id)

    @strawberry.field(
        description="Members seen anywhere in the last 30 s, by id; null when unknown.", graphql_type=list[User] | None
    )
    async def online_users(self, info: Info, root: strawberry.Parent[ChannelView], first: First = 50) -> list[UserView] | None:
        return await presence.online_users(info.context, root.head.channel_id, PageRequest(first=first))

    @strawberry.field(description="By id, the viewer among them if typing; null when unknown.", graphql_type=list[User] | None)
    async def typing_users(self, info: Info, root: strawberry.Parent[ChannelView]) -> list[UserView] | None:
        return await channels.typing_users(info.context, root)

    @strawberry.field(description="The newest message.", graphql_type=Message | None)
    async def last_message(self, info: Info, root: strawberry.Parent[ChannelView]) -> MessageView | None:
        return await channels.last_message(info.context, root)

    @strawberry.field(description="When to ask for this channel's messages again.", graphql_type=PollingInterval)
    def polling_interval(self, info: Info, root: strawberry.Parent[ChannelView]) -> Maybe[Interval]:
        return polling.interval_of(info.context, root.head.channel_id, root.head.last_message)

    @strawberry.field(description="As Query.messages.", graphql_type=MessageConnection | None)
    async def messages(
        self,
        info: Info,
        root: strawberry.Parent[ChannelView],
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> MessagePage:
        return await pages.messages(info.context, root.head.channel_id, PageRequest(first, after, last, before))

    @strawberry.field(
        description="What was done to the channel, its members and others' messages, newest first; for its owners and moderators.",
        graphql_type=AuditConnection | None,
    )
    async def audit_log(
        self, info: Info, root: strawberry.Parent[ChannelView], first: First = 50, after: After = None
    ) -> Connection[AuditView]:
        return await audit.trail(info.context, root, PageRequest(first=first, after=after))

    @classmethod
    def is_type_of(cls, value: object, _info: GraphQLResolveInfo[Context]) -> bool:
        return isinstance(value, ChannelView)


@strawberry.type(description="One channel and its place in the order.")
class ChannelEdge:
    cursor: str = strawberry.field(description="Place in this list.")
    node: Channel = strawberry.field(description="The channel.")


@strawberry.type(description="A list of channels.")
class ChannelConnection:
    edges: list[ChannelEdge] = strawberry.field(description="Channels with their cursors.")
    nodes: list[Channel] = strawberry.field(description="Channels without their cursors.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
