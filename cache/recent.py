"""Recent messages: the newest 512 of a channel, in the process and in Redis, for 60 s from their last use.

Rule: a page is a range of seqs known from the head, so completeness is counting. A copy carries the event number it is
true as of; it may be used while the head's `last_change` is not beyond that number. In the process, the few messages
that changed meanwhile are dropped instead, as the channel's events name them.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

import orjson
from cachetools import TTLCache

from cache.flights import SingleFlight
from cache.lease import Leases
from cache.lineage import Lineage, prefix_of
from cache.redis_level import Redis, RedisLevel, reading
from models.database import Database
from models.errors import Unavailable
from models.event import changed_messages
from models.head import ChannelHead
from models.message import MessageRecord, messages_between, reaction_groups
from models.replica import Replica

log = logging.getLogger("pollux.cache")

CAP = 512
TTL_S = 60
# Of all channels together in this process, some 3,000 short messages: pages are mostly cut from fragments.
MAX_BYTES = 2 << 20
# Of one channel: long messages leave room for those of others.
MAX_RUN_BYTES = MAX_BYTES // 4
# A run without messages is kept somewhere too.
_RUN_BYTES = 500


@dataclass(slots=True)
class _Run:
    """Messages by seq, all of them true as of event `as_of`."""

    as_of: int
    messages: dict[int, MessageRecord] = field(default_factory=dict)
    size: int = _RUN_BYTES

    def between(self, first: int, last: int) -> list[MessageRecord] | None:
        found = [self.messages[seq] for seq in range(first, last + 1) if seq in self.messages]
        return found if len(found) == last - first + 1 else None

    def keep(self, records: Sequence[MessageRecord], *, as_of: int) -> None:
        # A copy that is older than the run's claim would inherit the claim without having earned it.
        if as_of >= self.as_of:
            self.add(records)

    def add(self, records: Sequence[MessageRecord]) -> None:
        """Hold messages that are as new as the claim; of too many, the newest."""
        for record in records:
            self.drop(record.seq)
            self.messages[record.seq] = record
            self.size += record.size
        if len(self.messages) > CAP or self.size > MAX_RUN_BYTES:
            self._shorten()

    def drop(self, seq: int) -> None:
        """Forget a message, if it is there."""
        known = self.messages.pop(seq, None)
        if known is not None:
            self.size -= known.size

    def _shorten(self) -> None:
        """Forget the oldest, down to what a run may hold."""
        for seq in sorted(self.messages):
            if len(self.messages) <= CAP and self.size <= MAX_RUN_BYTES:
                break
            self.drop(seq)


class _Wanted(NamedTuple):
    """A range of a channel's messages under one head; nobody joins a read that began under another."""

    epoch_hex: str
    channel_id: int
    last_event: int
    last_change: int
    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


class RecentMessages:
    """Reads ranges of messages through the levels. `answered` counts which level answered.

    Of a `replica`, if there is one, only what is older than the recent ones is asked.
    """

    def __init__(self, db: Database, redis: RedisLevel, lineage: Lineage, replica: Replica | None = None) -> None:
        self._db = db
        self.replica = replica
        self._redis = redis
        self._lineage = lineage
        self._runs: TTLCache[int, _Run] = TTLCache(MAX_BYTES, TTL_S, getsizeof=attrgetter("size"))
        lineage.on_change(self._runs.clear)
        self._leases = Leases(redis)
        self._misses: SingleFlight[_Wanted, list[MessageRecord]] = SingleFlight(self._fill)
        self._history: SingleFlight[_Wanted, list[MessageRecord]] = SingleFlight(self._from_history)
        self.answered: Counter[str] = Counter()

    async def between(self, head: ChannelHead, first: int, last: int) -> list[MessageRecord]:
        """Return the messages first..last, oldest first; both must lie within 1..head.last_message.

        Raises Unavailable where the store cannot answer.
        """
        if first > last:
            return []
        wanted = _Wanted(head.epoch_hex, head.channel_id, head.last_event, head.last_change, first, last)
        if first <= head.last_message - CAP or head.epoch_hex != self._lineage.epoch_hex:
            return await self._history.get(wanted)
        run = await self._current_run(head)
        found = run.between(first, last)
        if found is not None:
            self.answered["process"] += 1
            return found
        found = await self._misses.get(wanted)
        run.keep(found, as_of=head.last_event)
        return found

    def sent(self, message: MessageRecord, epoch_hex: str) -> None:
        """Take note of a message just committed, under the epoch that was read before it was sent."""
        run = self._runs.get(message.channel_id)
        if run is not None and epoch_hex == self._lineage.epoch_hex:
            run.keep([message], as_of=message.version)
        self._to_redis(epoch_hex, message.channel_id, [message], as_of=message.version)

    async def _current_run(self, head: ChannelHead) -> _Run:
        run = self._runs.get(head.channel_id)
        if run is None:
            run = _Run(as_of=head.last_event)
        elif head.last_change > run.as_of:
            for seq in await changed_messages(self._db, head.channel_id, after=run.as_of, upto=head.last_event):
                run.drop(seq)
            run.as_of = max(run.as_of, head.last_event)
        # Renewed by use, unless the epoch ended while we waited: then it is nobody's but this poll's.
        if head.epoch_hex == self._lineage.epoch_hex:
            self._runs[head.channel_id] = run
        return run

    async def _fill(self, wanted: _Wanted) -> list[MessageRecord]:
        """Return a range that this process lacks: from Redis, or where nobody has it, from the store, once for all."""
        found = await self._from_redis(wanted)
        if found is not None:
            return found

        async def read() -> list[MessageRecord]:
            stored = await self._from_store(wanted)
            self._to_redis(wanted.epoch_hex, wanted.channel_id, stored, as_of=wanted.last_event)
            return stored

        lease = f"{_key(wanted.epoch_hex, wanted.channel_id)}:{wanted.last_event}:{wanted.first}:{wanted.last}"
        return await self._leases.fill(lease, lambda: self._from_redis(wanted), read)

    async def _from_history(self, wanted: _Wanted) -> list[MessageRecord]:
        if self.replica is not None:
            found = await self.replica.messages_between(
                wanted.channel_id, wanted.first, wanted.last, epoch_hex=wanted.epoch_hex, last_change=wanted.last_change
            )
            if found is not None:
                self.answered["replica"] += 1
                return found
        return await self._from_store(wanted)

    async def _from_store(self, wanted: _Wanted) -> list[MessageRecord]:
        self.answered["store"] += 1
        found = await messages_between(self._db, wanted.channel_id, wanted.first, wanted.last)
        if len(found) != wanted.length:
            # The database went back between the head and this read; the next head will say so.
            log.error("%d messages where there must be %d: %s", len(found), wanted.length, wanted)
            raise Unavailable
        return found

    async def _from_redis(self, wanted: _Wanted) -> list[MessageRecord] | None:
        key = _key(wanted.epoch_hex, wanted.channel_id)

        async def read(client: Redis) -> list[tuple[int, MessageRecord]]:
            found = await client.zrange(key, wanted.first, wanted.last, byscore=True)
            return [_decoded(member) for member in found if isinstance(member, bytes)]

        newest: dict[int, tuple[int, MessageRecord]] = {}
        for as_of, record in await self._redis.attempt(read) or ():
            if as_of >= max(wanted.last_change, newest.get(record.seq, (0,))[0]):
                newest[record.seq] = (as_of, record)
        if len(newest) != wanted.length:
            return None
        self.answered["redis"] += 1
        return [newest[seq][1] for seq in sorted(newest)]

    def _to_redis(self, epoch_hex: str, channel_id: int, records: Sequence[MessageRecord], *, as_of: int) -> None:
        key, ttl_s = _key(epoch_hex, channel_id), self._redis.ttl_s(TTL_S)

        async def write(client: Redis) -> None:
            async with client.pipeline(transaction=True) as pipe:
                pipe.zremrangebyscore(key, records[0].seq, records[-1].seq)
                pipe.zadd(key, {_encoded(as_of, record): record.seq for record in records})
                pipe.zremrangebyrank(key, 0, -CAP - 1)
                pipe.expire(key, ttl_s)
                await pipe.execute()

        self._redis.later(write)


def _key(epoch_hex: str, channel_id: int) -> str:
    return f"{prefix_of(epoch_hex)}{{c{channel_id}}}:recent"


def _encoded(as_of: int, record: MessageRecord) -> bytes:
    return orjson.dumps((as_of, *record))


def _decoded(member: bytes) -> tuple[int, MessageRecord]:
    with reading():
        as_of, *values, mention_ids, reactions = orjson.loads(member)
        return int(as_of), MessageRecord._make((*values, tuple(mention_ids), reaction_groups(reactions)))
