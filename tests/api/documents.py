"""Documents that Hypothesis writes from the schema itself, so that a field added to it is asked for at once.

Rule: what is written validates. Ids and cursors stand as names, such as `<public>` or `<public 2>`, which whoever asks
replaces by those of their world. A response key means one thing everywhere: what has arguments gets a key of its own.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)
from hypothesis import strategies as st

from tests.api.arguments import Arguments

DEEPEST = 5
BROADEST = 4
# Selections of one document: enough for every construct, few enough to be answered in milliseconds.
MOST_SELECTIONS = 32
_DIRECTIVES = ("include", "skip")
_NAME = re.compile(r"<[a-z0-9 ]+>")


@dataclass(frozen=True)
class Question:
    """What a client asks: a document, which of its operations, and the variables it gives."""

    text: str
    operation_name: str | None
    variables: dict[str, Any]


@st.composite
def questions(draw: st.DrawFn, schema: GraphQLSchema, mostly: frozenset[str] | None = None) -> Question:
    """Questions that a client may ask of a schema, most of them without a mistake in their values.

    `mostly` are the queries that most of them ask, by default what clients do.
    """
    writer = _Writer(draw, schema, mostly or _MOST_ASKED)
    root = schema.query_type
    assert root is not None
    selected = writer.selection_set(root, depth=0, apart=False)
    name = draw(st.sampled_from((None, "Asked")))
    declared = ", ".join(variable.declaration for variable in writer.arguments.variables)
    heading = f"query {name or ''}{f'({declared})' if declared else ''} " if name or declared else ""
    others: list[str] = ["query Other { __typename }"] if name and writer.chance(_rarely) else []
    text = "\n".join((heading + selected, *writer.fragments.values(), *others))
    given = {one.name: one.value for one in writer.arguments.variables if one.is_given}
    return Question(text, name if others or writer.chance(st.booleans()) else None, given)


_rarely = st.integers(0, 7).map(lambda number: number == 5)


@dataclass
class _Writer:
    """Writes one document."""

    draw: st.DrawFn
    schema: GraphQLSchema
    mostly: frozenset[str]
    # Name of a fragment -> its text; by type, those that are finished and may be spread again.
    fragments: dict[str, str] = field(default_factory=dict)
    _finished: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _left: int = MOST_SELECTIONS
    _keys: int = 0

    def __post_init__(self) -> None:
        self.arguments = Arguments(self.draw)
        self._ambiguous = _ambiguous(self.schema)

    def selection_set(self, type_: GraphQLNamedType, *, depth: int, apart: bool) -> str:
        """Return a selection set of a type; `apart` where types that share no fields may stand beside this one."""
        wanted = self.draw(st.integers(1, BROADEST))
        selections = [self._selection(type_, depth, apart=apart) for _ in range(wanted) if self._left > 0]
        return "{ " + " ".join(selections or ["__typename"]) + " }"

    def chance(self, of: st.SearchStrategy[bool]) -> bool:
        """Return what chance says."""
        return self.draw(of)

    def _selection(self, type_: GraphQLNamedType, depth: int, *, apart: bool) -> str:
        self._left -= 1
        assert isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)
        interface = isinstance(type_, GraphQLInterfaceType)
        kind = self.draw(st.sampled_from(("field",) * 5 + ("inline", "named", "typename") if not interface else _OF_INTERFACE))
        if depth > DEEPEST or kind == "typename":
            return f"__typename{self._directives()}"
        if kind == "inline":
            return self._inline(type_, depth, apart=apart)
        if kind == "named":
            return self._named(type_, depth, apart=apart)
        return self._field(type_, depth, apart=apart)

    def _inline(self, type_: GraphQLObjectType | GraphQLInterfaceType, depth: int, *, apart: bool) -> str:
        inner = self._one_within(type_)
        condition = f" on {inner.name}" if inner is not type_ or self.chance(st.booleans()) else ""
        within = self.selection_set(inner, depth=depth + 1, apart=apart or inner is not type_)
        return f"...{condition}{self._directives()} {within}"

    def _named(self, type_: GraphQLObjectType | GraphQLInterfaceType, depth: int, *, apart: bool) -> str:
        inner = self._one_within(type_)
        known = self._finished[inner.name]
        if known and self.chance(st.booleans()):
            return f"...{self.draw(st.sampled_from(known))}{self._directives()}"
        name = f"F{len(self.fragments)}"
        self.fragments[name] = ""  # takes its place, so that no other gets the name
        within = self.selection_set(inner, depth=depth + 1, apart=True)
        self.fragments[name] = f"fragment {name} on {inner.name} {within}"
        known.append(name)
        return f"...{name}{self._directives()}"

    def _one_within(self, type_: GraphQLObjectType | GraphQLInterfaceType) -> GraphQLObjectType | GraphQLInterfaceType:
        """Return a type that a fragment within this one may be on."""
        if isinstance(type_, GraphQLObjectType):
            around = [one for one in type_.interfaces if self.chance(_rarely)]
            return around[0] if around else type_
        possible = sorted(self.schema.get_possible_types(type_), key=lambda one: one.name)
        options: list[GraphQLObjectType | GraphQLInterfaceType] = [*possible, type_]
        return self.draw(st.sampled_from(options))

    def _field(self, type_: GraphQLObjectType | GraphQLInterfaceType, depth: int, *, apart: bool) -> str:
        fields = [(name, one) for name, one in type_.fields.items() if depth < DEEPEST or is_leaf_type(get_named_type(one.type))]
        if not fields:
            return "__typename"
        if type_ is self.schema.query_type and self.chance(_often):
            fields = [one for one in fields if one[0] in self.mostly] or fields
        # What has fields of its own is chosen more often, so that the far ends of the schema are reached.
        fields += [(name, one) for name, one in fields if not is_leaf_type(get_named_type(one.type))] * 2
        name, definition = self.draw(st.sampled_from(fields))
        key = self._key(type_, name, definition, apart=apart)
        given = self.arguments.written(name, definition)
        opening = f"{key}{name}{given}"
        inner = get_named_type(definition.type)
        if is_leaf_type(inner):
            return f"{opening}{self._directives()}"
        written = [f"{opening}{self._directives()} {self.selection_set(inner, depth=depth + 1, apart=False)}"]
        if self.chance(_rarely):  # the same field twice, whose selections merge
            written.append(f"{opening}{self._directives()} {self.selection_set(inner, depth=depth + 1, apart=False)}")
        return " ".join(written)

    def _key(self, type_: GraphQLNamedType, name: str, definition: GraphQLField, *, apart: bool) -> str:
        if definition.args or self.chance(_rarely):
            self._keys += 1
            return f"k{self._keys}: "
        if apart and name in self._ambiguous:
            return f"{type_.name[0].lower()}{type_.name[1:]}_{name}: "
        return f"also_{name}: " if name not in self._ambiguous and self.chance(_rarely) else ""

    def _directives(self) -> str:
        if not self.chance(_rarely):
            return ""
        chosen = self.draw(st.lists(st.sampled_from(_DIRECTIVES), min_size=1, max_size=2, unique=True))
        return "".join(f" @{name}(if: {self.arguments.condition(included=name == 'include')})" for name in chosen)


_OF_INTERFACE = ("inline",) * 5 + ("named", "named", "field", "typename")
# What clients mostly ask for; the other fields have their turn as well.
_MOST_ASKED = frozenset({"messages", "channel", "channels", "node", "nodes", "notifications"})
_often = st.integers(0, 3).map(lambda number: number != 2)


def _ambiguous(schema: GraphQLSchema) -> frozenset[str]:
    """Return the names of fields that are not of one type wherever they occur."""
    found: dict[str, set[str]] = defaultdict(set)
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for name, one in type_.fields.items():
                found[name].add(str(one.type))
    return frozenset(name for name, types in found.items() if len(types) > 1)


def filled(value: Any, world: Mapping[str, str]) -> Any:
    """Return a question's text or variables with its names replaced by what they stand for."""
    if isinstance(value, str):
        return _NAME.sub(lambda found: world[found[0]], value)
    if isinstance(value, list):
        return [filled(one, world) for one in value]
    if isinstance(value, dict):
        return {key: filled(one, world) for key, one in value.items()}
    return value
