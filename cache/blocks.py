"""Blocks: the encoded JSON of consecutive messages for one selection, packed, in the process and for 300 s in Redis.

Rule: a block says as of which event and which profile change it is true and whom it shows, so whoever finds one can tell
whether it may be used, wherever it was made. Those in Redis have the version of the code that encoded them in their keys.
"""

from array import array
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, cast

import orjson
from blake3 import blake3
from lz4 import block as lz4

from cache.flights import Flights
from cache.lineage import prefix_of
from cache.lru import Lru
from cache.redis_level import Redis, RedisLevel, Unreadable, reading
from models.read_watch import declared

# What a block takes beside its bytes: its key and its place in the memory, and the ends.
OVERHEAD_BYTES = 1000
PERSON_BYTES = 60
TTL_S = 300
# Of 64 messages of 4,000 bytes; unpacked in 100 us.
LONGEST_PACKED_BYTES = 256 * 1024
# Which Redis takes in a millisecond or two.
MAX_WAITING_BYTES = 2 << 20
# From how many blocks on that a process made for it a selection of fields is that of many, and not one that somebody made up.
COMMON_FROM = 16
MAX_SELECTIONS = 1000
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
    left. Longer ones stay as they are: to unpack all for the sake of one would take too long. `ends` says where each ends.
    `newest_us` is when the last of them was written, 0 where that is not known.
    """

    as_of: int
    last_profile: int
    people: dict[int, int]
    held: bytes
    ends: "array[int]"
    newest_us: int
    is_packed: bool = True

    @classmethod
    def of(cls, as_of: int, last_profile: int, people: dict[int, int], fragments: bytes, ends: "array[int]") -> "Block":
        """Return a block of fragments with commas between them."""
        is_packed = len(fragments) <= LONGEST_PACKED_BYTES
        return cls(as_of, last_profile, people, lz4.compress(fragments) if is_packed else fragments, ends, 0, is_packed)

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def weight(self) -> int:
        """How many bytes it takes."""
        return len(self.held) + OVERHEAD_BYTES + PERSON_BYTES * len(self.people)

    def json(self) -> bytes:
        """Return all fragments of the block, with commas between them."""
        return cast(bytes, lz4.decompress(self.held)) if self.is_packed else self.held

    def cut(self, first: int, last: int) -> bytes:
        """Return the fragments first..last of the block, counted from 0, with commas between them."""
        return self.json()[self.ends[first - 1] + 1 if first else 0 : self.ends[min(last, len(self.ends) - 1)]]

    def encoded(self, name: str) -> bytes:
        """Return a packed block as it lies in Redis under `name`: a digest, a line that says what it is, and its fragments."""
        said = (self.as_of, self.last_profile, self.newest_us, self.ends.tolist(), [*self.people.items()])
        value = orjson.dumps(said) + b"\n" + self.held
        return _sum(name, value) + value

    @classmethod
    def decoded(cls, name: str, found: bytes) -> "Block":
        """Return the block that lies in Redis under `name`. Raises Unreadable for all but what was written there, whole."""
        with reading():
            digest, value = found[:_DIGEST_BYTES], found[_DIGEST_BYTES:]
            if digest != _sum(name, value):
                raise ValueError(found[:100])
            line, _, packed = value.partition(b"\n")
            as_of, last_profile, newest_us, ends, people = orjson.loads(line)
            return cls(as_of, last_profile, dict(people), packed, array("I", ends), newest_us)


def _sum(name: str, value: bytes) -> bytes:
    return blake3(name.encode() + value).digest(_DIGEST_BYTES)


class SharedBlocks:
    """Blocks in Redis, which one process encodes and all cut pages from.

    `version` is of all code that encodes: what another version made is not found.
    """

    def __init__(self, redis: RedisLevel, version: str) -> None:
        self._redis = redis
        self._version = version
        self._made: Lru[Hashable, int] = Lru(MAX_SELECTIONS)
        self._waiting: Lru[BlockKey, Block] = Lru(MAX_WAITING_BYTES)
        self._reads: Flights[BlockKey, Block] = Flights(self._read)

    async def get(self, keys: Sequence[BlockKey]) -> list[Block | None]:
        """Return the block of each key, None where there is none; whether it may be used is the caller's to see."""
        if not self._redis.configured or self._redis.rests:
            return [None] * len(keys)
        with declared():  # what a block is true as of is compared with the head
            coming = [self._reads.get(key) for key in keys]
            return [await block for block in coming]

    def put(self, blocks: Mapping[BlockKey, Block]) -> None:
        """Keep blocks for all, when Redis has time, of selections that are common; those that wait are written together."""
        if not self._redis.configured or self._redis.rests:
            return
        for key, block in blocks.items():
            made = (self._made.get(key.selection) or 0) + 1
            self._made.put(key.selection, made)
            if made >= COMMON_FROM and block.is_packed:
                self._waiting.put(key, block, block.weight)
        if len(self._waiting):
            self._redis.later(self._write)

    async def _write(self, client: Redis) -> None:
        waiting, self._waiting = self._waiting, Lru(MAX_WAITING_BYTES)
        async with client.pipeline(transaction=False) as pipe:
            for key, block in waiting.items():
                name = self._name(key)
                pipe.set(name, block.encoded(name), ex=self._redis.ttl_s(TTL_S))
            await pipe.execute()

    async def _read(self, keys: list[BlockKey]) -> dict[BlockKey, Block]:
        names = [self._name(key) for key in keys]

        async def read(client: Redis) -> list[object]:
            async with client.pipeline(transaction=False) as pipe:
                for name in names:
                    pipe.get(name)
                return list(await pipe.execute(raise_on_error=False))

        found = {}
        for key, name, value in zip(keys, names, await self._redis.attempt(read) or (), strict=False):
            if isinstance(value, bytes):
                try:
                    found[key] = Block.decoded(name, value)
                except Unreadable as error:  # the others are none the worse
                    self._redis.found_unreadable(error)
        return found

    def _name(self, key: BlockKey) -> str:
        prefix = prefix_of(key.epoch_hex)
        return f"{prefix}{{c{key.channel_id}}}:block:{key.number}:{_digest(key.selection)}:{self._version}"


@lru_cache(maxsize=1000)
def _digest(selection: Hashable) -> str:
    """Return what tells a selection, which is made of names, from others in all processes."""
    return blake3(repr(selection).encode()).hexdigest(_DIGEST_BYTES)
