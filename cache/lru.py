"""A bounded memory that forgets what was unused longest, for what every poll looks up.

Rule: the bound is on a total of weights, such as bytes. cachetools' LRUCache does the same in Python at five times the
cost of a look-up; here the order is kept by the standard library's OrderedDict.
"""

from array import array
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_64_BITS = (1 << 64) - 1


class Lru(Generic[K, V]):
    """Remembers values up to a total `limit` of their weights; `weight` is what is remembered now."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self.weight = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """Return what is remembered of `key`, or None."""
        found = self._entries.get(key)
        if found is None:
            return None
        self._entries.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, weight: int = 1) -> None:
        """Remember `value` under `key`; what alone is heavier than the limit is not remembered."""
        self.forget(key)
        if weight > self._limit:
            return
        self._entries[key] = (value, weight)
        self.weight += weight
        while self.weight > self._limit:
            _, (_, least) = self._entries.popitem(last=False)
            self.weight -= least

    def forget(self, key: K) -> None:
        """Forget `key`."""
        found = self._entries.pop(key, None)
        if found is not None:
            self.weight -= found[1]

    def items(self) -> list[tuple[K, V]]:
        """Return everything, what was unused longest first."""
        return [(key, value) for key, (value, _) in self._entries.items()]

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self.weight = 0


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
