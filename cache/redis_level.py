"""The level in Redis: shared by all processes, and never waited for.

Rule: an operation ends within its deadline, and a failure is None, counted, and for a while not tried again. Nobody
above this file knows Redis's errors.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

from redis.asyncio import Redis as _Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError, SlotNotCoveredError

from cache.redis_client import DEADLINE_S, close, subscribed
from cache.redis_cluster import cluster_of
from models.tasks import end

log = logging.getLogger("pollux.redis")

T = TypeVar("T")

# The client, as this room's files name it.
Redis = _Redis

FAILURES_TO_OPEN = 3
OPEN_S = 1.0
# Writes that may wait; more means that Redis cannot keep up, and the copies are not worth waiting for.
MAX_LATER = 1000


class Unreadable(Exception):
    """A value was written by another version of this program, or by somebody else: as good as absent."""


@contextmanager
def reading() -> Iterator[None]:
    """Turn whatever goes wrong while a value is decoded into Unreadable."""
    try:
        yield
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise Unreadable from error


class RedisLevel:
    """Runs operations against Redis, or against nothing when there is no client.

    After three failures in a row the breaker opens for about a second: operations then give None at once.
    """

    def __init__(
        self,
        client: Redis | None,
        *,
        clock_s: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._clock_s = clock_s
        self._jitter = jitter
        self._failures_in_a_row = 0
        self._open_until_s: float | None = None
        self._probing = False
        self._later: asyncio.Queue[Callable[[Redis], Awaitable[None]]] = asyncio.Queue(MAX_LATER)
        self._waiting: set[Callable[[Redis], Awaitable[None]]] = set()
        self._writer: asyncio.Task[None] | None = None
        # This level and its siblings, by what they are for.
        self.levels = {"copies": self}
        self.attempts = 0
        self.failures = 0
        self.unreadable = 0

    @property
    def configured(self) -> bool:
        return self._client is not None

    @property
    def rests(self) -> bool:
        """Whether the breaker is open."""
        return self._open_until_s is not None

    def sibling(self, use: str) -> "RedisLevel":
        """Return a level over the same client whose failures are its own; it ends with the first, or before."""
        level = self.levels[use] = RedisLevel(self._client, clock_s=self._clock_s, jitter=self._jitter)
        return level

    async def attempt(self, operation: Callable[[Redis], Awaitable[T]], *, deadline_s: float = DEADLINE_S) -> T | None:
        """Return what `operation` returns, or None where Redis is absent, slow, broken or resting, or holds what it cannot read."""
        if self._client is None or not self._may_try():
            return None
        self.attempts += 1
        try:
            async with asyncio.timeout(deadline_s):
                result = await operation(self._client)
        except (RedisError, SlotNotCoveredError, OSError, TimeoutError) as error:
            self._failed(error)
            return None
        except AttributeError as error:
            # redis-py: while a connection to a node shakes hands, whoever fails beside it disconnects the node, and there is
            # nothing left to write to.
            if cluster_of(self._client) is None:
                raise
            self._failed(error)
            return None
        except Unreadable as error:
            self.found_unreadable(error)
            return None
        finally:
            self._probing = False
        self._worked()
        return result

    def found_unreadable(self, error: Unreadable) -> None:
        """Take note of a value that cannot be read."""
        self.unreadable += 1
        log.warning("Redis holds what cannot be read: %r", error.__cause__)

    def _may_try(self) -> bool:
        """Whether the breaker lets this operation pass; after its rest, one at a time until one works."""
        if self._open_until_s is None:
            return True
        if self._probing or self._clock_s() < self._open_until_s:
            return False
        self._probing = True
        return True

    def _worked(self) -> None:
        self._failures_in_a_row = 0
        if self._open_until_s is not None:
            self._open_until_s = None
            log.info("Redis answers again")

    def later(self, write: Callable[[Redis], Awaitable[None]]) -> None:
        """Run `write` after the present request, in order, ignoring its failure; dropped where too many wait already.

        One that waits already is not run twice.
        """
        if self._client is None or self._later.full() or write in self._waiting:
            return
        self._waiting.add(write)
        self._later.put_nowait(write)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_behind(), name="redis writes")

    async def settled(self) -> None:
        """Wait until every write handed to `later` was tried."""
        await self._later.join()

    async def _write_behind(self) -> None:
        while True:
            write = await self._later.get()
            self._waiting.discard(write)
            try:
                await self.attempt(write)
            except Exception:  # the copies of one request are not worth those of all later ones
                log.exception("a write to Redis failed")
            finally:
                self._later.task_done()

    def ttl_s(self, seconds: int) -> int:
        """Return a time to live of `seconds`, less up to a tenth, so that keys made together do not end together."""
        return max(1, round(seconds * (1 - 0.1 * self._jitter())))

    def subscribed(self, name: str) -> AbstractAsyncContextManager[PubSub]:
        """Open a subscription over a connection of its own; there must be a client. Raises what ends it."""
        assert self._client is not None
        return subscribed(self._client, name)

    async def stop(self) -> None:
        """End the writing of what `later` was handed."""
        if self._writer is not None:
            await end(self._writer)

    async def close(self) -> None:
        """Stop with all siblings, and close the client's connections."""
        for level in self.levels.values():
            await level.stop()
        if self._client is not None:
            await close(self._client)

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        if (cluster := cluster_of(self._client)) is not None:
            cluster.look_again()
        self._failures_in_a_row += 1
        if self._open_until_s is None and self._failures_in_a_row < FAILURES_TO_OPEN:
            return
        if self._open_until_s is None:
            log.warning("Redis does not answer (%s); going on without it", type(error).__name__)
        self._open_until_s = self._clock_s() + OPEN_S * (0.75 + 0.5 * self._jitter())
