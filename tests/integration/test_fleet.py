"""The fleet: load and clients of all processes through a real Valkey, and what was told last when it is away."""

import secrets
from dataclasses import dataclass, field

import pytest

from cache.bulletin import SILENT_S, Bulletin
from cache.lineage import Lineage
from cache.redis_client import redis_client
from cache.redis_level import RedisLevel
from models.cursor import CursorCodec, SigningKey
from realtime.adaptive import stretched_ms
from realtime.fleet import COLD_LOOK, COLD_S, Figures, Fleet
from realtime.latency import EventType, Latencies
from realtime.load import LoadMeter
from realtime.pacing import Wish
from resolvers.services import Services
from tests.servers.valkey import Valkey

WISH = Wish(2000, 30_000)
PATIENT_S = 20.0


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy with other tests is not a Redis that is away."""
    for module in ("cache.redis_client", "cache.redis_level", "cache.bulletin"):
        monkeypatch.setattr(f"{module}.DEADLINE_S", PATIENT_S)


@dataclass
class Process:
    """One process, whose clock and processor move when told to."""

    url: str | None
    services: Services
    epoch_hex: str
    budget: float | None = None
    now_s: float = 1000.0
    cpu_s: float = 0.0
    redis: RedisLevel = field(init=False)
    fleet: Fleet = field(init=False)

    def __post_init__(self) -> None:
        self.redis = RedisLevel(redis_client(self.url) if self.url is not None else None)
        lineage = Lineage(self.services.db, CursorCodec(self.epoch_hex, (SigningKey(1, b"k" * 32),)))
        clock_s = self.clock_s
        meter = LoadMeter(clock_s=clock_s, cpu_s=lambda: self.cpu_s)
        board = Bulletin(self.redis, lineage, clock_s=clock_s)
        self.fleet = Fleet(board, meter, Latencies(clock_s=clock_s), budget=self.budget, clock_s=clock_s)

    def clock_s(self) -> float:
        return self.now_s

    def load(self) -> float | None:
        return self.fleet.load

    def cold(self) -> bool:
        return self.fleet.cold

    async def second(self, *, load: float = 0.0, polls: int = 0) -> None:
        """Answer polls, and be busy for a share of a second."""
        for _ in range(polls):
            self.fleet.polled((WISH, stretched_ms(WISH, self.fleet.stretch)))
        self.now_s += 1
        self.cpu_s += load
        await self.fleet.beat()


def _two(valkey: Valkey, services: Services, budget: float | None = None) -> tuple[Process, Process]:
    epoch_hex = secrets.token_hex(8)
    one, other = (Process(valkey.url, services, epoch_hex, budget) for _ in range(2))
    return one, other


async def test_load_is_the_mean_of_all_processes_and_unknown_at_first(valkey: Valkey, services: Services) -> None:
    one, other = _two(valkey, services)
    assert one.load() is None
    for _ in range(20):
        await one.second(load=0.9)
        await other.second(load=0.1)
    await one.second(load=0.9)
    assert one.load() == other.load() == 0.5
    for process in (one, other):
        await process.redis.close()


async def test_without_redis_a_process_goes_by_itself(services: Services) -> None:
    alone = Process(None, services, secrets.token_hex(8))
    await alone.second(load=0.4)
    assert alone.load() == 0.4
    await alone.redis.close()


async def test_with_redis_away_what_was_told_last_counts_and_who_is_silent_is_forgotten(services: Services) -> None:
    own = Valkey().start()
    try:
        one, other = _two(own, services)
        for _ in range(3):
            await other.second(load=1.0)
            await one.second(load=0.0)
        assert one.load() == 0.5
        own.kill()
        await one.second(load=0.0)
        assert one.load() == 0.5
        own.start()
        one.now_s += 60  # the breaker has closed again
        while one.redis.rests:
            await one.second()
        for _ in range(int(SILENT_S) + 2):
            await one.second()
        assert one.load() == 0.0
        for process in (one, other):
            await process.redis.close()
    finally:
        own.remove()


async def test_a_budget_is_of_all_processes_together(valkey: Valkey, services: Services) -> None:
    one, other = _two(valkey, services, budget=50.0)
    due_s = [[2.0 * number / 200 for number in range(200)] for _ in range(2)]
    polls = 0
    for second in range(1, 91):
        for process, each in zip((one, other), due_s, strict=True):
            due = [number for number, at_s in enumerate(each) if at_s < second]
            for number in due:
                each[number] += stretched_ms(WISH, process.fleet.stretch) / 1000 * (1 + 0.1 * number / 200)
            polls += len(due) if second > 60 else 0
            await process.second(polls=len(due))
    assert polls / 30 == pytest.approx(50, rel=0.15)  # a few hundred clients come in lumps
    for process in (one, other):
        await process.redis.close()


async def test_a_crowd_stretches_intervals_before_a_second_is_over(services: Services) -> None:
    alone = Process(None, services, secrets.token_hex(8), budget=100.0)
    tick = alone.fleet.tick
    for _ in range(10 * COLD_LOOK):
        alone.fleet.polled((WISH, 2000))
    assert alone.fleet.stretch > 10
    assert tick < alone.fleet.tick < tick + 10
    await alone.redis.close()


async def test_a_process_that_joins_others_goes_by_what_they_know(valkey: Valkey, services: Services) -> None:
    epoch_hex = secrets.token_hex(8)
    old = Process(valkey.url, services, epoch_hex)
    for _ in range(int(COLD_S) + 1):
        await old.second(polls=10)
    new = Process(valkey.url, services, epoch_hex)
    assert new.cold()
    await new.second()
    assert not new.cold()
    for process in (old, new):
        await process.redis.close()


async def test_a_process_that_joins_does_not_slow_down_the_clients_of_others(valkey: Valkey, services: Services) -> None:
    one, other = _two(valkey, services, 200.0)
    clients = 1000
    for _ in range(60):
        await one.second(polls=clients * 1000 // stretched_ms(WISH, one.fleet.stretch))
    settled = one.fleet.stretch
    assert settled > 1.5
    await other.second(polls=100)  # takes them for a thirtieth of all
    await one.second(polls=clients * 1000 // stretched_ms(WISH, settled))
    assert one.fleet.stretch == pytest.approx(settled, rel=0.1)
    for process in (one, other):
        await process.redis.close()


async def test_latencies_are_those_of_all_processes(valkey: Valkey, services: Services) -> None:
    one, other = _two(valkey, services)
    one.fleet.latencies.record(EventType.MESSAGE, [100, 200])
    other.fleet.latencies.record(EventType.MESSAGE, [300])
    await other.second()
    await one.second()
    found = one.fleet.last_minute(EventType.MESSAGE)
    assert (found.count, found.average_ms) == (3, 200.0)
    assert one.fleet.last_minute(EventType.PRESENCE).count == 0
    for process in (one, other):
        await process.redis.close()


@pytest.mark.parametrize("told", [b"nonsense", b"[1, 2]", b"[1, [1, 2, 3, 4, 5, 6]]", b'[1, {"a": 1}]', b"[1, null]"])
async def test_what_another_version_tells_is_left_out(told: bytes, valkey: Valkey, services: Services) -> None:
    one = Process(valkey.url, services, secrets.token_hex(8))
    await one.second(load=0.2)
    client = redis_client(valkey.url)
    (key,) = await client.keys(f"*{one.epoch_hex}*bulletin")
    await client.hset(key, "another", told)
    await one.second(load=0.2)
    assert one.load() == 0.2
    await client.aclose(close_connection_pool=True)
    await one.redis.close()


@pytest.mark.parametrize(
    ("cpu", "capacity", "polls_per_s", "clients", "possible"),
    [
        (0.5, 1.0, 10.0, [[2000, 30_000, 1.0]], True),
        (0.5, 0.0, 10.0, [], False),
        (-0.5, 1.0, 10.0, [], False),
        (0.5, 1.0, float("nan"), [], False),
        (0.5, 1.0, 10.0, [[2000, 0, 1.0]], False),
        (0.5, 1.0, 10.0, [[2000, 30_000, float("inf")]], False),
    ],
)
def test_what_no_process_can_have_measured_is_left_out(
    cpu: float, capacity: float, polls_per_s: float, clients: list[list[float]], *, possible: bool
) -> None:
    assert (Figures.of([cpu, capacity, polls_per_s, clients, False, {}]) is not None) == possible
