"""Presence: who was seen in which channel, and anywhere, until when; in Redis by its own clock, settled once a second.

Rule: approximate by nature, and null rather than zero when unknown. Without Redis, or while it does not answer, the
process tells what it has seen itself. A poll never waits for presence, but for the first look at a channel. However many
channels there are, a settling exchanges so many of them: with more, they take turns.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from cache.flights import Flights
from cache.lineage import Lineage
from cache.presence_exchange import SHARDS, Moments, Room, Seen, exchange, online_in_redis, tell_online
from cache.redis_client import DEADLINE_S
from cache.redis_level import Redis, RedisLevel
from cache.sightings import Sightings

log = logging.getLogger("pollux.presence")

SEEN_S = 30.0
# By how much less at most: all who are seen within it are seen until the same moment.
GRAIN_S = 1.0
SETTLE_S = 1.0
SETTLE_DEADLINE_S = 0.5
# After Redis lost everything, every process has told it again what it saw by then.
RETOLD_S = 2 * SETTLE_S
# Kept up, with what all processes saw of them.
MAX_CHANNELS = 20_000
# Users in channels, or online, whom a process counts at a time; some 250 bytes each. More are not counted.
MAX_SIGHTINGS = 100_000
# Channels exchanged in one settling. At some 50 us each they take a fortieth of a core; 10,000 channels
# are each brought up to date every 20 s then.
TURNS = 500
# Channels of one pipeline: some milliseconds of the loop's time.
CHUNK = 200
# A channel nobody asked about for this long is no longer kept up.
INTEREST_S = 10.0
# Who is told to wait long is seen for longer, by so many of their intervals.
INTERVALS_SEEN = 1.5


def window_s(interval_ms: int) -> float:
    """Return how long somebody is seen who was told to ask again after an interval."""
    return max(SEEN_S, INTERVALS_SEEN * interval_ms / 1000)


@dataclass(frozen=True, slots=True)
class ChannelPresence:
    """How many members were seen in the last 30 s, and who is typing, by user id."""

    active_users: int
    typing_user_ids: tuple[int, ...]


@dataclass(slots=True)
class _Watched:
    """A channel that is kept up: when somebody last asked, and what all processes saw, which counts until a moment."""

    asked_s: float
    shared: ChannelPresence | None = None
    shared_until_s: float = 0.0


class Presence:
    """Who is active and who is typing, by channel, and who is online at all."""

    def __init__(self, redis: RedisLevel, lineage: Lineage, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._lineage = lineage
        self._clock_s = clock_s
        self._active: Sightings[int] = Sightings(MAX_SIGHTINGS, grain_s=GRAIN_S)
        self._typing: Sightings[int] = Sightings(MAX_SIGHTINGS)
        self._online: Sightings[int] = Sightings(MAX_SIGHTINGS, grain_s=GRAIN_S)
        # In the order of their turns: whoever was exchanged longest ago is first.
        self._watched: dict[int, _Watched] = {}
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

    def seen(self, user_id: int, *, seen_s: float = SEEN_S) -> None:
        """Count a user as online for the window."""
        self._online.touch(user_id % SHARDS, user_id, self._clock_s() + seen_s)

    def touch(self, channel_id: int, user_id: int, *, typing_s: float = 0.0, seen_s: float = SEEN_S) -> None:
        """Count a member as active in a channel for the window, and as typing for `typing_s`."""
        now_s = self._clock_s()
        self._active.touch(channel_id, user_id, now_s + seen_s)
        if typing_s:
            self._typing.forget(channel_id, user_id)  # told at once, however long somebody types
            self._typing.touch(channel_id, user_id, now_s + typing_s)

    def forget(self, channel_id: int, user_id: int) -> None:
        """Stop counting a user in a channel they left."""
        for sightings in (self._active, self._typing):
            sightings.forget(channel_id, user_id)

        async def remove(client: Redis) -> None:
            for key in Room.of(self._lineage.prefix, channel_id):
                await client.zrem(key, str(user_id))

        self._redis.later(remove)

    async def of(self, channel_id: int) -> ChannelPresence | None:
        """Return what all processes saw, to the second, or with Redis away what this one saw; None when unknown."""
        found = self.glance(channel_id)
        if found is False:
            await self._first_looks.get(channel_id)
            found = self.glance(channel_id)
        return found or None

    def glance(self, channel_id: int) -> ChannelPresence | Literal[False] | None:
        """Return what `of` would, at once; False where that takes a first look."""
        now_s = self._now_s()
        if channel_id in self._glances:
            return self._glances[channel_id]
        watched = self._watched.get(channel_id)
        if watched is None:
            return False
        watched.asked_s = now_s
        known: ChannelPresence | None = None
        if now_s < watched.shared_until_s:
            known = watched.shared
        elif channel_id in self._active or channel_id in self._typing:
            typing = self._typing.present(channel_id, now_s)
            known = ChannelPresence(len(self._active.present(channel_id, now_s)), tuple(typing))
        self._glances[channel_id] = known
        return known

    def _watch(self, channel_id: int) -> None:
        if channel_id not in self._watched:
            while len(self._watched) >= MAX_CHANNELS:
                del self._watched[next(iter(self._watched))]
            self._watched[channel_id] = _Watched(self._clock_s())

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
        now_s = self._clock_s()
        own = {user_id for user_id in user_ids if self._online.until_s(user_id % SHARDS, user_id) > now_s}
        if found is None:
            return own
        return None if now_s < self._unknown_until_s else found | own

    async def _online_now(self, client: Redis, user_ids: Sequence[int]) -> set[int]:
        return await online_in_redis(client, self._lineage.prefix, user_ids, await self._now(client))

    async def run(self) -> None:
        """Settle once a second, for ever."""
        while True:
            await asyncio.sleep(SETTLE_S)
            try:
                await self.settle()
            except Exception:  # presence is worth a line in the log, not the end of presence
                log.exception("presence could not be settled")

    async def settle(self) -> None:
        """Bring what this process saw to Redis, and what all of them saw back: of the channels whose turn it is."""
        moment = await self._redis.attempt(self._tell_online, deadline_s=SETTLE_DEADLINE_S)
        turns = self._turns()
        for start in range(0, len(turns), CHUNK):
            await self._settle(turns[start : start + CHUNK], moment)

    def _turns(self) -> list[int]:
        """Return the channels to exchange now: first those of which Redis is to be told something."""
        now_s = self._clock_s()
        for sightings in (self._active, self._typing):
            sightings.look_again(now_s)
        told = [*self._typing.to_tell(now_s, TURNS), *self._active.to_tell(now_s, TURNS)]
        turns = dict.fromkeys(told[:TURNS])
        for channel_id in list(islice(self._watched, TURNS - len(turns))):
            if self._watched[channel_id].asked_s + INTEREST_S < now_s:
                del self._watched[channel_id]
            else:
                turns[channel_id] = None
        return list(turns)

    async def _look(self, channel_ids: list[int]) -> dict[int, bool]:
        found = await self._redis.attempt(lambda client: self._exchange(client, channel_ids, None), deadline_s=DEADLINE_S)
        for channel_id in channel_ids:
            self._watch(channel_id)  # not before: whoever asks meanwhile waits for a look too
        self._show(channel_ids, found)
        return {}

    async def _settle(self, channel_ids: list[int], moment: Moments | None) -> None:
        found = await self._redis.attempt(lambda client: self._exchange(client, channel_ids, moment), deadline_s=SETTLE_DEADLINE_S)
        self._show(channel_ids, found)

    def _show(self, channel_ids: Iterable[int], found: Mapping[int, ChannelPresence] | None) -> None:
        """Show what all processes saw of channels that are kept up, whose next turn comes after all others'."""
        now_s = self._clock_s()
        for channel_id in channel_ids:
            watched = self._watched.pop(channel_id, None)
            if watched is None:
                continue
            self._watched[channel_id] = watched
            shared = found[channel_id] if found is not None and now_s >= self._unknown_until_s else None
            until_s = now_s + SEEN_S if found is not None else 0.0
            if shared != watched.shared or until_s < watched.shared_until_s:
                self._glances.pop(channel_id, None)
                self._glances_end_s = 0.0
            watched.shared, watched.shared_until_s = shared, until_s

    async def _exchange(self, client: Redis, channel_ids: Iterable[int], moment: Moments | None) -> dict[int, ChannelPresence]:
        moment = moment or await self._now(client)
        rooms = {channel_id: Seen(self._active.untold(channel_id), self._typing.untold(channel_id)) for channel_id in channel_ids}
        found = await exchange(client, self._lineage.prefix, rooms, moment)
        for channel_id, seen in rooms.items():
            self._active.told(channel_id, seen.active)
            self._typing.told(channel_id, seen.typing)
        return {channel_id: ChannelPresence(*seen) for channel_id, seen in found.items()}

    async def _tell_online(self, client: Redis) -> Moments:
        moment = await self._now(client)
        self._online.look_again(moment.own_s)
        shards = {shard: self._online.untold(shard) for shard in self._online.to_tell(moment.own_s, SHARDS)}
        await tell_online(client, self._lineage.prefix, shards, moment)
        for shard, users in shards.items():
            self._online.told(shard, users)
        return moment

    async def _now(self, client: Redis) -> Moments:
        """Return the moment on both clocks. If Redis forgot, tell it again what this process saw, and nobody anything
        until all have done so.
        """
        moment = await Moments.now(client, self._lineage.prefix, self._clock_s())
        forgot, self._born_ms = self._born_ms not in (None, moment.born_ms), moment.born_ms
        if forgot:
            self._unknown_until_s = self._clock_s() + RETOLD_S
            for sightings in (self._online, self._active, self._typing):
                sightings.tell_again()
        return moment
