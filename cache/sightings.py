"""Sightings: a set of users who count until a moment, in the process and as sorted sets in Redis.

Rule: moments are the process's monotonic seconds here and Redis's own milliseconds there; only differences cross over,
so no two clocks are ever compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cache.redis_level import Redis

# Everybody who is online, spread over this many sets so that none grows with all of them.
SHARDS = 16


@dataclass(slots=True)
class Sightings:
    """User id -> monotonic second until which they count; `unsettled` are those that Redis does not know yet."""

    until_s: dict[int, float] = field(default_factory=dict)
    unsettled: dict[int, float] = field(default_factory=dict)

    def touch(self, user_id: int, until_s: float) -> None:
        """Count a user until a moment."""
        self.until_s[user_id] = self.unsettled[user_id] = until_s

    def present(self, now_s: float) -> list[int]:
        """Return who counts now, by id, and forget the others."""
        self.until_s = {user: until for user, until in self.until_s.items() if until > now_s}
        return sorted(self.until_s)

    def settled(self, sent: Mapping[int, float]) -> None:
        """Take note that Redis knows what was sent; what came meanwhile stays unsettled."""
        self.unsettled = {user: until for user, until in self.unsettled.items() if sent.get(user) != until}


async def settle_in_redis(
    client: Redis, prefix: str, sets: Mapping[str, Sightings], online: Sightings, now_s: float, keep_s: float
) -> tuple[int, list[list[int]]]:
    """Add what is unsettled to each set, sweep them, and return their members in order.

    First comes the moment since which Redis remembers, in its milliseconds: another one than before means that it forgot.
    """
    seconds, microseconds = await client.time()
    server_ms = seconds * 1000 + microseconds // 1000
    everybody = {f"{prefix}seen:{shard}": Sightings() for shard in range(SHARDS)}
    for user_id, until_s in online.unsettled.items():
        everybody[f"{prefix}seen:{user_id % SHARDS}"].unsettled[user_id] = until_s
    # Touches may arrive while the pipeline runs: what is sent is what is settled, no more.
    sent = {key: dict(sightings.unsettled) for key, sightings in sets.items()}
    sent_online = dict(online.unsettled)
    async with client.pipeline(transaction=False) as pipe:
        pipe.set(f"{prefix}presence:born", server_ms, nx=True)
        pipe.get(f"{prefix}presence:born")
        for key, unsettled in sent.items():
            _add_and_sweep(pipe, key, unsettled, server_ms, now_s, keep_s)
            pipe.zrange(key, 0, -1)
        for key, sightings in everybody.items():
            if sightings.unsettled:
                _add_and_sweep(pipe, key, sightings.unsettled, server_ms, now_s, keep_s)
        answers = await pipe.execute()
    for key, sightings in sets.items():
        sightings.settled(sent[key])
    online.settled(sent_online)
    online.present(now_s)
    members = answers[2 : 2 + 4 * len(sets)][3::4]
    return int(answers[1]), [[int(member) for member in found] for found in members]


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


def _add_and_sweep(pipe: Redis, key: str, unsettled: Mapping[int, float], server_ms: int, now_s: float, keep_s: float) -> None:
    """Queue three commands: add, sweep what has ended, and let the set itself end."""
    scores = {str(user): server_ms + int(1000 * (until - now_s)) for user, until in unsettled.items()}
    # The member with the score -1 is swept at once: three commands whether or not anybody is new.
    pipe.zadd(key, scores | {"": -1})
    pipe.zremrangebyscore(key, "-inf", server_ms)
    pipe.pexpire(key, int(2000 * keep_s))
