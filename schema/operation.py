"""Operations: a request's operation made ready once, and executed by its plan or by graphql-core.

Rule: graphql-core is the reference. Whatever a plan meets that it does not expect, an error of a resolver included, the
operation is executed again by graphql-core under the heads already read, and its answer counts.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, cast

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    execute,
    get_operation_ast,
    subscribe,
)
from graphql.execution.values import VariableValues, get_variable_values

from models.errors import TooComplex
from realtime.wake import Stopped
from resolvers.context import Context
from schema.build import PolluxSchema
from schema.plan import Plan, plan
from schema.price import Price, Prices
from schema.variables import Signature, signature_of

# How many ways of including and skipping are planned for one document.
MAX_PLANS = 16
# From this cost on a plan is worth making at first sight: executed once, it saves more than making it takes.
WORTH_PLANNING_COST = 500
MAX_ERRORS = 5

executed: Counter[str] = Counter()


@dataclass(slots=True, eq=False)
class Document:
    """A parsed document whose shape was checked, and the prices and plans made of its operations so far."""

    node: DocumentNode
    conditions: tuple[str, ...]
    # Making a plan takes longer than a dozen executions by graphql-core.
    worth_planning: bool = False
    signatures: dict[str | None, Signature | None] = field(default_factory=dict)
    plans: dict[tuple[object, ...], Plan | None] = field(default_factory=dict)
    # By operation.
    prices: dict[str | None, Prices] = field(default_factory=dict)
    # How many requests with it were remembered.
    requests: int = 0

    @classmethod
    def of(cls, node: DocumentNode) -> "Document":
        """Return the document of a node."""
        return cls(node, tuple(sorted({name for definition in node.definitions for name in _conditions(definition)})))

    def prices_of(self, schema: PolluxSchema, name: str | None, node: OperationDefinitionNode) -> Prices:
        """Return the prices of one of its operations, whether it is valid or not."""
        if name not in self.prices:
            self.prices[name] = Prices(schema._schema, self.node, node)
        return self.prices[name]


@dataclass(slots=True, eq=False)
class Operation:
    """One operation with its variables: everything of a request that does not change when it is sent again.

    `price` is what it may cost, as schema/price.py says.
    """

    document: Document
    node: OperationDefinitionNode
    name: str | None
    given: dict[str, Any]
    variables: dict[str, Any]
    plan: Plan | None
    price: Price

    @property
    def is_query(self) -> bool:
        return self.node.operation is OperationType.QUERY


def find_operation(document: Document, name: str | None) -> OperationDefinitionNode | None:
    """Return the operation that a request means, None where there is not exactly one."""
    return get_operation_ast(document.node, name)


def check_cost(schema: PolluxSchema, document: Document, name: str | None, given: Mapping[str, Any], *, max_cost: int) -> None:
    """Raise TooComplex where an operation would cost more than `max_cost`, if it and its variables are valid."""
    node = find_operation(document, name)
    if node is not None:
        _check(document.prices_of(schema, name, node).least_cost(given), max_cost)


def prepare(
    schema: PolluxSchema,
    document: Document,
    node: OperationDefinitionNode,
    name: str | None,
    given: dict[str, Any],
    *,
    planned: bool,
    max_cost: int,
) -> Operation | list[GraphQLError]:
    """Return the operation of a valid document ready to execute, or what is wrong with its variables.

    Raises TooComplex beyond `max_cost`.
    """
    if name not in document.signatures:
        document.signatures[name] = signature_of(schema._schema, node)
    signature, prices = document.signatures[name], document.prices_of(schema, name, node)
    quick = signature.coerced(given) if signature is not None else None
    if quick is not None:
        key = _plan_key(document, name, quick)
        if key in document.plans:
            return Operation(document, node, name, given, quick, document.plans[key], _affordable(prices, quick, max_cost))
    variables = _variables(schema, node, given)
    if isinstance(variables, list):
        return variables
    known, price = variables.coerced, _affordable(prices, variables.coerced, max_cost)
    if (
        node.operation is not OperationType.QUERY
        or not planned
        or not (document.worth_planning or price.cost >= WORTH_PLANNING_COST)
    ):
        return Operation(document, node, name, given, known, None, price)
    key = _plan_key(document, name, known)
    if key not in document.plans and len(document.plans) < MAX_PLANS:
        document.plans[key] = plan(schema, document.node, node, variables)
    return Operation(document, node, name, given, known, document.plans.get(key), price)


def _affordable(prices: Prices, variables: Mapping[str, Any], max_cost: int) -> Price:
    """Return what an operation costs with these variables. Raises TooComplex."""
    price = prices.of(variables)
    _check(price.cost, max_cost)
    return price


def _check(cost: int, max_cost: int) -> None:
    if cost > max_cost:
        message = f"The operation may cost {cost}; {max_cost} are allowed. Ask for smaller pages, or for less of each item."
        raise TooComplex(message, cost=cost)


async def events(schema: PolluxSchema, operation: Operation, context: Context) -> AsyncGenerator[ExecutionResult, None]:
    """Yield the results of a subscription as they come; one that fails ends it. Raises Stopped when the server ends it."""
    found = subscribe(
        schema._schema,
        operation.document.node,
        variable_values=operation.given,
        operation_name=operation.name,
        context_value=context,
        executor_class=schema.execution_context_class,
        max_coercion_errors=MAX_ERRORS,
        hide_suggestions=schema.config.disable_field_suggestions,
    )
    stream = await found if isawaitable(found) else found
    if isinstance(stream, ExecutionResult):
        yield stream
        return
    async with aclosing(cast(AsyncGenerator[ExecutionResult, None], stream)):
        try:
            async for result in cast(AsyncGenerator[ExecutionResult, None], stream):
                yield result
        except Stopped:
            raise
        except Exception as error:  # noqa: BLE001  # it is formatted, and logged, as that of any field
            place = operation.node.selection_set.selections[0]
            yield ExecutionResult(None, [GraphQLError(str(error), [place], original_error=error)])


async def run(schema: PolluxSchema, operation: Operation, context: Context) -> ExecutionResult:
    """Execute an operation."""
    if operation.plan is not None:
        try:
            data = await operation.plan.run(context, operation.variables)
        except Exception:  # noqa: BLE001  # whatever it is, graphql-core meets it again and gives it its place in the answer
            executed["surprised"] += 1
            context.start_again()
        else:
            executed["planned"] += 1
            return ExecutionResult(data, None)
    executed["reference"] += 1
    result = execute(
        schema._schema,
        operation.document.node,
        variable_values=operation.given,
        operation_name=operation.name,
        context_value=context,
        executor_class=schema.execution_context_class,
        max_coercion_errors=MAX_ERRORS,
        hide_suggestions=schema.config.disable_field_suggestions,
    )
    return result if isinstance(result, ExecutionResult) else await result


def _variables(schema: PolluxSchema, node: OperationDefinitionNode, given: dict[str, Any]) -> VariableValues | list[GraphQLError]:
    hidden = schema.config.disable_field_suggestions
    return get_variable_values(schema._schema, node.variable_definitions or (), given, MAX_ERRORS, hide_suggestions=hidden)


def _plan_key(document: Document, name: str | None, variables: Mapping[str, Any]) -> tuple[object, ...]:
    """What the plan of an operation depends on: which one it is, and what its directives include."""
    return (name, *(variables.get(condition) for condition in document.conditions))


def _conditions(node: Any) -> Iterator[str]:
    """Yield the variables that decide what is included."""
    for directive in getattr(node, "directives", None) or ():
        if directive.name.value in ("include", "skip"):
            for argument in directive.arguments or ():
                if isinstance(argument.value, VariableNode):
                    yield argument.value.name.value
    selected: SelectionSetNode | None = getattr(node, "selection_set", None)
    for selection in selected.selections if selected is not None else ():
        yield from _conditions(selection)
