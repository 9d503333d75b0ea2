"""A bounded memory that forgets what was unused for long, for what every poll looks up.

Rule: the bound is on a total of weights, such as bytes. A look-up touches the one entry it is about: the order is that in
which entries came, and one that was used since it was last looked at has a second chance (CLOCK). An exact order of use would
be a list whose neighbours every look-up rewrites, which under many keys are three accesses to slow memory, four times a poll.
"""

from array import array
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

# How many entries one that comes may look at for each that goes: some microseconds.
CHANCES = 50
_64_BITS = (1 << 64) - 1


class _Entry(Generic[V]):
    """A value, its weight, and whether it was used since it was last looked at."""

    __slots__ = ("used", "value", "weight")

    def __init__(self, value: V, weight: int) -> None:
        self.value, self.weight, self.used = value, weight, True


class Lru(Generic[K, V]):
    """Remembers values up to a total `limit` of their weights; `weight` is what is remembered now."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[K, _Entry[V]] = OrderedDict()
        self.weight = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """Return what is remembered of `key`, or None."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        entry.used = True
        return entry.value

    def put(self, key: K, value: V, weight: int = 1) -> None:
        """Remember `value` under `key`; what alone is heavier than the limit is not remembered."""
        self.forget(key)
        if weight > self._limit:
            return
        self._entries[key] = _Entry(value, weight)
        self.weight += weight
        while self.weight > self._limit:
            self._forget_one()

    def forget(self, key: K) -> None:
        """Forget `key`."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.weight -= entry.weight

    def items(self) -> list[tuple[K, V]]:
        """Return everything, in the order in which it would be looked at."""
        return [(key, entry.value) for key, entry in self._entries.items()]

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self.weight = 0

    def _forget_one(self) -> None:
        """Forget the first entry that was not used since it was last looked at, or the one after many that were."""
        entries = self._entries
        chances = min(CHANCES, len(entries))  # once around at most, to the first one again
        key, entry = entries.popitem(last=False)
        for _ in range(chances):
            if not entry.used:
                break
            entry.used = False
            entries[key] = entry
            key, entry = entries.popitem(last=False)
        self.weight -= entry.weight


# What a process keeps of requests, fragments and whole answers, all of them together: what is asked for most displaces the
# rest, so that neither long histories nor many channels need a memory of their own.
Memory = Lru[Hashable, Any]
MEMORY_BYTES = 30 << 20


def compact(encoded: bytes) -> bytes:
    """Return bytes to keep: a copy without the room, up to 4 kB, that orjson leaves behind what it wrote."""
    return bytes(memoryview(encoded))


class SecondSight:
    """Tells what was seen before, so that what is asked for once, as a scroll through history is, is not kept.

    It has `places` for marks of 32 bits. A key has one place, where the next one that has it displaces its mark: of keys seen
    as many others ago as there are places, a third (1/e) is still known. Of two thousand million new keys, one is taken for known.
    """

    def __init__(self, places: int) -> None:
        self._marks = array("I", bytes(4 * places))

    def seen_before(self, key: Hashable) -> bool:
        """Whether an equal key came before, lately; from now on it has."""
        known = hash((key,)) & _64_BITS  # of a tuple, because numbers are their own hashes
        place, mark = known % len(self._marks), known >> 32 | 1
        if self._marks[place] == mark:
            return True
        self._marks[place] = mark
        return False
