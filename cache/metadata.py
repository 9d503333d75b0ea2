"""Channel metadata, in the process and for 300 s in Redis.

Rule: a copy is keyed by its version, which comes with the head, so it is immutable and cannot be stale.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import NamedTuple

import orjson

from cache.flights import Flights
from cache.lineage import Lineage, prefix_of
from cache.lru import Lru
from cache.redis_level import Redis, RedisLevel, reading
from models.channel import ChannelKind, ChannelMetadata, metadata
from models.database import Database
from models.errors import NotFound
from models.head import ChannelHead

TTL_S = 300
MAX_CHANNELS = 10_000


class _Key(NamedTuple):
    """What a copy is a copy of, for ever."""

    epoch_hex: str
    channel_id: int
    version: int


class MetadataCopies:
    """Reads metadata through the levels. `answered` counts which level answered."""

    def __init__(self, db: Database, redis: RedisLevel, lineage: Lineage) -> None:
        self._db = db
        self._redis = redis
        self._lineage = lineage
        self._copies: Lru[_Key, ChannelMetadata] = Lru(MAX_CHANNELS)
        lineage.on_change(self._copies.clear)
        self._misses: Flights[_Key, ChannelMetadata] = Flights(self._read)
        self.answered: Counter[str] = Counter()

    async def get(self, head: ChannelHead) -> ChannelMetadata:
        """Return the channel's metadata, of the head's version or newer. Raises Unavailable."""
        key = _Key(head.epoch_hex, head.channel_id, head.meta_version)
        copy = self._copies.get(key)
        if copy is not None:
            self.answered["process"] += 1
            return copy
        found = await self._misses.get(key)
        if found is None:
            raise NotFound
        return found

    async def _read(self, keys: list[_Key]) -> dict[_Key, ChannelMetadata]:
        found = await self._from_redis(keys)
        self.answered["redis"] += len(found)
        missing = [key for key in keys if key not in found]
        if missing:
            self.answered["store"] += len(missing)
            stored = {one.channel_id: one for one in await metadata(self._db, [key.channel_id for key in missing])}
            read = {key: stored[key.channel_id] for key in missing if key.channel_id in stored}
            self._to_redis({key._replace(version=one.version): one for key, one in read.items()})
            found |= read
        # What was read under an epoch that ended meanwhile is nobody's but these polls'.
        for key, one in found.items():
            if key.epoch_hex == self._lineage.epoch_hex:
                self._copies.put(key._replace(version=one.version), one)
        return found

    async def _from_redis(self, keys: Sequence[_Key]) -> dict[_Key, ChannelMetadata]:
        async def read(client: Redis) -> dict[_Key, ChannelMetadata]:
            async with client.pipeline(transaction=False) as pipe:
                for key in keys:
                    pipe.get(_name(key))
                values = await pipe.execute()
            return {key: _decoded(value) for key, value in zip(keys, values, strict=True) if value is not None}

        return await self._redis.attempt(read) or {}

    def _to_redis(self, found: Mapping[_Key, ChannelMetadata]) -> None:
        async def write(client: Redis) -> None:
            async with client.pipeline(transaction=False) as pipe:
                for key, one in found.items():
                    pipe.set(_name(key), _encoded(one), ex=self._redis.ttl_s(TTL_S))
                await pipe.execute()

        self._redis.later(write)


def _name(key: _Key) -> str:
    return f"{prefix_of(key.epoch_hex)}{{c{key.channel_id}}}:meta:{key.version}"


def _encoded(copy: ChannelMetadata) -> bytes:
    return orjson.dumps(asdict(copy))


def _decoded(value: bytes) -> ChannelMetadata:
    with reading():
        fields = orjson.loads(value)
        return ChannelMetadata(**{**fields, "kind": ChannelKind(fields["kind"]), "member_ids": tuple(fields["member_ids"])})
