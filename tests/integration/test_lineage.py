"""Lineage: a new epoch resets every client and forgets every copy; a rewind is noticed and ends the epoch itself."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from pytest_aiohttp import AiohttpClient

from app.settings import Settings
from app.wiring import build_app, open_services
from cache import read_index
from models.database import Database
from models.identity import bump_epoch
from models.sync import ViewerHeads, viewer_heads
from resolvers.message import channel_key
from tests.asking import POLL, Api

RESET = {"code": "INVALID_CURSOR", "reset": True}


@pytest.fixture
async def other(settings: Settings, aiohttp_client: AiohttpClient) -> AsyncIterator[Api]:
    """A second server on the same database and Redis."""
    async with open_services(settings) as (services, redis):
        yield Api(await aiohttp_client(build_app(settings, services, redis)), services)


async def _rewind(api: Api, channel: str, seq: int) -> None:
    """Take the store back to when message `seq` was the last, as restoring an older copy does."""
    key = channel_key(channel)
    async with api.services.db.transaction() as tx:
        rows = await tx.rows("SELECT version FROM messages WHERE channel_id = $1 AND seq = $2", key, seq)
        await tx.run("DELETE FROM messages WHERE channel_id = $1 AND seq > $2", key, seq)
        await tx.run("DELETE FROM channel_events WHERE channel_id = $1 AND number > $2", key, rows[0]["version"])
        await tx.run(
            "UPDATE channels SET last_message = $2, last_event = $3, last_change = 0 WHERE id = $1", key, seq, rows[0]["version"]
        )
        await tx.run("UPDATE channel_members SET read_seq = $2 WHERE channel_id = $1", key, seq)


async def test_after_a_new_epoch_old_cursors_ask_to_start_again_in_every_process(api: Api, other: Api) -> None:
    channel = await api.channel()
    await api.send(channel, "hi")
    cursor = (await other.poll(channel))["pageInfo"]["endCursor"]
    before = api.services.lineage.epoch_hex
    await bump_epoch(api.services.db)
    for server in (api, other):
        body = await server.answer(POLL, {"c": channel, "after": cursor})
        assert body["errors"][0]["extensions"] == RESET
        fresh = (await server.poll(channel))["pageInfo"]["endCursor"]
        assert (await server.poll(channel, after=fresh))["edges"] == []
        assert server.services.lineage.epoch_hex != before


async def test_a_rewind_under_running_servers_serves_no_ghost(api: Api, other: Api) -> None:
    channel = await api.channel()
    for index in range(10):
        await api.send(channel, f"old {index}")
    for server in (api, other):
        await server.poll(channel)
    await api.services.recent._redis.settled()
    cursor = (await other.poll(channel))["pageInfo"]["endCursor"]
    await _rewind(api, channel, 5)
    assert len((await api.poll(channel))["edges"]) == 5
    for index in range(8):
        await api.send(channel, f"new {index}")
    expected = [*(f"old {i}" for i in range(5)), *(f"new {i}" for i in range(8))]
    for server in (api, other):
        assert [node["content"] for node in (await server.poll(channel))["nodes"]] == expected
        body = await server.answer(POLL, {"c": channel, "after": cursor})
        assert body["errors"][0]["extensions"] == RESET


async def test_a_cursor_beyond_the_head_ends_the_epoch_for_everybody(api: Api, other: Api) -> None:
    """The process that notices has never seen the channel: a client's cursor is all the evidence there is."""
    channel = await api.channel()
    for index in range(3):
        await api.send(channel, f"{index}")
    cursors = [edge["cursor"] for edge in (await api.poll(channel))["edges"]]
    await _rewind(api, channel, 1)
    body = await other.answer(POLL, {"c": channel, "after": cursors[2]})
    assert body["errors"][0]["extensions"] == RESET
    body = await other.answer(POLL, {"c": channel, "after": cursors[0]})
    assert body["errors"][0]["extensions"] == RESET
    assert [node["content"] for node in (await other.poll(channel))["nodes"]] == ["0"]


async def test_a_rewound_inbox_ends_the_epoch(api: Api) -> None:
    before = api.services.lineage.epoch_hex
    await api.channel()
    await api.ask("{ inbox { unreadCount } }")
    async with api.services.db.transaction() as tx:
        await tx.run("UPDATE inboxes SET last_log = 0")
    await api.ask("{ inbox { unreadCount } }")
    assert api.services.lineage.epoch_hex != before


async def test_a_slow_read_that_a_later_one_overtakes_is_no_rewind(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = await api.channel()
    read, lands = asyncio.Event(), asyncio.Event()

    async def slow(db: Database, user_ids: Sequence[int]) -> dict[int, ViewerHeads]:
        heads = await viewer_heads(db, user_ids)
        read.set()
        await lands.wait()
        return heads

    monkeypatch.setattr(read_index, "viewer_heads", slow)
    before = api.services.lineage.epoch_hex
    synced = asyncio.create_task(api.ask("{ sync { resetReason } }"))
    await read.wait()
    await api.send(channel, "hi")
    await api.poll(channel)
    lands.set()
    await synced
    assert api.services.lineage.epoch_hex == before


async def test_a_rewind_is_noticed_by_a_read_of_another_kind(api: Api) -> None:
    channel = await api.channel()
    for index in range(2):
        await api.send(channel, f"{index}")
    await api.poll(channel)
    before = api.services.lineage.epoch_hex
    await _rewind(api, channel, 1)
    await api.ask("{ sync { resetReason } }")
    assert api.services.lineage.epoch_hex != before
