"""Who is shown a kept answer: another viewer only where nothing of it is personal, and only what they may see."""

from collections import deque

import pytest
from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_leaf_type, is_required_argument

from schema.audience import SHARED
from schema.build import build_schema
from tests.api.documents import Question, filled
from tests.api.speeds import Asked, Speeds
from tests.api.world import PEOPLE, World

SCHEMA = build_schema()._schema
# What the arguments that have to be given are given.
VALUES = {"id": '"<public>"', "ids": '["<public>"]', "channelId": '"<public>"', "text": '"room"', "type": "MESSAGE"}


def _opening(name: str, definition: GraphQLField) -> str:
    given = [f"{argument}: {VALUES[argument]}" for argument, one in definition.args.items() if is_required_argument(one)]
    # An interval without a channel is everybody's too; one with a channel is more of a test.
    if "channelId" in definition.args and not given:
        given.append(f"channelId: {VALUES['channelId']}")
    return f"{name}({', '.join(given)})" if given else name


def _ways(*, shared: bool) -> dict[str, list[str]]:
    """Return by which fields each type is reached from the root, the shortest way there is; or by shared ones alone."""
    assert SCHEMA.query_type is not None
    ways: dict[str, list[str]] = {SCHEMA.query_type.name: []}
    waiting: deque[GraphQLObjectType] = deque([SCHEMA.query_type])
    while waiting:
        type_ = waiting.popleft()
        for name, definition in type_.fields.items():
            inner = get_named_type(definition.type)
            passes = not shared or f"{type_.name}.{name}" in SHARED
            if isinstance(inner, GraphQLObjectType) and inner.name not in ways and passes:
                ways[inner.name] = [*ways[type_.name], _opening(name, definition)]
                waiting.append(inner)
    return ways


def _queries(*, shared: bool = False) -> dict[str, str]:
    """Return a query for each field that a query reaches, or reaches by shared fields alone."""
    found = {}
    for type_name, way in _ways(shared=shared).items():
        type_ = SCHEMA.type_map[type_name]
        assert isinstance(type_, GraphQLObjectType)
        for name, definition in type_.fields.items():
            leaf = is_leaf_type(get_named_type(definition.type))
            last = _opening(name, definition) + ("" if leaf else " { __typename }")
            found[f"{type_name}.{name}"] = "{ " + " { ".join((*way, last)) + " }" * (len(way) + 1)
    return found


PERSONAL = {name: query for name, query in _queries().items() if name not in SHARED}
ALIKE = {name: query for name, query in _queries(shared=True).items() if name in SHARED}


def _asked(query: str, who: str) -> Asked:
    return Asked(Question(query, None, {}), who, "", "application/json")


async def _world(speeds: Speeds) -> World:
    world = speeds.world()
    await world.make(speeds.quick)
    await speeds.presence.settle()
    return world


def test_every_field_that_is_shared_is_in_the_schema_and_reached_by_shared_ones() -> None:
    assert ALIKE.keys() == SHARED
    assert len(PERSONAL) > 30


async def test_an_answer_with_anything_personal_is_never_another_viewers(speeds: Speeds) -> None:
    world = await _world(speeds)
    kept = []
    for name, query in PERSONAL.items():
        for others in ("", ' messages(channelId: "<public>") { nodes { content } }'):  # shared alone, not beside it
            text = query[:-1] + others + " }" if "{ messages(" not in query else query
            ways = [await speeds.way(world, _asked(text, "ann")) for _ in range(4)]
            kept += [name] if ways[-1] == "response" else []
            assert await speeds.way(world, _asked(text, "bob")) != "response", text
            await speeds.compare(world, _asked(text, "bob"), times=2)
    assert len(kept) > len(PERSONAL)  # else nothing was there to be served


async def test_a_shared_field_is_the_same_for_two_members_and_kept_once_for_both(speeds: Speeds) -> None:
    world = await _world(speeds)
    for query in ALIKE.values():
        bodies = [(await speeds.seen(world, _asked(query, who))).body for who in ("ann", "ann", "ann", "ann", "bob")]
        assert len(set(bodies)) == 1, query
        assert await speeds.way(world, _asked(query, "bob")) == "response", query
        await speeds.compare(world, _asked(query, "bob"), times=1)


@pytest.mark.parametrize("channel", ["<private>", "<direct>", "<hidden>"])
async def test_a_shared_answer_is_not_for_who_may_not_see_the_channel(speeds: Speeds, channel: str) -> None:
    world = await _world(speeds)
    query = f'{{ messages(channelId: "{channel}") {{ nodes {{ content }} }} }}'
    for who in (*PEOPLE, *PEOPLE):
        await speeds.compare(world, _asked(query, who), times=2)
    outsider = "cid" if channel != "<hidden>" else "bob"
    seen = await speeds.seen(world, _asked(query, outsider))
    assert b"NOT_FOUND" in seen.body
    assert b"says" not in seen.body


async def test_who_leaves_is_not_served_what_was_kept_while_they_belonged(speeds: Speeds) -> None:
    world = await _world(speeds)
    query = '{ messages(channelId: "<private>") { nodes { content } } }'
    for _ in range(4):
        assert b"says" in (await speeds.seen(world, _asked(query, "bob"))).body
    leave = "mutation($c: ID!) { leaveChannel(channelId: $c) { userErrors { code } } }"
    left = await world.do(speeds.reference, leave, {"c": filled("<private>", world.names)}, "bob")
    assert left == {"leaveChannel": {"userErrors": []}}
    assert b"NOT_FOUND" in (await speeds.seen(world, _asked(query, "bob"))).body
    assert b"says" in (await speeds.seen(world, _asked(query, "ann"))).body
