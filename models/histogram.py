"""Histograms: how often values fell between bounds, counted with plain integers, because polls cannot pay for more.

Rule: counting is one search and two additions; whoever asks reads the numbers when they want them.
"""

from bisect import bisect_left
from collections.abc import Sequence

# Numbers of things that share a read or a transaction.
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Histogram:
    """Counts of values. `counts` has one more than `bounds`: the values beyond the last; `total` is the values' sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count a value; one that equals a bound is below it."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value
