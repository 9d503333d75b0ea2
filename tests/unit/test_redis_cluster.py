"""A cluster's client while nothing answers it: whoever waits for the layout is never ended by what others do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cache.redis_client import close, redis_client
from cache.redis_cluster import cluster_of
from cache.redis_level import Redis, RedisLevel

PATIENCE_S = 60.0


async def _asked(client: Redis) -> object:
    return await client.get("key")


@asynccontextmanager
async def _silent_node() -> AsyncIterator[str]:
    """Open a port that takes connections and says nothing; gives its URL."""

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()

    node = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    try:
        yield f"redis+cluster://127.0.0.1:{node.sockets[0].getsockname()[1]}"
    finally:
        node.close()


async def test_who_waits_for_the_layout_is_not_cancelled_by_one_who_begins_anew() -> None:
    async with _silent_node() as url:
        client = redis_client(url)
        level = RedisLevel(client)
        waiting = asyncio.create_task(level.attempt(_asked, deadline_s=PATIENCE_S))
        await asyncio.sleep(0.05)
        await client.aclose()  # redis-py's way of beginning anew, when another operation was told CLUSTERDOWN
        assert not waiting.done()
        assert await waiting is None
        assert level.failures == 1
        await level.close()


async def test_who_waits_for_the_layout_of_a_client_that_is_closed_gets_nothing() -> None:
    async with _silent_node() as url:
        client = redis_client(url)
        level = RedisLevel(client)
        waiting = asyncio.create_task(level.attempt(_asked, deadline_s=PATIENCE_S))
        await asyncio.sleep(0.05)
        await close(client)
        assert await waiting is None
        cluster = cluster_of(client)
        assert cluster is not None
        assert not cluster.learns
