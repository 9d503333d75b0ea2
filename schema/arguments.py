"""Arguments that several fields have."""

from typing import Annotated

import strawberry
from graphql import VariableNode

from realtime.pacing import ClientActivity
from schema.context import Info

Activity = Annotated[
    ClientActivity | None,
    strawberry.argument(description="What the user is doing; goes before the X-Client-Activity header."),
]
Token = Annotated[str | None, strawberry.argument(description="Of the page before; without it the page is a snapshot.")]
ChannelIds = Annotated[
    list[strawberry.ID] | None,
    strawberry.argument(description="Only these channels, at most 200; the others keep their place in the token."),
]
Limit = Annotated[int | None, strawberry.argument(description="Of messages and notifications of the page together; 0 to 500.")]


def is_given(info: Info, name: str) -> bool:
    """Whether the client gave an argument itself, rather than leaving it to its default."""
    for argument in info._raw_info.field_nodes[0].arguments or ():
        if argument.name.value == name:
            return not isinstance(argument.value, VariableNode) or argument.value.name.value in info.variable_values
    return False
