"""Shared reads: what many ask at once costs the store and Redis next to nothing."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator

import pytest

from app.settings import Settings
from cache.redis_level import RedisLevel
from models.channel import ChannelKind
from models.database import Database
from models.open_channel import NewChannel, open_channel
from models.send_plan import Send
from models.user import Claims, admit
from resolvers.services import Services
from tests.asking import Api
from tests.servers.pollux import ROOT
from tests.servers.valkey import Valkey


async def _room(services: Services, messages: int) -> int:
    author = await admit(services.db, Claims("a" * 32, "Alice", None, 1), 1)
    channel = await open_channel(services.db, NewChannel(ChannelKind.PUBLIC, "room", "", author, (), None), 1)
    await asyncio.gather(*(services.sends.send(Send(channel, author, f"{i}")) for i in range(messages)))
    return channel


async def test_five_hundred_idle_polls_at_once_are_a_statement_or_two_and_no_redis_round_trip(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = await api.channel("bob")
    cursor = (await api.send(channel, "hi"))["cursor"]
    for who in ("alice", "bob"):
        await api.poll(channel, who=who, after=cursor)  # admits them, and takes the first look at presence
    statements, round_trips = [], []
    background = asyncio.all_tasks()  # what exchanges presence and load once a second, whoever polls
    real_rows, real_attempt = Database.rows, RedisLevel.attempt

    async def rows(self: Database, sql: str, *args: object) -> object:
        statements.append(sql)
        return await real_rows(self, sql, *args)

    async def attempt(self: RedisLevel, *args: object, **options: object) -> object:
        if asyncio.current_task() not in background:
            round_trips.append(args)
        return await real_attempt(self, *args, **options)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(Database, "rows", rows)
    monkeypatch.setattr(RedisLevel, "attempt", attempt)
    polls = (api.poll(channel, who=("alice", "bob")[i % 2], after=cursor) for i in range(500))
    pages = await asyncio.gather(*polls)
    assert all(page["edges"] == [] for page in pages)
    # The HTTP client of the test has 100 connections: five waves, each at most a flight and the next.
    assert len(statements) <= 10
    assert all("channel_members" in sql for sql in statements)
    assert round_trips == []


@pytest.fixture
def dead_redis() -> Iterator[str]:
    server = Valkey()
    yield server.url
    server.remove()


@pytest.mark.parametrize(("redis", "most"), [("alive", 2), ("dead", 4)])
async def test_two_hundred_readers_in_four_processes_on_a_cold_page(
    redis: str, most: int, services: Services, settings: Settings, dead_redis: str
) -> None:
    channel = await _room(services, 60)
    await services.recent._redis.settled()
    await services.recent._redis.attempt(lambda client: client.flushall())
    task = {
        "url": settings.database_url.text,
        "redis": settings.redis_url if redis == "alive" else dead_redis,
        "channel": channel,
        "readers": 50,
        "start_s": time.time() + 4,
    }
    command = [sys.executable, "-m", "tests.integration.cold_readers"]
    pipe = asyncio.subprocess.PIPE
    processes = [await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe) for _ in range(4)]
    outputs = await asyncio.gather(*(process.communicate(json.dumps(task).encode()) for process in processes))
    reads = [int(out) for out, _ in outputs]
    assert 1 <= sum(reads) <= most, reads
