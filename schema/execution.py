"""Executing by graphql-core: its executor, without the cycle that it makes of itself.

Rule: what a request took is free when it is answered. Garbage in cycles waits for the collector, which a worker lets look at old
objects about once an hour, because a look holds everybody up; a few hundred kilobytes a minute had piled up by then.
"""

from types import MethodType
from typing import Any
from weakref import proxy

from graphql import GraphQLResolveInfoHelpers
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext


class Execution(StrawberryGraphQLCoreExecutionContext):
    """An executor whose helpers for resolvers do not hold it."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        kind, unheld = type(self), proxy(self)
        self.async_helpers = GraphQLResolveInfoHelpers(
            gather=MethodType(kind.gather_async_work, unheld), track=MethodType(kind.track_async_work, unheld)
        )
