"""Notifications: who may create them, what a poll shows, reading them."""

import asyncio
from typing import Any

import pytest

from models import ids
from models.clock import wall_clock_us
from tests.asking import Api

CREATE = (
    "mutation($i: CreateNotificationInput!) { createNotification(input: $i)"
    " { notification { id type title link } inbox { unreadCount unseenCount } userErrors { code field } } }"
)
POLL = (
    "query($first: Int, $after: String, $last: Int, $before: String) {"
    " unreadNotifications(first: $first, after: $after, last: $last, before: $before) {"
    " edges { cursor node { id title readAt seenAt } } unreadCount unseenCount hasNew inbox { id unreadCount }"
    " pageInfo { hasNextPage hasPreviousPage startCursor endCursor } pollingInterval { milliseconds } } }"
)
READ = "mutation($ids: [ID!]!) { markNotificationsRead(ids: $ids) { notifications { id readAt } inbox { unreadCount } } }"


async def _notify(api: Api, who: str = "alice", **fields: object) -> dict[str, Any]:
    base = {"userId": await api.user_id(who), "type": "system", "title": "t", "content": "c"}
    payload: dict[str, Any] = await api.ask(CREATE, {"i": {**base, **fields}}, who="robot", roles=["service"])
    return payload


def _titles(page: dict[str, Any]) -> list[str]:
    return [edge["node"]["title"] for edge in page["edges"]]


async def test_only_a_service_or_an_admin_may_create(api: Api) -> None:
    fields = {"userId": await api.user_id("bob"), "type": "system", "title": "t", "content": "c"}
    for roles in ([], ["moderator"]):
        body = await api.answer(CREATE, {"i": fields}, roles=roles)
        assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN"}
    for role in ("service", "admin"):
        payload = await api.ask(CREATE, {"i": fields}, roles=[role])
        assert payload["notification"]["title"] == "t"


async def test_somebody_never_seen_finds_their_notification_at_first_sight(api: Api) -> None:
    unseen = ids.encode(ids.UserId(ids.user_hash_hex("", "newcomer")))
    fields = {"userId": unseen, "type": "invite", "title": "welcome", "content": "c"}
    await api.ask(CREATE, {"i": fields}, who="robot", roles=["service"])
    page = await api.ask(POLL, who="newcomer")
    assert _titles(page) == ["welcome"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"type": " "}, "BLANK"), ({"title": ""}, "BLANK"), ({"title": "x" * 201}, "TOO_LONG"), ({"content": "x" * 2001}, "TOO_LONG")],
)
async def test_texts_are_bounded(api: Api, fields: dict[str, str], code: str) -> None:
    payload = await _notify(api, **fields)
    assert payload["notification"] is None
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [(code, ["input", *fields])]


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "//evil", "ftp://x", " javascript:alert(1)"])
async def test_only_web_links_are_taken(api: Api, link: str) -> None:
    fields = {"userId": await api.user_id("bob"), "type": "x", "title": "t", "content": "c", "link": link}
    body = await api.answer(CREATE, {"i": fields}, who="robot", roles=["service"])
    assert body["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_a_dedupe_key_makes_one_notification_however_often_it_is_sent(api: Api) -> None:
    await api.user_id("alice")
    made = await asyncio.gather(*(_notify(api, dedupeKey="k") for _ in range(10)))
    assert len({payload["notification"]["id"] for payload in made}) == 1
    assert (await _notify(api, "bob", dedupeKey="k"))["inbox"] == {"unreadCount": 1, "unseenCount": 1}


async def test_the_newest_twenty_come_first_and_the_cursor_leads_to_the_older(api: Api) -> None:
    for index in range(25):
        await _notify(api, title=f"{index}")
    first = await api.ask(POLL)
    assert _titles(first) == [f"{i}" for i in range(24, 4, -1)]
    assert first["pageInfo"]["hasNextPage"]
    older = await api.ask(POLL, {"after": first["pageInfo"]["endCursor"]})
    assert _titles(older) == ["4", "3", "2", "1", "0"]
    assert (first["unreadCount"], first["inbox"]["unreadCount"], first["unseenCount"]) == (25, 25, 25)
    end = await api.ask(POLL, {"after": older["pageInfo"]["endCursor"]})
    assert end["edges"] == []
    assert end["pageInfo"]["endCursor"] == older["pageInfo"]["endCursor"]


async def test_before_the_newest_cursor_comes_what_is_newer(api: Api) -> None:
    await _notify(api, title="old")
    start = (await api.ask(POLL))["pageInfo"]["startCursor"]
    assert (await api.ask(POLL, {"before": start}))["edges"] == []
    for index in range(3):
        await _notify(api, title=f"{index}")
    assert _titles(await api.ask(POLL, {"before": start})) == ["2", "1", "0"]
    assert _titles(await api.ask(POLL, {"before": start, "last": 2})) == ["1", "0"]


async def test_an_empty_inbox_gives_a_cursor_that_stays_valid(api: Api) -> None:
    end = (await api.ask(POLL))["pageInfo"]["endCursor"]
    assert end is not None
    await _notify(api, title="news")
    assert _titles(await api.ask(POLL, {"after": end})) == ["news"]


async def test_reading_moves_the_badge_and_keeps_cursors_valid(api: Api) -> None:
    for title in ("a", "b", "c"):
        await _notify(api, title=title)
    page = await api.ask(POLL)
    middle = page["edges"][1]
    payload = await api.ask(READ, {"ids": [middle["node"]["id"], middle["node"]["id"]]})
    assert [node["id"] for node in payload["notifications"]] == [middle["node"]["id"]]
    assert payload["notifications"][0]["readAt"].endswith("Z")
    assert payload["inbox"] == {"unreadCount": 2}
    assert (await api.ask(READ, {"ids": [middle["node"]["id"]]}))["notifications"] == []
    assert _titles(await api.ask(POLL, {"after": middle["cursor"]})) == ["a"]


async def test_marking_all_read_says_which_were_not(api: Api) -> None:
    for title in ("a", "b"):
        await _notify(api, title=title)
    everything = (
        "mutation { markAllNotificationsRead { notifications { title } inbox { unreadCount unseenCount } userErrors { code } } }"
    )
    first, again = await api.ask(everything), await api.ask(everything)
    assert first == {
        "notifications": [{"title": "b"}, {"title": "a"}],
        "inbox": {"unreadCount": 0, "unseenCount": 0},
        "userErrors": [],
    }
    assert again["notifications"] == []
    states = "query($s: [NotificationState!]) { notifications(states: $s) { nodes { title } } }"
    counts = [
        len((await api.ask(states, {"s": s}))["nodes"]) for s in (["READ"], ["UNREAD"], ["UNSEEN", "READ"], None, ["ARCHIVED"])
    ]
    assert counts == [2, 0, 2, 2, 0]


async def test_what_is_new_is_new_for_thirty_seconds(api: Api) -> None:
    await _notify(api)
    assert (await api.ask(POLL))["hasNew"]
    later_us = wall_clock_us() + 31_000_000
    object.__setattr__(api.services, "clock", lambda: later_us)  # the one part of a frozen record that a test turns
    assert not (await api.ask(POLL))["hasNew"]


async def test_anothers_notifications_are_as_if_missing(api: Api) -> None:
    theirs = (await _notify(api, "bob"))["notification"]["id"]
    assert await api.ask("query($i: ID!) { node(id: $i) { id } }", {"i": theirs}) is None
    assert (await api.ask(READ, {"ids": [theirs]}))["notifications"] == []
    assert (await api.ask(POLL, who="bob"))["unreadCount"] == 1


async def test_cursors_of_anothers_inbox_are_invalid(api: Api) -> None:
    await _notify(api, "bob")
    theirs = (await api.ask(POLL, who="bob"))["pageInfo"]["endCursor"]
    body = await api.answer(POLL, {"after": theirs})
    assert body["errors"][0]["extensions"] == {"code": "INVALID_CURSOR"}


async def test_notifications_are_polled_every_ten_seconds(api: Api) -> None:
    assert (await api.ask(POLL))["pollingInterval"] == {"milliseconds": 10_000}
