"""Sightings: a set of users who count until a moment, in the process and as sorted sets in Redis.

Rule: moments are the process's monotonic seconds here and Redis's own milliseconds there; only differences cross over,
so no two clocks are ever compared.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cache.redis_level import Redis, reading

# Everybody who is online, spread over this many sets so that none grows with all of them.
SHARDS = 16


# Longer than anybody counts; a set that nobody touches ends by itself.
KEEP_MS = 60_000
# How long before it ends what Redis knows is renewed: several settlings, should one fail.
AHEAD_S = 5.0


@dataclass(slots=True)
class Sightings:
    """User id -> monotonic second until which they count.

    Somebody who is seen again and again is told to Redis only when what it knows of them is about to end: `known_s` is
    until when they count there, as far as this process told, and `due` who is to be looked at again in which second.
    """

    until_s: dict[int, float] = field(default_factory=dict)
    known_s: dict[int, float] = field(default_factory=dict)
    unsettled: set[int] = field(default_factory=set)
    due: dict[int, list[int]] = field(default_factory=dict)

    def touch(self, user_id: int, until_s: float) -> None:
        """Count a user until a moment."""
        self.until_s[user_id] = until_s
        if user_id not in self.known_s:
            self.unsettled.add(user_id)

    def forget(self, user_id: int) -> None:
        """Count a user no longer."""
        self.until_s.pop(user_id, None)
        self.known_s.pop(user_id, None)
        self.unsettled.discard(user_id)

    def present(self, now_s: float) -> list[int]:
        """Return who counts now, by id, and forget the others."""
        self.until_s = {user: until for user, until in self.until_s.items() if until > now_s}
        return sorted(self.until_s)

    def to_settle(self, now_s: float) -> dict[int, float]:
        """Return who is to be told to Redis now, and until when they count."""
        for second in [second for second in self.due if second <= now_s]:
            for user_id in self.due.pop(second):
                if self.known_s.pop(user_id, math.inf) < self.until_s.get(user_id, 0.0):
                    self.unsettled.add(user_id)
        return {user_id: self.until_s[user_id] for user_id in self.unsettled if user_id in self.until_s}

    def settled(self, sent: Mapping[int, float]) -> None:
        """Take note that Redis knows what was sent; what came meanwhile is told when that is about to end."""
        self.unsettled.difference_update(sent)
        for user_id, until_s in sent.items():
            self.known_s[user_id] = until_s
            self.due.setdefault(int(until_s - AHEAD_S), []).append(user_id)

    def tell_again(self) -> None:
        """Take note that Redis knows nothing."""
        self.known_s.clear()
        self.due.clear()
        self.unsettled = set(self.until_s)


@dataclass(frozen=True, slots=True)
class Moments:
    """One moment on both clocks; `born_ms` is since when Redis remembers: another one than before means that it forgot."""

    server_ms: int
    own_s: float
    born_ms: int

    @classmethod
    async def now(cls, client: Redis, prefix: str, own_s: float) -> "Moments":
        """Ask Redis for its time."""
        seconds, microseconds = await client.time()
        server_ms = seconds * 1000 + microseconds // 1000
        born = f"{prefix}presence:born"
        async with client.pipeline(transaction=False) as pipe:
            pipe.set(born, server_ms, nx=True)
            pipe.get(born)
            _, born_ms = await pipe.execute()
        with reading():
            return cls(server_ms, own_s, int(born_ms))

    def server_ms_of(self, moment_s: float) -> int:
        """Return a moment of this process in Redis's milliseconds."""
        return self.server_ms + int(1000 * (moment_s - self.own_s))


async def settle_in_redis(client: Redis, sets: Mapping[str, Sightings], clock: Moments) -> None:
    """Add what is unsettled to each set and sweep it of what has ended."""
    # Touches may arrive while the pipeline runs: what is sent is what is settled, no more.
    told = {key: sightings.to_settle(clock.own_s) for key, sightings in sets.items()}
    sent = {key: users for key, users in told.items() if users}
    if not sent:
        return
    async with client.pipeline(transaction=False) as pipe:
        for key, unsettled in sent.items():
            pipe.zadd(key, {str(user): clock.server_ms_of(until_s) for user, until_s in unsettled.items()})
            pipe.zremrangebyscore(key, "-inf", clock.server_ms)
            pipe.pexpire(key, KEEP_MS)
        await pipe.execute()
    for key, unsettled in sent.items():
        sets[key].settled(unsettled)


async def online_in_redis(client: Redis, prefix: str, user_ids: Sequence[int]) -> set[int]:
    """Return those of `user_ids` who count as online now."""
    seconds, microseconds = await client.time()
    server_ms = seconds * 1000 + microseconds // 1000
    shards: dict[int, list[int]] = {}
    for user_id in user_ids:
        shards.setdefault(user_id % SHARDS, []).append(user_id)
    async with client.pipeline(transaction=False) as pipe:
        for shard, members in shards.items():
            pipe.zmscore(f"{prefix}seen:{shard}", [str(member) for member in members])
        scores = await pipe.execute()
    return {
        member
        for members, found in zip(shards.values(), scores, strict=True)
        for member, until_ms in zip(members, found, strict=True)
        if until_ms is not None and until_ms > server_ms
    }
