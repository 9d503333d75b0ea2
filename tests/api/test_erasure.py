"""Export and erasure of a user: what is theirs is given and goes, and nobody else's view has a hole or shows it still."""

import io
import json
import time
from typing import Any

import pytest

from app.upkeep import erase, export_user, uid_of
from models.errors import NotFound
from models.store_url import StoreUrl
from tests.api.managing import SET_ROLE, room
from tests.api.syncing import SYNC, synced
from tests.asking import CREATE, REACT, Api

MARK = "Tadeusz"  # in every text of hers
CAROL = uid_of("carol", issuer="", is_id=False)
INBOX = "{ notifications(first: 20) { nodes { title content actor { name } message { content } } } inbox { unreadCount } }"
TABLES = ("users", "channels", "channel_members", "messages", "message_mentions", "message_reactions", "notifications", "user_log")


async def _stored(api: Api) -> str:
    return repr([await api.services.db.rows(f"SELECT * FROM {table}") for table in TABLES])


async def _world(api: Api) -> tuple[str, str, list[Any]]:
    """Carol has written, reacted, mentioned, been mentioned and answered; returns a channel, a direct one, and her messages."""
    await api.ask("{ viewer { id } }", who="carol", name=f"{MARK} Carol")
    bob, carol = await api.user_id("bob"), await api.ask("{ viewer { id } }", who="carol", name=f"{MARK} Carol")
    channel = await api.channel("bob", owner="carol", clientChannelId=f"{MARK}-1", name="everybody")
    made = await api.ask(CREATE, {"i": {"kind": "DIRECT", "memberIds": [bob]}}, who="carol")
    direct = made["channel"]["id"]
    hers = [
        await api.send(channel, f"{MARK} says", who="carol", clientMessageId=f"{MARK} 1"),
        await api.send(channel, f"{MARK} to bob", who="carol", mentionIds=[bob]),
        await api.send(direct, f"{MARK} alone", who="carol"),
    ]
    his = await api.send(channel, "Bob's own", who="bob", mentionIds=[carol["id"]], replyToId=hers[0]["id"])
    for who, message in (("carol", his), ("bob", his), ("bob", hers[0]), ("carol", hers[1])):
        reacted = await api.ask(REACT, {"i": {"messageId": message["id"], "emoji": "🎉"}}, who=who)
        assert reacted["userErrors"] == []
    return channel, direct, hers


async def test_an_erased_user_is_in_no_answer_and_no_row(api: Api, store_url: StoreUrl) -> None:
    channel, direct, _ = await _world(api)
    # Copies in every level, and a client with a token, from before.
    for place in (channel, direct):
        await api.poll(place, who="bob")
    before = (await synced(api, who="bob"))["token"]
    assert MARK in await _stored(api)
    gone = await erase(store_url, CAROL)
    assert (gone.messages, gone.reactions, gone.memberships, gone.notifications, len(gone.inherited)) == (3, 1, 1, 1, 1)
    assert MARK not in await _stored(api)

    page = await api.poll(channel, who="bob")
    shown = [(edge["node"]["content"], edge["node"]["author"]["name"]) for edge in page["edges"]]
    assert shown == [("", "Deleted user"), ("", "Deleted user"), ("Bob's own", "Bob")]
    assert [edge["node"]["reactions"] for edge in page["edges"]] == [[], [], [{"emoji": "🎉", "count": 1}]]
    assert [edge["node"]["content"] for edge in (await api.poll(direct, who="bob"))["edges"]] == [""]
    inbox = await api.ask(INBOX, who="bob")
    assert [(one["content"], one["message"]["content"]) for one in inbox["notifications"]["nodes"]] == [("", "")]
    later = await api.ask(SYNC, {"t": before, "c": None}, who="bob")
    changed = {message["seq"]: message for delta in later["channels"] for message in delta["messages"]}
    assert later["resetReason"] is None
    assert {seq: bool(message["deletedAt"]) for seq, message in changed.items()} == {1: True, 2: True, 3: False}
    for answer in (page, inbox, later):
        assert MARK not in json.dumps(answer)
    # Nothing is left to do, and a channel that she alone owned is his now.
    again = await erase(store_url, CAROL)
    assert (again.messages, again.reactions, again.memberships, again.notifications) == (0, 0, 0, 0)
    roles = "query($c: ID!) { channel(id: $c) { viewerRole memberCount } }"
    assert await api.ask(roles, {"c": channel}, who="bob") == {"viewerRole": "OWNER", "memberCount": 1}


async def test_a_token_from_before_brings_no_name_back_and_no_place_in_the_log(api: Api, store_url: StoreUrl) -> None:
    channel, _, _ = await _world(api)
    token = (await synced(api, who="carol"))["token"]
    await erase(store_url, CAROL)
    issued = time.time() - 60
    assert await api.ask("{ viewer { name } }", who="carol", name=f"{MARK} Carol", issued_s=issued) == {"name": "Deleted user"}
    page = await synced(api, token, who="carol")
    assert (page["resetReason"], page["notifications"]) == ("TOKEN_EXPIRED", [])
    assert channel not in [delta["channel"]["id"] for delta in page["channels"]]
    assert page["inbox"] == {"unreadCount": 0, "unseenCount": 0}


async def test_a_moderator_inherits_before_a_member(api: Api, store_url: StoreUrl) -> None:
    made = await room(api)
    gone = await erase(store_url, uid_of("owner", issuer="", is_id=False))
    assert len(gone.inherited) == 1
    assert await made.change(SET_ROLE, "moderator", u="member", r="MODERATOR") is None


async def test_an_export_holds_what_is_theirs_and_nothing_else(api: Api, store_url: StoreUrl) -> None:
    channel, _, hers = await _world(api)
    await api.send(channel, "not hers", who="bob")
    out = io.StringIO()
    count = await export_user(store_url, uid_of(hers[0]["author"]["id"], issuer="", is_id=True), out)
    records = [json.loads(line) for line in out.getvalue().splitlines()]
    by_kind: dict[str, list[Any]] = {}
    for record in records:
        by_kind.setdefault(record["record"], []).append(record)
    assert {kind: len(found) for kind, found in by_kind.items()} == {
        "profile": 1, "channel": 2, "message": 3, "reaction": 2, "notification": 1,
    }  # fmt: skip
    assert count == len(records)
    assert by_kind["profile"][0]["name"] == f"{MARK} Carol"
    assert [one["content"] for one in by_kind["message"]] == [f"{MARK} says", f"{MARK} to bob", f"{MARK} alone"]
    assert "not hers" not in out.getvalue()


async def test_who_was_never_seen_is_said_to_be_nobody(store_url: StoreUrl) -> None:
    with pytest.raises(NotFound):
        await erase(store_url, uid_of("nobody", issuer="", is_id=False))
    with pytest.raises(NotFound):
        await export_user(store_url, uid_of("nobody", issuer="", is_id=False), io.StringIO())
