"""Inbox: a viewer's notifications as one node."""

import strawberry
from graphql import GraphQLResolveInfo

from resolvers.context import Context
from resolvers.inbox import InboxView
from schema.node import Node


@strawberry.type(description="A viewer's notifications as one node, so that every answer that carries it moves the badge.")
class Inbox(Node):
    unseen_count: int = strawberry.field(description="Notifications neither seen nor archived.")
    unread_count: int = strawberry.field(description="Notifications neither read nor archived.")

    @classmethod
    def is_type_of(cls, value: object, _info: GraphQLResolveInfo[Context]) -> bool:
        return isinstance(value, InboxView)
