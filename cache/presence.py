"""Presence: who was seen in which channel until when, in Redis by its own clock, settled once a second per process.

Rule: approximate by nature, and null rather than zero when unknown. Without Redis, or while it does not answer, the
process tells what it has seen itself. A poll never waits for presence, but for the first look at a channel.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cachetools import TTLCache

from cache.lineage import Lineage
from cache.redis_level import DEADLINE_S, Redis, RedisLevel

SEEN_S = 30.0
TYPING_S = 6.0
SETTLE_S = 1.0
SETTLE_DEADLINE_S = 0.5
MAX_CHANNELS = 10_000
# A channel nobody asked about for this long is no longer kept up.
INTEREST_S = 10.0


@dataclass(frozen=True, slots=True)
class ChannelPresence:
    """How many members were seen in the last 30 s, and who is typing, by user id."""

    active_users: int
    typing_user_ids: tuple[int, ...]


@dataclass(slots=True)
class _Seen:
    """User id -> monotonic second until which they count; `unsettled` are those that Redis does not know yet."""

    until_s: dict[int, float] = field(default_factory=dict)
    unsettled: dict[int, float] = field(default_factory=dict)

    def touch(self, user_id: int, until_s: float) -> None:
        self.until_s[user_id] = self.unsettled[user_id] = until_s

    def present(self, now_s: float) -> list[int]:
        self.until_s = {user: until for user, until in self.until_s.items() if until > now_s}
        return sorted(self.until_s)


@dataclass(slots=True)
class _Channel:
    """What this process saw of one channel."""

    seen: _Seen = field(default_factory=_Seen)
    typing: _Seen = field(default_factory=_Seen)

    @property
    def unsettled(self) -> bool:
        return bool(self.seen.unsettled or self.typing.unsettled)


class Presence:
    """Who is active and who is typing, by channel."""

    def __init__(self, redis: RedisLevel, lineage: Lineage, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._lineage = lineage
        self._clock_s = clock_s
        self._own: TTLCache[int, _Channel] = TTLCache(MAX_CHANNELS, 2 * SEEN_S, timer=clock_s)
        self._shared: TTLCache[int, ChannelPresence] = TTLCache(MAX_CHANNELS, SEEN_S, timer=clock_s)
        self._asked: TTLCache[int, bool] = TTLCache(MAX_CHANNELS, INTEREST_S, timer=clock_s)

    def touch(self, channel_id: int, user_id: int, *, typing: bool = False) -> None:
        """Count a member as seen in a channel, and as typing if so."""
        channel = self._own.get(channel_id) or _Channel()
        self._own[channel_id] = channel  # renewed by use
        channel.seen.touch(user_id, self._clock_s() + SEEN_S)
        if typing:
            channel.typing.touch(user_id, self._clock_s() + TYPING_S)

    async def of(self, channel_id: int) -> ChannelPresence | None:
        """Return what all processes saw, to the second, or with Redis away what this one saw; None when unknown."""
        first_look = channel_id not in self._asked
        self._asked[channel_id] = True
        if first_look:
            await self._settle([channel_id], deadline_s=DEADLINE_S)
        shared = self._shared.get(channel_id)
        if shared is not None:
            return shared
        own, now_s = self._own.get(channel_id), self._clock_s()
        if own is None:
            return None
        return ChannelPresence(len(own.seen.present(now_s)), tuple(own.typing.present(now_s)))

    async def run(self) -> None:
        """Settle once a second, for ever."""
        while True:
            await asyncio.sleep(SETTLE_S)
            await self.settle()

    async def settle(self) -> None:
        """Bring what this process saw to Redis, and what all of them saw back, in one pipeline."""
        touched = (channel_id for channel_id, own in self._own.items() if own.unsettled)
        await self._settle(list({*self._asked, *touched}), deadline_s=SETTLE_DEADLINE_S)

    async def _settle(self, channel_ids: list[int], *, deadline_s: float) -> None:
        if not channel_ids:
            return
        own = {channel_id: self._own.get(channel_id) or _Channel() for channel_id in channel_ids}
        found = await self._redis.attempt(lambda client: self._exchange(client, own), deadline_s=deadline_s)
        for channel_id in channel_ids:
            if found is None:
                self._shared.pop(channel_id, None)
            else:
                self._shared[channel_id] = found[channel_id]

    async def _exchange(self, client: Redis, own: dict[int, _Channel]) -> dict[int, ChannelPresence]:
        seconds, microseconds = await client.time()
        server_ms, now_s = seconds * 1000 + microseconds // 1000, self._clock_s()
        # Touches may arrive while the pipeline runs: what is sent is what is settled, no more.
        sent = {id(seen): dict(seen.unsettled) for channel in own.values() for seen in (channel.seen, channel.typing)}
        async with client.pipeline(transaction=False) as pipe:
            for channel_id, channel in own.items():
                for name, seen in (("online", channel.seen), ("typing", channel.typing)):
                    key = f"{self._lineage.prefix}{{c{channel_id}}}:{name}"
                    scores = {str(user): server_ms + int(1000 * (until - now_s)) for user, until in sent[id(seen)].items()}
                    # The score -1 is removed again at once: one command whether or not anybody is new.
                    pipe.zadd(key, scores | {"": -1})
                    pipe.zremrangebyscore(key, "-inf", server_ms)
                    pipe.pexpire(key, int(2000 * SEEN_S))
                    pipe.zrange(key, 0, -1)
            answers = (await pipe.execute())[3::4]
        for channel in own.values():
            for seen in (channel.seen, channel.typing):
                known = sent[id(seen)]
                seen.unsettled = {user: until for user, until in seen.unsettled.items() if known.get(user) != until}
        return {
            channel_id: ChannelPresence(len(online), tuple(sorted(map(int, typing))))
            for channel_id, online, typing in zip(own, answers[::2], answers[1::2], strict=True)
        }
