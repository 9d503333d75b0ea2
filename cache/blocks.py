"""Blocks: the encoded JSON of consecutive messages for one selection, packed, in the process and for 300 s in Redis.

Rule: a block says as of which event and which profile change it is true and whom it shows, so whoever finds one can tell
whether it may be used, wherever it was made. Those in Redis have the version of the code that encoded them in their keys.
"""

from array import array
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, cast

import orjson
from blake3 import blake3
from lz4 import block as lz4

from cache.flights import Flights
from cache.lineage import prefix_of
from cache.redis_level import Redis, RedisLevel, reading
from models.read_watch import declared

# What a block takes beside its bytes: its key and its place in the memory, and the ends.
OVERHEAD_BYTES = 1000
PERSON_BYTES = 60
TTL_S = 300
# Some MB, which Redis takes in a millisecond or two.
MAX_WAITING = 200
_DIGEST_BYTES = 12


class BlockKey(NamedTuple):
    epoch_hex: str
    channel_id: int
    number: int
    selection: Hashable


@dataclass(frozen=True, slots=True)
class Block:
    """Fragments of consecutive messages, true as of an event and a profile change.

    They lie in one piece, with commas between them, and packed: names, keys and ids repeat, so that a quarter to a half is
    left. `ends` says where each ends. `newest_us` is when the last of them was written, 0 where that is not known.
    """

    as_of: int
    last_profile: int
    people: dict[int, int]
    packed: bytes
    ends: "array[int]"
    newest_us: int

    @classmethod
    def of(cls, as_of: int, last_profile: int, people: dict[int, int], fragments: bytes, ends: "array[int]") -> "Block":
        """Return a block of fragments with commas between them."""
        return cls(as_of, last_profile, people, lz4.compress(fragments), ends, 0)

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def weight(self) -> int:
        """How many bytes it takes."""
        return len(self.packed) + OVERHEAD_BYTES + PERSON_BYTES * len(self.people)

    def json(self) -> bytes:
        """Return all fragments of the block, with commas between them."""
        return cast(bytes, lz4.decompress(self.packed))

    def cut(self, first: int, last: int) -> bytes:
        """Return the fragments first..last of the block, counted from 0, with commas between them."""
        return self.json()[self.ends[first - 1] + 1 if first else 0 : self.ends[min(last, len(self.ends) - 1)]]

    def encoded(self) -> bytes:
        """Return the block as it lies in Redis: a line that says what it is, and its fragments."""
        said = (self.as_of, self.last_profile, self.newest_us, self.ends.tolist(), [*self.people.items()])
        return orjson.dumps(said) + b"\n" + self.packed

    @classmethod
    def decoded(cls, value: bytes) -> "Block":
        """Return the block that a value in Redis is. Raises Unreadable."""
        with reading():
            line, _, packed = value.partition(b"\n")
            as_of, last_profile, newest_us, ends, shown = orjson.loads(line)
            people = {int(user_id): int(number) for user_id, number in shown}
            block = cls(int(as_of), int(last_profile), people, packed, array("I", ends), int(newest_us))
            if ends[-1:] != [int.from_bytes(packed[:4], "little")] or any(end <= before for before, end in pairwise(ends)):
                raise ValueError(ends)
            try:
                block.json()
            except lz4.LZ4BlockError as error:
                raise ValueError(packed) from error
            return block


class SharedBlocks:
    """Blocks in Redis, which one process encodes and all cut pages from.

    `version` is of all code that encodes: what another version made is not found.
    """

    def __init__(self, redis: RedisLevel, version: str) -> None:
        self._redis = redis
        self._version = version
        self._waiting: dict[BlockKey, Block] = {}
        self._reads: Flights[BlockKey, Block] = Flights(self._read)

    async def get(self, keys: Sequence[BlockKey]) -> list[Block | None]:
        """Return the block of each key, None where there is none; whether it may be used is the caller's to see."""
        if not self._redis.configured or self._redis.rests:
            return [None] * len(keys)
        with declared():  # what a block is true as of is compared with the head
            coming = [self._reads.get(key) for key in keys]
            return [await block for block in coming]

    def put(self, blocks: Mapping[BlockKey, Block]) -> None:
        """Keep blocks for all, when Redis has time; those that wait are written together."""
        self._waiting.update(blocks)
        while len(self._waiting) > MAX_WAITING:
            del self._waiting[next(iter(self._waiting))]
        if blocks:
            self._redis.later(self._write)

    async def _write(self, client: Redis) -> None:
        waiting, self._waiting = self._waiting, {}
        if waiting:
            async with client.pipeline(transaction=False) as pipe:
                for key, block in waiting.items():
                    pipe.set(self._name(key), block.encoded(), ex=self._redis.ttl_s(TTL_S))
                await pipe.execute()

    async def _read(self, keys: list[BlockKey]) -> dict[BlockKey, Block]:
        async def read(client: Redis) -> dict[BlockKey, Block]:
            async with client.pipeline(transaction=False) as pipe:
                for key in keys:
                    pipe.get(self._name(key))
                values = await pipe.execute()
            return {key: Block.decoded(value) for key, value in zip(keys, values, strict=True) if value is not None}

        return await self._redis.attempt(read) or {}

    def _name(self, key: BlockKey) -> str:
        prefix = prefix_of(key.epoch_hex)
        return f"{prefix}{{c{key.channel_id}}}:block:{key.number}:{_digest(key.selection)}:{self._version}"


@lru_cache(maxsize=1000)
def _digest(selection: Hashable) -> str:
    """Return what tells a selection, which is made of names, from others in all processes."""
    return blake3(repr(selection).encode()).hexdigest(_DIGEST_BYTES)
