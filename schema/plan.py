"""Plans: an operation compiled once, for the types and resolvers of the schema, and run many times.

Rule: a plan gives what graphql-core would, or nothing. What it cannot express is not planned; what surprises it while
it runs is executed again by graphql-core. Collecting fields, reading literals and defaults is left to graphql-core too,
once, when the plan is made.
"""

import asyncio
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, cast

import orjson
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    OperationDefinitionNode,
    OperationType,
    is_leaf_type,
)
from graphql.execution.collect_fields import (
    CollectedFields,
    FieldDetailsList,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues
from strawberry.types.field import StrawberryField

from cache.fragments import Selection
from resolvers.context import Context
from schema.audience import SHARED
from schema.build import PolluxSchema
from schema.encoded import ENCODED
from schema.plan_arguments import Unplannable, arguments_of
from schema.plan_steps import (
    Completion,
    PlannedInfo,
    Resolve,
    Run,
    Step,
    attribute_step,
    fields,
    items,
    leaf,
    one_of,
)

_DEFINITION = "strawberry-definition"
# A selection may nest an interface in an interface; each level has to be planned for every type.
MAX_STEPS = 2000


class Plan:
    """One operation of one document, for one choice of what its directives include.

    `shared` where nothing that is selected differs between viewers who may see it at all.
    """

    def __init__(self, root: Completion, *, shared: bool) -> None:
        self._root = root
        self.shared = shared

    async def run(self, context: Context, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return the data. Raises whatever goes wrong, and graphql-core is to say what that means."""
        run = Run(context, variables, [])
        data = self._root.complete(None, run)
        try:
            return cast(dict[str, Any], data if isinstance(data, dict) else await data)
        except asyncio.CancelledError:
            run.close()
            raise


def plan(
    schema: PolluxSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues
) -> Plan | None:
    """Return the plan of a query, None where there is none. It holds for all variables with the same conditions."""
    if operation.operation is not OperationType.QUERY:
        return None
    try:
        return _Planner(schema, document, operation, variables).plan()
    except Unplannable:
        return None


class _Planner:
    def __init__(
        self, schema: PolluxSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues
    ) -> None:
        self._strawberry = schema
        self._schema = schema._schema
        self._operation = operation
        self._variables = variables
        self._fragments = {
            node.name.value: FragmentDetails(node) for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._selected: set[str] = set()
        self._steps = 0

    def plan(self) -> Plan:
        root = self._schema.query_type
        assert root is not None
        collected = collect_fields(self._schema, self._fragments, self._variables, root, self._operation)
        completion = self._object(root, collected, nullable=False)
        return Plan(completion, shared=self._selected <= SHARED)

    def _value(self, type_: GraphQLOutputType, details: FieldDetailsList, *, nullable: bool = True) -> Completion:
        if isinstance(type_, GraphQLNonNull):
            return self._value(type_.of_type, details, nullable=False)
        if isinstance(type_, GraphQLList):
            return items(self._value(type_.of_type, details), nullable=nullable)
        if isinstance(type_, GraphQLObjectType):
            return self._object(type_, self._subfields(type_, details), nullable=nullable)
        if isinstance(type_, GraphQLInterfaceType):
            options = [
                (option, self._object(option, self._subfields(option, details), nullable=False))
                for option in self._schema.get_possible_types(type_)
            ]
            return one_of(options, nullable=nullable)
        if is_leaf_type(type_):
            return leaf(type_, nullable=nullable)
        raise Unplannable

    def _subfields(self, type_: GraphQLObjectType, details: FieldDetailsList) -> CollectedFields:
        return collect_subfields(self._schema, self._fragments, self._variables, self._operation, type_, details)

    def _object(self, type_: GraphQLObjectType, collected: CollectedFields, *, nullable: bool) -> Completion:
        if collected.new_defer_usages:
            raise Unplannable
        steps, names, pure = [], [], True
        for key, details in collected.grouped_field_set.items():
            name = details[0].node.name.value
            self._steps += 1
            if self._steps > MAX_STEPS or any(detail.fragment_variable_values for detail in details):
                raise Unplannable
            step, plain = self._field(type_, key, name, details)
            steps.append(step)
            names.append((key, name, step.completion.signature))
            pure = pure and plain and step.completion.pure
        return fields(type_, steps, tuple(names), nullable=nullable, pure=pure)

    def _field(self, type_: GraphQLObjectType, key: str, name: str, details: FieldDetailsList) -> tuple[Step, bool]:
        """Return the step of a field, and whether it merely reads an attribute."""
        if name == "__typename":
            type_name = type_.name
            return attribute_step(key, lambda _source: type_name, Completion(lambda value, _: value, True, "typename")), True
        core = type_.fields.get(name)
        if core is None:
            raise Unplannable  # introspection
        definition = core.extensions.get(_DEFINITION)
        if not isinstance(definition, StrawberryField) or definition.extensions or definition.permission_classes:
            raise Unplannable
        self._selected.add(f"{type_.name}.{name}")
        completion = self._value(core.type, details)
        if definition.base_resolver is None:
            assert definition.python_name is not None
            return attribute_step(key, attrgetter(definition.python_name), completion), True
        encoded = definition.metadata.get(ENCODED)
        if encoded is not None and completion.pure:
            return Step(key, *self._encoded(encoded, completion)), False
        return Step(key, self._call(definition, type_, details), completion), False

    def _encoded(self, encoded: Callable[..., Any], listed: Completion) -> tuple[Resolve, Completion]:
        """Return how a list is had as JSON, when its items are the same for all viewers."""

        def encode(item: object) -> bytes:
            # A list of one is completed as the whole list is; without its brackets it is the item.
            return orjson.dumps(listed.complete([item], _NOBODY))[1:-1]

        selection = Selection(listed.signature, encode)
        return (
            lambda source, run: encoded(run.context, source, selection),
            Completion(lambda value, _: orjson.Fragment(value), pure=False, signature=None),
        )

    def _call(self, definition: StrawberryField, type_: GraphQLObjectType, details: FieldDetailsList) -> Resolve:
        resolver = definition.base_resolver
        assert resolver is not None
        node = details[0].node
        function = resolver._unbound_wrapped_func
        root, info = resolver.parent_parameter or resolver.root_parameter, resolver.info_parameter
        root_name, info_name = root.name if root else None, info.name if info else None
        with_self = resolver.self_parameter is not None
        arguments = arguments_of(self._strawberry, definition, type_.fields[node.name.value], node)

        def resolve(source: Any, run: Run) -> Any:
            given = arguments(run.variables) if arguments is not None else {}
            if root_name is not None:
                given[root_name] = source
            if info_name is not None:
                given[info_name] = PlannedInfo(run, node)
            return function(source, **given) if with_self else function(**given)

        return resolve


_NOBODY = cast(Run, None)  # pure completions take no run
