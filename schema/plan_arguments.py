"""The arguments of a planned field: literals and defaults read once, variables put in at each run.

Rule: what a literal or a default means is graphql-core's and Strawberry's to say; a variable within a literal is not
planned.
"""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import FieldNode, GraphQLField, GraphQLNonNull, Undefined, VariableNode, is_required_argument
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal
from strawberry.types.arguments import convert_argument
from strawberry.types.field import StrawberryField

from schema.build import PolluxSchema
from schema.plan_steps import Surprise

_PLAIN = frozenset({"String", "ID", "Int", "Boolean", "Float"})


class Unplannable(Exception):
    """An operation that only graphql-core executes."""


def arguments_of(
    schema: PolluxSchema, definition: StrawberryField, core: GraphQLField, node: FieldNode
) -> Callable[[Mapping[str, Any]], dict[str, Any]] | None:
    """Return what gives a field's arguments for variables, None where it has none."""
    if not core.args:
        return None
    nodes = {argument.name.value: argument.value for argument in node.arguments or ()}
    fixed: dict[str, Any] = {}
    varying: list[tuple[str, str, bool, Callable[[Any], Any] | None, Any]] = []
    for argument in definition.arguments:
        name = schema.config.name_converter.from_argument(argument)
        core_argument, value = core.args[name], nodes.get(name)
        plain = getattr(getattr(core_argument.type, "of_type", core_argument.type), "name", "") in _PLAIN
        convert = None if plain else _converter(schema, argument)
        default = coerce_default_value(core_argument)
        if isinstance(value, VariableNode):
            required = is_required_argument(core_argument) or isinstance(core_argument.type, GraphQLNonNull)
            converted = default if convert is None or default is Undefined else convert(default)
            varying.append((argument.python_name, value.name.value, required, convert, converted))
            continue
        if value is not None and _holds_variables(value):
            raise Unplannable
        constant = default if value is None else coerce_input_literal(value, core_argument.type)
        if constant is not Undefined:
            fixed[argument.python_name] = constant if convert is None else convert(constant)
        elif value is not None or is_required_argument(core_argument):
            raise Unplannable

    def given(variables: Mapping[str, Any]) -> dict[str, Any]:
        found = dict(fixed)
        for python_name, variable, required, convert, default in varying:
            value = variables.get(variable, Undefined)
            if required and (value is None or value is Undefined):
                raise Surprise
            if value is Undefined:
                if default is not Undefined:
                    found[python_name] = default
            else:
                found[python_name] = value if convert is None else convert(value)
        return found

    return given


def _converter(schema: PolluxSchema, argument: Any) -> Callable[[Any], Any]:
    registry, config = schema.schema_converter.scalar_registry, schema.config
    return lambda value: convert_argument(value, argument.type, registry, config)


def _holds_variables(value: Any) -> bool:
    """Whether a literal has variables within."""
    inner = [field.value for field in getattr(value, "fields", ())] + list(getattr(value, "values", ()))
    return any(isinstance(one, VariableNode) or _holds_variables(one) for one in inner)
