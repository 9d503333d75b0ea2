"""The quick ways of the simulator against plain discrete events, with a thousand clients."""

from dataclasses import dataclass
from statistics import mean, stdev

import numpy as np

from benchmarks.pacing import arrivals, blind, events
from benchmarks.pacing.measured import Measured
from benchmarks.pacing.stepped import Stepped
from benchmarks.pacing.world import World, everybody_stays
from realtime.pacing import PollingPolicy

CHANNELS, EACH = 100, 10
WARM_S, HORIZON_S = 900.0, 1800.0
BUDGET = 300.0
# Both ways may differ by this in the mean of their runs; each run draws its own phases.
ALIKE = 0.05
RUNS = 6
POLICIES = ("activity", "adaptive", "adaptive with a budget")


@dataclass(frozen=True)
class Compared:
    """One policy both ways, in runs that differ by their phases alone."""

    policy: str
    quick: list[Measured]
    plain: list[Measured]

    @property
    def apart(self) -> float:
        """The largest relative difference between the ways of requests, the median and the 95th percentile of staleness."""
        return max(abs(mean(map(of, self.quick)) / mean(map(of, self.plain)) - 1) for of in (requests, median_s, high_s))

    @property
    def by_phases(self) -> float:
        """The largest relative standard deviation of one of these between the runs of one way: what phases do to a run."""
        ways = [way for way in (self.quick, self.plain) if len(way) > 1]
        return max((stdev(map(of, way)) / mean(map(of, way)) for way in ways for of in (requests, median_s, high_s)), default=0.0)


def requests(one: Measured) -> float:
    """Return requests a second."""
    return one.requests_per_s


def median_s(one: Measured) -> float:
    """Return the median of staleness."""
    return one.quantile_s(0.5)


def high_s(one: Measured) -> float:
    """Return the 95th percentile of staleness."""
    return one.quantile_s(0.95)


def world() -> World:
    """Return a small world with conversations."""
    draw = np.random.default_rng(9)
    messages = arrivals.in_conversations(np.full(CHANNELS, 1 / 60), HORIZON_S, draw)
    return everybody_stays("check", messages, np.full(CHANNELS, EACH), HORIZON_S, WARM_S, draw)


def compare(policy: str) -> Compared:
    """Return a policy both ways."""
    small, seeds = world(), range(1, RUNS + 1)
    match policy:
        case "activity":
            quick, plain = [blind.run(small, policy, blind.by_activity)], [events.run(small, PollingPolicy.ACTIVITY, seed=1)]
        case "adaptive":
            quick = [Stepped(small, policy, seed=seed, stretch=1.0).run() for seed in seeds]
            plain = [events.run(small, PollingPolicy.ADAPTIVE, seed=100 + seed) for seed in seeds]
        case _:
            quick = [Stepped(small, policy, seed=seed, budget=BUDGET).run() for seed in seeds]
            plain = [events.run(small, PollingPolicy.ADAPTIVE, seed=100 + seed, budget=BUDGET) for seed in seeds]
    return Compared(policy, quick, plain)
