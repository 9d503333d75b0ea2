"""Redis behind Sentinels: the primary is found, and found again after a failover, without a word from anybody."""

import asyncio
from collections.abc import Iterator

import pytest

from cache.redis_client import SeveralHosts, redis_client
from cache.redis_level import Redis, RedisLevel
from tests.servers.sentinels import Sentinels


def test_a_url_of_sentinels_says_who_they_are_and_what_they_watch() -> None:
    found = SeveralHosts.parse("redis+sentinel://pollux:p%40ss@a,b:1234,[::1]:5/my-master.1")
    assert found == ([("a", 26379), ("b", 1234), ("::1", 5)], "my-master.1", "pollux", "p@ss", {})
    assert SeveralHosts.parse("redis+sentinel://:secret@a/m") == ([("a", 26379)], "m", None, "secret", {})
    assert SeveralHosts.parse("rediss+sentinel://a/m") == ([("a", 26379)], "m", None, None, {"ssl": True})


@pytest.fixture(scope="module")
def sentinels() -> Iterator[Sentinels]:
    sentinels = Sentinels()
    try:
        sentinels.start()
        yield sentinels
    finally:
        sentinels.remove()


async def test_a_level_follows_the_primary(sentinels: Sentinels) -> None:
    dead = "127.0.0.1:1"  # one Sentinel that is away takes nothing from the others
    level = RedisLevel(redis_client(sentinels.url.replace("//", f"//{dead},")))

    async def written(client: Redis) -> bool:
        return bool(await client.set("key", "value"))

    async def until_written() -> None:
        async with asyncio.timeout(60):
            while not await level.attempt(written):  # noqa: ASYNC110  # Redis signals nothing
                await asyncio.sleep(0.05)

    try:
        await until_written()
        await asyncio.gather(asyncio.to_thread(sentinels.fail_over), *(until_written() for _ in range(20)))
        await until_written()
        assert await level.attempt(lambda client: client.get("key")) == b"value"
    finally:
        await level.close()
