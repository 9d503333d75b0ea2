"""Latencies: how long events took to reach people, as counts by size over a sliding minute.

Rule: a latency becomes a count in a bucket at once; whose it was is never kept. Buckets are an eighth of an octave, so
that a percentile is right to 5 %, and counts of several processes are added.
"""

import math
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, cast

WINDOW_S = 60
SLOT_S = 5
LONGEST_MS = 600_000
_PER_OCTAVE = 8


class EventType(Enum):
    """What reached somebody."""

    MESSAGE = "MESSAGE"
    NOTIFICATION = "NOTIFICATION"
    PRESENCE = "PRESENCE"


@dataclass(slots=True)
class Histogram:
    """How many latencies there were of each size, by bucket, and their sum in milliseconds."""

    counts: Counter[int] = field(default_factory=Counter)
    total_ms: float = 0.0

    def add(self, latency_ms: float) -> None:
        """Count one latency; what is longer than ten minutes counts as ten minutes."""
        bounded = min(float(LONGEST_MS), max(0.0, latency_ms))
        self.counts[_bucket(bounded)] += 1
        self.total_ms += bounded

    def merge(self, counts: Mapping[int, int], total_ms: float) -> None:
        """Add another histogram."""
        self.counts.update(counts)
        self.total_ms += total_ms

    @property
    def count(self) -> int:
        return self.counts.total()

    @property
    def average_ms(self) -> float | None:
        """The mean, exact; None where nothing was counted."""
        return self.total_ms / self.count if self.count else None

    def quantile_ms(self, share: float) -> float | None:
        """Return the latency that a share of all did not exceed, to 5 %; None where nothing was counted."""
        wanted, seen = share * self.count, 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= wanted:
                return _middle_ms(bucket)
        return None


class Latencies:
    """The latencies of the last minute, in this process."""

    def __init__(self, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._slots: dict[EventType, deque[tuple[int, Histogram]]] = {type_: deque() for type_ in EventType}

    def record(self, type_: EventType, latencies_ms: Iterable[float]) -> None:
        """Count latencies."""
        slots, slot = self._slots[type_], int(self._clock_s() // SLOT_S)
        if not slots or slots[-1][0] != slot:
            slots.append((slot, Histogram()))
        for latency_ms in latencies_ms:
            slots[-1][1].add(latency_ms)

    def last_minute(self, type_: EventType) -> Histogram:
        """Return what was counted in the last minute, to the five seconds."""
        slots, oldest = self._slots[type_], int(self._clock_s() // SLOT_S) - WINDOW_S // SLOT_S
        while slots and slots[0][0] <= oldest:
            slots.popleft()
        found = Histogram()
        for _, histogram in slots:
            found.merge(histogram.counts, histogram.total_ms)
        return found

    def told(self) -> dict[str, list[object]]:
        """Return the last minute as other processes are told it."""
        last = {type_: self.last_minute(type_) for type_ in EventType}
        return {
            type_.value: [histogram.total_ms, *([bucket, count] for bucket, count in sorted(histogram.counts.items()))]
            for type_, histogram in last.items()
            if histogram.count
        }


def merged(own: Histogram, told: Iterable[object]) -> Histogram:
    """Return a histogram with those that other processes told added. Raises ValueError or TypeError for what is none."""
    found = Histogram()
    found.merge(own.counts, own.total_ms)
    for one in told:
        total_ms, *pairs = cast(Any, one)
        found.merge({int(bucket): int(count) for bucket, count in pairs}, float(total_ms))
    return found


def _bucket(latency_ms: float) -> int:
    return math.ceil(_PER_OCTAVE * math.log2(latency_ms)) + 1 if latency_ms >= 1 else 0


def _middle_ms(bucket: int) -> float:
    """Return the middle of a bucket, in proportion."""
    return round(2 ** ((bucket - 1.5) / _PER_OCTAVE), 1) if bucket else 0.5
