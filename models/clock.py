"""The wall clock, as microseconds since 1970 in UTC: one integer that both databases order, store and compare alike.

Passed in wherever time is read, so that tests set it.
"""

import time
from collections.abc import Callable

Clock = Callable[[], int]


def wall_clock_us() -> int:
    """Return now, in microseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1000
