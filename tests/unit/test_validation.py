"""Validation in steps finds what graphql-core's own finds, and lets others go on on the way."""

import re

import pytest
from graphql import GraphQLError, parse, specified_rules, validate
from hypothesis import given, settings
from hypothesis import strategies as st

from app.steps import at_once
from app.validation import STEP, Validation
from schema.build import build_schema

SCHEMA = build_schema()._schema
MANY = 1000
WRONG = [
    "{ nope }",
    "{ viewer }",
    "{ viewer { id { id } } }",
    "{ channel(id: 1.5, nope: 1) { id } }",
    "{ channel { id } }",
    "query($x: Nope) { viewer { id } }",
    "query($x: Int, $x: Int) { messages(channelId: $y, first: $x) { nodes { id } } }",
    "query($c: String) { channel(id: $c) { id } }",
    "query($c: [ID]) { nodes(ids: $c) { id } }",
    "query($c: ID!) { nodes(ids: [$c, $d, {a: $e}]) { id } }",
    "query($c: ID!) { ...F } fragment F on Query { channel(id: $b) { ...G } } fragment G on Channel { members(first: $c) { id } }",
    "query A($a: Int) { ...F } query B($b: Int) { ...F } fragment F on Query { channels(first: $a) { nodes { id } } }",
    "mutation { viewer }",
    "{ ...F }",
    "{ ...F } fragment F on Query { ...F }",
    "{ ...F } fragment F on Query { ...G } fragment G on Query { ...F viewer { nam } }",
    "fragment F on Query { viewer { id } }",
    "{ ...F viewer { ...F } } fragment F on User { id } fragment F on Query { viewer { id } }",
    "{ a: viewer { id } a: channel(id: 1) { id } }",
    "{ viewer @skip(if: $x) @skip(if: true) @nope(a: 1) { id @include } }",
    "query Q { viewer { id } } query Q { viewer { name } } { viewer { id } }",
    "{ node(id: 1) { ... on Usr { id } ... on Int { id } ... on Channel { viewer { id } } } }",
    "subscription { sync { token } viewer { id } }",
    "subscription S($t: String) { sync(token: $t) { token } ...F } fragment F on Subscription { __typename }",
    'mutation { sendMessage(input: {channelId: "x", channelId: "y", nope: [{a: $b}]}) { message { id } } }',
    "type Query @a @a { id: ID } extend type User @b { x: Int } directive @c on FIELD",
    "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }",
    "query($v: [[Int!]!]! = [[1, null]], $w: Boolean = 5) { viewer { id } }",
    "{ viewer { id } } fragment A on User { ...B } fragment B on User { ...A @skip(if: $n) }",
]
RIGHT = [
    "query($c: ID!, $n: Int = 5) { messages(channelId: $c, first: $n) { nodes { id author { name } } } }",
    "{ ...F ...F } fragment F on Query { viewer { ...G } } fragment G on User { id name }",
    "query($i: [ID!]!) { nodes(ids: $i) { __typename ... on Channel { name } ... @include(if: true) { id } } }",
    "mutation($c: ID!, $t: String!) { sendMessage(input: {channelId: $c, content: $t}) { message { id } userErrors { code } } }",
]
LONG = "{ viewer { id " + "name " * 700 + "} }"
_WORD = re.compile(r"\.\.\.|[$@]?\w+|\S")


def _found(text: str) -> list[str]:
    return _told(at_once(Validation(SCHEMA, specified_rules, max_errors=MANY, suggests=True).errors_of(parse(text))))


def _expected(text: str) -> list[str]:
    return _told(validate(SCHEMA, parse(text), specified_rules, MANY))


def _told(errors: list[GraphQLError]) -> list[str]:
    return sorted(f"{error.message} {error.locations}" for error in errors)


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_told_as_graphql_core_tells_it(text: str) -> None:
    assert _found(text) == _expected(text) != []


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_right_is_let_pass(text: str) -> None:
    assert _found(text) == _expected(text) == []


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_is_made_of_these_is_judged_as_by_graphql_core(data: st.DataObject) -> None:
    words = _WORD.findall(data.draw(st.sampled_from(WRONG + RIGHT)))
    others = _WORD.findall(data.draw(st.sampled_from(WRONG + RIGHT)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(words) - 1))
        words[place : place + data.draw(st.integers(0, 1))] = data.draw(st.lists(st.sampled_from(others), max_size=2))
        if not words:
            return
    try:
        parse(" ".join(words))
    except GraphQLError:
        return
    assert _found(" ".join(words)) == _expected(" ".join(words))


@pytest.mark.parametrize("count", [4, 5, 6, 50])
def test_of_many_errors_the_first_are_told(count: int) -> None:
    text = "{" + " ".join(f"nope{number}" for number in range(count)) + "}"
    found = at_once(Validation(SCHEMA, specified_rules, max_errors=5, suggests=True).errors_of(parse(text)))
    assert [error.message for error in found] == [error.message for error in validate(SCHEMA, parse(text), specified_rules, 5)]
    assert all(error.__traceback__ is None for error in found)


def test_others_have_a_turn_every_few_nodes() -> None:
    turns = sum(1 for _ in Validation(SCHEMA, specified_rules, max_errors=5, suggests=True).errors_of(parse(LONG)))
    assert turns >= 2 * 700 // STEP  # each field has a name


def test_nothing_is_suggested_to_who_may_not_see_the_schema() -> None:
    text = "{ viewer usre: viewer { nam } }"
    told = {suggests: _messages(text, suggests=suggests) for suggests in (True, False)}
    assert all("Did you mean" in message for message in told[True])
    assert told[False] == [message.partition(" Did you mean")[0] for message in told[True]]


def _messages(text: str, *, suggests: bool) -> list[str]:
    validation = Validation(SCHEMA, specified_rules, max_errors=MANY, suggests=suggests)
    return [error.message for error in at_once(validation.errors_of(parse(text)))]
