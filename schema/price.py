"""Prices: what an operation costs with the variables of a request, reckoned once for each choice of its numbers.

Rule: a cost depends on its variables by whole numbers and by how long lists are, and by nothing else of them. So a token or a
cursor, another in each request, is no reason to reckon again.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode

from schema.cost import cost_of, value_of, work_of

# Of one operation; who asks with ever other numbers is reckoned for each time.
MAX_KEPT = 64


class Price(NamedTuple):
    """What an operation costs with its variables, and what of that is work that is done whatever it finds."""

    cost: int
    work: int


class Prices:
    """The prices of one operation of a valid document."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, node: OperationDefinitionNode) -> None:
        self._cost = cost_of(schema, document, node)
        self._work = work_of(schema, document, node)
        self._names = [one.variable.name.value for one in node.variable_definitions or ()]
        self._kept: dict[tuple[int | None, ...], Price] = {}

    def of(self, variables: Mapping[str, Any]) -> Price:
        """Return the price with coerced variables."""
        numbers = tuple([_number(variables.get(name)) for name in self._names])
        price = self._kept.get(numbers)
        if price is None:
            price = Price(value_of(self._cost, variables), value_of(self._work, variables))
            if len(self._kept) < MAX_KEPT:
                self._kept[numbers] = price
        return price


def _number(value: object) -> int | None:
    if type(value) is int:
        return value
    return len(value) if type(value) is list else None
