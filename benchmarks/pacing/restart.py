"""A million clients while every server is away for some time and comes back knowing nothing.

Clients poll, fail, back off and come again, by the rules that our client libraries keep. Steps of a quarter of a second.
"""

from dataclasses import dataclass, field

import numpy as np

from benchmarks.pacing.costs import Costs
from benchmarks.pacing.servers import KINDS, Servers
from benchmarks.pacing.stepped import PHASE
from benchmarks.pacing.workloads import unequal_rates, zipf_sizes
from benchmarks.pacing.world import Floats, Ints
from realtime.adaptive import LONGEST_MS
from realtime.pacing import ClientActivity

STEP_S = 0.25
PER_SECOND = round(1 / STEP_S)
STEADY_S, AFTER_S = 40.0, 180.0
MILLION, CHANNELS = 1_000_000, 20_000
# Seven in ten are looked at, the others lie open or in the background.
SHARES = {ClientActivity.ACTIVE: 0.7, ClientActivity.IDLE: 0.15, ClientActivity.BACKGROUND: 0.15}
SAID_PER_CHANNEL_S = 0.2 / 60
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 1.0, 30.0


@dataclass
class Storm:
    """What came of one restart: requests received, answered or refused, in each step."""

    policy: str
    clients: int
    processes: int
    outage_s: float
    quick_retries: int
    received: Floats
    refused: Floats
    # How many clients that are looked at had not been answered since the restart, in each step from it on.
    waiting: list[int] = field(default_factory=list)

    @property
    def steady_per_s(self) -> float:
        """Requests a second before the outage."""
        return float(self.received[: round(STEADY_S / STEP_S)].mean() / STEP_S)

    @property
    def peak_per_s(self) -> float:
        """Requests received in the busiest second since the restart, refused ones too."""
        return float(np.convolve(self._after(self.received), np.ones(PER_SECOND), "valid").max())

    @property
    def peak_ratio(self) -> float:
        return self.peak_per_s / self.steady_per_s

    @property
    def refused_share(self) -> float:
        """Of the requests received since the restart."""
        return float(self._after(self.refused).sum() / self._after(self.received).sum())

    @property
    def recovery_s(self) -> float:
        """From the restart until 99 in 100 clients that are looked at have been answered."""
        few = 0.01 * self.waiting[0]
        return next((number * STEP_S for number, left in enumerate(self.waiting) if left <= few), float("inf"))

    def by_second(self) -> Floats:
        """Return requests received in each second, as a share of the steady ones."""
        found: Floats = self.received.reshape(-1, PER_SECOND).sum(axis=1) / self.steady_per_s
        return found

    def _after(self, steps: Floats) -> Floats:
        return steps[round((STEADY_S + self.outage_s) / STEP_S) :]


class Restart:
    """One run. `quick_retries` are those that a client makes sooner than its interval."""

    def __init__(
        self,
        costs: Costs,
        *,
        adaptive: bool,
        processes: int,
        outage_s: float,
        clients: int = MILLION,
        quick_retries: int = 0,
        seed: int = 5,
    ) -> None:
        draw = self._draw = np.random.default_rng(seed)
        self._outage_s, self._quick = outage_s, quick_retries
        sizes = zipf_sizes(CHANNELS * clients // MILLION, clients)
        count = int(sizes.sum())
        kind = draw.choice(len(KINDS), count, p=[SHARES[one] for one in KINDS])
        self._looked_at = kind == KINDS.index(ClientActivity.ACTIVE)
        rates = unequal_rates(sizes, SAID_PER_CHANNEL_S, draw)
        channel = np.repeat(np.arange(len(sizes)), sizes)
        self._servers = Servers(costs, processes * clients / MILLION, sizes, rates, channel, kind, adaptive=adaptive)
        self._phase = 1 + PHASE * draw.uniform(0, 1, count)
        self._failures = np.zeros(count, np.int64)
        self._known = np.ones(count, bool)
        self._told = self._servers.settle()
        self._next = self._told * draw.uniform(0, 1, count)
        if adaptive:
            self._servers.expect(self._next)
        steps = round((STEADY_S + outage_s + AFTER_S) / STEP_S)
        self.storm = Storm(
            "adaptive" if adaptive else "fixed 2 s",
            count,
            processes,
            outage_s,
            quick_retries,
            np.zeros(steps),
            np.zeros(steps),
        )

    def run(self) -> Storm:
        """Return what came."""
        down, up = round(STEADY_S / STEP_S), round((STEADY_S + self._outage_s) / STEP_S)
        for step in range(len(self.storm.received)):
            end_s = (step + 1) * STEP_S
            if step == up:
                self._servers.forget(step * STEP_S)
                self._known[:] = False
            due = np.flatnonzero(self._next < end_s)
            if down <= step < up:
                self._fail(due)
                continue
            self._poll(due, step, end_s)
            if step >= up:
                self.storm.waiting.append(int(np.count_nonzero(~self._known & self._looked_at)))
        return self.storm

    def _fail(self, due: Ints) -> None:
        """Let polls meet nobody: back off, and but for quick retries never ask sooner than was told."""
        longest = np.minimum(FIRST_BACKOFF_S * 2.0 ** np.minimum(self._failures[due], 5), LONGEST_BACKOFF_S)
        wait = longest * (0.5 + self._draw.uniform(0, 0.5, len(due)))
        patient = self._failures[due] >= self._quick
        wait = np.where(patient, np.maximum(wait, self._told[due] * self._phase[due]), wait)
        self._failures[due] += 1
        self._next[due] += wait

    def _poll(self, due: Ints, step: int, end_s: float) -> None:
        due = due[np.argsort(self._next[due], kind="stable")]
        fits = self._servers.admit(due, self._known[due], self._told[due], STEP_S)
        answered, refused = due[:fits], due[fits:]
        self.storm.received[step], self.storm.refused[step] = len(due), len(refused)
        told = self._servers.tell(answered, end_s)
        self._told[answered] = told
        self._next[answered] += told * self._phase[answered]
        self._known[answered] = True
        self._failures[answered] = 0
        # What the server says to those that it does not know (realtime/shedding.py); clients add up to half of it.
        asked = LONGEST_MS / 1000 * self._draw.uniform(0.5, 1, len(refused))
        self._next[refused] += asked * (1 + self._draw.uniform(0, 0.5, len(refused)))
        if step % PER_SECOND == PER_SECOND - 1:
            self._servers.second(end_s, self._draw)
