"""The whole schema walked as everybody of the table: what each is shown, by every way, fresh and kept."""

import json
from collections import Counter

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type, is_required_argument

from models.database import Database
from models.head import ChannelHead
from schema.build import build_schema
from tests.asking import Api
from tests.authorization.table import FIELDS, KEEPERS, PEOPLE, SEERS, WAYS, Rule
from tests.authorization.world import SECRET, Place, place

SCHEMA = build_schema()._schema
KINDS = tuple(SEERS)


def _named() -> Counter[str]:
    return Counter(
        f"{type_name}.{name}" for types in FIELDS.values() for type_name, names in types.items() for name in names.split()
    )


def _types(*rules: Rule) -> set[str]:
    return {type_name for rule in rules for type_name in FIELDS[rule]}


def test_the_table_names_every_field_of_the_schema_once_and_nothing_else() -> None:
    real = {
        f"{name}.{field}"
        for name, type_ in SCHEMA.type_map.items()
        if isinstance(type_, GraphQLObjectType) and not name.startswith("__")
        for field in type_.fields
    }
    assert set(_named()) == real
    assert set(_named().values()) == {1}


def test_there_is_a_way_to_every_type_that_has_to_do_with_a_channel() -> None:
    by_sync = {"ChannelDelta"}  # walked by test_own.py
    assert set(WAYS) == (_types(Rule.SEER, Rule.KEEPER, Rule.ANYBODY) - by_sync)


def _everything_of(type_name: str) -> str:
    """Return a selection of all fields of a type; what is below an object has ways of its own."""
    type_ = SCHEMA.type_map[type_name]
    assert isinstance(type_, GraphQLObjectType)
    assert not any(is_required_argument(argument) for one in type_.fields.values() for argument in one.args.values())
    leaves = {name: is_leaf_type(get_named_type(one.type)) for name, one in type_.fields.items()}
    return " ".join(name if leaf else f"{name} {{ __typename }}" for name, leaf in leaves.items())


QUERIES = {way.replace("%", _everything_of(type_name)): type_name for type_name, ways in WAYS.items() for way in ways}


def _is_shown(body: bytes, type_name: str) -> bool:
    """Whether an answer holds an object of the type that was asked for, with all its fields."""
    found = []

    def look(value: object) -> None:
        if isinstance(value, dict):
            if set(_fields_of(type_name)) <= value.keys():
                found.append(value)
            for inner in value.values():
                look(inner)
        elif isinstance(value, list):
            for inner in value:
                look(inner)

    look(json.loads(body)["data"])
    return bool(found)


def _fields_of(type_name: str) -> list[str]:
    type_ = SCHEMA.type_map[type_name]
    assert isinstance(type_, GraphQLObjectType)
    return list(type_.fields)


def _refused(body: bytes) -> list[str]:
    return [error["extensions"]["code"] for error in json.loads(body).get("errors", ())]


async def _walk(made: Place) -> None:
    """Ask for every field as everybody, by every way. Raises AssertionError where anybody is shown what the table does not say."""
    kind = made.kind
    for query, type_name in QUERIES.items():
        etag = [await made.ask(query, "owner") for _ in range(3)][-1][2]  # kept for those who may
        for who in PEOPLE:
            status, body, _ = await made.ask(query, who, etag=etag if who != "owner" else None)
            assert status == 200, (who, query)  # a tag is its viewer's
            if who not in SEERS[kind]:
                assert body == (await made.ask(query, who, made.as_if_missing()))[1], (who, query)
                assert SECRET.encode() not in body
            elif type_name in FIELDS[Rule.KEEPER] and who not in KEEPERS[kind]:
                assert _refused(body) == ["FORBIDDEN"], (who, query)
            else:
                assert _refused(body) == [], (who, query)
                nobody_there = "typingUsers" in query or "onlineUsers" in query
                assert _is_shown(body, type_name) or (type_name == "User" and nobody_there), (who, query)


@pytest.mark.parametrize("kind", KINDS)
async def test_every_field_is_shown_to_whom_the_table_says_by_every_way(api: Api, kind: str) -> None:
    await _walk(await place(api, kind))


@pytest.mark.parametrize("kind", ["PRIVATE", "DIRECT"])
async def test_the_walk_finds_a_channel_that_is_shown_to_everybody(api: Api, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await place(api, kind)
    monkeypatch.setattr(ChannelHead, "visible", True)
    with pytest.raises(AssertionError, match=r"\('stranger', "):
        await _walk(made)


@pytest.mark.parametrize("kind", ["PRIVATE", "DIRECT"])
async def test_what_is_hidden_takes_as_many_reads_as_what_is_missing(api: Api, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await place(api, kind)
    statements: list[str] = []
    for name in ("rows", "tuples"):
        monkeypatch.setattr(Database, name, _noting(getattr(Database, name), statements))
    for query in QUERIES:
        await made.ask(query, "stranger", made.as_if_missing())
        counts = []
        for names in (made.names, made.as_if_missing()):
            statements.clear()
            await made.ask(query, "stranger", names)
            counts.append(sorted(statements))
        assert counts[0] == counts[1], query


def _noting(real: object, statements: list[str]) -> object:
    async def noting(self: Database, sql: str, *args: object) -> object:
        statements.append(sql)
        return await real(self, sql, *args)  # type: ignore[operator]  # a method, called with what it was called with

    return noting


async def test_who_is_removed_is_shown_nothing_more_whatever_was_kept_for_them(api: Api) -> None:
    made = await place(api, "PRIVATE")
    kept = {}
    for query in QUERIES:
        if "$" in query:  # what names nothing of the place stays as it was
            kept[query] = [await made.ask(query, "member") for _ in range(3)][-1]
    unchanged = await made.ask(_of_members(), "member", etag=[await made.ask(_of_members(), "member") for _ in range(3)][-1][2])
    assert unchanged[0] == 304  # else the tags below would prove nothing
    await _remove(made, "member")
    for query, (_, shown, etag) in kept.items():
        status, body, _ = await made.ask(query, "member", etag=etag)
        assert (status, body) == (await made.ask(query, "member", made.as_if_missing()))[:2], query
        assert body != shown
        assert SECRET.encode() not in body


def _of_members() -> str:
    return "messages(channelId: $channel) { nodes { content } }"


async def _remove(made: Place, who: str) -> None:
    remove = "mutation($c: ID!, $u: ID!) { removeChannelMember(channelId: $c, userId: $u) { userErrors { code } } }"
    user = await made.api.user_id(who)
    assert (await made.api.ask(remove, {"c": made.names["channel"], "u": user}, who="owner"))["userErrors"] == []
