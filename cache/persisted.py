"""Texts of automatic persisted queries: in the process, and in Redis until a day after their last use.

Rule: a text's key is its own hash, and what Redis returns is used only if it hashes to its key. So no copy can be
stale, and whoever can write to Redis cannot choose what anybody runs.
"""

import hashlib
import logging
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from cache.flights import Flights
from cache.lru import Lru
from cache.redis_level import Redis, RedisLevel
from models.read_watch import declared

log = logging.getLogger("pollux.persisted")

TTL_S = 24 * 3600
# How often a text that the process's own memory serves is written again: its day begins anew, and Redis may have been flushed.
RENEW_S = 3600
LONGEST_BYTES = 32 * 1024
# Some ten thousand operations of a usual size.
MAX_BYTES = 8 * 1024 * 1024
# That a process writes to Redis in RENEW_S, as many as it keeps: who makes up documents without end fills no Redis.
MAX_WRITTEN_BYTES = MAX_BYTES
# What an entry takes besides its text: the hash (113), two tuples, a float, two integers and a place in a dictionary.
ENTRY_BYTES = 400


class _Text(NamedTuple):
    text: str
    written_s: float


class PersistedTexts:
    """Finds texts by their hashes through the levels. `forged` counts what Redis held under another text's hash."""

    def __init__(self, redis: RedisLevel, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._clock_s = clock_s
        self._texts: Lru[str, _Text] = Lru(MAX_BYTES)
        self._misses: Flights[str, str] = Flights(self._read)
        self.forged = 0
        # Since when bytes are counted, and how many were written since.
        self._since_s, self._written_bytes = clock_s(), 0

    async def get(self, sha256: str) -> str | None:
        """Return the text with this hash, None where no level has it."""
        known = self._texts.get(sha256)
        if known is None:
            with declared():  # a text depends on its hash alone
                rider = self._misses.get(sha256)
            return await rider
        self.keep(sha256, known.text)
        return known.text

    def renew(self, sha256: str) -> None:
        """Let the text with this hash, if it is known here, live a day from now."""
        known = self._texts.get(sha256)
        if known is not None:
            self.keep(sha256, known.text)

    def keep(self, sha256: str, text: str) -> None:
        """Remember a text by its hash, which the caller has checked; a text longer than LONGEST_BYTES is not kept."""
        known = self._texts.get(sha256)
        now_s = self._clock_s()
        if known is not None and now_s - known.written_s <= RENEW_S:
            return
        data = text.encode()
        if len(data) > LONGEST_BYTES:
            return
        self._texts.put(sha256, _Text(text, now_s), _weight(text))
        if not self._may_write(len(data), now_s):
            return

        async def write(client: Redis) -> None:
            await client.set(_name(sha256), data, ex=TTL_S)

        self._redis.later(write)

    def _may_write(self, size: int, now_s: float) -> bool:
        """Whether Redis is to have so many bytes more."""
        if now_s - self._since_s > RENEW_S:
            self._since_s, self._written_bytes = now_s, 0
        self._written_bytes += size
        return self._written_bytes <= MAX_WRITTEN_BYTES

    async def _read(self, hashes: Sequence[str]) -> dict[str, str]:
        async def read(client: Redis) -> list[bytes | None]:
            async with client.pipeline(transaction=False) as pipe:
                for sha256 in hashes:
                    pipe.getex(_name(sha256), ex=TTL_S)
                values: list[bytes | None] = await pipe.execute()
            return values

        values = await self._redis.attempt(read) or [None] * len(hashes)
        texts = {sha256: self._checked(sha256, data) for sha256, data in zip(hashes, values, strict=True) if data is not None}
        found = {sha256: text for sha256, text in texts.items() if text is not None}
        for sha256, text in found.items():
            self._texts.put(sha256, _Text(text, self._clock_s()), _weight(text))
        return found

    def _checked(self, sha256: str, data: bytes) -> str | None:
        """Return the text, None where it is not the one with this hash."""
        if len(data) <= LONGEST_BYTES and hashlib.sha256(data).hexdigest() == sha256:
            try:
                return data.decode()
            except UnicodeDecodeError:
                pass  # bytes have a hash even where they are no text
        self.forged += 1
        log.warning("Redis holds something else under the hash %s of a persisted query", sha256)
        return None


def _weight(text: str) -> int:
    """What a text and its hash take in memory."""
    return sys.getsizeof(text) + ENTRY_BYTES


def _name(sha256: str) -> str:
    """A text is the same in every history of the database, so its key holds no epoch."""
    return f"pollux:1:apq:{sha256}"
