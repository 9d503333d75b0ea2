"""Channels: opening, finding, joining, leaving, reading; what a stranger may know of them."""

import asyncio

import pytest

from tests.asking import CREATE, JOIN, Api

LEAVE = "mutation($c: ID!) { leaveChannel(channelId: $c) { channel { id } userErrors { code } } }"
MARK = (
    "mutation($c: ID!, $k: String!) { markChannelRead(channelId: $c, cursor: $k)"
    " { channel { unreadCount lastReadCursor } userErrors { code } } }"
)
SHOWN = "query($c: ID!) { channel(id: $c) { id name topic kind memberCount viewerRole unreadCount archivedAt createdAt } }"


async def _create(api: Api, *, who: str = "alice", **fields: object) -> tuple[str | None, list[str]]:
    payload = await api.ask(CREATE, {"i": fields}, who=who)
    return (payload["channel"] or {}).get("id"), [error["code"] for error in payload["userErrors"]]


async def test_a_new_channel_belongs_to_who_opened_it(api: Api) -> None:
    channel, _ = await _create(api, name="  Café  ", topic="coffee")
    shown = await api.ask(SHOWN, {"c": channel})
    assert shown.pop("createdAt").endswith("Z")
    assert shown == {
        "id": channel, "name": "Café", "topic": "coffee", "kind": "PUBLIC", "memberCount": 1, "viewerRole": "OWNER",
        "unreadCount": 0, "archivedAt": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "code"),
    [({}, "BLANK"), ({"name": "  "}, "BLANK"), ({"name": "x" * 101}, "TOO_LONG"), ({"name": "x", "topic": "x" * 501}, "TOO_LONG"),
     ({"name": "x", "clientChannelId": "x" * 65}, "TOO_LONG")],
)  # fmt: skip
async def test_a_name_is_needed_and_bounded(api: Api, fields: dict[str, str], code: str) -> None:
    assert await _create(api, **fields) == (None, [code])


async def test_names_of_public_channels_are_unique_whatever_their_case(api: Api) -> None:
    assert (await _create(api, name="Straße"))[1] == []
    assert await _create(api, name="STRASSE", who="bob") == (None, ["TAKEN"])
    assert (await _create(api, name="Straße", kind="PRIVATE"))[1] == []


async def test_of_many_who_want_one_name_at_once_one_gets_it(api: Api) -> None:
    made = await asyncio.gather(*(_create(api, name="wanted", who=f"user{i}") for i in range(8)))
    assert sorted(len(codes) for _, codes in made) == [0] + [1] * 7


async def test_a_repeated_client_channel_id_gives_the_first_channel(api: Api) -> None:
    made = await asyncio.gather(*(_create(api, name=f"name {i}", clientChannelId="k") for i in range(8)))
    assert len({channel for channel, _ in made}) == 1


async def test_a_direct_channel_of_the_same_members_is_the_same_and_named_after_the_others(api: Api) -> None:
    alice, bob = await api.user_id("alice"), await api.user_id("bob")
    first, _ = await _create(api, kind="DIRECT", memberIds=[bob])
    second, _ = await _create(api, kind="DIRECT", memberIds=[alice, bob], who="bob")
    assert first == second
    names = [(await api.ask(SHOWN, {"c": first}, who=who))["name"] for who in ("alice", "bob")]
    assert names == ["Bob", "Alice"]
    assert (await api.ask(LEAVE, {"c": first}))["userErrors"] == [{"code": "NOT_ALLOWED"}]


async def test_joining_starts_at_the_head_and_shows_all_history(api: Api) -> None:
    channel = await api.channel()
    await api.send(channel, "early")
    await api.ask(JOIN, {"c": channel}, who="bob")
    assert (await api.ask(SHOWN, {"c": channel}, who="bob"))["unreadCount"] == 0
    assert len((await api.poll(channel, who="bob"))["edges"]) == 1
    await api.send(channel, "late")
    assert (await api.ask(SHOWN, {"c": channel}, who="bob"))["unreadCount"] == 1


async def test_joining_twice_changes_nothing(api: Api) -> None:
    channel = await api.channel("bob", "bob")
    assert (await api.ask(SHOWN, {"c": channel}))["memberCount"] == 2


async def test_a_private_channel_is_as_if_missing_for_a_stranger(api: Api) -> None:
    channel = await api.channel(kind="PRIVATE")
    assert await api.ask(SHOWN, {"c": channel}, who="mallory") is None
    for mutation in (JOIN, LEAVE):
        body = await api.answer(mutation, {"c": channel}, who="mallory")
        assert body["errors"][0]["extensions"] == {"code": "NOT_FOUND"}
    found = await api.ask('{ searchChannels(text: "room") { nodes { id } } }', who="mallory")
    assert channel not in [node["id"] for node in found["nodes"]]


async def test_who_left_sees_nothing_more_of_a_private_channel_at_once(api: Api) -> None:
    bob = await api.user_id("bob")
    channel = await api.channel(kind="PRIVATE", memberIds=[bob])
    await api.send(channel, "for members")
    await api.poll(channel, who="bob")  # warms every copy there is
    await api.ask(LEAVE, {"c": channel}, who="bob")
    assert (await api.answer("query($c: ID!) { messages(channelId: $c) { nodes { id } } }", {"c": channel}, who="bob"))["errors"]
    assert await api.ask(SHOWN, {"c": channel}, who="bob") is None


async def test_the_last_owner_stays_while_others_remain(api: Api) -> None:
    channel = await api.channel("bob")
    assert (await api.ask(LEAVE, {"c": channel}))["userErrors"] == [{"code": "LAST_OWNER"}]
    assert (await api.ask(LEAVE, {"c": channel}, who="bob"))["userErrors"] == []
    assert (await api.ask(LEAVE, {"c": channel}))["userErrors"] == []
    assert (await api.ask(SHOWN, {"c": channel}))["memberCount"] == 0


async def test_reading_moves_forward_and_never_back(api: Api) -> None:
    channel = await api.channel("bob")
    cursors = [(await api.send(channel, f"{i}"))["cursor"] for i in range(5)]
    for cursor, unread in ((cursors[2], 2), (cursors[0], 2), (cursors[4], 0)):
        payload = await api.ask(MARK, {"c": channel, "k": cursor}, who="bob")
        assert payload["channel"]["unreadCount"] == unread
    assert await api.ask("query($c: ID!) { channel(id: $c) { lastReadCursor } }", {"c": channel}, who="bob") == {
        "lastReadCursor": cursors[4]
    }
    assert (await api.ask(MARK, {"c": channel, "k": cursors[0]}, who="eve"))["userErrors"] == [{"code": "NOT_A_MEMBER"}]


async def test_ones_channels_come_most_recently_active_first(api: Api) -> None:
    rooms = [await api.channel() for _ in range(5)]
    for room in (rooms[3], rooms[0]):
        await api.send(room, "hi")
    listed = (
        "query($f: Int, $a: String) { channels(first: $f, after: $a)"
        " { nodes { id lastMessage { content } } pageInfo { endCursor hasNextPage } } }"
    )
    first = await api.ask(listed, {"f": 3})
    second = await api.ask(listed, {"f": 3, "a": first["pageInfo"]["endCursor"]})
    order = [node["id"] for node in first["nodes"] + second["nodes"]]
    assert order == [rooms[0], rooms[3], rooms[4], rooms[2], rooms[1]]
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)
    assert [node["lastMessage"] for node in first["nodes"]] == [{"content": "hi"}, {"content": "hi"}, None]


async def test_search_finds_by_name_and_topic_in_any_case_and_takes_signs_literally(api: Api) -> None:
    await _create(api, name="50% off_now", topic="Ärger")
    await _create(api, name="other")
    search = "query($t: String!) { searchChannels(text: $t) { nodes { name } } }"
    for text, found in (("50% OFF_", 1), ("äRGER", 1), ("%", 1), ("_now", 1), ("x_now", 0), ("", 2), ("\\", 0)):
        assert len((await api.ask(search, {"t": text}, who="bob"))["nodes"]) == found, text


async def test_members_are_paged(api: Api) -> None:
    channel = await api.channel("bob", "carol", "dave")
    paged = (
        "query($c: ID!, $a: String) { channel(id: $c) { members(first: 3, after: $a)"
        " { nodes { id role user { name } } pageInfo { endCursor hasNextPage } } } }"
    )
    first = (await api.ask(paged, {"c": channel}))["members"]
    second = (await api.ask(paged, {"c": channel, "a": first["pageInfo"]["endCursor"]}))["members"]
    assert [node["user"]["name"] for node in first["nodes"] + second["nodes"]] == ["Alice", "Bob", "Carol", "Dave"]
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)
    assert first["nodes"][0]["role"] == "OWNER"


async def test_typing_shows_to_the_others(api: Api) -> None:
    channel = await api.channel("bob")
    touch = "mutation($c: ID!, $t: Boolean!) { touchPresence(channelId: $c, typing: $t) { channel { id } userErrors { code } } }"
    assert (await api.ask(touch, {"c": channel, "t": True}, who="bob"))["userErrors"] == []
    assert (await api.ask(touch, {"c": channel, "t": True}, who="eve"))["userErrors"] == [{"code": "NOT_A_MEMBER"}]
    await api.services.presence.settle()  # as it does once a second
    shown = await api.ask("query($c: ID!) { channel(id: $c) { typingUsers { name } activeUsers } }", {"c": channel})
    assert shown["typingUsers"] == [{"name": "Bob"}]
