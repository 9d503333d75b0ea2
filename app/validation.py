"""Validation in steps: the rules of graphql-core, on a walk that may stop at any node.

Rule: what is found is what `graphql.validate` finds, but for the order: what is wrong with variables comes last. Nothing made
on the way refers to itself, so all of it is gone when the last step ends, and the cycle collector has nothing to find.
"""

from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from typing import Any, TypeAlias

from graphql import (
    BREAK,
    ASTValidationRule,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    NoUndefinedVariablesRule,
    NoUnusedVariablesRule,
    OperationDefinitionNode,
    TypeInfo,
    ValidationContext,
    VariableDefinitionNode,
    VariablesInAllowedPositionRule,
)
from graphql.language.ast import QUERY_DOCUMENT_KEYS
from graphql.validation.validate import ValidationAbortedError
from graphql.validation.validation_context import VariableUsage, VariableUsageVisitor

# In nodes, of which a document may have some 2000; so many take 1 ms.
STEP = 200

# They ask for the variables of whole operations, with those of all their fragments, which are known after the walk.
_OF_VARIABLES: Collection[type[ASTValidationRule]] = (
    NoUndefinedVariablesRule,
    NoUnusedVariablesRule,
    VariablesInAllowedPositionRule,
)
# What is not executed, such as descriptions and definitions of types, is not looked at.
_ALL = {kind: tuple(key for key in keys if key != "description") for kind, keys in QUERY_DOCUMENT_KEYS.items()}
_VARIABLES = {"document": ("definitions",), "operation_definition": ("variable_definitions",)}

_Keys: TypeAlias = Mapping[str, tuple[str, ...]]
# Each with the number of its rule.
_Calls: TypeAlias = tuple[tuple[int, Callable[..., Any]], ...]


class _Hooks(dict[str, tuple[_Calls, _Calls]]):
    """What rules do where a node of a kind is entered, and where it is left; found out once a kind."""

    def __init__(self, rules: Collection[type[ASTValidationRule]]) -> None:
        super().__init__()
        self.rules = rules

    def __missing__(self, kind: str) -> tuple[_Calls, _Calls]:
        found = self[kind] = (self._calls("enter", kind), self._calls("leave", kind))
        return found

    def _calls(self, when: str, kind: str) -> _Calls:
        hooks = (getattr(rule, f"{when}_{kind}", None) or getattr(rule, when, None) for rule in self.rules)
        return tuple((number, hook) for number, hook in enumerate(hooks) if hook is not None)


class Validation:
    """Validates documents against one schema by some of graphql-core's rules."""

    def __init__(
        self, schema: GraphQLSchema, rules: Collection[type[ASTValidationRule]], *, max_errors: int, suggests: bool
    ) -> None:
        self._schema = schema
        self._max_errors = max_errors
        self._suggests = suggests
        self._first = _Hooks([rule for rule in rules if rule not in _OF_VARIABLES])
        self._last = _Hooks([rule for rule in rules if rule in _OF_VARIABLES])

    def errors_of(self, document: DocumentNode) -> Generator[None, None, list[GraphQLError]]:
        """Return what is wrong with a document; each `yield` is a place to let others go on.

        Of more than `max_errors` the first are returned, and one that says so. Raises RecursionError.
        """
        errors: list[GraphQLError] = []
        most = self._max_errors

        def report(error: GraphQLError) -> None:
            if len(errors) >= most:
                raise ValidationAbortedError("Too many validation errors, error limit reached. Validation aborted.")
            if not self._suggests:  # a rule of graphql-core's suggests a selection even so
                error.message = error.message.partition(" Did you mean")[0]
            errors.append(error)

        context = _Context(self._schema, document, TypeInfo(self._schema), report, not self._suggests)
        try:
            yield from context.walk(self._first, _ALL)
            yield from context.walk(self._last, _VARIABLES)
        except ValidationAbortedError as error:
            error.__context__ = None
            errors.append(error.with_traceback(None))
        return errors


class _Context(ValidationContext):
    """What rules ask about the document that is walked through."""

    _types: TypeInfo

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        types: TypeInfo,
        report: Callable[[GraphQLError], None],
        hide_suggestions: bool,
    ) -> None:
        super().__init__(schema, document, types, report, hide_suggestions)
        self._types = types
        self._used: dict[int, list[VariableUsage]] = {}

    def get_variable_usages(self, node: OperationDefinitionNode | FragmentDefinitionNode) -> list[VariableUsage]:
        """Return what the walk noted, which graphql-core would walk once more to find."""
        return self._used.get(id(node), [])

    def walk(self, hooks: _Hooks, keys: _Keys) -> Generator[None, None, None]:
        """Call each rule at each node that `keys` lead to, as graphql-core's ParallelVisitor does."""
        rules = [rule(self) for rule in hooks.rules]
        # By rule: the node below which it wants nothing, or BREAK.
        skipping: dict[int, object] = {}
        types, notes_variables = self._types, keys is _ALL
        usages: VariableUsageVisitor | None = None
        # Nodes, and the tuples that they stand in.
        above: list[Any] = []
        left: list[Iterator[Any]] = [iter((self.document,))]
        walked = 0
        while True:
            node = next(left[-1], None)
            if node is None:
                left.pop()
                if not above:
                    return
                node = above.pop()
                if isinstance(node, tuple):
                    continue
                for number, leave in hooks[node.kind][1]:
                    if number not in skipping and _ends(leave(rules[number], node, None, *_place(above))):
                        skipping[number] = BREAK
                if skipping:
                    skipping = {number: skipped for number, skipped in skipping.items() if skipped is not node}
                types.leave(node)
                continue
            if isinstance(node, tuple):
                above.append(node)
                left.append(iter(node))
                continue
            walked += 1
            if walked % STEP == 0:
                yield
            types.enter(node)
            kind = node.kind
            if notes_variables:
                if kind == "operation_definition" or kind == "fragment_definition":
                    usages = VariableUsageVisitor(types, node if isinstance(node, FragmentDefinitionNode) else None)
                    self._used[id(node)] = usages.usages
                elif kind == "variable" and usages is not None and not isinstance(above[-1], VariableDefinitionNode):
                    usages.enter_variable(node)
            enters = hooks[kind][0]
            if enters:
                parent, path, ancestors = _place(above)
                for number, enter in enters:
                    if number not in skipping:
                        result = enter(rules[number], node, None, parent, path, ancestors)
                        if result is not None:
                            skipping[number] = BREAK if _ends(result) else node
            above.append(node)
            left.append(iter([below for key in keys.get(kind, ()) if (below := getattr(node, key, None))]))


def _place(above: list[Any]) -> tuple[Any, list[Any], list[Any]]:
    """Return what a visitor is told of the place of a node: what it stands in, no path, and what that stands in."""
    return (above[-1] if above else None), [], above[:-1]


def _ends(result: object) -> bool:
    return result is BREAK or result is True
