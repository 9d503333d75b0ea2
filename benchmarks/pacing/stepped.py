"""The policy `adaptive` in time steps of a second, for many clients at once.

Within a second polls have their exact times, and what a poll sees of its channel is exact too; the server's rates move at
the end of each second, and at once for whoever has seen a message, as the server's do.
"""

import numpy as np

from benchmarks.pacing.measured import Measured
from benchmarks.pacing.rates import ChannelRates, stretched_s
from benchmarks.pacing.world import Floats, Ints, World
from realtime.adaptive import LONGEST_MS
from realtime.census import LEAST_STRETCH, Census, steadied, stretch_for
from realtime.pacing import Wish

# Of its interval, by which a client waits longer: a share of its own.
PHASE = 0.1
# Who has gone is looked over so often.
_SWEEP_S = 60


class Stepped:
    """One run. Either `stretch` is given and stays, or a `budget` of requests a second from which it follows."""

    def __init__(self, world: World, name: str, *, seed: int, stretch: float | None = None, budget: float | None = None) -> None:
        self.world = world
        self.found = Measured(name, world.measured_s, world.client_s, by_second=np.zeros(int(world.horizon_s)))
        self.rates = ChannelRates(world.channels, np.bincount(world.channel, minlength=world.channels))
        self._census = Census()
        self._budget = budget
        self.stretch = stretch if stretch is not None else 1.0
        draw = np.random.default_rng(seed)
        self._wait = 1 + PHASE * draw.uniform(0, 1, len(world.channel))
        self._next = world.start.copy()
        self._told = np.zeros(len(world.channel))
        # How many of its channel's messages there had been at each client's last poll.
        self._seen = world.said_by(world.channel, world.start)
        self._had = np.zeros(world.channels, np.int64)

    def run(self) -> Measured:
        """Return what the policy gives."""
        world = self.world
        times, of_channel = world.in_order
        there = np.zeros(0, np.int64)
        arrived = said = 0
        for second in range(int(world.horizon_s)):
            end_s = second + 1.0
            coming = int(np.searchsorted(world.start, end_s))
            upto = int(np.searchsorted(times, end_s))
            if second % _SWEEP_S == 0:
                there = there[np.isfinite(self._next[there])]
            there = np.concatenate([there, np.arange(arrived, coming)])
            news = np.bincount(of_channel[said:upto], minlength=world.channels)
            before_s = self.rates.wish_s
            due = there[self._next[there] < end_s]
            self.rates.pass_second(news, np.unique(world.channel[due]))
            self._had += news
            arrived, said = coming, upto
            while len(due):
                self._poll(due, second, before_s, news)
                due = due[self._next[due] < end_s]
            self._decide()
        return self.found

    def _poll(self, due: Ints, second: int, before_s: Floats, news: Ints) -> None:
        """Let clients poll that are due, at most once each."""
        world, at, channel = self.world, self._next[due], self.world.channel[due]
        had = self._had[channel]
        some = np.flatnonzero(news[channel])
        had[some] = world.said_by(channel[some], at[some])
        new = had - self._seen[due]
        measured = second >= world.warm_s
        if measured and new.any():
            some = np.flatnonzero(new)
            each = new[some]
            offset = np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each)
            messages = np.repeat(world.first[channel[some]] + self._seen[due[some]], each) + offset
            self.found.delivered(np.repeat(at[some], each) - world.times[messages])
        self._seen[due] = had
        # Who has seen all there is of this second knows the rates after it; the others those before.
        wish = np.where(had == self._had[channel], self.rates.wish_s[channel], before_s[channel])
        interval = stretched_s(wish, self.stretch)
        if measured:
            self.found.requests += len(due)
            self.found.changes += int(np.count_nonzero((self._told[due] != interval) & (self._told[due] > 0)))
        self.found.by_second[second] += len(due)
        if self._budget is not None:
            for one, count in zip(*np.unique(np.round(1000 * wish), return_counts=True), strict=True):
                told_ms = round(1000 * float(stretched_s(np.array([one / 1000]), self.stretch)[0]))
                self._census.polls[Wish(int(one), LONGEST_MS), told_ms] += int(count)
        self._told[due] = interval
        again = at + interval * self._wait[due]
        self._next[due] = np.where(again < world.end[due], again, np.inf)

    def _decide(self) -> None:
        """Choose the next second's stretch."""
        if self._budget is None:
            return
        self._census.close(1.0)
        clients = self._census.clients()
        self.stretch = steadied(self.stretch, stretch_for(clients, self._budget, least=LEAST_STRETCH), clients)
