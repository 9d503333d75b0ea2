"""The code of today keeps answering while a migration of tomorrow is applied, also where a table is in use for long."""

import asyncio

import asyncpg
import pytest

from models.clock import wall_clock_us
from models.migrate import Patience, TablesInUse, migrate
from models.store_url import StoreUrl
from tests.asking import Api
from tests.conftest import fresh_postgres_database
from tests.servers.postgres import Postgres

NEXT = "tests.integration.next_version"
IMPATIENT = Patience(lock_s=0.1, attempts=3, pause_s=0.1)


@pytest.fixture
async def store_url(postgres: Postgres) -> StoreUrl:
    return await fresh_postgres_database(postgres)


async def _talk(api: Api, channel: str, stop: asyncio.Event) -> int:
    """Send and poll until told to stop; returns how many were sent, all of which the last poll shows."""
    sent = 0
    while not stop.is_set() or sent == 0:
        await api.send(channel, f"words {sent}")
        sent += 1
        page = await api.poll(channel, last=1)
        assert [node["content"] for node in page["nodes"]] == [f"words {sent - 1}"]
    return sent


async def test_nobody_waits_behind_a_migration_that_waits(api: Api, store_url: StoreUrl) -> None:
    channel, stop = await api.channel(), asyncio.Event()
    await api.send(channel, "before")
    talking = asyncio.create_task(_talk(api, channel, stop))
    reader = await asyncpg.connect(store_url.text)
    try:
        async with reader.transaction():
            await reader.execute("SELECT 1 FROM messages")  # as a backup does, for as long as it takes
            with pytest.raises(TablesInUse):
                await migrate(store_url, wall_clock_us(), patience=IMPATIENT, package=NEXT)
            assert await reader.fetchval("SELECT count(*) FROM tortoise_migrations WHERE name = 'tomorrow'") == 0
        assert await migrate(store_url, wall_clock_us(), package=NEXT) == ["tomorrow"]
        assert await migrate(store_url, wall_clock_us(), package=NEXT) == []
    finally:
        await reader.close()
        stop.set()
    assert await talking > 0


async def test_code_of_before_writes_rows_that_the_next_can_read(api: Api, store_url: StoreUrl) -> None:
    channel = await api.channel("bob")
    assert await migrate(store_url, wall_clock_us(), package=NEXT) == ["tomorrow"]
    await api.send(channel, "after", who="bob")
    rows = await api.services.db.rows("SELECT content, pinned FROM messages")
    assert [(row["content"], row["pinned"]) for row in rows] == [("after", False)]
