"""Reactions: who may, what counts as one emoji, that counts are exact, and that the next poll of anybody shows them."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from pytest_aiohttp import AiohttpClient

from app.settings import Settings
from app.wiring import build_app, open_services
from models import ids
from models.event import EventKind
from resolvers.message import channel_key
from tests.asking import REACT, UNREACT, Api, token

SHOWN = "query($c: ID!) { messages(channelId: $c) { nodes { seq version reactions { emoji count viewerHasReacted } } } }"
SHARED = "query($c: ID!) { messages(channelId: $c) { nodes { seq reactions { emoji count } } } }"
DELETE = "mutation($m: ID!) { deleteMessage(messageId: $m) { message { reactions { count } } userErrors { code } } }"
EDIT = "mutation($i: EditMessageInput!) { editMessage(input: $i) { message { version } userErrors { code field } } }"
LEAVE = "mutation($c: ID!) { leaveChannel(channelId: $c) { userErrors { code } } }"


async def _react(api: Api, message: str, emoji: str = "👍", *, who: str = "alice", query: str = REACT) -> Any:
    done = await api.ask(query, {"i": {"messageId": message, "emoji": emoji}}, who=who)
    assert done["userErrors"] == []
    return done["message"]


async def _mistakes(api: Api, message: str, emoji: str = "👍", *, who: str = "alice", query: str = REACT) -> Any:
    done = await api.ask(query, {"i": {"messageId": message, "emoji": emoji}}, who=who)
    assert done["message"] is None
    return [(error["code"], error["field"][-1]) for error in done["userErrors"]]


async def _groups(api: Api, channel: str, *, who: str = "alice") -> list[list[tuple[str, int, bool]]]:
    nodes = (await api.ask(SHOWN, {"c": channel}, who=who))["nodes"]
    return [[(g["emoji"], g["count"], g["viewerHasReacted"]) for g in node["reactions"]] for node in nodes]


async def test_reactions_are_grouped_by_emoji_in_the_order_of_their_first_use(api: Api) -> None:
    channel = await api.channel("bob", "carol")
    sent = await api.send(channel, "hi")
    await api.send(channel, "nobody reacts to this")
    for who, emoji in (("bob", "🎉"), ("alice", "👍"), ("carol", "🎉"), ("bob", "👍"), ("carol", "🇰🇷")):
        await _react(api, sent["id"], emoji, who=who)
    assert await _groups(api, channel) == [[("🎉", 2, False), ("👍", 2, True), ("🇰🇷", 1, False)], []]
    assert await _groups(api, channel, who="carol") == [[("🎉", 2, True), ("👍", 2, False), ("🇰🇷", 1, True)], []]
    await _react(api, sent["id"], "🎉", who="bob", query=UNREACT)
    await _react(api, sent["id"], "🇰🇷", who="carol", query=UNREACT)
    await _react(api, sent["id"], "🇰🇷")
    assert await _groups(api, channel) == [[("🎉", 1, False), ("👍", 2, True), ("🇰🇷", 1, True)], []]


async def test_a_reaction_is_an_event_that_grows_the_version_and_leaves_the_words(api: Api) -> None:
    channel = await api.channel("bob")
    sent = await api.send(channel, "hi")
    added = await _react(api, sent["id"], who="bob")
    assert (added["content"], added["reactions"]) == ("hi", [{"emoji": "👍", "count": 1, "viewerHasReacted": True}])
    removed = await _react(api, sent["id"], who="bob", query=UNREACT)
    assert removed["reactions"] == []
    assert sent["version"] < added["version"] < removed["version"]
    rows = await api.services.db.rows("SELECT kind, seq, number FROM channel_events WHERE kind = $1", EventKind.MESSAGE_REACTIONS)
    assert [(row["seq"], row["number"]) for row in rows] == [(1, added["version"]), (1, removed["version"])]
    edited = await api.ask(EDIT, {"i": {"messageId": sent["id"], "content": "other words"}})
    assert edited["message"]["version"] == removed["version"] + 1


async def test_what_is_there_already_and_what_is_not_there_changes_nothing(api: Api) -> None:
    channel = await api.channel("bob")
    sent = await api.send(channel, "hi")
    assert await _react(api, sent["id"], query=UNREACT) == await _react(api, sent["id"], query=UNREACT)
    assert (await _react(api, sent["id"], query=UNREACT))["version"] == sent["version"]
    added = await _react(api, sent["id"])
    assert await _react(api, sent["id"]) == added
    assert (await _react(api, sent["id"], query=UNREACT, who="bob"))["version"] == added["version"]  # another's stays
    assert await _groups(api, channel) == [[("👍", 1, True)]]


async def test_spellings_of_one_emoji_are_one_reaction(api: Api) -> None:
    channel = await api.channel("bob")
    sent = await api.send(channel, "hi")
    await _react(api, sent["id"], "\u2764")
    await _react(api, sent["id"], " \u2764\ufe0f ", who="bob")
    assert await _groups(api, channel) == [[("\u2764\ufe0f", 2, True)]]
    await _react(api, sent["id"], "\u2764", who="bob", query=UNREACT)
    assert await _groups(api, channel) == [[("\u2764\ufe0f", 1, True)]]


@pytest.mark.parametrize("query", [REACT, UNREACT], ids=["add", "remove"])
async def test_the_rules(api: Api, query: str) -> None:
    channel = await api.channel("bob")
    sent = await api.send(channel, "hi")
    for emoji, code in (("", "BLANK"), ("ok", "INVALID"), ("👍👍", "INVALID"), ("👍" * 17, "TOO_LONG")):
        assert await _mistakes(api, sent["id"], emoji, query=query) == [(code, "emoji")]
    assert await _mistakes(api, sent["id"], who="eve", query=query) == [("NOT_A_MEMBER", "messageId")]
    gone = await api.send(channel, "gone")
    await api.ask(DELETE, {"m": gone["id"]})
    assert await _mistakes(api, gone["id"], query=query) == [("ALREADY_DELETED", "messageId")]
    async with api.services.db.transaction() as tx:
        await tx.run("UPDATE channels SET archived_us = 1 WHERE id = $1", channel_key(channel))
    assert await _mistakes(api, sent["id"], query=query) == [("ARCHIVED", "messageId")]


@pytest.mark.parametrize("query", [REACT, UNREACT], ids=["add", "remove"])
async def test_what_is_not_there_or_not_visible_is_not_found(api: Api, query: str) -> None:
    channel = await api.channel(kind="PRIVATE")
    sent = await api.send(channel, "secret")
    beyond = ids.encode(ids.MessageId(channel_key(channel), 2))
    for message, who in ((sent["id"], "mallory"), (beyond, "alice")):
        body = await api.answer(query, {"i": {"messageId": message, "emoji": "👍"}}, who=who)
        assert body["errors"][0]["extensions"] == {"code": "NOT_FOUND"}
    for message, emoji in ((channel, "👍"), (sent["id"], "\x00")):
        body = await api.answer(query, {"i": {"messageId": message, "emoji": emoji}})
        assert body["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_a_message_has_at_most_twenty_different_emoji(api: Api) -> None:
    channel = await api.channel("bob")
    sent = await api.send(channel, "hi")
    for index in range(20):
        await _react(api, sent["id"], chr(ord("🐀") + index))
    assert await _mistakes(api, sent["id"], "👍", who="bob") == [("NOT_ALLOWED", "emoji")]
    await _react(api, sent["id"], "🐀", who="bob")  # not a different one
    await _react(api, sent["id"], "🐁", query=UNREACT)
    await _react(api, sent["id"], "👍", who="bob")
    assert [group[:2] for group in (await _groups(api, channel))[0]][:1] == [("🐀", 2)]


async def test_a_deleted_message_loses_its_reactions(api: Api) -> None:
    channel = await api.channel("bob")
    sent = await api.send(channel, "hi")
    kept = await api.send(channel, "stays")
    for message in (sent, kept):
        await _react(api, message["id"], who="bob")
    await _groups(api, channel)
    assert (await api.ask(DELETE, {"m": sent["id"]}))["message"] == {"reactions": []}
    assert await _groups(api, channel) == [[], [("👍", 1, False)]]
    assert [row["seq"] for row in await api.services.db.rows("SELECT seq FROM message_reactions")] == [2]


async def test_a_former_member_stays_counted_and_changes_nothing_more(api: Api) -> None:
    channel = await api.channel("bob")
    sent = await api.send(channel, "hi")
    await _react(api, sent["id"], who="bob")
    await api.ask(LEAVE, {"c": channel}, who="bob")
    assert await _groups(api, channel) == [[("👍", 1, False)]]
    assert await _groups(api, channel, who="bob") == [[("👍", 1, True)]]  # a public channel can still be read
    for query in (REACT, UNREACT):
        assert await _mistakes(api, sent["id"], who="bob", query=query) == [("NOT_A_MEMBER", "messageId")]


async def test_reactions_of_many_at_once_end_in_exact_counts(api: Api) -> None:
    people = [f"user{index}" for index in range(12)]
    channel = await api.channel(*people)
    sent = await api.send(channel, "hi")
    plan = [(who, emoji, query) for who in people for emoji in "👍🎉" for query in (REACT, REACT)]
    plan += [(who, "🎉", UNREACT) for who in people[::2] for _ in range(2)]
    await asyncio.gather(*(_react(api, sent["id"], emoji, who=who, query=query) for who, emoji, query in plan))
    rows = await api.services.db.rows("SELECT user_id, emoji FROM message_reactions")
    counted = Counter(row["emoji"] for row in rows)
    assert counted["👍"] == 12
    assert 6 <= counted["🎉"] <= 12
    assert {emoji: count for emoji, count, _ in (await _groups(api, channel))[0]} == counted
    events = await api.services.db.rows("SELECT number FROM channel_events ORDER BY number")
    assert [row["number"] for row in events] == list(range(1, len(events) + 1))


@pytest.mark.parametrize("query", [SHARED, SHOWN], ids=["shared", "personal"])
async def test_a_kept_poll_shows_a_reaction_made_in_another_process_at_once(
    api: Api, settings: Settings, aiohttp_client: AiohttpClient, query: str
) -> None:
    channel = await api.channel("bob")
    sent = await api.send(channel, "hi")
    async with open_services(settings) as (services, redis):
        other = Api(await aiohttp_client(build_app(settings, services, redis)), services)
        before: object = None
        for emoji, react in (("👍", REACT), ("🎉", REACT), ("👍", UNREACT)):
            for one in (api, other):
                for who in ("alice", "bob"):
                    for _ in range(3):  # until the whole answer is kept
                        before = (await one.ask(query, {"c": channel}, who=who))["nodes"][0]["reactions"]
            changed = await _react(other, sent["id"], emoji, who="bob", query=react)
            after = (await api.ask(query, {"c": channel}, who="bob"))["nodes"][0]["reactions"]
            assert after != before
            assert [(g["emoji"], g["count"]) for g in after] == [(g["emoji"], g["count"]) for g in changed["reactions"]]


async def test_whether_the_viewer_reacted_is_never_shared(api: Api) -> None:
    """Neither in whole answers nor in fragments, whoever asks first."""
    channel = await api.channel("bob")
    sent = await api.send(channel, "hi")
    await _react(api, sent["id"], who="bob")
    for _ in range(3):
        for who, reacted in (("bob", True), ("alice", False)):
            assert await _groups(api, channel, who=who) == [[("👍", 1, reacted)]]


async def test_a_poll_without_the_viewer_is_shared_by_all_viewers(api: Api) -> None:
    channel = await api.channel("bob")
    await _react(api, (await api.send(channel, "hi"))["id"])

    async def level(who: str) -> str:
        asked = {"query": SHARED, "variables": {"c": channel}}
        answer = await api.client.post("/graphql", json=asked, headers={"Authorization": f"Bearer {token(who)}"})
        return answer.headers["Cache-Status"]

    for _ in range(3):  # until the whole answer is kept
        await level("alice")
    assert await level("bob") == "pollux; hit; detail=response"
