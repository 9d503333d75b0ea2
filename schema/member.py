"""ChannelMember: a person's place in a channel."""

import strawberry
from graphql import GraphQLResolveInfo

from models.member import ChannelRole
from resolvers import presence
from resolvers.context import Context
from resolvers.member import MemberView
from schema import enums  # noqa: F401  # publishes ChannelRole
from schema.context import Info
from schema.node import Node
from schema.page import PageInfo
from schema.scalars import DateTime
from schema.user import User


@strawberry.type(description="A person's place in a channel.")
class ChannelMember(Node):
    user: User = strawberry.field(description="Who.")
    role: ChannelRole = strawberry.field(description="What they may do.")
    joined_at: DateTime = strawberry.field(description="Since when; joining again starts anew.")

    @strawberry.field(description="Whether they were seen anywhere in the last 30 s; null when unknown.")
    async def online(self, info: Info, root: strawberry.Parent[MemberView]) -> bool | None:
        return await presence.is_online(info.context, root.user_id)

    @classmethod
    def is_type_of(cls, value: object, _info: GraphQLResolveInfo[Context]) -> bool:
        return isinstance(value, MemberView)


@strawberry.type(description="One member and their place in the order.")
class ChannelMemberEdge:
    cursor: str = strawberry.field(description="Place in the order of members.")
    node: ChannelMember = strawberry.field(description="The member.")


@strawberry.type(description="Members of one channel, in an order that never changes.")
class ChannelMemberConnection:
    edges: list[ChannelMemberEdge] = strawberry.field(description="Members with their cursors.")
    nodes: list[ChannelMember] = strawberry.field(description="Members without their cursors.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
