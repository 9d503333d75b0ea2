"""The schema, put together."""

from functools import cache

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from schema.channel import Channel
from schema.execution import Execution
from schema.inbox import Inbox
from schema.member import ChannelMember
from schema.message import Message
from schema.mutation import Mutation
from schema.notification import Notification
from schema.query import Query
from schema.scalars import SCALARS
from schema.subscription import Subscription
from schema.user import User


class PolluxSchema(strawberry.Schema):
    """Strawberry's schema; what is logged is decided in schema/errors.py."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Do nothing: every error is formatted, and the unexpected are logged there."""


@cache
def build_schema(*, suggestions: bool = True) -> PolluxSchema:
    """Return the schema; without `suggestions` its errors never name fields that the client did not."""
    return PolluxSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        execution_context_class=Execution,
        types=[User, Channel, ChannelMember, Message, Notification, Inbox],
        config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=not suggestions),
    )


def sdl() -> str:
    """Return the schema as schema/schema.graphql holds it."""
    return build_schema().as_str() + "\n"
