"""The servers of the restart: what they answer and refuse, and how they steer, by the server's own functions.

Rule: census, stretch, room and rates are realtime/'s; here is only a queue, and costs that were measured.
"""

import numpy as np

from benchmarks.pacing.costs import Costs
from benchmarks.pacing.rates import ChannelRates, stretched_s
from benchmarks.pacing.world import Floats, Ints
from realtime.adaptive import LONGEST_IN_BACKGROUND_MS, LONGEST_MS, PATIENCE
from realtime.census import Census, hastened, steadied, stretch_for
from realtime.fleet import COLD_LOOK, COLD_S, Figures, polls_allowed
from realtime.load import WEIGHT, capacity_of
from realtime.pacing import ClientActivity, Wish

# What a process lets wait; the rest of what comes is refused.
QUEUE_S = 0.25
KINDS = tuple(ClientActivity)
_PATIENCE = np.array([PATIENCE[kind] for kind in KINDS])
_LONGEST_MS = np.array([LONGEST_IN_BACKGROUND_MS if kind is ClientActivity.BACKGROUND else LONGEST_MS for kind in KINDS])


class Servers:
    """All processes as one, `processes` of them. Clients are numbers; `channel` and `kind` are theirs."""

    def __init__(
        self, costs: Costs, processes: float, sizes: Ints, news_per_s: Floats, channel: Ints, kind: Ints, *, adaptive: bool
    ) -> None:
        self._costs, self._processes, self._adaptive = costs, processes, adaptive
        self._sizes, self._news, self._channel, self._kind = sizes, news_per_s, channel, kind
        self.stretch = 1.0
        self._backlog_us = self._cpu = self._rate = 0.0
        self._capacity = 1.0
        self._began_s = -COLD_S
        self._rates = ChannelRates(len(sizes), sizes, known=news_per_s)
        self._census = Census()

    def forget(self, now_s: float) -> None:
        """Start anew, knowing nothing."""
        self._rates = ChannelRates(len(self._sizes), self._sizes)
        self._census, self.stretch = Census(), 1.0
        self._backlog_us = self._cpu = self._rate = 0.0
        self._capacity, self._began_s = 1.0, now_s

    def settle(self) -> Floats:
        """Choose the stretch that holds for everybody; returns everybody's interval."""
        everybody = np.arange(len(self._channel))
        clients = {wish: float(count) for wish, count in self._counted(everybody)}
        for _ in range(20 if self._adaptive else 0):  # the longer intervals are, the more polls find something changed
            told = self.intervals(everybody)
            self._rate = float((1 / told).sum())
            self._cpu = float((self._costs_us(everybody, told) / told).sum()) / 1e6 / self._processes
            self.stretch = stretch_for(clients, self._allowed())
        return self.intervals(everybody)

    def expect(self, next_s: Floats) -> None:
        """Count everybody until their next poll."""
        quarters = np.ceil(4 * next_s).astype(np.int64)
        for quarter in np.unique(quarters):
            for wish, count in self._counted(np.flatnonzero(quarters == quarter)):
                self._census.polls[wish, 250 * int(quarter)] += count
        self._census.close(1.0)

    def intervals(self, clients: Ints) -> Floats:
        """Return what clients are told now, in seconds."""
        if not self._adaptive:
            return np.full(len(clients), 2.0)
        wish_ms = np.round(1000 * self._rates.wish_s[self._channel[clients]] * _PATIENCE[self._kind[clients]])
        told = stretched_s(wish_ms / 1000, self.stretch, LONGEST_IN_BACKGROUND_MS)
        return np.minimum(told, _LONGEST_MS[self._kind[clients]] / 1000)

    def admit(self, due: Ints, known: Ints, told_s: Floats, step_s: float) -> int:
        """Return how many of the polls that are due, in order, are answered; the rest is refused.

        `known` says whom the servers know, `told_s` what each was told last.
        """
        room_us = self._processes * 1e6
        cost_us = np.where(known, self._costs_us(due, told_s), self._costs.first_us)
        queue_us = self._backlog_us + np.cumsum(cost_us)
        fits = int(np.searchsorted(queue_us, room_us * (step_s + QUEUE_S)))
        work_us = self._backlog_us + float(cost_us[:fits].sum()) + (len(due) - fits) * self._costs.refused_us
        done_us = min(work_us, room_us * step_s)
        self._backlog_us = work_us - done_us
        weight, cpu = 1 - (1 - WEIGHT) ** step_s, done_us / (room_us * step_s)
        self._cpu += weight * (cpu - self._cpu)
        self._capacity += weight * (capacity_of(cpu, self._backlog_us / room_us) - self._capacity)
        self._rate += weight * (fits / step_s - self._rate)
        return fits

    def tell(self, due: Ints, now_s: float) -> Floats:
        """Return the intervals of polls that are answered; while the servers know nothing, they look again meanwhile."""
        early = int(COLD_LOOK * self._processes) if self._cold(now_s) else len(due)
        told = self.intervals(due)
        if not self._adaptive:
            return told
        self._count(due[:early])
        if len(due) > early:
            self._count(due[early:])
            self.stretch = hastened(self.stretch, self._wanted(now_s))
            told[early:] = self.intervals(due[early:])
        return told

    def second(self, now_s: float, draw: np.random.Generator) -> None:
        """End a second."""
        if self._adaptive:
            self._rates.pass_second(draw.poisson(self._news))
            self._census.close(1.0)
            self._decide(now_s)

    def _cold(self, now_s: float) -> bool:
        return now_s - self._began_s < COLD_S

    def _decide(self, now_s: float) -> None:
        self.stretch = steadied(self.stretch, self._wanted(now_s), self._clients(now_s))

    def _wanted(self, now_s: float) -> float:
        return stretch_for(self._clients(now_s), self._allowed())

    def _clients(self, now_s: float) -> dict[Wish, float]:
        share = (now_s - self._began_s) / COLD_S
        return self._census.extrapolated(share) if self._cold(now_s) else self._census.clients()

    def _allowed(self) -> float:
        each = max(1, round(self._processes))
        return polls_allowed([Figures(self._cpu, self._capacity, self._rate / each, {}, cold=False)] * each, None)

    def _costs_us(self, due: Ints, told_s: Floats) -> Floats:
        """Return what polls cost: more where something was said since the last."""
        changed = 1 - np.exp(-self._news[self._channel[due]] * told_s)
        return self._costs.unchanged_us + changed * (self._costs.changed_us - self._costs.unchanged_us)

    def _count(self, due: Ints) -> None:
        for wish, count in self._counted(due):
            told_s = float(stretched_s(np.array([wish.milliseconds / 1000]), self.stretch, wish.longest_ms)[0])
            self._census.polls[wish, round(1000 * told_s)] += count

    def _counted(self, due: Ints) -> list[tuple[Wish, int]]:
        """Return the different wishes of some clients, and how many have each."""
        wishes_s, which = np.unique(self._rates.wish_s, return_inverse=True)
        counts = np.bincount(which[self._channel[due]] * len(KINDS) + self._kind[due], minlength=len(wishes_s) * len(KINDS))
        return [
            (Wish(round(1000 * float(wishes_s[number // len(KINDS)]) * float(_PATIENCE[kind])), int(_LONGEST_MS[kind])), int(count))
            for number, count in enumerate(counts)
            if count
            for kind in [number % len(KINDS)]
        ]
