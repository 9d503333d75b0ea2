"""Sending: each accepted message once, each refusal with its code and nothing stored."""

import asyncio
import gc

import pytest
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from tests.asking import SEND, Api


async def _refusal(api: Api, channel: str, content: str, *, who: str = "alice", **more: object) -> tuple[str, list[str]]:
    payload = await api.ask(SEND, {"i": {"channelId": channel, "content": content, **more}}, who=who)
    assert payload["message"] is None
    assert payload["messageEdge"] is None
    (error,) = payload["userErrors"]
    return error["code"], error["field"]


@pytest.mark.parametrize(
    ("content", "code"), [("", "BLANK"), (" \n\t ", "BLANK"), ("x" * 4001, "TOO_LONG")], ids=["empty", "white space", "4001"]
)
async def test_content_is_one_to_four_thousand_characters(api: Api, content: str, code: str) -> None:
    channel = await api.channel()
    assert await _refusal(api, channel, content) == (code, ["input", "content"])
    assert (await api.poll(channel))["edges"] == []


@pytest.mark.parametrize("content", ["nul \x00", "surrogate \ud800"])
async def test_what_no_database_stores_is_refused_and_its_neighbours_are_not(api: Api, content: str) -> None:
    channel = await api.channel()
    bad = api.answer(SEND, {"i": {"channelId": channel, "content": content}})
    answers = await asyncio.gather(bad, api.send(channel, "before"), api.send(channel, "after"))
    assert answers[0]["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
    assert {edge["node"]["content"] for edge in (await api.poll(channel))["edges"]} == {"before", "after"}


async def test_the_same_client_message_id_fifty_times_at_once_makes_one_message(api: Api) -> None:
    channel = await api.channel()
    sent = await asyncio.gather(*(api.send(channel, "once", clientMessageId="k") for _ in range(50)))
    assert {(message["id"], message["cursor"]) for message in sent} == {(sent[0]["id"], sent[0]["cursor"])}
    assert len((await api.poll(channel))["edges"]) == 1


async def test_a_client_message_id_with_another_body_is_a_conflict(api: Api) -> None:
    channel = await api.channel()
    await api.send(channel, "one", clientMessageId="k")
    assert await _refusal(api, channel, "two", clientMessageId="k") == ("CONFLICT", ["input", "clientMessageId"])


async def test_client_message_ids_of_two_people_are_their_own(api: Api) -> None:
    channel = await api.channel("bob")
    first = await api.send(channel, "one", clientMessageId="k")
    second = await api.send(channel, "two", clientMessageId="k", who="bob")
    assert (first["seq"], second["seq"]) == (1, 2)


async def test_who_is_not_a_member_is_told_so_where_they_can_see_the_channel(api: Api) -> None:
    public, private = await api.channel(), await api.channel(kind="PRIVATE")
    assert await _refusal(api, public, "hi", who="mallory") == ("NOT_A_MEMBER", ["input", "channelId"])
    hidden = await api.answer(SEND, {"i": {"channelId": private, "content": "hi"}}, who="mallory")
    assert hidden["errors"][0]["extensions"] == {"code": "NOT_FOUND"}


async def test_many_senders_at_once_are_numbered_without_gaps(api: Api) -> None:
    people = [f"user{i}" for i in range(8)]
    channel = await api.channel(*people)
    sent = await asyncio.gather(*(api.send(channel, f"{who} {i}", who=who) for who in people for i in range(10)))
    assert sorted(message["seq"] for message in sent) == list(range(1, 81))
    versions = [message["version"] for message in sorted(sent, key=lambda message: int(message["seq"]))]
    assert versions == list(range(versions[0], versions[0] + 80))


async def test_a_reply_quotes_its_message_and_notifies_its_author(api: Api) -> None:
    channel = await api.channel("bob")
    question = await api.send(channel, "who?")
    answer = await api.send(channel, "me", who="bob", replyToId=question["id"])
    replied = await api.ask("query($i: ID!) { node(id: $i) { ... on Message { replyTo { id content } } } }", {"i": answer["id"]})
    assert replied["replyTo"] == {"id": question["id"], "content": "who?"}
    news = await api.ask("{ unreadNotifications { nodes { type actor { name } message { id } } } }")
    assert news["nodes"] == [{"type": "reply", "actor": {"name": "Bob"}, "message": {"id": answer["id"]}}]


async def test_a_reply_to_a_message_of_another_channel_is_invalid(api: Api) -> None:
    channel, other = await api.channel(), await api.channel()
    elsewhere = await api.send(other, "there")
    assert await _refusal(api, channel, "here", replyToId=elsewhere["id"]) == ("INVALID", ["input", "replyToId"])


async def test_a_mention_is_counted_until_it_is_read(api: Api) -> None:
    channel = await api.channel("bob")
    bob = await api.user_id("bob")
    mention = await api.send(channel, "@bob", mentionIds=[bob, bob])
    await api.send(channel, "and more")
    counts = "query($c: ID!) { channel(id: $c) { unreadCount mentionCount } }"
    assert await api.ask(counts, {"c": channel}, who="bob") == {"unreadCount": 2, "mentionCount": 1}
    mark = "mutation($c: ID!, $k: String!) { markChannelRead(channelId: $c, cursor: $k) { channel { unreadCount mentionCount } } }"
    read = await api.ask(mark, {"c": channel, "k": mention["cursor"]}, who="bob")
    assert read["channel"] == {"unreadCount": 1, "mentionCount": 0}
    news = await api.ask("{ unreadNotifications { unreadCount nodes { type content } } }", who="bob")
    assert news == {"unreadCount": 1, "nodes": [{"type": "mention", "content": "@bob"}]}


async def test_only_members_can_be_mentioned(api: Api) -> None:
    channel = await api.channel()
    stranger = await api.user_id("stranger")
    assert await _refusal(api, channel, "@stranger", mentionIds=[stranger]) == ("INVALID", ["input", "mentionIds"])


async def test_sending_reads_the_channel_up_to_the_sent_message(api: Api) -> None:
    channel = await api.channel("bob")
    await api.send(channel, "one")
    own = await api.send(channel, "two", who="bob")
    seen = await api.ask("query($c: ID!) { channel(id: $c) { unreadCount lastReadCursor } }", {"c": channel}, who="bob")
    assert seen == {"unreadCount": 0, "lastReadCursor": own["cursor"]}


async def test_a_member_who_left_hears_nothing_of_a_private_channel_when_quoted(api: Api) -> None:
    bob = await api.user_id("bob")
    channel = await api.channel(kind="PRIVATE", memberIds=[bob])
    question = await api.send(channel, "bob's own words", who="bob")
    leave = "mutation($c: ID!) { leaveChannel(channelId: $c) { channel { id } userErrors { code } } }"
    assert await api.ask(leave, {"c": channel}, who="bob") == {"channel": None, "userErrors": []}
    await api.send(channel, "secret", replyToId=question["id"])
    assert await api.ask("{ unreadNotifications { unreadCount } }", who="bob") == {"unreadCount": 0}


async def test_what_a_mutation_took_is_free_when_it_is_answered(api: Api) -> None:
    channel = await api.channel()
    gc.disable()
    try:
        for index in range(5):
            await api.send(channel, f"message {index}")
        left = [one for one in gc.get_objects() if isinstance(one, StrawberryGraphQLCoreExecutionContext)]
    finally:
        gc.enable()
    assert left == []
