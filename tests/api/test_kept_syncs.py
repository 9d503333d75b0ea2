"""Syncs without news: answered again from what is kept, exactly until anything of the viewer's changes."""

from typing import Any

import pytest

from tests.api.syncing import SYNC, contents, synced
from tests.asking import JOIN, Api, token

_KEPT = "pollux; hit; detail=response"
_READ = "mutation($c: ID!, $u: String!) { markChannelRead(channelId: $c, cursor: $u) { channel { id } } }"
_EDIT = "mutation($i: EditMessageInput!) { editMessage(input: $i) { message { id } } }"
_REACT = "mutation($i: ReactionInput!) { addReaction(input: $i) { message { id } } }"
_LEAVE = "mutation($c: ID!) { leaveChannel(channelId: $c) { channel { id } } }"
_NOTIFY = "mutation($i: CreateNotificationInput!) { createNotification(input: $i) { notification { id } } }"
_SEE = "mutation { markNotificationsSeen { userErrors { code } } }"
_TWICE = "query($a: String, $b: String) { a: sync(token: $a) { channels { messages { content } } } b: sync(token: $b) { token } }"


async def _asked(api: Api, query: str, variables: dict[str, Any], who: str) -> tuple[str, Any]:
    asked = {"query": query, "variables": variables}
    answer = await api.client.post("/graphql", json=asked, headers={"Authorization": f"Bearer {token(who)}"})
    return answer.headers["Cache-Status"], (await answer.json())["data"]


async def _kept(api: Api, given: str, named: list[str] | None = None) -> bool:
    """Whether a sync that is asked for again and again is answered from what is kept."""
    levels = [(await _asked(api, SYNC, {"t": given, "c": named}, "bob"))[0] for _ in range(4)]
    return levels[-1] == _KEPT


@pytest.mark.parametrize("names", [False, True])
async def test_whatever_changes_for_the_viewer_is_told_by_the_next_sync(api: Api, *, names: bool) -> None:
    bob = await api.user_id("bob")
    channel, other = await api.channel("bob"), await api.channel()
    named = [channel] if names else None
    sent = await api.send(channel, "hi")
    note = {"i": {"userId": bob, "type": "t", "title": "t", "content": "c"}}
    steps: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
        (_EDIT, {"i": {"messageId": sent["id"], "content": "ho"}}, "alice", {}),
        (_REACT, {"i": {"messageId": sent["id"], "emoji": "👍"}}, "alice", {}),
        (_READ, {"c": channel, "u": sent["cursor"]}, "bob", {}),
        (JOIN, {"c": other}, "bob", {}),
        (_LEAVE, {"c": other}, "bob", {}),
        (_NOTIFY, note, "s", {"roles": ("service",)}),
    ]
    given = (await synced(api, who="bob"))["token"]
    for mutation, variables, who, more in steps:
        if other in variables.values() and names:
            continue  # what happens elsewhere is not asked for
        assert await _kept(api, given, named)
        await api.ask(mutation, variables, who=who, **more)
        page = await synced(api, given, who="bob", channels=named)
        assert page["channels"] or page["removedChannelIds"] or page["notifications"]
        assert page["token"] != given
        given = page["token"]


async def test_a_kept_sync_shows_the_inbox_as_it_is(api: Api) -> None:
    bob = await api.user_id("bob")
    note = {"i": {"userId": bob, "type": "t", "title": "t", "content": "c"}}
    await api.ask(_NOTIFY, note, who="s", roles=("service",))
    given = (await synced(api, who="bob"))["token"]
    assert await _kept(api, given)
    await api.ask(_SEE, who="bob")
    assert (await synced(api, given, who="bob"))["inbox"]["unseenCount"] == 0


async def test_a_kept_sync_is_its_viewers_alone(api: Api) -> None:
    await api.send(await api.channel("bob"), "hi")
    given = (await synced(api, who="bob"))["token"]
    assert await _kept(api, given)
    level, data = await _asked(api, SYNC, {"t": given, "c": None}, "alice")
    assert (level == _KEPT, data["sync"]["resetReason"]) == (False, "TOKEN_INVALID")


async def test_what_brings_something_is_not_kept(api: Api) -> None:
    channel = await api.channel("bob")
    given = (await synced(api, who="bob"))["token"]
    await api.send(channel, "hi")
    assert not await _kept(api, given)
    assert contents(await synced(api, given, who="bob")) == {channel: ["hi"]}


async def test_of_few_channels_of_many_a_sync_is_kept_until_one_of_them_changes(api: Api) -> None:
    channels = [await api.channel("bob") for _ in range(3)]
    here, elsewhere = channels[:2], channels[2]
    given = (await synced(api, who="bob"))["token"]
    await api.send(elsewhere, "not asked for")
    await api.send(here[0], "hi")
    given = (await synced(api, given, who="bob", channels=here))["token"]  # equals no pulse any more
    assert await _kept(api, given, here)
    await api.send(elsewhere, "nor this")
    assert (await _asked(api, SYNC, {"t": given, "c": here}, "bob"))[0] == _KEPT
    for channel in here:
        await api.send(channel, "here")
        page = await synced(api, given, who="bob", channels=here)
        assert contents(page) == {channel: ["here"]}
        given = page["token"]
        assert await _kept(api, given, here)


async def test_who_asks_again_and_again_is_seen_where_they_look(api: Api) -> None:
    channel = await api.channel("bob")
    given = (await synced(api, who="bob"))["token"]
    seen: list[tuple[int, int]] = []
    touch = api.services.presence.touch
    assert await _kept(api, given, [channel])

    def watched(channel_id: int, user_id: int, **more: Any) -> None:
        seen.append((channel_id, user_id))
        touch(channel_id, user_id, **more)

    api.services.presence.touch = watched  # type: ignore[method-assign]  # the class has the method, the test its own
    assert await _kept(api, given, [channel])
    assert len(seen) >= 4
    assert len(set(seen)) == 1


async def test_of_two_tokens_each_is_told_what_it_lacks(api: Api) -> None:
    channel = await api.channel("bob")
    first = (await synced(api, who="bob"))["token"]
    await api.send(channel, "hi")
    second = (await synced(api, first, who="bob"))["token"]
    for given, lacking in (({"a": first, "b": second}, ["hi"]), ({"a": second, "b": second}, [])):
        for _ in range(4):
            _, data = await _asked(api, _TWICE, given, "bob")
            assert [message["content"] for delta in data["a"]["channels"] for message in delta["messages"]] == lacking
    await api.send(channel, "ho")
    _, data = await _asked(api, _TWICE, {"a": second, "b": second}, "bob")
    assert [message["content"] for delta in data["a"]["channels"] for message in delta["messages"]] == ["ho"]
