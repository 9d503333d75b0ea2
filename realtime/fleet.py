"""The fleet: what all processes measure together, once a second, and the stretch that follows from it.

Rule: every process decides by the same figures, its own and what the others told through Redis; with Redis away, what
they told last. The stretch moves at a beat; only while little is known, between beats too.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, cast

from realtime.adaptive import LONGEST_MS
from realtime.census import LEAST_STRETCH, Census, hastened, steadied, stretch_for
from realtime.latency import EventType, Histogram, Latencies, merged
from realtime.load import PERIOD_S, LoadMeter, in_steps
from realtime.pacing import Wish

log = logging.getLogger("pollux.pacing")

# The rest is left free of each process: for bursts of sends, and for what a budget of polls cannot know. With 0.7 the slowest of
# 100 polls took six times as long (`python -m benchmarks.pacing.real`), where the database stands on the same machine.
TARGET_LOAD = 0.5
# One process may have more to do than the others, as connections fall; from here on all are slowed down for its sake.
BUSIEST_LOAD = 0.75
# A poll that finds nothing kept costs no more CPU than this; a load beyond that is of something else, and polls are left
# a tenth of each process even so.
MOST_PER_POLL_S = 0.0014
LEAST_LOAD = 0.1
# A fleet that knows nothing takes those who came so far for the share of all clients that the time so far is of the
# longest interval: by its end every client that is looked at has come.
COLD_S = LONGEST_MS / 1000
LEAST_SHARE = 0.1 / COLD_S
# While cold, the stretch is looked at again after so many polls, however short the time.
COLD_LOOK = 100


@dataclass(frozen=True, slots=True)
class Figures:
    """What one process measured lately: shares of a core, polls a second, its clients."""

    cpu: float
    capacity: float
    polls_per_s: float
    clients: dict[Wish, float]
    cold: bool
    latencies: dict[str, list[object]] = field(default_factory=dict)

    def told(self) -> object:
        """Return them as others are told them."""
        clients = [[*wish, round(count, 3)] for wish, count in self.clients.items()]
        return [self.cpu, self.capacity, self.polls_per_s, clients, self.cold, self.latencies]

    @property
    def possible(self) -> bool:
        """Whether a process can have measured this."""
        numbers = (self.cpu, self.polls_per_s, *self.clients.values())
        wishes = all(wish.milliseconds > 0 and wish.longest_ms > 0 for wish in self.clients)
        return wishes and 0 < self.capacity < math.inf and all(0 <= number < math.inf for number in numbers)

    @classmethod
    def of(cls, told: object) -> "Figures | None":
        """Return what another process told, None where that cannot be read."""
        try:
            cpu, capacity, polls_per_s, clients, cold, latencies = cast(Any, told)
            counted = {Wish(int(ms), int(longest_ms)): float(count) for ms, longest_ms, count in clients}
            figures = cls(float(cpu), float(capacity), float(polls_per_s), counted, bool(cold), dict(latencies))
        except (TypeError, ValueError):
            return None
        return figures if figures.possible else None


def load_of(figures: Sequence[Figures]) -> float:
    """Return the load of all processes: 0 idle to 1 saturated."""
    return sum(one.cpu / one.capacity for one in figures) / len(figures)


def polls_allowed(figures: Sequence[Figures], budget: float | None) -> float:
    """Return how many polls a second all processes may be asked for: the budget, and no more than load leaves room for, in all
    of them together and in the busiest, which gets its share of them as before.
    """
    polls_per_s = sum(one.polls_per_s for one in figures)
    busiest = [polls_per_s * _room([one], BUSIEST_LOAD) / one.polls_per_s for one in figures if one.polls_per_s > 0]
    possible = min([_room(figures, TARGET_LOAD), *busiest])
    return possible if budget is None else min(budget, possible)


def _room(figures: Sequence[Figures], target: float) -> float:
    """Return how many polls a second processes can answer together up to a load."""
    cpu, polls_per_s = sum(one.cpu for one in figures), sum(one.polls_per_s for one in figures)
    per_poll_s = min(MOST_PER_POLL_S, cpu / polls_per_s) if polls_per_s > 0 else MOST_PER_POLL_S
    of_others = max(0.0, cpu - per_poll_s * polls_per_s)
    room = max(LEAST_LOAD * len(figures), target * sum(one.capacity for one in figures) - of_others)
    return room / per_poll_s if per_poll_s > 0 else math.inf


class Board(Protocol):
    """Where processes tell one another."""

    async def exchange(self, told: object) -> list[object] | None:
        """Tell the others, and return what each of them tells; None where that is not known now."""


class Fleet:
    """Beats once a second. `stretch` is what every wish is multiplied by.

    `tick` is another number after each beat, and when the stretch has moved between two.
    """

    def __init__(
        self,
        board: Board,
        meter: LoadMeter,
        latencies: Latencies,
        *,
        budget: float | None = None,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.meter = meter
        self.latencies = latencies
        self.census = Census()
        self.stretch = 1.0
        self.tick = 0
        # 0 idle to 1 saturated, the mean of all processes, in steps; None before it is measured.
        self.load: float | None = None
        self._board = board
        self._budget = budget
        self._least = 1.0 if budget is None else LEAST_STRETCH
        self._clock_s = clock_s
        self._began_s = clock_s()
        self._polls = 0
        self._others: list[Figures] = []
        self._beats: list[Callable[[], None]] = []

    def on_beat(self, beat: Callable[[], None]) -> None:
        """Call `beat` at every beat."""
        self._beats.append(beat)

    @property
    def cold(self) -> bool:
        """Whether too little is known to count by: shortly after the start, unless another process knows more."""
        return self._clock_s() - self._began_s < COLD_S and all(one.cold for one in self._others)

    @property
    def _cold_share(self) -> float:
        """Of all clients, the least share that has come: each comes once in the longest interval."""
        return max(LEAST_SHARE, min(1.0, (self._clock_s() - self._began_s) / COLD_S))

    @property
    def figures(self) -> list[Figures]:
        """What is known of each process, of this one first."""
        clients = self.census.extrapolated(self._cold_share) if self.cold else self.census.clients()
        meter = self.meter
        return [Figures(meter.cpu, meter.capacity, meter.polls_per_s, clients, self.cold), *self._others]

    def polled(self, counted: tuple[Wish, int]) -> None:
        """Count a poll that was answered: its wish, and the milliseconds it was told."""
        self._polls += 1
        self.census.polls[counted] += 1
        if self._polls % COLD_LOOK == 0 and self.cold:
            self._look_early()

    def last_minute(self, type_: EventType) -> Histogram:
        """Return the latencies of the last minute, of all processes."""
        told = [one.latencies[type_.value] for one in self._others if type_.value in one.latencies]
        try:
            return merged(self.latencies.last_minute(type_), told)
        except (TypeError, ValueError):  # told by another version
            return self.latencies.last_minute(type_)

    def work(self) -> Iterable[Coroutine[object, object, None]]:
        """Return what is to run as long as the process does."""
        return self._beating(), self.meter.watch()

    async def _beating(self) -> None:
        """Beat once a second, for ever."""
        while True:
            await asyncio.sleep(PERIOD_S)
            try:
                await self.beat()
            except Exception:  # a beat that fails is worth a line in the log, not the end of pacing
                log.exception("the fleet's figures could not be settled")

    async def beat(self) -> None:
        """Measure, exchange figures, and decide on the stretch."""
        seconds = self.meter.sample(self._polls)
        self.census.close(seconds)
        self._polls = 0
        own = replace(self.figures[0], latencies=self.latencies.told())
        others = await self._board.exchange(own.told())
        if others is not None:
            self._others = [figures for told in others if (figures := Figures.of(told)) is not None]
        self._decide()
        self.tick += 1
        for beat in self._beats:
            beat()

    def _look_early(self) -> None:
        """Move the stretch before the next beat, where much more is wanted; answers are looked at anew only then."""
        stretch = hastened(self.stretch, self._wanted(self._clients()))
        if stretch != self.stretch:
            self.stretch, self.tick = stretch, self.tick + 1

    def _decide(self) -> None:
        self.load = None if self.meter.load is None else in_steps(load_of(self.figures))
        clients = self._clients()
        self.stretch = steadied(self.stretch, self._wanted(clients), clients)

    def _clients(self) -> dict[Wish, float]:
        """Return how many clients all processes have, by their wish."""
        clients: dict[Wish, float] = {}
        cold = self.cold
        for one in self.figures:
            # One that has just begun does not know yet that others know more, and takes its first clients for a crowd.
            for wish, count in one.clients.items() if cold or not one.cold else ():
                clients[wish] = clients.get(wish, 0.0) + count
        return clients

    def _wanted(self, clients: dict[Wish, float]) -> float:
        return stretch_for(clients, polls_allowed(self.figures, self._budget), least=self._least)
