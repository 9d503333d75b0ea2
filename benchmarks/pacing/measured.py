"""What a run of a world gave: staleness, requests, and how often intervals changed."""

from dataclasses import dataclass, field

import numpy as np

from benchmarks.pacing.world import Floats, Ints

BIN_S = 0.01
BINS = 20_000
# Peak load is the busiest ten seconds.
PEAK_S = 10


@dataclass
class Measured:
    """Staleness is the time from a message to the poll that brought it, of each message and reader, in bins of 10 ms."""

    policy: str
    seconds: float
    client_s: float
    requests: int = 0
    changes: int = 0
    staleness: Ints = field(default_factory=lambda: np.zeros(BINS, np.int64))
    # Requests of each second, from the world's start.
    by_second: Floats = field(default_factory=lambda: np.zeros(0))

    def delivered(self, waited_s: Floats) -> None:
        """Count messages that reached somebody."""
        bins = np.minimum((waited_s / BIN_S).astype(np.int64), BINS - 1)
        self.staleness += np.bincount(bins, minlength=BINS)

    @property
    def requests_per_s(self) -> float:
        return self.requests / self.seconds

    @property
    def interval_s(self) -> float:
        """The mean interval of a client."""
        return self.client_s / max(1, self.requests)

    @property
    def changes_per_client_hour(self) -> float:
        return self.changes / (self.client_s / 3600)

    @property
    def peak_per_s(self) -> float:
        """Requests a second in the busiest ten seconds of what is measured."""
        of_those = self.by_second[-int(self.seconds) :]
        whole = of_those[: len(of_those) // PEAK_S * PEAK_S]
        return float(whole.reshape(-1, PEAK_S).mean(axis=1).max()) if len(whole) else 0.0

    @property
    def mean_s(self) -> float:
        middles = (np.arange(BINS) + 0.5) * BIN_S
        return float((self.staleness * middles).sum() / max(1, self.staleness.sum()))

    def quantile_s(self, share: float) -> float:
        """Return the staleness that a share of deliveries did not exceed."""
        total = np.cumsum(self.staleness)
        if not total[-1]:
            return 0.0
        place = int(np.searchsorted(total, share * total[-1]))
        below = total[place - 1] if place else 0
        return float((place + (share * total[-1] - below) / max(1, self.staleness[place])) * BIN_S)
