"""Leases: of many processes that miss the same copy, one reads the store and the others wait a moment for its copy.

Rule: a lease saves work and decides nothing. It ends by itself, nobody waits longer than it lasts, and without Redis
everybody reads.
"""

import asyncio
import random
import secrets
from collections.abc import Awaitable, Callable
from typing import TypeVar

from cache.redis_level import Redis, RedisLevel

T = TypeVar("T")

# Longer than a read of the store takes, far shorter than a person notices.
LEASE_MS = 500
WAIT_S = 0.25
LOOK_S = 0.01


class Leases:
    """Lets one process at a time fill a copy."""

    def __init__(self, redis: RedisLevel) -> None:
        self._redis = redis

    async def fill(self, key: str, look: Callable[[], Awaitable[T | None]], read: Callable[[], Awaitable[T]]) -> T:
        """Return what `look` finds once another process has filled it, or what `read` reads.

        `look` looks into Redis and gives None where the copy is not there; `read` reads the store and writes the copy.
        """
        if await self._held_by_another(key):
            deadline = asyncio.get_running_loop().time() + WAIT_S
            while asyncio.get_running_loop().time() < deadline:
                await asyncio.sleep(LOOK_S * (0.5 + random.random()))  # noqa: S311  # spread, not secrecy
                found = await look()
                if found is not None:
                    return found
        return await read()

    async def _held_by_another(self, key: str) -> bool:
        """Take the lease; returns whether it is somebody else's. Without Redis it is nobody's."""

        async def take(client: Redis) -> bool:
            return bool(await client.set(f"{key}:lease", secrets.token_hex(4), nx=True, px=LEASE_MS))

        return await self._redis.attempt(take) is False
