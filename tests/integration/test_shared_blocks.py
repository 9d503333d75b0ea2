"""Blocks of messages in Redis: what one process encoded another cuts pages from, and nobody is shown what is so no more."""

from array import array
from collections.abc import AsyncIterator

import pytest
from pytest_aiohttp import AiohttpClient

from app.settings import Settings
from app.wiring import build_app, open_services
from cache.blocks import Block, BlockKey, SharedBlocks
from cache.fragments import BLOCK, SHARED
from cache.redis_level import Redis, RedisLevel
from resolvers.message import channel_key
from resolvers.services import Services
from tests.asking import Api
from tests.integration.test_levels import _edit_in_the_store

PAGE = "query($c: ID!) { messages(channelId: $c, last: 100) { nodes { seq content author { name } } } }"


@pytest.fixture(autouse=True)
def _soon_common(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cache.blocks.COMMON_FROM", 0)


@pytest.fixture
async def other(settings: Settings, aiohttp_client: AiohttpClient) -> AsyncIterator[Api]:
    """Another process of the same service."""
    async with open_services(settings) as (services, redis):
        yield Api(await aiohttp_client(build_app(settings, services, redis)), services)


@pytest.fixture
async def channel(api: Api, other: Api) -> str:
    """A channel of 70 messages that nobody has polled, where both processes have planned the query."""
    empty = await api.channel()
    for one in (api, other):
        for _ in range(3):
            await one.ask(PAGE, {"c": empty})
    channel = await api.channel("bob")
    for number in range(BLOCK + 6):
        await api.send(channel, f"message {number}", who=("alice", "bob")[number % 2])
    return channel


async def _asked(api: Api, channel: str) -> tuple[list[dict[str, object]], int]:
    """Return a page, and how many reads of messages it took."""
    before = api.services.recent.answered.total()
    nodes = (await api.ask(PAGE, {"c": channel}))["nodes"]
    await api.services.recent._redis.settled()
    await api.services.fragments._shared._redis.settled()
    return nodes, api.services.recent.answered.total() - before


async def _names(services: Services, channel: str) -> list[bytes]:
    """Return the keys of a channel's blocks in Redis."""
    pattern = f"{services.lineage.prefix}{{c{channel_key(channel)}}}:block:*"

    async def scan(client: Redis) -> list[bytes]:
        return [name async for name in client.scan_iter(pattern)]

    found = await services.fragments._shared._redis.attempt(scan)
    assert found is not None
    return found


async def test_what_one_process_encoded_another_cuts_pages_from(api: Api, other: Api, channel: str) -> None:
    nodes, reads = await _asked(api, channel)
    assert ([node["seq"] for node in nodes], reads) == ([*range(1, BLOCK + 7)], 1)
    assert await _asked(other, channel) == (nodes, 0)


async def test_a_block_that_has_grown_is_read_as_far_as_it_lacks(api: Api, other: Api, channel: str) -> None:
    await _asked(api, channel)
    await api.send(channel, "one more")
    nodes, reads = await _asked(other, channel)
    assert ([node["content"] for node in nodes[-2:]], reads) == ([f"message {BLOCK + 5}", "one more"], 1)
    assert (await _asked(api, channel))[0] == nodes


async def test_a_block_that_is_full_is_shared(api: Api, other: Api) -> None:
    channel = await api.channel()
    for number in range(BLOCK):
        await api.send(channel, f"{number}")
        if number > BLOCK - 4:  # planned, then encoded, and then extended
            await _asked(api, channel)
    nodes, _ = await _asked(api, channel)
    for _ in range(2):
        await other.ask(PAGE, {"c": await api.channel()})
    assert await _asked(other, channel) == (nodes, 0)


async def test_an_edit_and_a_new_name_are_seen_though_redis_holds_what_was(api: Api, other: Api, channel: str) -> None:
    await _asked(api, channel)
    await _edit_in_the_store(api.services, channel_key(channel), 2, "edited")
    nodes, _ = await _asked(other, channel)
    assert nodes[1]["content"] == "edited"
    await api.ask("{ viewer { id } }", who="bob", name="Robert")
    assert {str(node["author"]) for node in (await _asked(api, channel))[0]} == {"{'name': 'Alice'}", "{'name': 'Robert'}"}
    other.services.fragments._blocks.clear()
    assert {str(node["author"]) for node in (await _asked(other, channel))[0]} == {"{'name': 'Alice'}", "{'name': 'Robert'}"}


async def test_what_redis_holds_in_another_form_is_as_good_as_absent(api: Api, other: Api, channel: str) -> None:
    nodes, _ = await _asked(api, channel)

    names = await _names(api.services, channel)

    async def poison(client: Redis) -> None:
        for name, value in zip(names, (b"not JSON", b"[1,2,0,[5],[]]\n\x05\x00\x00\x00short"), strict=True):
            await client.set(name, value)

    redis = other.services.fragments._shared._redis
    await redis.attempt(poison)
    assert (await _asked(other, channel))[0] == nodes
    assert redis.unreadable == 2


async def test_old_messages_are_not_shared(api: Api, channel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cache.fragments.SHARED", 6)
    await _asked(api, channel)
    assert [b":block:1:" in name for name in await _names(api.services, channel)] == [True]


async def test_selections_that_somebody_made_up_are_not_shared(
    opened: tuple[Services, RedisLevel], api: Api, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cache.blocks.COMMON_FROM", 4)
    for number, polls in enumerate((2, 5)):  # the first poll is not planned, and each of the others makes two blocks
        for _ in range(polls):
            await api.ask(PAGE.replace("seq", f"a{number}: seq"), {"c": channel})
            opened[0].memory.clear()
        await opened[0].fragments._shared._redis.settled()
    assert len(await _names(opened[0], channel)) == 2


async def test_nothing_waits_where_there_is_no_redis() -> None:
    shared, block = SharedBlocks(RedisLevel(None), ""), Block.of(1, 1, {}, b"{}", array("I", [2]))
    shared.put({BlockKey("e", 1, number, ()): block for number in range(100)})
    assert len(shared._waiting) == 0


async def test_other_code_finds_nothing(opened: tuple[Services, RedisLevel], api: Api, channel: str) -> None:
    await _asked(api, channel)
    services, redis = opened
    shared, keys = services.fragments._shared, [key for key in services.memory._entries if isinstance(key, BlockKey)]
    assert None not in await shared.get(keys)
    assert await SharedBlocks(redis, "other").get(keys) == [None] * len(keys) == [None, None]


def test_as_many_are_shared_as_messages_are() -> None:
    from cache.recent import CAP  # noqa: PLC0415  # only here

    assert SHARED == CAP
