"""Variables of the plain kinds, which most operations have alone, coerced without looking at their types each time.

Rule: a value that is exactly of its variable's type is its own coercion. Whatever else is given is graphql-core's to
coerce or to refuse.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from graphql import GraphQLSchema, NamedTypeNode, NonNullTypeNode, OperationDefinitionNode, Undefined
from graphql.utilities import value_from_ast

_PLAIN: dict[str, type] = {"String": str, "ID": str, "Int": int, "Boolean": bool}
_INT_32 = 1 << 31


class _Variable(NamedTuple):
    name: str
    type: type
    required: bool
    default: Any


class Signature(NamedTuple):
    """The variables of an operation, all of them plain."""

    variables: Sequence[_Variable]

    def coerced(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the variables' values, None where graphql-core is to look at them."""
        found = {}
        for name, type_, required, default in self.variables:
            value: Any = given.get(name, Undefined)
            if type(value) is type_:
                if isinstance(value, int) and not -_INT_32 <= value < _INT_32:
                    return None
                found[name] = value
            elif value is Undefined:
                if required:
                    return None
                if default is not Undefined:
                    found[name] = default
            elif value is None and not required:
                found[name] = None
            else:
                return None
        return found


def signature_of(schema: GraphQLSchema, operation: OperationDefinitionNode) -> Signature | None:
    """Return the signature of an operation, None where a variable is not plain."""
    variables = []
    for definition in operation.variable_definitions or ():
        node = definition.type
        required = isinstance(node, NonNullTypeNode)
        inner = node.type if isinstance(node, NonNullTypeNode) else node
        if not isinstance(inner, NamedTypeNode) or inner.name.value not in _PLAIN:
            return None
        default: Any = Undefined
        if definition.default_value is not None:
            if required:
                return None  # rare: absent means the default, null is refused
            default = value_from_ast(definition.default_value, schema.type_map[inner.name.value])  # type: ignore[arg-type]  # an input type, as its name is plain
        variables.append(_Variable(definition.variable.name.value, _PLAIN[inner.name.value], required, default))
    return Signature(variables)
