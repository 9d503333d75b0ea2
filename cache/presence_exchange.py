"""Presence in Redis: sorted sets of user ids by the moment until which each counts.

Rule: moments are the process's monotonic seconds there and Redis's own milliseconds here; only differences cross over,
so no two clocks are ever compared.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cache.redis_level import Redis, reading

# Everybody who is online, spread over this many sets so that none grows with all of them.
SHARDS = 16
# Longer than anybody counts; a set that nobody touches ends by itself.
KEEP_MS = 60_000
# One command a channel, whose two sets are in one slot of a cluster: tell, sweep, and read what all processes told.
# ARGV: the present, how long to keep, how many users of the first set are told; then a moment and an id for each user.
_EXCHANGE = """
local active = tonumber(ARGV[3])
local told = {}
for at = 4, #ARGV, 2 do
  local key = KEYS[(at - 4) / 2 < active and 1 or 2]
  redis.call('ZADD', key, 'GT', ARGV[at], ARGV[at + 1])
  told[key] = true
end
for _, key in ipairs(KEYS) do
  if told[key] then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', ARGV[1])
    redis.call('PEXPIRE', key, ARGV[2])
  end
end
return {redis.call('ZCOUNT', KEYS[1], ARGV[1], '+inf'), redis.call('ZRANGE', KEYS[2], ARGV[1], '+inf', 'BYSCORE')}
"""


# The present in milliseconds, and when this was first asked. Of a cluster, of the one node that has the key.
_NOW = """
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('SET', KEYS[1], string.format('%d', ms), 'NX')
return {ms, redis.call('GET', KEYS[1])}
"""


class Room(NamedTuple):
    """The keys of a channel's sets."""

    active: str
    typing: str

    @classmethod
    def of(cls, prefix: str, channel_id: int) -> "Room":
        """Return a channel's keys."""
        room = f"{prefix}{{c{channel_id}}}"
        return cls(f"{room}:online", f"{room}:typing")


class Seen(NamedTuple):
    """What is told of a channel, or read: who is active and who is typing, by id, until which monotonic second."""

    active: Mapping[int, float]
    typing: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Moments:
    """One moment on both clocks; `born_ms` is since when Redis remembers: another one than before means that it forgot."""

    server_ms: int
    own_s: float
    born_ms: int

    @classmethod
    async def now(cls, client: Redis, prefix: str, own_s: float) -> "Moments":
        """Ask Redis for its time."""
        answer = await client.eval(_NOW, 1, f"{prefix}presence:born")
        with reading():
            server_ms, born_ms = answer
            return cls(int(server_ms), own_s, int(born_ms))

    def server_ms_of(self, moment_s: float) -> int:
        """Return a moment of this process in Redis's milliseconds."""
        return self.server_ms + int(1000 * (moment_s - self.own_s))


async def exchange(
    client: Redis, prefix: str, rooms: Mapping[int, Seen], moment: Moments
) -> dict[int, tuple[int, tuple[int, ...]]]:
    """Tell what was seen of each channel; return of each how many are active and who is typing, as all processes told."""
    async with client.pipeline(transaction=False) as pipe:
        for channel_id, seen in rooms.items():
            told = [*_told(seen.active, moment), *_told(seen.typing, moment)]
            pipe.eval(_EXCHANGE, 2, *Room.of(prefix, channel_id), moment.server_ms, KEEP_MS, len(seen.active), *told)
        answers = await pipe.execute()
    with reading():
        return {
            channel_id: (active, tuple(sorted(map(int, typing))))
            for channel_id, (active, typing) in zip(rooms, answers, strict=True)
        }


def _told(users: Mapping[int, float], moment: Moments) -> Iterator[int]:
    for user_id, until_s in users.items():
        yield moment.server_ms_of(until_s)
        yield user_id


async def tell_online(client: Redis, prefix: str, shards: Mapping[int, Mapping[int, float]], moment: Moments) -> None:
    """Tell who is online, by shard: user id -> until when."""
    if not shards:
        return
    async with client.pipeline(transaction=False) as pipe:
        for shard, users in shards.items():
            key = _shard(prefix, shard)
            pipe.zadd(key, {str(user_id): moment.server_ms_of(until_s) for user_id, until_s in users.items()}, gt=True)
            pipe.zremrangebyscore(key, "-inf", moment.server_ms)
            pipe.pexpire(key, KEEP_MS)
        await pipe.execute()


async def online_in_redis(client: Redis, prefix: str, user_ids: Sequence[int], moment: Moments) -> set[int]:
    """Return those of `user_ids` who count as online now."""
    shards: dict[int, list[int]] = {}
    for user_id in user_ids:
        shards.setdefault(user_id % SHARDS, []).append(user_id)
    async with client.pipeline(transaction=False) as pipe:
        for shard, members in shards.items():
            pipe.zmscore(_shard(prefix, shard), [str(member) for member in members])
        scores = await pipe.execute()
    return {
        member
        for members, found in zip(shards.values(), scores, strict=True)
        for member, until_ms in zip(members, found, strict=True)
        if until_ms is not None and until_ms > moment.server_ms
    }


def _shard(prefix: str, shard: int) -> str:
    return f"{prefix}seen:{shard}"
