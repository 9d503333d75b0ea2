"""What is one's own, and nobody else's: inboxes, notifications, channels, and everything that `sync` brings."""

import asyncio
import json
from typing import Any

import pytest

from models import ids
from tests.api.managing import ADD, REMOVE
from tests.api.syncing import SYNC, contents, synced
from tests.asking import Api
from tests.authorization.table import PEOPLE, SEERS
from tests.authorization.world import SECRET, Place, place

MEMBERS = {"PUBLIC": ("member", "moderator", "owner"), "PRIVATE": ("member", "moderator", "owner"), "DIRECT": ("member", "owner")}
MINE = (
    "viewer { id } inbox { id unreadCount } channels { nodes { id } edges { node { id } } }"
    " notifications { nodes { id content actor { id } message { id content channelId } } edges { node { id } } inbox { id } }"
    " unreadNotifications { nodes { id } unreadCount }"
)


async def _mine(made: Place, who: str) -> Any:
    answers = [json.loads((await made.ask(MINE, who))[1]) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]  # as it was made, and as it is kept
    assert "errors" not in answers[0]
    return answers[0]["data"]


@pytest.mark.parametrize("kind", SEERS)
async def test_everybody_has_what_is_theirs_alone(api: Api, kind: str) -> None:
    made = await place(api, kind)
    found = {who: await _mine(made, who) for who in PEOPLE}
    for what in ("viewer", "inbox"):
        assert len({found[who][what]["id"] for who in PEOPLE}) == len(PEOPLE)
    for who in PEOPLE:
        channels = found[who]["channels"]
        assert [node["id"] for node in channels["nodes"]] == ([made.names["channel"]] if who in MEMBERS[kind] else [])
        assert [edge["node"] for edge in channels["edges"]] == channels["nodes"]
        assert found[who]["notifications"]["inbox"]["id"] == found[who]["inbox"]["id"]
        about = [node["message"] for node in found[who]["notifications"]["nodes"]]
        assert all((message is not None) is (who in SEERS[kind]) for message in about)
    # A reply to a member, and mentions; whoever was removed keeps what they were told, and reads no more of the channel.
    told = {who: len(found[who]["notifications"]["nodes"]) for who in PEOPLE}
    former = 2 if kind != "DIRECT" else 0
    assert told == {"stranger": 0, "former": former, "member": 1, "moderator": former, "owner": 0, "service": 0}


async def test_nobody_is_shown_anybody_elses_inbox_or_notification_by_its_id(api: Api) -> None:
    made = await place(api, "PRIVATE")
    inbox = (await _mine(made, "member"))["inbox"]["id"]
    told = (await _mine(made, "member"))["notifications"]["nodes"][0]["id"]
    shown = "node(id: $one) { id } nodes(ids: [$one, $other]) { id }"
    missing = ids.encode(ids.NotificationId(1 << 40, 1))
    for who in PEOPLE:
        for _ in range(3):
            body = json.loads((await made.ask(shown, who, {"one": inbox, "other": told}))[1])
            own = [{"id": inbox}, {"id": told}] if who == "member" else [None, None]
            assert body == {"data": {"node": own[0], "nodes": own}}
        if who != "member":
            hidden = await made.ask(shown, who, {"one": told, "other": told})
            assert hidden[:2] == (await made.ask(shown, who, {"one": missing, "other": missing}))[:2]


CHANGES = {
    "markNotificationsRead(ids: [$told])": "notifications { id } inbox { id } userErrors { code }",
    "archiveNotification(id: $told)": "notification { id } inbox { id } userErrors { code }",
}


async def test_nobody_changes_anybody_elses_notification(api: Api) -> None:
    made = await place(api, "PRIVATE")
    told = (await _mine(made, "member"))["notifications"]["nodes"][0]["id"]
    for who in PEOPLE:
        if who == "member":
            continue
        for change, selection in CHANGES.items():
            query = f"mutation($told: ID!) {{ {change} {{ {selection} }} }}"
            roles = {"roles": ["service", "admin"]} if who == "service" else {}
            body = await api.answer(query, {"told": told}, who=who, **roles)
            if "errors" in body:
                assert body["errors"][0]["extensions"] == {"code": "NOT_FOUND"}
            else:
                assert body["data"]["markNotificationsRead"]["notifications"] == []
    after = (await _mine(made, "member"))["unreadNotifications"]
    assert (after["unreadCount"], [node["id"] for node in after["nodes"]]) == (1, [told])


@pytest.mark.parametrize("wait", [0, 50])
@pytest.mark.parametrize("kind", SEERS)
async def test_sync_brings_members_their_channels_and_others_nothing_of_them(api: Api, kind: str, wait: int) -> None:
    made = await place(api, kind)
    channel = made.names["channel"]
    for who in PEOPLE:
        roles = {"roles": ["service", "admin"]} if who == "service" else {}
        page = await api.ask(SYNC, {"w": wait}, who=who, **roles)
        assert list(contents(page)) == ([channel] if who in MEMBERS[kind] else []), who
        named = await api.ask(SYNC, {"c": [channel], "w": wait}, who=who, **roles)
        assert list(contents(named)) == ([channel] if who in SEERS[kind] else []), who
        assert named["removedChannelIds"] == ([] if who in SEERS[kind] else [channel])
        if who not in SEERS[kind]:
            assert SECRET not in json.dumps(named["channels"])


async def test_anothers_sync_token_is_a_fresh_start_of_ones_own(api: Api) -> None:
    made = await place(api, "PRIVATE")
    token = (await synced(api, who="member"))["token"]
    for who in ("stranger", "former", "owner"):
        page = await synced(api, token, who=who)
        assert page["resetReason"] == "TOKEN_INVALID"
        assert list(contents(page)) == ([made.names["channel"]] if who == "owner" else [])


async def test_who_is_removed_while_they_wait_is_told_so_and_nothing_later(api: Api) -> None:
    made = await place(api, "PRIVATE")
    channel, member = made.names["channel"], await api.user_id("member")
    tokens = {wait: (await synced(api, who="member"))["token"] for wait in (0, 20_000)}
    held = asyncio.create_task(synced(api, tokens[20_000], who="member", wait=20_000))
    assert (await api.ask(REMOVE, {"c": channel, "u": member}, who="owner"))["userErrors"] == []
    await api.send(channel, f"{SECRET} later", who="owner")
    for page in (await held, await synced(api, tokens[0], who="member")):
        assert (page["removedChannelIds"], page["channels"]) == ([channel], [])
        assert SECRET not in json.dumps(page["channels"])
    assert (await api.ask(ADD, {"c": channel, "u": [member]}, who="owner"))["userErrors"] == []
    assert contents(await synced(api, tokens[0], who="member"))[channel][-1] == f"{SECRET} later"


async def test_private_and_direct_channels_are_found_by_nobody(api: Api) -> None:
    made = {kind: await place(api, kind) for kind in SEERS}
    for who in PEOPLE:
        body = (await made["PUBLIC"].ask(f'searchChannels(text: "{SECRET}") {{ nodes {{ id }} }}', who))[1]
        assert [node["id"] for node in json.loads(body)["data"]["searchChannels"]["nodes"]] == [made["PUBLIC"].names["channel"]]


async def test_messages_are_found_in_ones_own_channels_alone(api: Api) -> None:
    made = {kind: await place(api, kind) for kind in SEERS}
    for who in PEOPLE:
        body = (await made["PUBLIC"].ask(f'searchMessages(text: "{SECRET}") {{ nodes {{ channelId }} }}', who))[1]
        found = [node["channelId"] for node in json.loads(body)["data"]["searchMessages"]["nodes"]]
        mine = [kind for kind in SEERS if who in MEMBERS[kind]]
        assert sorted(found) == sorted(2 * [made[kind].names["channel"] for kind in mine]), who
