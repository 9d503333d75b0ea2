"""The load of this process: the share of a core it used, or how late its event loop or its reads were, whichever is worse.

Rule: known only after the first full period, and told in steps of 0.05, so that equal load gives equal answers.
"""

import asyncio
import time
from collections.abc import Callable

from models.histogram import Histogram
from models.store_url import POOL_CONNECTIONS

PERIOD_S = 1.0
# Each new period counts for a fifth: about five seconds of memory, so that one garbage collection is no load.
WEIGHT = 0.2
STEP = 0.05
# A loop that is this late is saturated, whatever share of a core it was given.
SATURATED_LATE_S = 0.1
LOOK_S = 0.05
DELAYS_S = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


def in_steps(load: float) -> float:
    """Return a load, 0 idle to 1 saturated, as it is told."""
    return round(round(min(1.0, load) / STEP) * STEP, 2)


def capacity_of(cpu: float, late_s: float) -> float:
    """Return the share of a core that a process can have: all of it, unless it is late; then what it has."""
    return 1 - (1 - min(1.0, cpu)) * min(1.0, late_s / SATURATED_LATE_S)


class LoadMeter:
    """Measures CPU seconds against the clock, and how late the loop runs what is due.

    Smoothed alike are `cpu`, the share of a core that is used, `capacity`, the share that there is, and `polls_per_s`.
    `late_s` is how late the loop, or a read that had to queue, was in the last period, `delays` how late the loop ever was.
    """

    def __init__(self, *, clock_s: Callable[[], float] = time.monotonic, cpu_s: Callable[[], float] = time.process_time) -> None:
        self._clock_s = clock_s
        self._cpu_s = cpu_s
        self._last = (clock_s(), cpu_s())
        self._late_s2 = self._looked_s = self._read_s = 0.0
        self._reads = 0
        self._measured = False
        self.cpu = self.polls_per_s = self.late_s = 0.0
        self.capacity = 1.0
        self.delays = Histogram(DELAYS_S)
        self._looks: list[Callable[[float], None]] = []

    @property
    def load(self) -> float | None:
        """The load, 0 idle to 1 saturated, in steps; None before the first measurement."""
        return in_steps(self.cpu / self.capacity) if self._measured else None

    def sample(self, polls: int = 0) -> float:
        """Measure the time since the last sample, in which `polls` were answered; returns its seconds."""
        now_s, cpu_s = self._clock_s(), self._cpu_s()
        last_s, last_cpu_s = self._last
        elapsed_s = now_s - last_s
        if elapsed_s <= 0:
            return 0.0
        self._last = (now_s, cpu_s)
        # With more reads under way than there are connections they queue, and what they take is their wait.
        queued_s = self._read_s / self._reads if self._read_s >= POOL_CONNECTIONS * elapsed_s else 0.0
        self.late_s = max(self._late_s2 / self._looked_s if self._looked_s else 0.0, queued_s)
        self._late_s2 = self._looked_s = self._read_s = 0.0
        self._reads = 0
        cpu, weight = (cpu_s - last_cpu_s) / elapsed_s, WEIGHT if self._measured else 1.0
        self.cpu += weight * (cpu - self.cpu)
        self.capacity += weight * (capacity_of(cpu, self.late_s) - self.capacity)
        self.polls_per_s += weight * (polls / elapsed_s - self.polls_per_s)
        self._measured = True
        return elapsed_s

    def read(self, seconds: float) -> None:
        """Take note of what a read of the store took, from asking for a connection to its answer."""
        self._reads += 1
        self._read_s += seconds

    def on_look(self, look: Callable[[float], None]) -> None:
        """Call `look` with how late the loop ran, every LOOK_S."""
        self._looks.append(look)

    def late(self, late_s: float) -> None:
        """Take note of how late the loop ran something; it counts for the time that it stood for."""
        self.delays.observe(late_s)
        for look in self._looks:
            look(late_s)
        self._late_s2 += late_s * (LOOK_S + late_s)
        self._looked_s += LOOK_S + late_s

    async def watch(self) -> None:
        """See how late the loop runs, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            due_s = loop.time() + LOOK_S
            await asyncio.sleep(LOOK_S)
            self.late(max(0.0, loop.time() - due_s))
