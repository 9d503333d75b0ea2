"""Cost: what an operation may cost by its lists, and that every list of the schema has a size."""

from typing import Any

import pytest
from graphql import (
    GraphQLList,
    GraphQLObjectType,
    OperationDefinitionNode,
    get_named_type,
    get_nullable_type,
    get_operation_ast,
    is_leaf_type,
    parse,
    validate,
)

from schema.build import build_schema
from schema.cost import AROUND, ASSUMED, SIZED, WEIGHTS, cost_of, value_of

SCHEMA = build_schema()._schema


def _cost(text: str, variables: dict[str, Any] | None = None) -> int:
    document = parse(text)
    assert validate(SCHEMA, document) == []
    operation = get_operation_ast(document)
    assert isinstance(operation, OperationDefinitionNode)
    return value_of(cost_of(SCHEMA, document, operation), variables or {})


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("{ __typename }", 1),
        ("{ viewer { id name } }", 2),
        ('{ channel(id: "x") { name unreadCount pollingInterval { milliseconds } } }', 3),
        ("{ channels { nodes { id } } }", 2 + 50),
        ("{ channels(first: 7) { edges { cursor node { id } } pageInfo { endCursor } } }", 3 + 7 * 2),
        ("{ channels(first: 1000000) { nodes { id } } }", 2 + 200),
        ("{ channels(first: -5) { nodes { id } } }", 2 + 1),
        ("{ channels(first: null) { nodes { id } } }", 2 + 50),
        ('{ messages(channelId: "x", last: 30) { nodes { author { name } } } }', 2 + 30 * 2),
        ("{ channels(first: 10) { nodes { messages(first: 20) { nodes { id } } } } }", 2 + 10 * (2 + 20)),
        ('{ nodes(ids: ["a", "b", "c"]) { id ... on Channel { lastMessage { id } } } }', 1 + 3 * 2),
        ('{ node(id: "a") { ... on Channel { lastMessage { id } } ... on Notification { message { id } } } }', 2 + 2),
        ("{ sync(limit: 30) { channels { channel { id } messages { id } } inbox { id } } }", 2 + 10 + 1 + 30 * 3),
        ("{ a: viewer { id } ...F } fragment F on Query { b: viewer { id } a: viewer { name } }", 3),
        ("query($no: Boolean! = false) { viewer @include(if: $no) { id } }", 2),
        ("{ __schema { types { name } } }", 1001),
        ('mutation { markNotificationsRead(ids: ["a"]) { inbox { id } userErrors { code } } }', 14),
        ("{ searchChannels(first: 1) { nodes { id } } }", 2 + 100 + 1),
    ],
)
def test_a_cost_is_the_objects_that_may_be_looked_at(text: str, cost: int) -> None:
    assert _cost(text) == cost


PAGE = "query($n: Int, $m: Int = 5) { channels(first: $n) { nodes { messages(last: $m) { nodes { id } } } } }"


@pytest.mark.parametrize(
    ("variables", "cost"),
    [
        ({"n": 3, "m": 4}, 2 + 3 * (2 + 4)),
        ({"n": None, "m": 4}, 2 + 50 * 6),
        ({"m": 10**9}, 2 + 50 * 202),
        ({"n": 10**9, "m": 1}, 602),
    ],
)
def test_variables_decide_how_large_pages_are(variables: dict[str, Any], cost: int) -> None:
    assert _cost(PAGE, variables) == cost


def test_a_list_of_ids_is_as_long_as_the_variable() -> None:
    assert _cost("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["a"] * 40}) == 41


def _fields() -> dict[str, Any]:
    types = [one for name, one in SCHEMA.type_map.items() if isinstance(one, GraphQLObjectType) and not name.startswith("__")]
    return {f"{one.name}.{name}": field for one in types for name, field in one.fields.items()}


def test_every_list_of_objects_has_a_size_and_no_size_is_of_something_else() -> None:
    fields = _fields()
    lists = {
        coordinate
        for coordinate, field in fields.items()
        if isinstance(get_nullable_type(field.type), GraphQLList) and not is_leaf_type(get_named_type(field.type))
    }
    sized = set(SIZED) | AROUND | set(ASSUMED) | {one for one in lists if one.endswith(".userErrors")}
    assert lists - sized == set()
    assert (AROUND | set(ASSUMED)) - lists == set()


def test_every_field_that_takes_a_page_is_sized_by_it() -> None:
    paged = {coordinate for coordinate, field in _fields().items() if {"first", "last", "limit"} & set(field.args)}
    assert paged - set(SIZED) == set()


def test_every_name_of_a_size_or_weight_is_a_field_with_these_arguments() -> None:
    fields = _fields()
    assert [one for one in (*SIZED, *WEIGHTS) if one not in fields] == []
    page = {"first", "last"}
    assert [one for one, sized in SIZED.items() if set(sized.arguments) - set(fields[one].args) - page] == []
