"""A store and a Redis for the real classes: each operation waits at a gate before it happens, and again before its
result is told.

Rule: between the two gates anything else may happen, as it may on a network. What they hold is what the statements and
commands of cache/ and models/ ask for, and a statement that is not known here is an error.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self, TypeVar, cast

from cache.redis_level import Redis, RedisLevel
from models.database import Database, Row
from models.dialect import PostgreSQL
from tests.model.gated_loop import Gates, at_once
from tests.model.parts import changed, head_at

T = TypeVar("T")

CHANNEL = 7


class GatedStore(Database):
    """One channel by its events, and the profile log; see tests/model/parts.py for what their numbers mean."""

    def __init__(self, gates: Gates) -> None:
        self.dialect = PostgreSQL()
        self._gates = gates
        self.events: tuple[int, ...] = ()
        self.log: tuple[int, ...] = ()
        self.epoch = 1
        self.written_in: dict[tuple[str, int], int] = {}  # the epoch of an event or a profile change

    def write(self, kind: str, touched: int) -> None:
        """Commit an event of message `touched`, or a change of that person's profile."""
        log = (*(self.events if kind == "event" else self.log), touched)
        self.written_in[kind, len(log)] = self.epoch
        if kind == "event":
            self.events = log
        else:
            self.log = log

    def rewind(self, last_event: int, last_profile: int) -> None:
        """Go back to an older state, as a restored dump or a promoted replica does, under a new epoch."""
        self.events, self.log = self.events[:last_event], self.log[:last_profile]
        self.epoch += 1

    def content(self, kind: str, number: int) -> str:
        """Return what the given event or profile change wrote."""
        return f"{kind} {number} of epoch {self.written_in[kind, number]}" if number else "as made"

    async def rows(self, sql: str, *args: object) -> list[Row]:
        read = next(read for words, read in self._reads().items() if words in sql)
        name = read.__name__.strip("_")
        await self._gates.wait(f"store: {name} {args}")
        rows = read(*args)
        await self._gates.wait(f"store: {name} {args} gave {[tuple(row.values())[:3] for row in rows]}")
        return rows

    async def tuples(self, sql: str, *args: object) -> list[list[object]]:
        return [list(row.values()) for row in await self.rows(sql, *args)]

    def _reads(self) -> dict[str, Callable[..., list[Row]]]:
        return {
            "JOIN channels AS c": self._heads,
            "FROM messages WHERE channel_id = $1 AND seq >= $2": self._messages,
            "FROM channel_events WHERE": self._changed,
            "FROM users WHERE": self._people,
            "FROM profile_log WHERE": self._changed_people,
            "SELECT epoch_hex FROM": self._identity,
            "FROM cursor_keys": self._keys,
        }

    def _heads(self, channels: Sequence[int], viewers: Sequence[int]) -> list[Row]:
        head = head_at(self.events, len(self.events))
        return [
            {
                "channel_id": channel, "user_id": viewer, "kind": "PUBLIC", "last_event": len(self.events),
                "last_message": head.last_message, "last_change": head.last_change, "meta_version": 1, "member_count": 2,
                "archived_us": None, "role": None, "read_seq": None, "last_mention": None, "read_mention": None,
                "epoch_hex": f"{self.epoch:016x}", "last_profile": len(self.log),
            }
            for channel, viewer in zip(channels, viewers, strict=True)
        ]  # fmt: skip

    def _messages(self, channel_id: int, first: int, last: int) -> list[Row]:
        return [self.message(seq) for seq in range(first, min(last, max(self.events, default=0)) + 1)]

    def message(self, seq: int) -> Row:
        version = newest(self.events, seq)
        return {
            "channel_id": CHANNEL, "seq": seq, "version": version, "author_id": 1, "content": self.content("event", version),
            "created_us": 1, "edited_us": None, "deleted_us": None, "reply_to_seq": None, "client_message_id": None,
            "mentions": None,
            "reactions": None,
        }  # fmt: skip

    def _changed(self, channel_id: int, after: int, upto: int) -> list[Row]:
        return [{"seq": seq} for seq in sorted(changed(self.events, after, min(upto, len(self.events))))]

    def _people(self, user_ids: Sequence[int]) -> list[Row]:
        return [
            {
                "id": n,
                "profile_number": newest(self.log, n),
                "uid": f"u{n}",
                "name": self.content("profile", newest(self.log, n)),
                "image": None,
            }
            for n in sorted(user_ids)
        ]

    def _changed_people(self, after: int, upto: int) -> list[Row]:
        return [{"user_id": person} for person in sorted(set(self.log[after:upto]))]

    def _identity(self) -> list[Row]:
        return [{"epoch_hex": f"{self.epoch:016x}"}]

    def _keys(self) -> list[Row]:
        return [{"number": 1, "secret_hex": "00" * 32}]


def newest(log: Sequence[int], touched: int) -> int:
    """Return the number of the last entry that touched this, 0 for none."""
    return max((n for n, one in enumerate(log, 1) if one == touched), default=0)


class SortedSets:
    """The commands that cache/recent.py and cache/lease.py give, on all sorted sets by key; also their pipeline."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self.members: dict[str, dict[bytes, int]] = {}
        self.leased_until_s: dict[str, float] = {}
        self._piped: list[Callable[[], None]] = []

    async def zrange(self, key: str, first: int, last: int, *, byscore: bool) -> list[bytes]:
        assert byscore
        found = [(score, member) for member, score in self.members.get(key, {}).items() if first <= score <= last]
        return [member for _, member in sorted(found)]

    async def set(self, key: str, value: str, *, nx: bool, px: int) -> bool | None:
        assert nx
        if self.leased_until_s.get(key, -1.0) > self._clock_s():
            return None
        self.leased_until_s[key] = self._clock_s() + px / 1000
        return True

    def pipeline(self, *, transaction: bool) -> Self:
        assert transaction
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._piped.clear()

    def zremrangebyscore(self, key: str, first: int, last: int) -> None:
        def remove() -> None:
            self.members[key] = {m: s for m, s in self.members.get(key, {}).items() if not first <= s <= last}

        self._piped.append(remove)

    def zadd(self, key: str, members: dict[bytes, int]) -> None:
        self._piped.append(lambda: self.members.setdefault(key, {}).update(members))

    def zremrangebyrank(self, key: str, first: int, last: int) -> None:
        """Nothing: the histories are shorter than the cap."""

    def expire(self, key: str, seconds: int) -> None:
        """Nothing: to expire is to be flushed."""

    async def execute(self) -> None:
        for command in self._piped:
            command()


class GatedRedis(RedisLevel):
    """A Redis whose writes happen when the test says so, in any order, and which can be flushed, rolled back or away."""

    def __init__(self, gates: Gates, clock_s: Callable[[], float], *, present: bool) -> None:
        super().__init__(None, jitter=lambda: 0.0)
        self._present = present
        self._gates = gates
        self.sets = SortedSets(clock_s)
        self.behind: list[Callable[[Redis], Awaitable[None]]] = []
        self.away = False

    async def attempt(self, operation: Callable[[Redis], Awaitable[T]], *, deadline_s: float = 0.0) -> T | None:
        if not self._present:
            return None
        await self._gates.wait("redis")
        found = None if self.away else await operation(self._client_now())
        await self._gates.wait(f"redis: gave {found}")
        return found

    def later(self, write: Callable[[Redis], Awaitable[None]]) -> None:
        if self._present:
            self.behind.append(write)

    def take(self, n: int) -> None:
        """Do the n-th of the writes that wait."""
        at_once(cast("Any", self.behind.pop(n)(self._client_now())))

    def _client_now(self) -> Redis:
        return cast("Redis", self.sets)
