"""The arguments of generated documents: literals, variables, and what is given for them.

Rule: a variable's type fits its place; what is given for it mostly does. Ids and cursors are names of the test's world.
"""

import json
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    Undefined,
    is_required_argument,
    is_required_input_field,
)
from hypothesis import strategies as st

CHANNELS = ("<public>", "<private>", "<direct>", "<elsewhere>", "<hidden>")
MESSAGES = tuple(f"<{channel[1:-1]} {seq} id>" for channel in CHANNELS for seq in (1, 2))
PEOPLE = ("<ann>", "<bob>", "<cid>", "<unseen>")
THINGS = ("<member>", "<notification>", "<other notification>", "<inbox>", "<other inbox>")
WRONG_IDS = ("<unknown channel>", "<unknown message>", "nonsense", "")
MESSAGE_CURSORS = (*(f"<{channel[1:-1]} {seq}>" for channel in CHANNELS for seq in (1, 2)), "<public 6>", "<public 9>")
OTHER_CURSORS = ("<notifications>", "<channels>", "<search>", "<members>", "<audit>")
WRONG_CURSORS = ("AAAA", "")
# Of bob: for now, after one page of a snapshot, and after all of it.
SYNC_TOKENS = ("<sync start>", "<sync page>", "<sync all>")
NAMES = (*CHANNELS, *MESSAGES, *PEOPLE, *THINGS, *WRONG_IDS[:2], *MESSAGE_CURSORS, *OTHER_CURSORS, *SYNC_TOKENS)

# By the field they belong to: which cursors its pages may follow.
_CURSORS_OF = {
    "channels": "<channels>",
    "searchChannels": "<search>",
    "members": "<members>",
    "notifications": "<notifications>",
    "auditLog": "<audit>",
}
# Hypothesis likes the ends of a range; what is rare stands within.
_RARELY = st.integers(0, 24).map(lambda number: number == 11)
_SELDOM = st.integers(0, 4).map(lambda number: number == 2)
_MOSTLY_SEEN = ("<public>",) * 4 + ("<private>", "<direct>") * 2 + ("<elsewhere>", "<hidden>")
_WORDS = ("room", "", "ROOM", "한글", '"\\ ', "nothing is called so")
_SIZES = (1, 2, 3, 50, 200, 1000)
_WRONG_SIZES = (0, -1)


@dataclass(frozen=True)
class Variable:
    """A variable of an operation, and what a client gives for it, if anything."""

    name: str
    declaration: str
    is_given: bool
    value: Any


class _Written(str):
    """A literal that is written without quotes: the name of an enum's value or of a variable."""

    __slots__ = ()


class Arguments:
    """Writes arguments, and keeps the variables they use."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        # The channel named last: what is asked within it has its cursors.
        self._channel = "<public>"
        self.variables: list[Variable] = []

    def written(self, field_name: str, definition: GraphQLField) -> str:
        """Return the arguments of a field, in parentheses where there are any."""
        chosen: dict[str, GraphQLArgument] = {}
        for name, argument in definition.args.items():
            # `first` with `last` is a mistake, and so hardly ever written.
            excluded = {"first": "last", "last": "first"}.get(name, "") in chosen and not self._chance(_RARELY)
            if is_required_argument(argument) or (not excluded and self._chance(st.booleans())):
                chosen[name] = argument
        parts = [f"{name}: {self._argument(field_name, name, argument)}" for name, argument in chosen.items()]
        return f"({', '.join(parts)})" if parts else ""

    def condition(self, *, included: bool) -> str:
        """Return what a directive's `if` says, mostly so that the selection is included."""
        value = included != self._chance(_SELDOM)
        match self._draw(st.sampled_from(("literal", "given", "default"))):
            case "given":
                return self._variable("Boolean!", value)
            case "default":
                return self._variable(f"Boolean = {_literal(value)}", value, given=self._chance(st.booleans()))
        return _literal(value)

    def _chance(self, of: st.SearchStrategy[bool]) -> bool:
        return self._draw(of)

    def _argument(self, field_name: str, name: str, argument: GraphQLArgument) -> str:
        type_ = argument.type
        if not self._chance(st.booleans()):
            return _literal(self._value(field_name, name, type_, within_literal=True))
        value = self._value(field_name, name, type_, within_literal=False)
        declared = str(type_)
        how = self._draw(st.sampled_from(("given", "given", "given", "omitted", "null", "default", "wrong")))
        if how == "wrong" and self._chance(_RARELY):
            return self._variable(declared, {"not": "this"})
        nullable = declared.removesuffix("!")
        if how == "default":
            return self._variable(f"{nullable} = {_literal(_enums(value, type_))}", value, given=self._chance(st.booleans()))
        if is_required_argument(argument):
            return self._variable(declared, value)
        if how == "omitted":
            return self._variable(nullable, None, given=False)
        if how == "null":
            return self._variable(nullable, None)
        return self._variable(self._draw(st.sampled_from((declared, nullable))), value)

    def _variable(self, declared: str, value: Any, *, given: bool = True) -> str:
        name = f"v{len(self.variables)}"
        self.variables.append(Variable(name, f"${name}: {declared}", given, value))
        return f"${name}"

    def _value(self, field_name: str, name: str, type_: GraphQLInputType, *, within_literal: bool) -> Any:
        """Return a value for an argument; in a literal, enums and variables stand without quotes."""
        if isinstance(type_, GraphQLNonNull):
            return self._value(field_name, name, type_.of_type, within_literal=within_literal)
        if isinstance(type_, GraphQLList):
            return self._list(field_name, name, type_, within_literal=within_literal)
        if isinstance(type_, GraphQLInputObjectType):
            return {
                key: self._value(field_name, key, one.type, within_literal=within_literal)
                for key, one in type_.fields.items()
                if is_required_input_field(one) or self._chance(st.booleans())
            }
        if isinstance(type_, GraphQLEnumType):
            value = self._draw(st.sampled_from(sorted(type_.values)))
            return _Written(value) if within_literal else value
        return self._scalar(field_name, name, str(type_))

    def _list(self, field_name: str, name: str, type_: GraphQLList[Any], *, within_literal: bool) -> Any:
        values = [
            self._value(field_name, name, type_.of_type, within_literal=within_literal)
            for _ in range(self._draw(st.sampled_from((1, 2, 3, 5, 0))))
        ]
        if within_literal and values and self._chance(_RARELY):
            item = self._value(field_name, name, type_.of_type, within_literal=False)
            values.append(_Written(self._variable(str(type_.of_type), item)))
        return values[0] if len(values) == 1 and self._chance(st.booleans()) else values

    def _scalar(self, field_name: str, name: str, type_name: str) -> Any:
        wrong = self._chance(_RARELY)
        if type_name == "ID":
            of_channel = field_name == "channel" or name.endswith(("channelId", "channelIds"))
            known = _MOSTLY_SEEN if of_channel else (*_MOSTLY_SEEN, *MESSAGES, *PEOPLE, *THINGS)
            chosen = self._draw(st.sampled_from((*MESSAGES, *WRONG_IDS) if wrong else known))
            self._channel = chosen if chosen in CHANNELS else self._channel
            return chosen
        if name == "token":
            return self._draw(st.sampled_from(WRONG_CURSORS if wrong else SYNC_TOKENS))
        if name == "waitMs":
            return self._draw(st.sampled_from(_WRONG_SIZES[1:] if wrong else (0,)))
        if name in ("after", "before"):
            own = _CURSORS_OF.get(field_name, "<notifications>" if "otification" in field_name else None)
            fitting = [one for one in MESSAGE_CURSORS if one.startswith(self._channel[:-1])] if own is None else (own,)
            return self._draw(st.sampled_from((*MESSAGE_CURSORS, *OTHER_CURSORS, *WRONG_CURSORS) if wrong else fitting))
        if type_name == "Int":
            return self._draw(st.sampled_from(_WRONG_SIZES if wrong else _SIZES))
        if type_name == "Float":
            return self._draw(st.sampled_from((0.0, 0.5, -1.5)))
        if type_name == "Boolean":
            return self._chance(st.booleans())
        if type_name == "String":
            return self._draw(st.sampled_from(_WORDS))
        raise NotImplementedError(f"no values for arguments of type {type_name}; tests/api/arguments.py is to be taught some")


def _enums(value: Any, type_: GraphQLInputType) -> Any:
    """Return a value as a literal has it."""
    if isinstance(type_, GraphQLNonNull):
        return _enums(value, type_.of_type)
    if isinstance(type_, GraphQLList):
        return [_enums(one, type_.of_type) for one in value] if isinstance(value, list) else _enums(value, type_.of_type)
    return _Written(value) if isinstance(type_, GraphQLEnumType) else value


def _literal(value: Any) -> str:
    """Return a value as a document writes it."""
    match value:
        case _Written():
            return str(value)
        case list():
            return f"[{', '.join(map(_literal, value))}]"
        case dict():
            return "{" + ", ".join(f"{key}: {_literal(one)}" for key, one in value.items()) + "}"
    return "null" if value is None or value is Undefined else json.dumps(value)
