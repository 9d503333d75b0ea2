"""The quick ways of the simulator against plain discrete events, with a thousand clients."""

from dataclasses import dataclass

import numpy as np

from benchmarks.pacing import arrivals, blind, events
from benchmarks.pacing.measured import Measured
from benchmarks.pacing.stepped import Stepped
from benchmarks.pacing.world import World, everybody_stays
from realtime.pacing import PollingPolicy

CHANNELS, EACH = 100, 10
WARM_S, HORIZON_S = 900.0, 1800.0
BUDGET = 300.0
# What both may differ by: each draws its own phases, and the steps see messages to the second.
ALIKE = 0.05


@dataclass(frozen=True)
class Compared:
    """One policy, both ways."""

    quick: Measured
    plain: Measured

    @property
    def apart(self) -> float:
        """The largest relative difference of requests, the median and the 95th percentile of staleness."""
        pairs = [
            (self.quick.requests, self.plain.requests),
            (self.quick.quantile_s(0.5), self.plain.quantile_s(0.5)),
            (self.quick.quantile_s(0.95), self.plain.quantile_s(0.95)),
        ]
        return max(abs(quick / plain - 1) for quick, plain in pairs)


def world() -> World:
    """Return a small world with conversations."""
    draw = np.random.default_rng(9)
    messages = arrivals.in_conversations(np.full(CHANNELS, 1 / 60), HORIZON_S, draw)
    return everybody_stays("check", messages, np.full(CHANNELS, EACH), HORIZON_S, WARM_S, draw)


def compare() -> list[Compared]:
    """Return each policy both ways."""
    small = world()
    return [
        Compared(blind.run(small, "activity", blind.by_activity), events.run(small, PollingPolicy.ACTIVITY, seed=1)),
        Compared(Stepped(small, "adaptive", seed=1, stretch=1.0).run(), events.run(small, PollingPolicy.ADAPTIVE, seed=2)),
        Compared(
            Stepped(small, "adaptive with a budget", seed=1, budget=BUDGET).run(),
            events.run(small, PollingPolicy.ADAPTIVE, seed=2, budget=BUDGET),
        ),
    ]
