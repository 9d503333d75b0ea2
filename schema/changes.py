"""What a mutation changes, before it does: how many things, and in which channels it says something.

Rule: the same fields and arguments that graphql-core executes are looked at; what it would refuse counts as nothing.
"""

from typing import Any, NamedTuple

from graphql import FragmentDefinitionNode, GraphQLError
from graphql.execution.collect_fields import FragmentDetails, collect_fields
from graphql.execution.values import VariableValues, get_argument_values

from schema.build import PolluxSchema
from schema.operation import Operation

# People that are told of a change, or changed with it, count as one change by the tens.
_PEOPLE_A_CHANGE = 10


class Changes(NamedTuple):
    """How many changes, and the channels sent to, by the ids that the client gave, once for each message."""

    number: int
    sent_to: list[str]


def changes_of(schema: PolluxSchema, operation: Operation) -> Changes:
    """Return what a mutation changes; of several fields all together, at least one change each."""
    mutation = schema._schema.mutation_type
    assert mutation is not None
    fragments = {
        node.name.value: FragmentDetails(node)
        for node in operation.document.node.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    variables = VariableValues({}, operation.variables)
    collected = collect_fields(schema._schema, fragments, variables, mutation, operation.node)
    count, sent_to = 0, []
    for details in collected.grouped_field_set.values():
        node = details[0].node
        count += 1
        field = mutation.fields.get(node.name.value)
        if field is None:
            continue
        try:
            given = get_argument_values(field, node, variables)
        except GraphQLError:
            continue
        inside: dict[str, Any] = {**given, **(given["input"] if isinstance(given.get("input"), dict) else {})}
        count += sum(len(value) for value in inside.values() if isinstance(value, list)) // _PEOPLE_A_CHANGE
        if node.name.value == "sendMessage":
            sent_to.append(str(inside.get("channelId", "")))
    return Changes(count, sent_to)
