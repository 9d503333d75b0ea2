"""Texts of persisted queries in Redis: found by other processes for a day after their last use, and never another text."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from cache.persisted import LONGEST_BYTES, RENEW_S, TTL_S, PersistedTexts
from cache.redis_client import redis_client
from cache.redis_level import Redis, RedisLevel
from tests.servers.valkey import Valkey

TEXT = "{ viewer { name } } # 김"
HASH = hashlib.sha256(TEXT.encode()).hexdigest()
KEY = f"pollux:1:apq:{HASH}"


@dataclass
class Process:
    """One process's texts over the shared Redis, with a clock that stands still."""

    redis: Redis
    level: RedisLevel
    now_s: float = 0.0

    def __post_init__(self) -> None:
        self.texts = PersistedTexts(self.level, clock_s=lambda: self.now_s)

    def restarted(self) -> "Process":
        """Return a process that remembers nothing itself."""
        return Process(self.redis, self.level)


@pytest.fixture
async def process(valkey: Valkey) -> AsyncIterator[Process]:
    client = redis_client(valkey.url)
    await client.delete(KEY)
    level = RedisLevel(client)
    yield Process(client, level)
    await level.close()


async def test_a_text_is_found_by_another_process_and_its_day_begins_anew(process: Process) -> None:
    process.texts.keep(HASH, TEXT)
    await process.level.settled()
    assert await process.redis.ttl(KEY) == TTL_S
    await process.redis.expire(KEY, 60)
    another = process.restarted()
    assert await another.texts.get(HASH) == TEXT
    assert await process.redis.ttl(KEY) == TTL_S
    await process.redis.delete(KEY)
    assert await another.texts.get(HASH) == TEXT  # from its own memory now


async def test_a_text_that_only_the_process_uses_is_written_again_within_its_day(process: Process) -> None:
    process.texts.keep(HASH, TEXT)
    await process.level.settled()
    await process.redis.delete(KEY)
    process.now_s += RENEW_S
    await process.texts.get(HASH)
    process.texts.keep(HASH, TEXT)
    await process.level.settled()
    assert not await process.redis.exists(KEY)
    process.now_s += 1
    assert await process.texts.get(HASH) == TEXT
    await process.level.settled()
    assert await process.redis.ttl(KEY) == TTL_S


@pytest.mark.parametrize("forged", [b"", b"{ viewer { id } }", TEXT.encode() + b" ", b"\xff", b"x" * (LONGEST_BYTES + 1)])
async def test_another_text_under_the_hash_is_as_good_as_none(process: Process, forged: bytes) -> None:
    await process.redis.set(KEY, forged)
    assert await process.texts.get(HASH) is None
    assert process.texts.forged == 1
    process.texts.keep(HASH, TEXT)
    await process.level.settled()
    assert await process.restarted().texts.get(HASH) == TEXT


@pytest.mark.parametrize("data", [b"\xff\xfe", b"x" * (LONGEST_BYTES + 1)], ids=["no text", "too long"])
async def test_what_has_the_hash_and_may_not_be_kept_is_as_good_as_none(process: Process, data: bytes) -> None:
    sha256 = hashlib.sha256(data).hexdigest()
    await process.redis.set(f"pollux:1:apq:{sha256}", data)
    process.texts.keep(HASH, TEXT)
    await process.level.settled()
    another = process.restarted()
    assert await another.texts.get(sha256) is None
    assert await another.texts.get(HASH) == TEXT


async def test_texts_without_end_are_not_all_written(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cache.persisted.MAX_WRITTEN_BYTES", 10 * len(TEXT) + 100)
    many = {hashlib.sha256(text.encode()).hexdigest(): text for text in (f"{TEXT} # {number}" for number in range(100))}
    for sha256, text in many.items():
        process.texts.keep(sha256, text)
    await process.level.settled()
    written = await process.redis.exists(*(f"pollux:1:apq:{sha256}" for sha256 in many))
    assert 1 <= written < 20
    process.now_s += RENEW_S + 1  # the next hour has room again
    process.texts.keep(HASH, TEXT)
    await process.level.settled()
    assert await process.redis.exists(KEY)


async def test_what_is_no_text_at_all_is_as_good_as_none(process: Process) -> None:
    await process.redis.rpush(KEY, "x")
    assert await process.texts.get(HASH) is None
    assert process.level.failures == 1


async def test_a_text_too_long_is_not_written(process: Process) -> None:
    text = "y" * (LONGEST_BYTES + 1)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    process.texts.keep(sha256, text)
    await process.level.settled()
    assert not await process.redis.exists(f"pollux:1:apq:{sha256}")
    assert await process.texts.get(sha256) is None
