"""The bulletin: what each process tells all others, and hears from them, through Redis.

Rule: a process is heard while what it tells changes; one that has fallen silent is forgotten. Nothing of it is needed
for an answer to be right.
"""

import secrets
import time
from collections.abc import Callable

import orjson

from cache.lineage import Lineage
from cache.redis_level import Redis, RedisLevel, reading

DEADLINE_S = 0.5
# A process tells something new each second.
SILENT_S = 5.0
# The whole board ends by itself; a silent process is taken off by whoever notices.
KEEP_MS = 60_000


class Bulletin:
    """One hash in Redis, with a field for each process."""

    def __init__(self, redis: RedisLevel, lineage: Lineage, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._lineage = lineage
        self._clock_s = clock_s
        self._name = secrets.token_hex(8)
        self._number = 0
        # By process: what it told last, and since when this is known here.
        self._heard: dict[str, tuple[bytes, float]] = {}

    async def exchange(self, told: object) -> list[object] | None:
        """Tell the others, and return what each of them tells; None where Redis does not answer."""
        self._number += 1
        value = orjson.dumps([self._number, told])
        found = await self._redis.attempt(lambda client: self._exchange(client, value), deadline_s=DEADLINE_S)
        if found is None:
            return None
        now_s = self._clock_s()
        self._heard = {
            name: (told, since_s if told == before else now_s)
            for name, told in found.items()
            for before, since_s in [self._heard.get(name, (told, now_s))]
        }
        silent = [name for name, (_, since_s) in self._heard.items() if now_s - since_s > SILENT_S]
        if silent:
            self._redis.later(lambda client: self._take_off(client, silent))
        return [_decoded(told) for name, (told, _) in self._heard.items() if name not in silent]

    @property
    def _key(self) -> str:
        return f"{self._lineage.prefix}bulletin"

    async def _exchange(self, client: Redis, value: bytes) -> dict[str, bytes]:
        async with client.pipeline(transaction=False) as pipe:
            pipe.hset(self._key, self._name, value)
            pipe.pexpire(self._key, KEEP_MS)
            pipe.hgetall(self._key)
            *_, board = await pipe.execute()
        with reading():
            told = {name.decode(): value for name, value in board.items()}
        told.pop(self._name, None)
        return told

    async def _take_off(self, client: Redis, names: list[str]) -> None:
        await client.hdel(self._key, *names)


def _decoded(value: bytes) -> object:
    try:
        return orjson.loads(value)[1]
    except (ValueError, IndexError, TypeError, KeyError):
        return None  # told by another version
