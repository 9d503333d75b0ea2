"""The level in Redis: an operation ends within its deadline, a failure is None and counted, and for a while not tried again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError

from cache.redis_client import redis_client
from cache.redis_level import FAILURES_TO_OPEN, MAX_LATER, Redis, RedisLevel

DEADLINE_S = 0.001


class Client:
    """Nothing but what closing a client needs."""

    def __init__(self) -> None:
        self.connection_pool = self
        self.closed = 0

    async def aclose(self) -> None:
        self.closed += 1


@dataclass
class Bench:
    """A level over a client that is never asked anything, with a clock that stands still."""

    now_s: float = 50.0
    client: Client = field(default_factory=Client)

    def __post_init__(self) -> None:
        self.level = RedisLevel(cast(Redis, self.client), clock_s=lambda: self.now_s, jitter=lambda: 0.5)

    async def fail(self, error: Exception | None = None) -> None:
        async def operation(_client: Redis) -> str:
            raise error or RedisConnectionError("refused")

        assert await self.level.attempt(operation) is None

    async def works(self) -> bool:
        """Return whether an operation is tried, and its result handed on."""

        async def operation(client: Redis) -> Redis:
            return client

        return await self.level.attempt(operation) is self.client  # type: ignore[comparison-overlap]  # a stand-in


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    found = Bench()
    yield found
    await found.level.close()


async def test_an_operation_that_works_hands_on_its_result(bench: Bench) -> None:
    assert await bench.works()
    assert bench.level.failures == 0


@pytest.mark.parametrize(
    "error", [RedisConnectionError("refused"), ReadOnlyError("replica"), OSError("reset"), TimeoutError()], ids=repr
)
async def test_a_failure_is_none_and_counted(bench: Bench, error: Exception) -> None:
    await bench.fail(error)
    assert bench.level.failures == 1


async def test_a_connection_of_a_cluster_that_is_gone_while_it_shakes_hands_is_a_failure_and_a_mistake_of_ours_is_not(
    bench: Bench,
) -> None:
    async def operation(_client: Redis) -> str:
        raise AttributeError("'NoneType' object has no attribute 'writelines'")

    level = RedisLevel(redis_client("redis+cluster://127.0.0.1:1"))
    assert await level.attempt(operation) is None
    assert level.failures == 1
    await level.close()
    with pytest.raises(AttributeError):
        await bench.level.attempt(operation)
    assert bench.level.failures == 0


async def test_an_operation_that_hangs_ends_at_its_deadline(bench: Bench) -> None:
    async def hang(_client: Redis) -> bool:
        return await asyncio.Event().wait()

    assert await bench.level.attempt(hang, deadline_s=DEADLINE_S) is None
    assert bench.level.failures == 1


async def test_a_caller_who_goes_away_is_no_failure_of_redis(bench: Bench) -> None:
    started = asyncio.Event()

    async def hang(_client: Redis) -> bool:
        started.set()
        return await asyncio.Event().wait()

    attempt = asyncio.create_task(bench.level.attempt(hang, deadline_s=60))
    await started.wait()
    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt
    assert bench.level.failures == 0


async def test_a_defect_of_our_own_is_not_hidden(bench: Bench) -> None:
    async def defect(_client: Redis) -> None:
        raise KeyError("ours")

    with pytest.raises(KeyError):
        await bench.level.attempt(defect)


async def test_three_failures_in_a_row_open_the_breaker(bench: Bench) -> None:
    assert FAILURES_TO_OPEN == 3
    for _ in range(FAILURES_TO_OPEN - 1):
        await bench.fail()
    assert await bench.works()
    for _ in range(FAILURES_TO_OPEN):
        assert await bench.works()
        await bench.fail()
    assert await bench.works()
    for _ in range(FAILURES_TO_OPEN):
        await bench.fail()
    assert not await bench.works()


async def test_an_open_breaker_tries_nothing_and_counts_nothing(bench: Bench) -> None:
    for _ in range(FAILURES_TO_OPEN + 5):
        await bench.fail()
    assert bench.level.failures == FAILURES_TO_OPEN


async def test_the_breaker_closes_after_a_second(bench: Bench) -> None:
    for _ in range(FAILURES_TO_OPEN):
        await bench.fail()
    bench.now_s += 0.99
    assert not await bench.works()
    bench.now_s += 0.02
    assert await bench.works()


async def test_a_redis_that_is_still_away_is_probed_once_and_left_alone_again(bench: Bench) -> None:
    for _ in range(FAILURES_TO_OPEN):
        await bench.fail()
    bench.now_s += 2
    await bench.fail()
    await bench.fail()
    assert bench.level.failures == FAILURES_TO_OPEN + 1
    assert not await bench.works()
    bench.now_s += 2
    assert await bench.works()
    assert await bench.works()


@pytest.mark.parametrize(("jitter", "rest_s"), [(0.0, 0.75), (0.999, 1.2495)])
async def test_processes_do_not_come_back_all_at_once(jitter: float, rest_s: float) -> None:
    bench = Bench()
    bench.level = RedisLevel(cast(Redis, bench.client), clock_s=lambda: bench.now_s, jitter=lambda: jitter)
    for _ in range(FAILURES_TO_OPEN):
        await bench.fail()
    bench.now_s += rest_s - 0.001
    assert not await bench.works()
    bench.now_s += 0.002
    assert await bench.works()


async def test_without_a_client_nothing_is_tried() -> None:
    level = RedisLevel(None)

    notes: list[int] = []

    async def never(_client: Redis) -> bool:
        pytest.fail("tried")

    level.later(_note(notes, 0))
    await level.settled()
    assert await level.attempt(never) is None
    assert (level.configured, level.failures, notes) == (False, 0, [])
    await level.close()


def _note(notes: list[int], number: int) -> Callable[[Redis], Awaitable[None]]:
    async def write(_client: Redis) -> None:
        if number % 2:
            raise RedisConnectionError("refused")
        await asyncio.sleep(0)
        notes.append(number)

    return write


async def test_later_writes_run_in_order_whatever_fails_between(bench: Bench) -> None:
    notes: list[int] = []
    for number in range(20):
        bench.level.later(_note(notes, number))
    await bench.level.settled()
    assert notes == list(range(0, 20, 2))
    assert bench.level.failures == 10


async def test_later_writes_run_after_the_present_step(bench: Bench) -> None:
    notes: list[int] = []
    bench.level.later(_note(notes, 0))
    assert notes == []
    await bench.level.settled()
    assert notes == [0]


async def test_later_writes_are_dropped_where_too_many_wait(bench: Bench) -> None:
    notes: list[int] = []
    for number in range(0, 2 * (MAX_LATER + 5), 2):
        bench.level.later(_note(notes, number))
    await bench.level.settled()
    assert notes == list(range(0, 2 * MAX_LATER, 2))
    bench.level.later(_note(notes, 4000))
    await bench.level.settled()
    assert notes[-1] == 4000


@pytest.mark.parametrize(("jitter", "ttl_s"), [(0.0, 60), (0.5, 57), (1.0, 54)])
def test_keys_made_together_do_not_end_together(jitter: float, ttl_s: int) -> None:
    level = RedisLevel(None, jitter=lambda: jitter)
    assert level.ttl_s(60) == ttl_s
    assert level.ttl_s(1) == 1


async def test_closing_ends_the_writer_and_the_connections() -> None:
    bench, notes = Bench(), list[int]()
    bench.level.later(_note(notes, 0))
    await bench.level.settled()
    await bench.level.close()
    assert bench.client.closed == 2
    assert {task.get_name() for task in asyncio.all_tasks()}.isdisjoint({"redis writes"})


async def test_a_write_that_fails_on_its_own_account_does_not_stop_those_behind_it(caplog: pytest.LogCaptureFixture) -> None:
    level = RedisLevel(cast(Redis, Client()))
    written: list[int] = []

    async def broken(_client: Redis) -> None:
        raise ValueError("a defect")

    async def works(_client: Redis) -> None:
        written.append(1)

    level.later(broken)
    level.later(works)
    await level.settled()
    await level.close()
    assert written == [1]
    assert "a write to Redis failed" in caplog.text
