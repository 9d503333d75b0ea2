"""Sync over HTTP: each sentence of the contract."""

import pytest

from models import ids
from models.channel import ChannelKind
from models.open_channel import NewChannel, open_channel
from models.send import accept_sends
from models.send_plan import Send
from resolvers.message import channel_key
from tests.api.syncing import SYNC, contents, synced
from tests.asking import JOIN, Api


async def test_without_a_token_the_newest_twenty_of_each_channel_come_by_latest_activity(api: Api) -> None:
    quiet, busy = await api.channel(), await api.channel()
    await api.send(quiet, "alone")
    for index in range(25):
        await api.send(busy, f"{index}")
    page = await synced(api)
    assert list(contents(page).items()) == [(busy, [f"{index}" for index in range(5, 25)]), (quiet, ["alone"])]
    assert [(delta["limited"], delta["gapCursor"] is None) for delta in page["channels"]] == [(True, False), (False, True)]
    assert (page["hasMore"], page["resetReason"], page["removedChannelIds"]) == (False, None, [])


async def test_nothing_new_is_no_delta_and_the_very_token(api: Api) -> None:
    await api.send(await api.channel(), "hi")
    token = (await synced(api))["token"]
    again = await synced(api, token)
    assert (again["token"], again["channels"], again["hasMore"]) == (token, [], False)


async def test_limit_zero_gives_a_token_for_now(api: Api) -> None:
    channel = await api.channel()
    await api.send(channel, "before")
    page = await synced(api, limit=0)
    assert (page["channels"], page["notifications"], page["hasMore"]) == ([], [], False)
    await api.send(channel, "after")
    assert contents(await synced(api, page["token"])) == {channel: ["after"]}


async def test_new_edited_and_deleted_messages_come_once_in_their_newest_state_in_change_order(api: Api) -> None:
    channel = await api.channel("bob")
    sent = [await api.send(channel, f"{index}") for index in range(3)]
    token = (await synced(api, who="bob"))["token"]
    await api.send(channel, "new")
    edit = "mutation($i: EditMessageInput!) { editMessage(input: $i) { message { version } } }"
    for words in ("once", "twice"):
        await api.ask(edit, {"i": {"messageId": sent[1]["id"], "content": words}})
    await api.ask("mutation($i: ID!) { deleteMessage(messageId: $i) { message { id } } }", {"i": sent[0]["id"]})
    page = await synced(api, token, who="bob")
    (delta,) = page["channels"]
    assert [(m["content"], m["deletedAt"] is not None) for m in delta["messages"]] == [("new", False), ("twice", False), ("", True)]
    assert (delta["limited"], delta["gapCursor"], delta["channel"]["unreadCount"]) == (False, None, 4)


async def test_a_read_position_moves_the_channel_alone(api: Api) -> None:
    channel = await api.channel("bob")
    cursor = (await api.send(channel, "hi"))["cursor"]
    token = (await synced(api, who="bob"))["token"]
    read = "mutation($c: ID!, $u: String!) { markChannelRead(channelId: $c, cursor: $u) { channel { id } } }"
    await api.ask(read, {"c": channel, "u": cursor}, who="bob")
    (delta,) = (await synced(api, token, who="bob"))["channels"]
    assert (delta["messages"], delta["channel"]["unreadCount"], delta["channel"]["lastReadCursor"]) == ([], 0, cursor)


async def test_channels_joined_arrive_whole_and_channels_left_are_removed(api: Api) -> None:
    channel = await api.channel()
    await api.send(channel, "history")
    token = (await synced(api, who="bob"))["token"]
    await api.ask(JOIN, {"c": channel}, who="bob")
    joined = await synced(api, token, who="bob")
    assert contents(joined) == {channel: ["history"]}
    await api.ask("mutation($c: ID!) { leaveChannel(channelId: $c) { channel { id } } }", {"c": channel}, who="bob")
    await api.send(channel, "secret")
    left = await synced(api, joined["token"], who="bob")
    assert (left["removedChannelIds"], left["channels"]) == ([channel], [])
    assert (await synced(api, left["token"], who="bob"))["removedChannelIds"] == []


async def test_notifications_new_read_and_archived(api: Api) -> None:
    bob = await api.user_id("bob")
    channel = await api.channel("bob")
    token = (await synced(api, who="bob"))["token"]
    for _ in range(2):
        await api.send(channel, "@bob", mentionIds=[bob])
    new = await synced(api, token, who="bob")
    assert [one["message"]["content"] for one in new["notifications"]] == ["@bob", "@bob"]
    assert new["inbox"] == {"unreadCount": 2, "unseenCount": 2}
    first, second = [one["id"] for one in new["notifications"]]
    await api.ask("mutation($i: ID!) { archiveNotification(id: $i) { inbox { id } } }", {"i": second}, who="bob")
    archived = await synced(api, new["token"], who="bob")
    assert [(one["id"], one["archivedAt"] is not None) for one in archived["notifications"]] == [(second, True)]
    await api.ask("mutation { markAllNotificationsRead { inbox { id } } }", who="bob")
    read = await synced(api, archived["token"], who="bob")
    assert [(one["id"], one["readAt"] is not None) for one in read["notifications"]] == [(first, True)]
    assert (await synced(api, read["token"], who="bob"))["token"] == read["token"]


@pytest.mark.parametrize("limit", [1, 2, 7])
async def test_pages_bound_messages_and_notifications_and_channels_take_turns(api: Api, limit: int) -> None:
    bob = await api.user_id("bob")
    rooms = [await api.channel("bob") for _ in range(3)]
    token = (await synced(api, who="bob"))["token"]
    for index in range(5):
        for room in rooms:
            await api.send(room, f"{index}", mentionIds=[bob] if index == 4 else [])
    seen: dict[str, list[str]] = {room: [] for room in rooms}
    notified, order = 0, []
    while True:
        page = await synced(api, token, who="bob", limit=limit)
        assert len(page["notifications"]) + sum(len(messages) for messages in contents(page).values()) <= limit
        notified += len(page["notifications"])
        for room, said in contents(page).items():
            seen[room] += said
            order.append(room)
        token = page["token"]
        if not page["hasMore"]:
            break
    assert (seen, notified) == ({room: [f"{index}" for index in range(5)] for room in rooms}, 3)
    assert len(set(order[:3])) == 3


async def test_channel_ids_narrow_and_the_others_keep_their_place(api: Api) -> None:
    here, there = await api.channel(), await api.channel()
    token = (await synced(api))["token"]
    await api.send(here, "here")
    await api.send(there, "there")
    page = await synced(api, token, channels=[here])
    assert (contents(page), page["hasMore"]) == ({here: ["here"]}, False)
    assert (await synced(api, page["token"], channels=[here]))["token"] == page["token"]
    assert contents(await synced(api, page["token"])) == {there: ["there"]}


async def test_a_channel_that_cannot_be_seen_is_removed_and_never_an_error(api: Api) -> None:
    hidden = await api.channel(kind="PRIVATE")
    public = await api.channel()
    await api.send(public, "to be seen")
    page = await synced(api, channels=[hidden, public], who="bob")
    assert (page["removedChannelIds"], contents(page)) == ([hidden], {public: ["to be seen"]})
    await api.send(public, "more")
    assert contents(await synced(api, page["token"], channels=[public], who="bob")) == {public: ["more"]}
    body = await api.answer(SYNC, {"c": ["nonsense"]})
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_more_than_a_thousand_behind_is_limited_and_older_changes_still_come(api: Api) -> None:
    channel = await api.channel("bob")
    first = await api.send(channel, "first")
    token = (await synced(api, who="bob"))["token"]
    key, author = channel_key(channel), (await api.services.db.rows("SELECT creator_id FROM channels"))[0]["creator_id"]
    await accept_sends(api.services.db, [Send(key, author, f"{index}") for index in range(1001)], 1)
    await api.ask("mutation($i: ID!) { deleteMessage(messageId: $i) { message { id } } }", {"i": first["id"]})
    (delta,) = (await synced(api, token, who="bob"))["channels"]
    assert [m["seq"] for m in delta["messages"]] == [*range(983, 1003), 1]
    assert delta["limited"]
    gap = await api.poll(channel, last=200, before=delta["gapCursor"], after=first["cursor"], who="bob")
    assert (gap["nodes"][-1]["seq"], gap["pageInfo"]["hasPreviousPage"]) == (982, True)


async def test_a_thousand_behind_comes_whole(api: Api) -> None:
    channel = await api.channel("bob")
    token = (await synced(api, who="bob"))["token"]
    key, author = channel_key(channel), (await api.services.db.rows("SELECT creator_id FROM channels"))[0]["creator_id"]
    await accept_sends(api.services.db, [Send(key, author, f"{index}") for index in range(1000)], 1)
    pages = [await synced(api, token, who="bob", limit=1000)]
    while pages[-1]["hasMore"]:
        pages.append(await synced(api, pages[-1]["token"], who="bob", limit=1000))
    assert [m["seq"] for page in pages for m in page["channels"][0]["messages"]] == list(range(1, 1001))
    assert [len(page["channels"][0]["messages"]) for page in pages] == [500, 500]
    assert not any(page["channels"][0]["limited"] for page in pages)


async def test_beyond_two_hundred_channels_the_rest_arrive_limited(api: Api) -> None:
    await api.user_id("alice")
    alice = (await api.services.db.rows("SELECT id FROM users"))[0]["id"]
    rooms = [
        await open_channel(api.services.db, NewChannel(ChannelKind.PRIVATE, f"{index}", "", alice, (), None), index)
        for index in range(230)
    ]
    for room in rooms[:3]:
        for _ in range(2):
            await accept_sends(api.services.db, [Send(room, alice, "hi")], 1)
    pages = [await synced(api, limit=1)]
    while pages[-1]["hasMore"]:
        pages.append(await synced(api, pages[-1]["token"], limit=1))
    assert len({delta["channel"]["id"] for page in pages for delta in page["channels"]}) == 230
    assert sum(len(page["channels"]) for page in pages) == 230
    token = pages[-1]["token"]
    assert len(token) <= 4096
    assert (await synced(api, token))["token"] == token
    await accept_sends(api.services.db, [Send(rooms[0], alice, "again")], 1)
    (delta,) = [one for one in (await synced(api, token, limit=2))["channels"] if one["messages"]]
    assert (delta["limited"], [m["content"] for m in delta["messages"]]) == (True, ["hi", "again"])


async def test_wrong_arguments_are_said(api: Api) -> None:
    for given in ({"l": -1}, {"w": -1}, {"c": [ids.encode(ids.ChannelId(n + 1)) for n in range(201)]}):
        body = await api.answer(SYNC, given)
        assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        assert body["data"] == {"sync": None}
