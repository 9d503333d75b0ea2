"""Back-off: how long to wait after a failure."""

from math import floor

FIRST_MS = 1000
LONGEST_MS = 30_000
# Retries that may be quicker than the interval that the server asked for.
QUICK_RETRIES = 3
# Beyond an hour a Retry-After is a mistake.
LONGEST_RETRY_AFTER_MS = 3_600_000


def backoff_ms(failures: int, random: float, *, interval_ms: int, retry_after_ms: int | None = None) -> int:
    """Return how long to wait after the failure with this number in a row, counted from 0.

    `random` is from 0 up to 1, `interval_ms` what the server last asked for. What the server says about this failure
    goes first.
    """
    if retry_after_ms is not None and retry_after_ms > 0:
        return floor(min(retry_after_ms, LONGEST_RETRY_AFTER_MS) * (1 + random / 2))
    longest = min(FIRST_MS << min(failures, 5), LONGEST_MS)
    wait_ms = floor(longest * (0.5 + random / 2))
    return wait_ms if failures < QUICK_RETRIES else max(wait_ms, interval_ms)
