"""Channel metadata, in the process and for 300 s in Redis.

Rule: a copy is keyed by its version, which comes with the head, so it is immutable and cannot be stale.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

import orjson
from cachetools import LRUCache

from cache.flights import Flights
from cache.lineage import Lineage
from cache.redis_level import Redis, RedisLevel, reading
from models.channel import ChannelKind, ChannelMetadata, metadata
from models.database import Database
from models.errors import NotFound
from models.head import ChannelHead

TTL_S = 300
MAX_CHANNELS = 10_000


class MetadataCopies:
    """Reads metadata through the levels. `answered` counts which level answered."""

    def __init__(self, db: Database, redis: RedisLevel, lineage: Lineage) -> None:
        self._db = db
        self._redis = redis
        self._lineage = lineage
        self._copies: LRUCache[tuple[int, int], ChannelMetadata] = LRUCache(MAX_CHANNELS)
        lineage.on_change(self._copies.clear)
        self._misses: Flights[tuple[int, int], ChannelMetadata] = Flights(self._read)
        self.answered: Counter[str] = Counter()

    async def get(self, head: ChannelHead) -> ChannelMetadata:
        """Return the channel's metadata, of the head's version or newer. Raises Unavailable."""
        key = (head.channel_id, head.meta_version)
        copy = self._copies.get(key)
        if copy is not None:
            self.answered["process"] += 1
            return copy
        found = await self._misses.get(key)
        if found is None:
            raise NotFound
        return found

    async def _read(self, keys: list[tuple[int, int]]) -> dict[tuple[int, int], ChannelMetadata]:
        found = await self._from_redis(keys)
        self.answered["redis"] += len(found)
        missing = [key for key in keys if key not in found]
        if missing:
            self.answered["store"] += len(missing)
            stored = {m.channel_id: m for m in await metadata(self._db, [channel_id for channel_id, _ in missing])}
            self._to_redis(list(stored.values()))
            found |= {key: stored[key[0]] for key in missing if key[0] in stored}
        self._copies.update({(m.channel_id, m.version): m for m in found.values()})
        return found

    async def _from_redis(self, keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], ChannelMetadata]:
        names = [self._key(*key) for key in keys]

        async def read(client: Redis) -> dict[tuple[int, int], ChannelMetadata]:
            async with client.pipeline(transaction=False) as pipe:
                for name in names:
                    pipe.get(name)
                values = await pipe.execute()
            return {key: _decoded(value) for key, value in zip(keys, values, strict=True) if value is not None}

        return await self._redis.attempt(read) or {}

    def _to_redis(self, found: Sequence[ChannelMetadata]) -> None:
        async def write(client: Redis) -> None:
            async with client.pipeline(transaction=False) as pipe:
                for one in found:
                    pipe.set(self._key(one.channel_id, one.version), _encoded(one), ex=self._redis.ttl_s(TTL_S))
                await pipe.execute()

        self._redis.later(write)

    def _key(self, channel_id: int, version: int) -> str:
        return f"{self._lineage.prefix}{{c{channel_id}}}:meta:{version}"


def _encoded(copy: ChannelMetadata) -> bytes:
    return orjson.dumps(asdict(copy))


def _decoded(value: bytes) -> ChannelMetadata:
    with reading():
        fields = orjson.loads(value)
        return ChannelMetadata(**{**fields, "kind": ChannelKind(fields["kind"]), "member_ids": tuple(fields["member_ids"])})
