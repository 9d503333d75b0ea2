"""Global ids: everything a client holds can be asked for again, and only by who may see it."""

import gc
import time

import pytest

from models import ids
from tests.asking import Api

NODE = "query($i: ID!) { node(id: $i) { __typename id } }"


async def test_every_kind_of_node_is_found_by_its_id(api: Api) -> None:
    channel = await api.channel()
    message = await api.send(channel, "hi")
    everything = await api.ask("{ viewer { id } inbox { id } channels { nodes { members { nodes { id } } } } }")
    member = everything["channels"]["nodes"][0]["members"]["nodes"][0]["id"]
    named = {
        "User": everything["viewer"]["id"],
        "Inbox": everything["inbox"]["id"],
        "ChannelMember": member,
        "Channel": channel,
        "Message": message["id"],
    }
    for kind, node_id in named.items():
        assert await api.ask(NODE, {"i": node_id}) == {"__typename": kind, "id": node_id}


async def test_nodes_keep_the_order_of_their_ids_and_are_null_where_nothing_is(api: Api) -> None:
    channel = await api.channel()
    nobody = ids.encode(ids.ChannelId(10**9))
    found = await api.ask("query($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": [nobody, channel, nobody]})
    assert found == [None, {"id": channel}, None]


async def test_what_a_stranger_may_not_see_is_null_like_what_does_not_exist(api: Api) -> None:
    channel = await api.channel(kind="PRIVATE")
    message = await api.send(channel, "secret")
    members = await api.ask("query($c: ID!) { channel(id: $c) { members { nodes { id } } } }", {"c": channel})
    inbox = (await api.ask("{ inbox { id } }"))["id"]
    for hidden in (channel, message["id"], members["members"]["nodes"][0]["id"], inbox):
        assert await api.ask(NODE, {"i": hidden}, who="mallory") is None
    for missing in (
        ids.ChannelId(10**9),
        ids.MessageId(10**9, 1),
        ids.MemberId(10**9, 1),
        ids.UserId("0" * 32),
        ids.NotificationId(10**9, 1),
    ):
        assert await api.ask(NODE, {"i": ids.encode(missing)}, who="mallory") is None


@pytest.mark.parametrize("text", ["", "x", "\x00", "\ud800", "' OR 1=1 --", "channel:1", "Y" * 1000, "YwE="])
async def test_what_is_no_id_is_bad_input(api: Api, text: str) -> None:
    body = await api.answer(NODE, {"i": text})
    assert body["data"] == {"node": None}
    assert body["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_more_than_a_hundred_ids_are_refused(api: Api) -> None:
    channel = await api.channel()
    body = await api.answer("query($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": [channel] * 101})
    assert body["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_a_profile_that_a_newer_token_changes_is_seen_by_the_next_poll(api: Api) -> None:
    channel = await api.channel("bob")
    await api.send(channel, "hi")
    assert (await api.poll(channel, who="bob"))["edges"][0]["node"]["author"]["name"] == "Alice"
    await api.ask("{ viewer { id } }", name="Alice Liddell", issued_s=time.time() + 2)
    assert (await api.poll(channel, who="bob"))["edges"][0]["node"]["author"]["name"] == "Alice Liddell"


async def test_one_id_that_is_none_spoils_a_list_of_ids(api: Api) -> None:
    """And leaves no work behind that nobody waits for, which would be a warning and so an error."""
    channel = await api.channel()
    body = await api.answer("query($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": [channel, "nonsense"]})
    assert [error["extensions"]["code"] for error in body["errors"]] == ["BAD_USER_INPUT"]
    gc.collect()
