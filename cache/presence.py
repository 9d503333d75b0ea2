"""Presence: who was seen in which channel, and anywhere, until when; in Redis by its own clock, settled once a second.

Rule: approximate by nature, and null rather than zero when unknown. Without Redis, or while it does not answer, the
process tells what it has seen itself. A poll never waits for presence, but for the first look at a channel.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from cachetools import TTLCache

from cache.flights import Flights
from cache.lineage import Lineage
from cache.redis_level import DEADLINE_S, Redis, RedisLevel, reading
from cache.sightings import SHARDS, Moments, Sightings, online_in_redis, settle_in_redis

log = logging.getLogger("pollux.presence")

SEEN_S = 30.0
SETTLE_S = 1.0
SETTLE_DEADLINE_S = 0.5
# After Redis lost everything, every process has told it again what it saw by then.
RETOLD_S = 2 * SETTLE_S
MAX_CHANNELS = 10_000
# Channels of one pipeline: some milliseconds of the loop's time.
CHUNK = 200
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
        self._own: dict[int, _Channel] = {}
        self._online = [Sightings() for _ in range(SHARDS)]
        self._shared: TTLCache[int, ChannelPresence | None] = TTLCache(MAX_CHANNELS, SEEN_S, timer=clock_s)
        self._asked: TTLCache[int, bool] = TTLCache(MAX_CHANNELS, INTEREST_S, timer=clock_s)
        self._first_looks: Flights[int, bool] = Flights(self._look)
        # What is shown holds for a second at most: `tick` counts the moments from which it may be another.
        self._glances: dict[int, ChannelPresence | None] = {}
        self._glances_end_s = 0.0
        self._tick = 0
        # The moment Redis began to remember, in its own milliseconds; another one means that it forgot.
        self._born_ms: int | None = None
        self._unknown_until_s = 0.0

    def tick(self) -> int:
        """Return a number that is the same while nothing that is shown has changed."""
        self._now_s()
        return self._tick

    def seen(self, user_id: int) -> None:
        """Count a user as online for the window."""
        self._online[user_id % SHARDS].touch(user_id, self._clock_s() + SEEN_S)

    def touch(self, channel_id: int, user_id: int, *, typing_s: float = 0.0) -> None:
        """Count a member as active in a channel, and as typing for `typing_s`."""
        channel = self._own.get(channel_id)
        if channel is None:
            if len(self._own) >= MAX_CHANNELS:
                return
            channel = self._own[channel_id] = _Channel()
        now_s = self._clock_s()
        channel.active.touch(user_id, now_s + SEEN_S)
        if typing_s:
            channel.typing.forget(user_id)  # told at once, however long somebody types
            channel.typing.touch(user_id, now_s + typing_s)

    def forget(self, channel_id: int, user_id: int) -> None:
        """Stop counting a user in a channel they left."""
        own = self._own.get(channel_id)
        for sightings in (own.active, own.typing) if own is not None else ():
            sightings.forget(user_id)

        async def remove(client: Redis) -> None:
            for key in self._keys(channel_id):
                await client.zrem(key, str(user_id))

        self._redis.later(remove)

    async def of(self, channel_id: int) -> ChannelPresence | None:
        """Return what all processes saw, to the second, or with Redis away what this one saw; None when unknown."""
        found = self.glance(channel_id)
        if found is False:
            await self._first_looks.get(channel_id)
            self._asked[channel_id] = True  # not before: whoever asks meanwhile waits for a look too
            found = self.glance(channel_id)
        return found or None

    def glance(self, channel_id: int) -> ChannelPresence | Literal[False] | None:
        """Return what `of` would, at once; False where that takes a first look."""
        now_s = self._now_s()
        if channel_id in self._glances:
            return self._glances[channel_id]
        if channel_id not in self._asked:
            return False
        self._asked[channel_id] = True  # renewed by use
        known: ChannelPresence | None = None
        if channel_id in self._shared:
            known = self._shared[channel_id]
        else:
            own = self._own.get(channel_id)
            if own is not None:
                known = ChannelPresence(len(own.active.present(now_s)), tuple(own.typing.present(now_s)))
        self._glances[channel_id] = known
        return known

    def _now_s(self) -> float:
        """Return the present moment, from which on older glances count no more."""
        now_s = self._clock_s()
        if now_s >= self._glances_end_s:
            self._glances_end_s = now_s + SETTLE_S
            self._glances.clear()
            self._tick += 1
        return now_s

    async def online(self, user_ids: Sequence[int]) -> set[int] | None:
        """Return those of `user_ids` seen anywhere within the window; None when unknown."""
        found = await self._redis.attempt(lambda client: self._online_now(client, user_ids))
        own = {user_id for user_id in user_ids if self._online[user_id % SHARDS].until_s.get(user_id, 0.0) > self._clock_s()}
        if found is None:
            return own
        return None if self._clock_s() < self._unknown_until_s else found | own

    async def _online_now(self, client: Redis, user_ids: Sequence[int]) -> set[int]:
        self._notice(await Moments.now(client, self._lineage.prefix, self._clock_s()))
        return await online_in_redis(client, self._lineage.prefix, user_ids)

    async def run(self) -> None:
        """Settle once a second, for ever."""
        while True:
            await asyncio.sleep(SETTLE_S)
            try:
                await self.settle()
            except Exception:  # presence is worth a line in the log, not the end of presence
                log.exception("presence could not be settled")

    async def settle(self) -> None:
        """Bring what this process saw to Redis, and what all of them saw back, some channels at a time."""
        now_s = self._clock_s()
        touched = []
        for channel_id, own in list(self._own.items()):
            if own.active.to_settle(now_s) or own.typing.to_settle(now_s):
                touched.append(channel_id)
            elif not own.active.present(now_s) and not own.typing.present(now_s):
                del self._own[channel_id]
        channel_ids = list({*self._asked, *touched})
        for start in range(0, max(1, len(channel_ids)), CHUNK):
            await self._settle(channel_ids[start : start + CHUNK], deadline_s=SETTLE_DEADLINE_S)

    async def _look(self, channel_ids: list[int]) -> dict[int, bool]:
        await self._settle(channel_ids, deadline_s=DEADLINE_S)
        return {}

    async def _settle(self, channel_ids: list[int], *, deadline_s: float) -> None:
        found = await self._redis.attempt(lambda client: self._exchange(client, channel_ids), deadline_s=deadline_s)
        self._glances_end_s = 0.0
        for channel_id in channel_ids:
            if found is None:
                self._shared.pop(channel_id, None)
            else:
                known = self._clock_s() >= self._unknown_until_s
                self._shared[channel_id] = found[channel_id] if known else None

    async def _exchange(self, client: Redis, channel_ids: list[int]) -> dict[int, ChannelPresence]:
        moment = await Moments.now(client, self._lineage.prefix, self._clock_s())
        self._notice(moment)
        sets: dict[str, Sightings] = {}
        for channel_id in channel_ids:
            if (own := self._own.get(channel_id)) is not None:
                active_key, typing_key = self._keys(channel_id)
                sets |= {active_key: own.active, typing_key: own.typing}
        await settle_in_redis(client, sets, moment)
        await settle_in_redis(client, {f"{self._lineage.prefix}seen:{n}": shard for n, shard in enumerate(self._online)}, moment)
        async with client.pipeline(transaction=False) as pipe:
            for channel_id in channel_ids:
                active_key, typing_key = self._keys(channel_id)
                pipe.zcount(active_key, moment.server_ms, "+inf")
                pipe.zrange(typing_key, moment.server_ms, "+inf", byscore=True)
            answers = await pipe.execute()
        with reading():
            return {
                channel_id: ChannelPresence(active, tuple(sorted(map(int, typing))))
                for channel_id, active, typing in zip(channel_ids, answers[::2], answers[1::2], strict=True)
            }

    def _keys(self, channel_id: int) -> tuple[str, str]:
        room = f"{self._lineage.prefix}{{c{channel_id}}}"
        return f"{room}:online", f"{room}:typing"

    def _notice(self, moment: Moments) -> None:
        """When Redis forgot, tell it again what this process saw, and nobody anything until all have done so."""
        forgot, self._born_ms = self._born_ms not in (None, moment.born_ms), moment.born_ms
        if not forgot:
            return
        self._unknown_until_s = self._clock_s() + RETOLD_S
        for sightings in (*self._online, *(s for channel in self._own.values() for s in (channel.active, channel.typing))):
            sightings.tell_again()
