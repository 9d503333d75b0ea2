"""Rate limits: how much a key may spend, leased in this process and settled with all others through Redis.

Rule: GCRA. A key's allowance fills at `rate` units a second up to `burst`. What is spent often, such as polls, is spent
from a lease in the process, which is a subtraction; leases come out of the process's share until the next settling, and
beyond it Redis is asked. All processes together admit at most one second's allowance each beyond the limit. Whatever
Redis says or forgets, no process leases more than the limit allows one process alone.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from secrets import token_hex
from typing import NamedTuple

from cache.lineage import Lineage
from cache.rate_exchange import Charge, Charged, charge, present
from cache.redis_level import RedisLevel
from models.errors import RateLimited
from models.tasks import end

log = logging.getLogger("pollux.rates")

SETTLE_S = 1.0
SETTLE_DEADLINE_S = 0.5
# Keys settled in one command.
CHUNK = 500
# Of one second's allowance: what is leased at once, at least a unit.
QUANTUM = 0.05
MAX_METERS = 100_000
# What Redis was told of a key counts as known for this long: one settling and the next.
KNOWN_S = 2.0
# A refusal is remembered this long at most, so that a key that goes on knocking asks Redis once a second.
CLOSED_S = 1.0


class Limit(NamedTuple):
    """How many units a second fill an allowance, and how many it holds. `name` is of the policy, as clients read it."""

    name: str
    rate: float
    burst: float

    @property
    def ahead_s(self) -> float:
        """How far an allowance may be spent in advance."""
        return self.burst / self.rate

    def us(self, units: float) -> int:
        """Return how long units take to fill again, in microseconds."""
        return round(units * 1_000_000 / self.rate)

    def of(self, kind: str, key: object) -> "Key":
        """Return the key of somebody or something under this limit."""
        return Key(self, f"{self.name}:{kind}{key}")


class Key(NamedTuple):
    """What is limited: somebody or something under a limit."""

    limit: Limit
    name: str


@dataclass(slots=True)
class Meter:
    """What one key has here. `left` are units leased and not spent; `ends_s` is GCRA's moment, of this process alone.

    `share` is what may be leased before the next settling, `untold` what Redis does not know of.
    """

    left: float = 0.0
    ends_s: float = 0.0
    share: float = 0.0
    untold: float = 0.0
    known_s: float = float("-inf")
    closed_until_s: float = 0.0


class Rates:
    """Limits keys. Units that are spent from a lease are taken from `Meter.left` by the caller."""

    def __init__(self, redis: RedisLevel, lineage: Lineage, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._lineage = lineage
        self._clock_s = clock_s
        self._name = token_hex(8)
        self._processes = 1
        self._meters: dict[str, Meter] = {}
        self._hot: dict[str, Key] = {}

    def meter(self, key: Key) -> Meter:
        """Return what a key has here."""
        found = self._meters.get(key.name)
        if found is None:
            while len(self._meters) >= MAX_METERS:
                oldest = next(iter(self._meters))
                del self._meters[oldest]
            found = self._meters[key.name] = Meter()
        return found

    def remaining(self, key: Key) -> float:
        """Return how many units a key may still spend, as far as this process knows."""
        meter, limit = self.meter(key), key.limit
        ahead_s = max(meter.ends_s, meter.closed_until_s) - self._clock_s()
        return max(0.0, limit.burst - max(0.0, ahead_s) * limit.rate) + meter.left

    async def lease(self, key: Key, units: float) -> None:
        """Lease at least so many units that `units` may be spent. Raises RateLimited."""
        meter, limit = self.meter(key), key.limit
        least = units - meter.left
        if least <= 0:
            return
        now_s = self._clock_s()
        self._refuse_closed(meter, now_s)
        wanted = max(least, limit.rate * QUANTUM)
        if self._over_s(meter, limit, wanted, now_s) > 0:
            wanted = least
        over_s = self._over_s(meter, limit, wanted, now_s)
        if over_s > 0:
            raise RateLimited(over_s)
        if now_s - meter.known_s > KNOWN_S:
            # Others may have spent meanwhile; until Redis is told, no more than one second's allowance is.
            meter.share, meter.known_s = limit.rate * SETTLE_S, now_s
        meter.ends_s = max(meter.ends_s, now_s) + wanted / limit.rate
        if wanted <= meter.share and self._redis.configured:
            meter.share -= wanted
            meter.untold += wanted
            self._hot[key.name] = key
        else:
            await self._charge([(key, wanted)])
        meter.left += wanted

    async def spend(self, charges: Sequence[tuple[Key, float]]) -> None:
        """Spend units of several keys now, all or none, as every process sees them. Raises RateLimited."""
        now_s = self._clock_s()
        for key, units in charges:
            meter = self.meter(key)
            self._refuse_closed(meter, now_s)
            over_s = self._over_s(meter, key.limit, units, now_s)
            if over_s > 0:
                raise RateLimited(over_s)
        for key, units in charges:
            meter = self.meter(key)
            meter.ends_s = max(meter.ends_s, now_s) + units / key.limit.rate
        await self._charge(charges)

    async def running(self, _app: object) -> AsyncIterator[None]:
        """Settle while an application runs."""
        task = asyncio.create_task(self.run(), name="rate limits")
        yield
        await end(task)
        await self._redis.stop()

    async def run(self) -> None:
        """Settle once a second, for ever."""
        while True:
            await asyncio.sleep(SETTLE_S)
            try:
                await self.settle()
            except Exception:  # one settling is worth a line in the log, not the end of limits
                log.exception("rate limits could not be settled")

    async def settle(self) -> None:
        """Tell Redis what was leased, and learn what all processes leased together."""
        if not self._redis.configured:
            return
        hot, self._hot = list(self._hot.values()), {}
        name = self._key("processes")
        counted = await self._redis.attempt(lambda client: present(client, name, self._name), deadline_s=SETTLE_DEADLINE_S)
        self._processes = max(1, counted or 1)
        for start in range(0, len(hot), CHUNK):
            await self._tell(list(islice(hot, start, start + CHUNK)))

    async def _tell(self, keys: Sequence[Key]) -> None:
        told = [self.meter(key).untold for key in keys]
        for key in keys:
            self.meter(key).untold = 0.0
        charges = [Charge(self._key(key.name), key.limit.us(units), 0, 0) for key, units in zip(keys, told, strict=True)]
        found = await self._redis.attempt(lambda client: charge(client, charges), deadline_s=SETTLE_DEADLINE_S)
        now_s = self._clock_s()
        for index, key in enumerate(keys):
            meter, limit = self.meter(key), key.limit
            if found is None:  # this process alone: its own allowance is the limit
                meter.untold += told[index]
                self._hot[key.name] = key
                meter.share, meter.known_s = limit.burst, now_s
                continue
            ahead_s = found.ahead[index] / 1_000_000
            meter.known_s = now_s
            left = max(0.0, limit.burst - ahead_s * limit.rate)
            # While this process leases its share, another may spend all that is left by asking Redis.
            meter.share = min(left / self._processes, limit.rate * SETTLE_S)
            if ahead_s > limit.ahead_s:
                meter.share, meter.closed_until_s = 0.0, now_s + ahead_s - limit.ahead_s

    async def _charge(self, charges: Sequence[tuple[Key, float]]) -> None:
        """Charge keys in Redis, where it answers; this process was charged before. Raises RateLimited and gives that back."""
        if not self._redis.configured:
            return
        asked = []
        for key, units in charges:
            meter, limit = self.meter(key), key.limit
            asked.append(Charge(self._key(key.name), limit.us(meter.untold), limit.us(units), limit.us(limit.burst)))
            meter.untold = 0.0
        found: Charged | None = await self._redis.attempt(lambda client: charge(client, asked))
        now_s = self._clock_s()
        for index, (key, units) in enumerate(charges):
            meter = self.meter(key)
            if found is None:
                meter.untold += (asked[index].told + asked[index].asked) * key.limit.rate / 1_000_000
                self._hot[key.name] = key
            elif found.wait > 0:
                meter.ends_s -= units / key.limit.rate
                # Closed to everything that costs at least a unit; what was refused may have been much more.
                meter.closed_until_s = now_s + min(
                    found.ahead[index] / 1_000_000 + 1 / key.limit.rate - key.limit.ahead_s, CLOSED_S
                )
        if found is not None and found.wait > 0:
            raise RateLimited(found.wait / 1_000_000)

    def _refuse_closed(self, meter: Meter, now_s: float) -> None:
        if meter.closed_until_s > now_s:
            raise RateLimited(meter.closed_until_s - now_s)

    def _over_s(self, meter: Meter, limit: Limit, units: float, now_s: float) -> float:
        """Return how long this process's own allowance takes to fill for so many units."""
        return max(meter.ends_s, now_s) + units / limit.rate - now_s - limit.ahead_s

    def _key(self, name: str) -> str:
        # One slot of a cluster, so that one script may hold all keys of a request.
        return f"{self._lineage.prefix}{{rate}}:{name}"
