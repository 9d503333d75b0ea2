"""Presence: who was seen in which channel, and anywhere, until when; in Redis by its own clock, settled once a second.

Rule: approximate by nature, and null rather than zero when unknown. Without Redis, or while it does not answer, the
process tells what it has seen itself. A poll never waits for presence, but for the first look at a channel.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cachetools import TTLCache

from cache.lineage import Lineage
from cache.redis_level import DEADLINE_S, Redis, RedisLevel
from cache.sightings import Sightings, online_in_redis, settle_in_redis

SEEN_S = 30.0
TYPING_S = 6.0
SETTLE_S = 1.0
SETTLE_DEADLINE_S = 0.5
# After Redis lost everything, every process has told it again what it saw by then.
RETOLD_S = 2 * SETTLE_S
MAX_CHANNELS = 10_000
# A channel nobody asked about for this long is no longer kept up.
INTEREST_S = 10.0


@dataclass(frozen=True, slots=True)
class ChannelPresence:
    """How many members were seen in the last 30 s, and who is typing, by user id."""

    active_users: int
    typing_user_ids: tuple[int, ...]


@dataclass(slots=True)
class _Channel:
    """What this process saw of one channel."""

    active: Sightings = field(default_factory=Sightings)
    typing: Sightings = field(default_factory=Sightings)


class Presence:
    """Who is active and who is typing, by channel, and who is online at all."""

    def __init__(self, redis: RedisLevel, lineage: Lineage, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._lineage = lineage
        self._clock_s = clock_s
        self._own: TTLCache[int, _Channel] = TTLCache(MAX_CHANNELS, 2 * SEEN_S, timer=clock_s)
        self._online = Sightings()
        self._shared: TTLCache[int, ChannelPresence | None] = TTLCache(MAX_CHANNELS, SEEN_S, timer=clock_s)
        self._asked: TTLCache[int, bool] = TTLCache(MAX_CHANNELS, INTEREST_S, timer=clock_s)
        # The moment Redis began to remember, in its own milliseconds; another one means that it forgot.
        self._born_ms: int | None = None
        self._unknown_until_s = 0.0

    def seen(self, user_id: int) -> None:
        """Count a user as online for the window."""
        self._online.touch(user_id, self._clock_s() + SEEN_S)

    def touch(self, channel_id: int, user_id: int, *, typing: bool = False) -> None:
        """Count a member as active in a channel, and as typing if so."""
        channel = self._own.get(channel_id) or _Channel()
        self._own[channel_id] = channel  # renewed by use
        channel.active.touch(user_id, self._clock_s() + SEEN_S)
        if typing:
            channel.typing.touch(user_id, self._clock_s() + TYPING_S)

    async def of(self, channel_id: int) -> ChannelPresence | None:
        """Return what all processes saw, to the second, or with Redis away what this one saw; None when unknown."""
        first_look = channel_id not in self._asked
        self._asked[channel_id] = True
        if first_look:
            await self._settle([channel_id], deadline_s=DEADLINE_S)
        if channel_id in self._shared:
            return self._shared[channel_id]
        own, now_s = self._own.get(channel_id), self._clock_s()
        if own is None:
            return None
        return ChannelPresence(len(own.active.present(now_s)), tuple(own.typing.present(now_s)))

    async def online(self, user_ids: Sequence[int]) -> set[int] | None:
        """Return those of `user_ids` seen anywhere within the window; None when unknown."""
        found = await self._redis.attempt(lambda client: online_in_redis(client, self._lineage.prefix, user_ids))
        own = {user_id for user_id in user_ids if self._online.until_s.get(user_id, 0.0) > self._clock_s()}
        if found is None:
            return own
        return None if self._clock_s() < self._unknown_until_s else found | own

    async def run(self) -> None:
        """Settle once a second, for ever."""
        while True:
            await asyncio.sleep(SETTLE_S)
            await self.settle()

    async def settle(self) -> None:
        """Bring what this process saw to Redis, and what all of them saw back, in one pipeline."""
        touched = (channel_id for channel_id, own in self._own.items() if own.active.unsettled or own.typing.unsettled)
        await self._settle(list({*self._asked, *touched}), deadline_s=SETTLE_DEADLINE_S)

    async def _settle(self, channel_ids: list[int], *, deadline_s: float) -> None:
        own = {channel_id: self._own.get(channel_id) or _Channel() for channel_id in channel_ids}
        found = await self._redis.attempt(lambda client: self._exchange(client, own), deadline_s=deadline_s)
        for channel_id in channel_ids:
            if found is None:
                self._shared.pop(channel_id, None)
            else:
                known = self._clock_s() >= self._unknown_until_s
                self._shared[channel_id] = found[channel_id] if known else None

    async def _exchange(self, client: Redis, own: dict[int, _Channel]) -> dict[int, ChannelPresence]:
        sets = {}
        for channel_id, channel in own.items():
            sets[f"{self._lineage.prefix}{{c{channel_id}}}:online"] = channel.active
            sets[f"{self._lineage.prefix}{{c{channel_id}}}:typing"] = channel.typing
        born_ms, members = await settle_in_redis(client, self._lineage.prefix, sets, self._online, self._clock_s(), SEEN_S)
        if self._born_ms not in (None, born_ms):
            self._retell()
        self._born_ms = born_ms
        return {
            channel_id: ChannelPresence(len(active), tuple(sorted(typing)))
            for channel_id, active, typing in zip(own, members[::2], members[1::2], strict=True)
        }

    def _retell(self) -> None:
        """Redis forgot: tell it again what this process saw, and nobody anything until all have done so."""
        self._unknown_until_s = self._clock_s() + RETOLD_S
        for sightings in (self._online, *(s for channel in self._own.values() for s in (channel.active, channel.typing))):
            sightings.unsettled = dict(sightings.until_s)
