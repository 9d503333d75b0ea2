"""A Redis Cluster as the level below: all that is kept in it, pokes, and a node that falls and comes back."""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from pytest_aiohttp import AiohttpClient

from app.settings import Settings
from app.wiring import build_app, open_services
from cache.lineage import Lineage
from cache.pokes import Pokes
from cache.rates import Limit, Rates
from cache.redis_client import redis_client
from cache.redis_level import Redis, RedisLevel
from models.clock import wall_clock_us
from models.errors import RateLimited
from models.migrate import migrate
from models.store_url import StoreUrl
from models.tasks import end
from models.topic import Topic, of_user
from tests.asking import Api
from tests.servers.cluster import Cluster

PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    try:
        yield cluster.start()
    finally:
        cluster.remove()


@pytest.fixture
async def store_url(tmp_path: Path) -> StoreUrl:
    url = StoreUrl.parse(f"sqlite://{tmp_path / 'pollux.db'}")
    await migrate(url, wall_clock_us())
    return url


@pytest.fixture
async def level(cluster: Cluster) -> AsyncIterator[RedisLevel]:
    level = RedisLevel(redis_client(cluster.url))
    yield level
    await level.close()


async def _until_written(level: RedisLevel, key: str) -> None:
    async def write(client: Redis) -> bool:
        return bool(await client.set(key, "value"))

    async with asyncio.timeout(PATIENCE_S):
        while not await level.attempt(write):  # noqa: ASYNC110  # Redis signals nothing
            await asyncio.sleep(0.05)


async def test_a_node_falls_and_comes_back_and_the_others_go_on(cluster: Cluster, level: RedisLevel) -> None:
    keys = [f"key {index}" for index in range(30)]  # of all nodes
    for key in keys:
        await _until_written(level, key)

    async def lost() -> set[str]:
        told: dict[str, object] = {}
        for key in keys:
            told[key] = await level.attempt(lambda client, key=key: client.get(key))  # type: ignore[misc]  # a default of a lambda
        return {key for key, value in told.items() if value is None}

    cluster.kill_node(cluster.ports[1])
    async with asyncio.timeout(PATIENCE_S):
        while not 0 < len(await lost()) < len(keys):  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.05)
    cluster.start_node(cluster.ports[1])
    for key in keys:
        await _until_written(level, key)
    async with asyncio.timeout(PATIENCE_S):
        while await lost():  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.05)


class _Heard:
    """Who is told what other processes say."""

    def __init__(self) -> None:
        self.topics: set[Topic] = set()

    def heard(self, topics: Collection[Topic]) -> None:
        self.topics.update(topics)

    def listens(self) -> None:
        """Nothing was missed that this test asks about."""


async def test_pokes_are_heard_again_after_the_node_that_carried_them_fell(cluster: Cluster, settings: Settings) -> None:
    configured = settings.model_copy(update={"redis_url": cluster.url})
    async with open_services(configured) as (services, level), open_services(configured) as (_, other):
        told, listener = Pokes(level, services.lineage), _Heard()
        hearing = asyncio.create_task(Pokes(other, services.lineage).listen(listener))

        async def until_heard(topic: Topic) -> None:
            async with asyncio.timeout(PATIENCE_S):
                while topic not in listener.topics:
                    await told.tell([topic])
                    await asyncio.sleep(0.05)

        try:
            await until_heard(of_user(1))
            for port in cluster.ports:
                cluster.kill_node(port)
                cluster.start_node(port)
                await until_heard(of_user(port))
        finally:
            await end(hearing)


async def test_two_processes_share_pages_metadata_and_presence(
    cluster: Cluster, settings: Settings, aiohttp_client: AiohttpClient
) -> None:
    configured = settings.model_copy(update={"redis_url": cluster.url})
    async with open_services(configured) as first, open_services(configured) as second:
        one, two = [Api(await aiohttp_client(build_app(configured, *parts)), parts[0]) for parts in (first, second)]
        await asyncio.gather(*(_until_written(parts[1], f"key {index}") for parts in (first, second) for index in range(30)))
        async with asyncio.timeout(PATIENCE_S):
            channel = ""
            # On a busy machine an answer may come too late to count; of channels in all slots, some are in time.
            while two.services.recent.answered["redis"] < 4:
                channel = await one.channel("bob")
                await one.send(channel, "hi")
                await one.poll(channel)
                await first[1].settled()
                assert [node["content"] for node in (await two.poll(channel, who="bob"))["nodes"]] == ["hi"]
            while (await two.poll(channel, who="bob"))["activeUsers"] != 2:
                await one.poll(channel)
                await asyncio.sleep(0.1)


async def test_one_charge_of_several_keys_counts_for_all_processes(level: RedisLevel) -> None:
    lineage = cast(Lineage, SimpleNamespace(prefix=f"test:{time.time_ns()}:"))
    one, two = Rates(level, lineage), Rates(level, lineage)
    limit = Limit("test", rate=0.001, burst=2)
    async with asyncio.timeout(PATIENCE_S):
        for attempt in count():
            keys = [limit.of("u", attempt), limit.of("c", attempt)]
            await one.spend([(key, 2.0) for key in keys])
            with suppress(RateLimited):
                await two.spend([(key, 2.0) for key in keys])
                continue  # Redis was not asked in time, and each process went by what it knew
            return
