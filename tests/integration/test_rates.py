"""Rate limits between processes: GCRA by Redis's clock, leases in each process, and what is left without Redis."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cache.lineage import Lineage
from cache.rates import CLOSED_S, QUANTUM, SETTLE_S, Limit, Rates
from cache.redis_client import redis_client
from cache.redis_level import RedisLevel
from models.errors import RateLimited
from tests.servers.valkey import Valkey

LIMIT = Limit("test", rate=100, burst=500)
KEY = LIMIT.of("u", 1)


class Clock:
    """The monotonic clock of processes; Redis's own goes on by itself."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Processes:
    """Several processes' limits over one Redis, or over none."""

    def __init__(self, redis: RedisLevel | None, count: int, clock: Any = time.monotonic) -> None:
        lineage = cast(Lineage, SimpleNamespace(prefix=f"test:{time.time_ns()}:"))
        self.level = redis or RedisLevel(None)
        self.all = [Rates(self.level, lineage, clock_s=clock) for _ in range(count)]

    async def settle(self) -> None:
        for one in self.all:
            await one.settle()


@pytest.fixture
async def redis(valkey: Valkey) -> AsyncIterator[RedisLevel]:
    level = RedisLevel(redis_client(valkey.url))
    yield level
    await level.close()


async def _leased(rates: Rates, units: float, *, most: int = 100_000) -> float:
    """Return how many units of `units` each could be spent one after the other before the first refusal."""
    spent = 0
    try:
        for _ in range(most):
            await rates.lease(KEY, units)
            rates.meter(KEY).left -= units
            spent += 1
    except RateLimited:
        pass
    return spent * units


async def test_one_process_admits_the_burst_and_then_the_rate(redis: RedisLevel) -> None:
    started_s = time.monotonic()
    (rates,) = Processes(redis, 1).all
    admitted = await _leased(rates, 1)
    took_s = time.monotonic() - started_s
    assert LIMIT.burst - LIMIT.rate * QUANTUM <= admitted <= LIMIT.burst + LIMIT.rate * took_s + 1


async def test_without_redis_a_process_admits_the_burst_and_then_the_rate() -> None:
    clock = Clock()
    (rates,) = Processes(None, 1, clock).all
    assert await _leased(rates, 1) == pytest.approx(LIMIT.burst, abs=1)
    with pytest.raises(RateLimited) as refused:
        await rates.lease(KEY, 1)
    assert refused.value.extensions() == {"code": "RATE_LIMITED", "retryAfterMs": pytest.approx(10, abs=10)}
    clock.now_s += 2
    assert await _leased(rates, 1) == pytest.approx(2 * LIMIT.rate, abs=1)
    clock.now_s += 3600
    assert await _leased(rates, 1) == pytest.approx(LIMIT.burst, abs=1)


@pytest.mark.parametrize("units", [1, 30])
async def test_all_processes_together_admit_at_most_one_seconds_allowance_each_beyond_the_limit(
    redis: RedisLevel, units: int
) -> None:
    processes, started_s = Processes(redis, 4), time.monotonic()
    admitted, settled_s = 0.0, time.monotonic()
    while time.monotonic() - started_s < 4:
        admitted += sum([await _leased(one, units, most=20) for one in processes.all])
        if time.monotonic() - settled_s > SETTLE_S:
            await processes.settle()
            settled_s = time.monotonic()
        await asyncio.sleep(0.005)
    took_s = time.monotonic() - started_s
    allowed = LIMIT.burst + LIMIT.rate * took_s
    assert admitted <= allowed + len(processes.all) * LIMIT.rate * SETTLE_S
    assert admitted >= 0.6 * allowed  # it is a limit, not a wall


async def test_what_one_process_spent_is_known_to_the_others_after_a_settling(redis: RedisLevel) -> None:
    processes = Processes(redis, 2)
    spender, other = processes.all
    spent = await _leased(spender, 1)
    await processes.settle()
    assert spent >= LIMIT.burst * 0.9
    assert await _leased(other, 1) <= LIMIT.rate * SETTLE_S
    await processes.settle()
    with pytest.raises(RateLimited):
        await other.lease(KEY, 1)


async def test_several_keys_are_spent_all_or_none(redis: RedisLevel) -> None:
    (rates,) = Processes(redis, 1).all
    wide, narrow = LIMIT.of("u", "wide"), Limit("narrow", rate=1, burst=3).of("c", 1)
    for _ in range(3):
        await rates.spend([(wide, 1), (narrow, 1)])
    for _ in range(5):
        with pytest.raises(RateLimited):
            await rates.spend([(wide, 1), (narrow, 1)])
    assert rates.remaining(wide) >= LIMIT.burst - 3
    await rates.spend([(wide, LIMIT.burst - 4)])


async def test_a_burst_across_a_second_is_no_second_burst(redis: RedisLevel) -> None:
    """A counter by the second would admit twice its limit around the turn of one."""
    key = Limit("window", rate=10, burst=10).of("u", 1)
    (rates,) = Processes(redis, 1).all
    started_s, admitted = time.monotonic(), 0
    while time.monotonic() - started_s < 1.5:
        try:
            await rates.spend([(key, 1)])
            admitted += 1
        except RateLimited:
            await asyncio.sleep(0.01)
    assert admitted <= 10 + 10 * (time.monotonic() - started_s) + 1


async def test_what_redis_forgets_this_process_remembers(redis: RedisLevel) -> None:
    clock = Clock()
    (rates,) = Processes(redis, 1, clock).all
    for _ in range(int(LIMIT.burst)):
        await rates.spend([(KEY, 1)])
    await redis.attempt(lambda client: client.flushall())
    clock.now_s += CLOSED_S + 0.01
    admitted = 0
    for _ in range(int(LIMIT.burst)):
        with suppress(RateLimited):
            await rates.spend([(KEY, 1)])
            admitted += 1
    assert 0 < admitted <= LIMIT.rate * (CLOSED_S + 0.02)


async def test_while_redis_is_away_each_process_limits_alone_and_tells_it_afterwards(redis: RedisLevel) -> None:
    processes = Processes(redis, 2)
    first, second = processes.all
    real, redis._client = redis._client, redis_client("redis://127.0.0.1:1")
    try:
        for one in (first, second):
            assert LIMIT.burst * 0.9 <= await _leased(one, 1) <= LIMIT.burst * 1.5
        await processes.settle()
    finally:
        away, redis._client = redis._client, real
        await away.aclose()
    redis._open_until_s = None
    await processes.settle()
    for one in (first, second):
        with pytest.raises(RateLimited):
            await one.lease(KEY, 10)


async def test_spending_from_a_lease_asks_nobody(redis: RedisLevel, monkeypatch: pytest.MonkeyPatch) -> None:
    (rates,) = Processes(redis, 1).all
    asked = 0
    real = RedisLevel.attempt

    async def attempt(self: RedisLevel, *given: Any, **more: Any) -> Any:
        nonlocal asked
        asked += 1
        return await real(self, *given, **more)

    monkeypatch.setattr(RedisLevel, "attempt", attempt)
    assert await _leased(rates, 1, most=int(LIMIT.rate)) == LIMIT.rate
    assert asked == 0  # one second's allowance is this process's to lease
    await rates.lease(KEY, 1)
    assert asked == 1
