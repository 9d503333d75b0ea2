"""Polls that are held: woken by what changes, ended by the time given, and never too late."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Set
from typing import Any

import pytest
from pytest_aiohttp import AiohttpClient

from app.settings import Settings
from app.wiring import build_app, open_services
from cache.sightings import Sightings
from models.topic import Topic
from resolvers.services import Services
from tests.api.syncing import SYNC, contents, synced
from tests.asking import JOIN, Api, token

# Long enough never to be waited for: what a test waits for comes, or the test fails by it.
LONG_MS = 30_000


async def until(found: Callable[[], bool]) -> None:
    """Wait for a condition."""
    while not found():  # noqa: ASYNC110  # it has no event of its own
        await asyncio.sleep(0.005)


async def begin(api: Api, given: str | None, *, wait: int = LONG_MS, **more: Any) -> "asyncio.Task[Any]":
    """Return a poll that is held by now."""
    waiting = len(api.services.wake.waiters.waiting)
    task = asyncio.ensure_future(synced(api, given, wait=wait, **more))
    await until(lambda: len(api.services.wake.waiters.waiting) > waiting)
    return task


def lose_pokes(services: Services) -> None:
    """Let changes be made of which nobody is told."""

    def nobody(_topics: Set[Topic]) -> None:
        return None

    services.db.on_change = nobody


async def test_a_message_answers_a_held_poll(api: Api) -> None:
    channel = await api.channel("bob")
    given = (await synced(api, who="bob"))["token"]
    poll = await begin(api, given, who="bob")
    await api.send(channel, "hi")
    page = await poll
    assert contents(page) == {channel: ["hi"]}
    assert contents(await synced(api, page["token"], who="bob", wait=1)) == {}


async def test_everything_that_a_sync_brings_answers_a_held_poll(api: Api) -> None:
    bob = await api.user_id("bob")
    channel = await api.channel("bob")
    other = await api.channel()
    sent = await api.send(channel, "hi")
    given = (await synced(api, who="bob"))["token"]
    read = "mutation($c: ID!, $u: String!) { markChannelRead(channelId: $c, cursor: $u) { channel { id } } }"
    edit = "mutation($i: EditMessageInput!) { editMessage(input: $i) { message { id } } }"
    react = "mutation($i: ReactionInput!) { addReaction(input: $i) { message { id } } }"
    delete = "mutation($i: ID!) { deleteMessage(messageId: $i) { message { id } } }"
    leave = "mutation($c: ID!) { leaveChannel(channelId: $c) { channel { id } } }"
    steps: list[tuple[str, dict[str, Any], str]] = [
        (edit, {"i": {"messageId": sent["id"], "content": "ho"}}, "alice"),
        (react, {"i": {"messageId": sent["id"], "emoji": "👍"}}, "alice"),
        (read, {"c": channel, "u": sent["cursor"]}, "bob"),
        (delete, {"i": sent["id"]}, "alice"),
        (JOIN, {"c": other}, "bob"),
        (leave, {"c": other}, "bob"),
    ]
    for mutation, variables, who in steps:
        poll = await begin(api, given, who="bob")
        await api.ask(mutation, variables, who=who)
        page = await poll
        assert page["channels"] or page["removedChannelIds"]
        given = page["token"]
    poll = await begin(api, given, who="bob")
    notify = "mutation($i: CreateNotificationInput!) { createNotification(input: $i) { notification { id } } }"
    await api.ask(notify, {"i": {"userId": bob, "type": "t", "title": "t", "content": "c"}}, who="s", roles=("service",))
    assert [one["title"] for one in (await poll)["notifications"]] == ["t"]


async def test_nothing_new_ends_with_the_very_token_at_the_time_given(api: Api) -> None:
    await api.send(await api.channel(), "hi")
    given = (await synced(api))["token"]
    began_s = time.monotonic()
    page = await synced(api, given, wait=300)
    assert time.monotonic() - began_s >= 0.3
    assert (page["token"], page["channels"], page["hasMore"]) == (given, [], False)


async def test_news_that_is_there_is_not_waited_for(api: Api) -> None:
    channel = await api.channel()
    assert (await synced(api, wait=LONG_MS))["channels"] != []
    given = (await synced(api, limit=0))["token"]
    await api.send(channel, "hi")
    assert contents(await synced(api, given, wait=LONG_MS)) == {channel: ["hi"]}


async def test_what_changes_elsewhere_does_not_answer_a_poll_of_named_channels(api: Api) -> None:
    here, there = await api.channel(), await api.channel()
    given = (await synced(api))["token"]
    poll = await begin(api, given, channels=[here])
    await api.send(there, "there")
    assert not poll.done()
    await api.send(here, "here")
    page = await poll
    assert contents(page) == {here: ["here"]}
    # The place of the other is behind now; the poll is held all the same.
    poll = await begin(api, page["token"], channels=[here])
    await api.send(here, "again")
    assert contents(await poll) == {here: ["again"]}


async def test_a_public_channel_that_is_watched_without_belonging_answers_a_held_poll(api: Api) -> None:
    channel = await api.channel()
    page = await synced(api, channels=[channel], who="bob")
    poll = await begin(api, page["token"], channels=[channel], who="bob")
    await api.send(channel, "hi")
    assert contents(await poll) == {channel: ["hi"]}


async def test_a_change_during_the_look_is_not_missed(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = await api.channel()
    given = (await synced(api))["token"]
    index = api.services.read_index
    pulse = index.pulse

    async def late(user_id: int) -> Any:
        found = await pulse(user_id)
        monkeypatch.setattr(index, "pulse", pulse)
        await api.send(channel, "meanwhile")
        return found

    monkeypatch.setattr(index, "pulse", late)
    assert contents(await synced(api, given, wait=LONG_MS)) == {channel: ["meanwhile"]}


async def test_a_tick_finds_what_nobody_was_told_of(api: Api) -> None:
    channel = await api.channel()
    given = (await synced(api))["token"]
    poll = await begin(api, given)
    lose_pokes(api.services)
    await api.send(channel, "hi")
    await api.services.wake.tick()
    assert contents(await poll) == {channel: ["hi"]}


async def test_who_looks_after_a_lost_poke_wakes_those_who_looked_before(api: Api) -> None:
    channel = await api.channel("bob", "carol")
    tokens = {who: (await synced(api, who=who))["token"] for who in ("bob", "carol")}
    first = await begin(api, tokens["bob"], who="bob")
    lose_pokes(api.services)
    await api.send(channel, "hi")
    page = await synced(api, tokens["carol"], who="carol")
    second = asyncio.ensure_future(synced(api, page["token"], who="carol", wait=LONG_MS))
    assert contents(await first) == {channel: ["hi"]}
    api.services.wake.close()
    assert contents(await second) == {}


async def test_the_end_of_an_epoch_answers_a_held_poll_with_nothing_of_the_new_one(api: Api) -> None:
    await api.send(await api.channel(), "hi")
    given = (await synced(api))["token"]
    poll = await begin(api, given)
    await api.services.lineage.rewound("a test")
    page = await poll
    assert (page["token"], page["channels"], page["resetReason"]) == (given, [], None)
    assert (await synced(api, given, wait=LONG_MS))["resetReason"] == "HISTORY_REWRITTEN"


async def test_an_answer_that_the_client_holds_is_held_and_then_304(api: Api) -> None:
    await api.channel()
    given = (await synced(api))["token"]
    body = {"query": SYNC, "variables": {"t": given, "w": 200}}
    headers = {"Authorization": f"Bearer {token('alice')}"}
    first = await api.client.post("/graphql", json=body, headers=headers)
    assert first.status == 200
    began_s = time.monotonic()
    again = await api.client.post("/graphql", json=body, headers={**headers, "If-None-Match": first.headers["ETag"]})
    assert (again.status, time.monotonic() - began_s >= 0.2) == (304, True)


async def test_at_shutdown_held_polls_are_answered(api: Api) -> None:
    await api.channel()
    given = (await synced(api))["token"]
    polls = [await begin(api, given) for _ in range(3)]
    api.services.wake.close()
    assert [page["token"] for page in await asyncio.gather(*polls)] == [given] * 3
    assert (await synced(api, given, wait=LONG_MS))["token"] == given


async def test_beyond_the_number_that_may_be_held_polls_are_answered_at_once(api: Api) -> None:
    await api.channel()
    given = (await synced(api))["token"]
    api.services.wake._max_held = 2
    polls = [await begin(api, given) for _ in range(2)]
    assert (await synced(api, given, wait=LONG_MS))["token"] == given
    api.services.wake.close()
    await asyncio.gather(*polls)


async def test_one_user_cannot_hold_what_there_is_for_everybody(api: Api) -> None:
    api.services.wake._max_held_by_user = 2
    tokens = {who: (await synced(api, who=who))["token"] for who in ("alice", "bob")}
    held = [await begin(api, tokens[who], who=who) for who in ("alice", "alice", "bob")]
    assert (await synced(api, tokens["alice"], wait=LONG_MS))["token"] == tokens["alice"]
    api.services.wake.close()
    await asyncio.gather(*held)
    assert not api.services.wake.waiters._held_by


async def test_who_waits_is_seen(api: Api) -> None:
    channel = await api.channel("bob")
    given = (await synced(api, who="bob"))["token"]
    poll = await begin(api, given, channels=[channel], who="bob")
    presence = api.services.presence
    presence._active, presence._online = Sightings(9), Sightings(9)
    await api.services.wake.tick()
    assert len(presence._active.to_tell(0, 9)) == len(presence._online.to_tell(0, 9)) == 1
    api.services.wake.close()
    await poll


@pytest.fixture
async def second(settings: Settings, aiohttp_client: AiohttpClient, api: Api) -> AsyncIterator[Api]:
    """Another process over the same store and Redis."""
    async with open_services(settings) as parts:
        yield Api(await aiohttp_client(build_app(settings, *parts)), parts[0])


async def test_a_change_in_one_process_answers_a_poll_that_another_holds(api: Api, second: Api) -> None:
    channel = await api.channel("bob")
    given = (await synced(second, who="bob"))["token"]
    for index in range(3):
        poll = await begin(second, given, who="bob")
        await api.send(channel, f"{index}")
        page = await poll
        assert contents(page) == {channel: [f"{index}"]}
        given = page["token"]
