"""The load of this process: the share of one core it used over the last seconds.

Rule: known only after the first full period, and told in steps of 0.05, so that equal load gives equal answers.
"""

import asyncio
import time
from collections.abc import Callable

PERIOD_S = 1.0
# Each new period counts for a fifth: about five seconds of memory, so that one garbage collection is no load.
WEIGHT = 0.2
STEP = 0.05


class LoadMeter:
    """Measures CPU seconds against the clock."""

    def __init__(self, *, clock_s: Callable[[], float] = time.monotonic, cpu_s: Callable[[], float] = time.process_time) -> None:
        self._clock_s = clock_s
        self._cpu_s = cpu_s
        self._last = (clock_s(), cpu_s())
        self._smoothed: float | None = None
        # 0 idle to 1 saturated, in steps of 0.05; None before the first measurement.
        self.load: float | None = None
        self.samples = 0

    def sample(self) -> None:
        """Measure the time since the last sample."""
        now_s, cpu_s = self._clock_s(), self._cpu_s()
        last_s, last_cpu_s = self._last
        if now_s > last_s:
            self._last = (now_s, cpu_s)
            share = (cpu_s - last_cpu_s) / (now_s - last_s)
            self._smoothed = share if self._smoothed is None else self._smoothed + WEIGHT * (share - self._smoothed)
            self.samples += 1
            self.load = round(round(min(1.0, self._smoothed) / STEP) * STEP, 2)

    async def run(self) -> None:
        """Sample once a period, for ever."""
        while True:
            await asyncio.sleep(PERIOD_S)
            self.sample()
