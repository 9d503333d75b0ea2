"""Polling messages: pages after a cursor, oldest first, each message exactly once."""

import pytest

from models import ids
from models.cursor import CursorKind
from realtime.pacing import PollingPolicy
from resolvers.message import channel_key
from tests.asking import POLL, Api


def _seqs(page: dict) -> list[int]:  # type: ignore[type-arg]  # JSON
    return [edge["node"]["seq"] for edge in page["edges"]]


async def _room(api: Api, count: int) -> tuple[str, list[str]]:
    channel = await api.channel()
    return channel, [(await api.send(channel, f"m{i}"))["cursor"] for i in range(1, count + 1)]


async def test_first_poll_gives_the_newest_fifty_oldest_first(api: Api) -> None:
    channel, _ = await _room(api, 60)
    page = await api.poll(channel)
    assert _seqs(page) == list(range(11, 61))
    assert page["pageInfo"]["hasPreviousPage"]
    assert not page["pageInfo"]["hasNextPage"]


async def test_empty_page_repeats_the_cursor_it_was_given(api: Api) -> None:
    channel, cursors = await _room(api, 3)
    page = await api.poll(channel, after=cursors[-1])
    assert page["edges"] == []
    assert page["pageInfo"] == {"hasNextPage": False, "hasPreviousPage": True, "startCursor": None, "endCursor": cursors[-1]}


async def test_empty_page_before_a_cursor_repeats_it_as_its_start(api: Api) -> None:
    channel, cursors = await _room(api, 1)
    page = await api.poll(channel, before=cursors[0])
    assert page["edges"] == []
    assert page["pageInfo"]["startCursor"] == cursors[0]
    assert page["pageInfo"]["hasNextPage"]


async def test_a_channel_without_messages_gives_a_cursor_that_finds_the_first(api: Api) -> None:
    channel = await api.channel()
    start = (await api.poll(channel))["pageInfo"]["endCursor"]
    await api.send(channel, "first")
    assert _seqs(await api.poll(channel, after=start)) == [1]


async def test_following_the_end_cursor_gives_every_message_once_in_order(api: Api) -> None:
    channel, _ = await _room(api, 25)
    seen: list[int] = []
    cursor, more = None, True
    while more:
        page = await api.poll(channel, first=7, after=cursor)
        seen += _seqs(page)
        cursor, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert seen == list(range(1, 26))


async def test_following_the_start_cursor_backwards_gives_every_message_once(api: Api) -> None:
    channel, _ = await _room(api, 25)
    seen: list[int] = []
    cursor, more = None, True
    while more:
        page = await api.poll(channel, last=7, before=cursor)
        seen = _seqs(page) + seen
        cursor, more = page["pageInfo"]["startCursor"], page["pageInfo"]["hasPreviousPage"]
    assert seen == list(range(1, 26))


async def test_after_and_before_give_what_lies_between(api: Api) -> None:
    channel, cursors = await _room(api, 10)
    assert _seqs(await api.poll(channel, after=cursors[1], before=cursors[6])) == [3, 4, 5, 6]
    assert _seqs(await api.poll(channel, after=cursors[1], before=cursors[6], last=2)) == [5, 6]
    assert _seqs(await api.poll(channel, after=cursors[1], before=cursors[6], first=2)) == [3, 4]
    assert _seqs(await api.poll(channel, after=cursors[6], before=cursors[1])) == []


async def test_page_sizes_are_cut_to_two_hundred(api: Api) -> None:
    channel, _ = await _room(api, 203)
    page = await api.poll(channel, first=10**9)
    assert len(page["edges"]) == 200
    assert page["pageInfo"]["hasNextPage"]


@pytest.mark.parametrize("paging", [{"first": 0}, {"first": -1}, {"last": 0}, {"first": 1, "last": 1}])
async def test_impossible_page_sizes_are_refused(api: Api, paging: dict[str, int]) -> None:
    channel = await api.channel()
    body = await api.answer(POLL, {"c": channel, **paging})
    assert body["data"] == {"messages": None}
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_an_explicit_null_is_as_absent(api: Api) -> None:
    channel, _ = await _room(api, 2)
    assert _seqs(await api.poll(channel, first=None, after=None, last=None, before=None)) == [1, 2]


async def test_a_cursor_of_another_channel_or_a_forged_one_is_invalid(api: Api) -> None:
    channel, cursors = await _room(api, 1)
    other, others = await _room(api, 1)
    for cursor in (others[0], "z" + cursors[0][1:], "", "x", "\x00", "\ud800", cursors[0] + "="):
        body = await api.answer(POLL, {"c": channel, "after": cursor})
        assert body["errors"][0]["extensions"] == {"code": "INVALID_CURSOR"}, cursor
    assert other != channel


async def test_a_cursor_beyond_the_head_asks_the_client_to_start_again(api: Api) -> None:
    """As after a restore of an older copy of the database: signed here, but not stored any more."""
    channel, _ = await _room(api, 2)
    beyond = api.services.cursors.encode(CursorKind.MESSAGES, channel_key(channel), 99)
    body = await api.answer(POLL, {"c": channel, "after": beyond})
    assert body["errors"][0]["extensions"] == {"code": "INVALID_CURSOR", "reset": True}


async def test_a_stranger_reads_a_public_channel_and_nothing_of_a_private_one(api: Api) -> None:
    public = await api.channel()
    private = await api.channel(kind="PRIVATE")
    await api.send(public, "open")
    await api.send(private, "secret")
    assert len((await api.poll(public, who="mallory"))["edges"]) == 1
    hidden = await api.answer(POLL, {"c": private}, who="mallory")
    missing = await api.answer(POLL, {"c": ids.encode(ids.ChannelId(10**9))}, who="mallory")
    assert hidden == missing
    assert hidden["errors"][0]["extensions"] == {"code": "NOT_FOUND"}


async def test_the_interval_and_the_active_users_come_with_the_page(api: Api) -> None:
    api.services.pace.policy = PollingPolicy.ACTIVITY
    channel = await api.channel("bob")
    await api.poll(channel, who="bob")
    await api.poll(channel)
    await api.services.presence.settle()  # as it does once a second
    page = await api.poll(channel)
    assert page["activeUsers"] == 2
    assert page["pollingInterval"] == {"milliseconds": 5000, "reason": "QUIET"}


async def test_text_comes_back_as_it_was_sent(api: Api) -> None:
    channel = await api.channel()
    texts = [
        "<script>alert(1)</script>",
        "\u202eright to left",
        "👩🏽‍🚀 family 👨‍👩‍👧‍👦",
        "def f():\n\treturn 'x'",
        "한국어 العربية",
        "x" * 4000,
        "\u1112\u1161\u11ab" * 1700,  # more than 4000 code points, fewer characters
    ]
    for text in texts:
        await api.send(channel, text)
    assert [edge["node"]["content"] for edge in (await api.poll(channel))["edges"]] == texts
