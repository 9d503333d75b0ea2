"""Stock, planned, cut from fragments, kept: four ways to one answer, which must be the same in every byte.

Whatever the schema can be asked, by anybody, before and after anything changes, the server that plans and keeps answers
as does the one in which graphql-core executes each request anew. A long search, which also makes what it finds small:
`HYPOTHESIS_PROFILE=long .venv/bin/python -m pytest -n 0 -o faulthandler_timeout=0 tests/api/test_three_speeds.py`.
"""

import os

import pytest
from graphql import parse, validate
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from schema.build import build_schema
from tests.api.changes import Change, Kind, Place, changes
from tests.api.documents import Question, filled, questions
from tests.api.speeds import Asked, Speeds
from tests.api.world import PEOPLE
from tests.asking import MESSAGE, POLL

SCHEMA = build_schema()._schema
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"

# What clients mostly ask, of any channel and any page.
POLLS = st.builds(
    Question,
    st.just(POLL),
    st.none(),
    st.fixed_dictionaries(
        {"c": st.sampled_from(("<public>", "<public>", "<private>", "<elsewhere>"))},
        optional={"first": st.sampled_from((1, 3, 9)), "after": st.sampled_from(("<public 1>", "<public 6>", None))},
    ),
)
ASKED = st.builds(
    Asked,
    st.one_of(POLLS, POLLS, questions(SCHEMA), questions(SCHEMA), questions(SCHEMA)),
    st.sampled_from(PEOPLE),
    st.sampled_from(("", "", "ACTIVE", "idle", "BACKGROUND", "nonsense")),
    st.sampled_from(("application/json", "application/graphql-response+json")),
)
HAPPENING = st.lists(st.tuples(changes(), st.booleans()), max_size=4)

# Where an answer depended on the way to it, or easily might.
ONCE = [
    "{ a: node(id: \"<public>\") { ... on Channel { typingUsers { id } pollingInterval { activeUsers } typingUsers { name } } } }",
    '{ a: channel(id: "<public>") { pollingInterval { reason } } pollingInterval(activity: IDLE) { milliseconds reason } }',
    '{ pollingInterval(activity: BACKGROUND) { reason } messages(channelId: "<public>") { pollingInterval { reason } } }',
    '{ b: notifications(after: "AAAA") { nodes { id } } c: messages(channelId: "<hidden>") { nodes { seq } } }',
    '{ b: messages(channelId: "<public>", after: "AAAA") { nodes { seq } } a: channel(id: "nonsense") { id } }',
    '{ nodes(ids: ["<public>", "nonsense"]) { id } b: messages(channelId: "<hidden>") { nodes { seq } } }',
    '{ channels(first: 0) { nodes { id } } b: messages(channelId: "<hidden>") { nodes { seq } } }',
    "query($v0: String = null) { viewer { id } searchChannels(text: $v0) { nodes { id } } }",
    "query($v0: Boolean = false) { viewer { id name @include(if: $v0) } inbox { id @skip(if: $v0) unreadCount } }",
    '{ messages(channelId: "<public>") { nodes { author { name } author { id } by: author { name } } nodes { seq seq } } }',
    '{ a: messages(channelId: "<public>", first: 3) { edges { ...E } } b: messages(channelId: "<public>") { edges { ...E } } }'
    f" fragment E on MessageEdge {{ cursor node {{ {MESSAGE} replyTo {{ content }} mentions {{ name }} }} }}",
    "{ notifications(states: UNREAD) { nodes { id } } c: notifications(states: null) { hasNew nodes { title message { seq } } } }",
    '{ viewer { id } __schema { queryType { name } } nodes(ids: ["<bob>", "<unseen>", "<private>"]) { ... on User { name } id } }',
    '{ messages(channelId: "<public>") { nodes { seq reactions { emoji count } } nodes { reactions { viewerHasReacted } } } }',
    '{ node(id: "<public 1 id>") { ... on Message { reactions { viewerHasReacted count } replyTo { reactions { count } } } } }',
    "{ channels { nodes { name unreadCount mentionCount lastReadCursor onlineUsers { id } messages { nodes { seq } } } } }",
]  # fmt: skip


@settings(
    max_examples=5000 if LONG else 35,
    deadline=None,
    derandomize=not LONG,
    phases=tuple(Phase) if LONG else (Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(ASKED, min_size=1, max_size=4), HAPPENING)
async def test_answers_are_equal_whatever_is_asked_and_happens(
    speeds: Speeds, everything: list[Asked], happening: list[tuple[Change, bool]]
) -> None:
    world = speeds.world()
    await world.make(speeds.quick)
    for one in everything:
        assert validate(SCHEMA, parse(filled(one.question.text, world.names))) == []
        await speeds.compare(world, one, times=4)
    for change, quick in happening:
        await world.change(speeds.quick if quick else speeds.reference, change)
        for one in everything:
            await speeds.compare(world, one, times=2)
            for who in PEOPLE:  # who may be served what was kept for another
                await speeds.compare(world, one._replace(who=who), times=1)


async def test_answers_are_equal_where_they_once_differed(speeds: Speeds) -> None:
    world = speeds.world()
    await world.make(speeds.quick)
    everything = [Asked(Question(text, None, {}), who, "", "application/json") for text in ONCE for who in PEOPLE]
    everything += [Asked(Question(POLL, None, {"c": "<public>", "first": size}), who, "", "") for size in (3, 9) for who in PEOPLE]
    for change in (
        None,
        *(Change(kind, "ann", Place("public", 1)) for kind in (Kind.SEND, Kind.EDIT, Kind.REACT, Kind.RENAME, Kind.WAIT)),
    ):
        if change is not None:
            await world.change(speeds.reference, change)
        for one in everything:
            await speeds.compare(world, one, times=4)


async def test_a_difference_would_be_found(speeds: Speeds, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a kept answer that is believed without being checked."""
    world = speeds.world()
    await world.make(speeds.quick)
    one = Asked(Question('{ messages(channelId: "<public>") { nodes { content } } }', None, {}), "bob", "", "application/json")
    await speeds.compare(world, one, times=4)
    monkeypatch.setattr("cache.answers._is_as_before", lambda *_, **__: True)
    await world.change(speeds.quick, Change(Kind.SEND, "ann", Place("public", 1)))
    with pytest.raises(AssertionError, match="stock"):
        await speeds.compare(world, one, times=1)
