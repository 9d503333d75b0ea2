"""User: a person as everyone sees them."""

import strawberry
from graphql import GraphQLResolveInfo

from resolvers.context import Context
from resolvers.user import UserView
from schema.node import Node


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
