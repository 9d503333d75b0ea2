"""Prices: what an operation costs with the variables of a request, reckoned once for each choice of its numbers.

Rule: a cost depends on its variables by whole numbers and by how long lists are, and by nothing else of them. So a token or a
cursor, another in each request, is no reason to reckon again.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode

from schema.cost import Cost, cost_of, number_of, value_of, work_of

# Of one operation; who asks with ever other numbers is reckoned for each time.
MAX_KEPT = 64


class Price(NamedTuple):
    """What an operation costs with its variables, and what of that is work that is done whatever it finds."""

    cost: int
    work: int


class Prices:
    """The prices of one operation of a document whose shape was checked."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, node: OperationDefinitionNode) -> None:
        self._schema, self._document, self._node = schema, document, node
        self._cost = cost_of(schema, document, node)
        self._names = [one.variable.name.value for one in node.variable_definitions or ()]
        self._defaults = {
            one.variable.name.value: number_of(one.default_value, {})
            for one in node.variable_definitions or ()
            if one.default_value is not None
        }
        self._kept: dict[tuple[int | None, ...], Price] = {}

    def least_cost(self, given: Mapping[str, Any]) -> int:
        """Return what the operation costs at least, with variables as they were sent: what it costs, if they are valid."""
        if isinstance(self._cost, int):
            return self._cost
        return value_of(self._cost, {**self._defaults, **{name: _least(given[name]) for name in self._names if name in given}})

    def of(self, variables: Mapping[str, Any]) -> Price:
        """Return the price with coerced variables."""
        numbers = tuple([_number(variables.get(name)) for name in self._names])
        price = self._kept.get(numbers)
        if price is None:
            price = Price(value_of(self._cost, variables), value_of(self._work, variables))
            if len(self._kept) < MAX_KEPT:
                self._kept[numbers] = price
        return price

    @cached_property
    def _work(self) -> Cost:
        return work_of(self._schema, self._document, self._node)


def _number(value: object) -> int | None:
    if type(value) is int:
        return value
    return len(value) if type(value) is list else None


def _least(value: object) -> int | None:
    """Return the number that a value of any type counts as when it is valid, and 1 where only its coercion would tell."""
    if value is None:
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else 1
    number = _number(value)
    return 1 if number is None else number
