"""User: a person as everyone sees them."""

import strawberry
from graphql import GraphQLResolveInfo

from resolvers.context import Context
from resolvers.user import UserView
from schema.node import Node
from schema.page import PageInfo


@strawberry.type(description="A person.")
class User(Node):
    id: strawberry.ID = strawberry.field(
        description="Derives from the issuer and subject of the person's tokens, so a back end may address one never seen."
    )
    name: str = strawberry.field(description="As the person's newest token says.")
    image: str | None = strawberry.field(description="Address of a picture, as the person's newest token says.")

    @classmethod
    def is_type_of(cls, value: object, _info: GraphQLResolveInfo[Context]) -> bool:
        return isinstance(value, UserView)


@strawberry.type(description="One person and their place in the order.")
class UserEdge:
    cursor: str = strawberry.field(description="Place in this list.")
    node: User = strawberry.field(description="The person.")


@strawberry.type(description="A list of people.")
class UserConnection:
    edges: list[UserEdge] = strawberry.field(description="People with their cursors.")
    nodes: list[User] = strawberry.field(description="People without their cursors.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
