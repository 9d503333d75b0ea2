"""Presence: seen by all processes to the second, swept after the window, unknown rather than zero."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import pytest

from cache.lineage import Lineage
from cache.presence import RETOLD_S, ChannelPresence, Presence
from cache.redis_client import redis_client
from cache.redis_level import Redis, RedisLevel
from models.cursor import CursorCodec, SigningKey
from resolvers.services import Services
from tests.asking import Api
from tests.servers.valkey import Valkey

T = TypeVar("T")

ALICE, BOB, CAROL = 1, 2, 3
ROOM = 7
PATIENCE_S = 30.0


@dataclass
class Clock:
    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine Redis may be late, which is not what is tested here."""
    real = RedisLevel.attempt

    async def attempt(self: RedisLevel, operation: Callable[[Redis], Awaitable[T]], *, deadline_s: float = 0.0) -> T | None:
        return await real(self, operation, deadline_s=max(deadline_s, PATIENCE_S))

    monkeypatch.setattr(RedisLevel, "attempt", attempt)
    monkeypatch.setattr("cache.redis_client.DEADLINE_S", PATIENCE_S)


@pytest.fixture
def own_valkey() -> Iterator[Valkey]:
    server = Valkey().start()
    yield server
    server.remove()


def _process(valkey: Valkey, services: Services, clock: Clock) -> tuple[Presence, RedisLevel]:
    redis = RedisLevel(redis_client(valkey.url))
    lineage = Lineage(services.db, CursorCodec("00" * 8, (SigningKey(1, b"k" * 32),)))
    return Presence(redis, lineage, clock_s=clock), redis


async def test_two_processes_see_one_anothers_members(own_valkey: Valkey, services: Services) -> None:
    clock = Clock()
    (first, redis), (second, other) = (_process(own_valkey, services, clock) for _ in range(2))
    first.touch(ROOM, ALICE)
    second.touch(ROOM, BOB, typing_s=6)
    first.seen(ALICE)
    for presence in (first, second, first):
        await presence.settle()
    assert await first.of(ROOM) == await second.of(ROOM) == ChannelPresence(2, (BOB,))
    assert await second.online([ALICE, BOB, CAROL]) == {ALICE}
    await redis.close()
    await other.close()


async def test_after_redis_forgot_presence_is_unknown_until_all_have_told_it_again(own_valkey: Valkey, services: Services) -> None:
    clock = Clock()
    presence, redis = _process(own_valkey, services, clock)
    for user in (ALICE, BOB):
        presence.touch(ROOM, user)
        presence.seen(user)
    await presence.settle()
    assert await presence.of(ROOM) == ChannelPresence(2, ())
    await redis.attempt(lambda client: client.flushall())
    await presence.settle()
    assert await presence.of(ROOM) is None
    assert await presence.online([ALICE]) is None
    clock.now_s += RETOLD_S
    await presence.settle()
    assert await presence.of(ROOM) == ChannelPresence(2, ())
    assert await presence.online([ALICE, CAROL]) == {ALICE}
    await redis.close()


async def test_with_redis_away_a_process_tells_what_it_saw_itself(own_valkey: Valkey, services: Services) -> None:
    clock = Clock()
    presence, redis = _process(own_valkey, services, clock)
    own_valkey.kill()
    presence.touch(ROOM, ALICE)
    presence.seen(ALICE)
    await presence.settle()
    assert await presence.of(ROOM) == ChannelPresence(1, ())
    assert await presence.online([ALICE, BOB]) == {ALICE}
    assert await presence.of(ROOM + 1) is None
    clock.now_s += 31
    assert await presence.of(ROOM) == ChannelPresence(0, ())
    await redis.close()


async def test_the_api_shows_who_is_online_and_who_is_a_member_only(api: Api) -> None:
    channel = await api.channel("bob", "carol")
    everybody = "query($c: ID!) { channel(id: $c) { onlineUsers { name } members { nodes { user { name } online } } activeUsers } }"
    shown = await api.ask(everybody, {"c": channel})
    assert sorted(user["name"] for user in shown["onlineUsers"]) == ["Alice", "Bob", "Carol"]
    assert [node["online"] for node in shown["members"]["nodes"]] == [True] * 3
    first = await api.ask("query($c: ID!) { channel(id: $c) { onlineUsers(first: 1) { name } } }", {"c": channel})
    assert len(first["onlineUsers"]) == 1


async def test_who_asks_during_a_first_look_is_told_what_it_finds(own_valkey: Valkey, services: Services) -> None:
    presence, redis = _process(own_valkey, services, Clock())
    found = await asyncio.gather(*(presence.of(ROOM) for _ in range(3)))
    assert found == [ChannelPresence(0, ())] * 3
    await redis.close()


async def test_more_channels_than_a_settling_exchanges_take_turns(
    own_valkey: Valkey, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cache.presence.TURNS", 4)
    clock = Clock()
    (first, redis), (second, other) = (_process(own_valkey, services, clock) for _ in range(2))
    rooms = range(100, 110)
    for room in rooms:
        assert await second.of(room) == ChannelPresence(0, ())
        first.touch(room, ALICE)
    for _ in range(3):
        await first.settle()
    changed: set[int] = set()
    for _ in range(3):
        await second.settle()
        changed.update(room for room in rooms if second.glance(room) == ChannelPresence(1, ()))
    assert changed == set(rooms)
    await redis.close()
    await other.close()
