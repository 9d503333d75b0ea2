"""Shedding: what a process that cannot answer everybody in time refuses, and when it lets them ask again.

Rule: who asks sooner than they were told is refused first, then whoever else asks, changes last. Nobody is refused because of
one stall, and while there is room nothing is remembered of anybody.
"""

import random
import time
from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

from realtime.adaptive import LONGEST_MS
from realtime.fleet import Fleet
from realtime.load import LOOK_S, SATURATED_LATE_S

# Beyond this load it is worth knowing who was told what, in case there is too much of it.
WATCHED_LOAD = 0.5
# So many looks in a row at a loop that is late make an overload, about a second of it; fewer are a stall.
LOOKS = 5
# How far the pressure moves at one look: from nothing to refusing all of one kind takes a second or two.
MOST_RISE = 0.25
# Devices of one person that ask the same are told apart by when each is due; who has more counts as asking early.
DEVICES = 4
MAX_CLIENTS = 50_000
# A client's clock and its network may be this much of an interval fast.
SOONER = 0.9
# A send that is refused is waited for by somebody.
CHANGE_WAIT_S = 1.0
LEAST_WAIT_S = 1.0


class Demand(IntEnum):
    """What is asked, in the order in which it is refused."""

    EARLY = 0
    POLL = 1
    CHANGE = 2


class Client(NamedTuple):
    """Who asks for one kind of thing; user 0 is who is not known yet."""

    user_id: int
    kind: str


class Refusal(NamedTuple):
    """What is refused, and when to ask again: a time of its own for each, so that those who are refused do not return together."""

    demand: Demand
    retry_after_s: float


class Shedding:
    """Decides who is refused.

    `pressure` is 0 while everybody is answered; at 1 all who are early are refused, at 2 all polls, at 3 everything; between
    these a share of them, by chance. `watching` says whether `told` is to be called. `shed` counts refusals, by demand.
    """

    def __init__(self, *, clock_s: Callable[[], float] = time.monotonic, chance: Callable[[], float] = random.random) -> None:
        self._clock_s = clock_s
        self._chance = chance
        self.pressure = 0.0
        self.watching = False
        self.shed = dict.fromkeys(Demand, 0)
        self._late_looks = 0
        # When a client's devices are due.
        self._due_s: dict[Client, list[float]] = {}

    def follow(self, fleet: Fleet) -> None:
        """Go by what is measured of this process."""
        fleet.meter.on_look(self.looked)
        fleet.on_beat(lambda: self.beat(fleet.meter.load))

    def looked(self, late_s: float) -> None:
        """Take note of how late the loop was, at each look at it."""
        self._late_looks = self._late_looks + 1 if late_s > SATURATED_LATE_S else 0
        if self.pressure or self._late_looks >= LOOKS:
            rise = (LOOK_S + late_s) * (late_s / SATURATED_LATE_S - 1)
            self.pressure = min(float(len(Demand)), max(0.0, self.pressure + min(MOST_RISE, rise)))

    def beat(self, load: float | None) -> None:
        """Begin or stop to remember who was told what, once a second."""
        self.watching = self.pressure > 0 or (load is not None and load >= WATCHED_LOAD)
        if not self.watching:
            self._due_s.clear()

    def told(self, client: Client, milliseconds: int) -> None:
        """Take note of when somebody was told to ask again."""
        due_s = self._due_s.get(client)
        if due_s is None:
            while len(self._due_s) >= MAX_CLIENTS:
                del self._due_s[next(iter(self._due_s))]
            due_s = self._due_s[client] = []
        elif len(due_s) == DEVICES:
            del due_s[0]
        due_s.append(self._clock_s() + SOONER * milliseconds / 1000)

    def refused(self, client: Client, *, changes: bool = False, waits: bool = False) -> Refusal | None:
        """Return the refusal of a request, None where it is to be answered.

        `changes`: a mutation; `waits`: it waits for news, and may come at any time.
        """
        if not self.pressure:
            return None
        now_s = self._clock_s()
        next_s = None if changes or waits else self._early(client, now_s)
        demand = Demand.CHANGE if changes else Demand.POLL if next_s is None else Demand.EARLY
        if self._chance() >= self.pressure - demand:
            return None
        self.shed[demand] += 1
        wait_s = self._wait_s(demand, next_s, now_s)
        if demand is Demand.POLL and client.user_id:
            self.told(client, round(1000 * wait_s))  # who asks again before that is early
        return Refusal(demand, wait_s)

    def _early(self, client: Client, now_s: float) -> float | None:
        """Return when the next of a client's devices is due, None where one is due now or nobody was told anything."""
        due_s = self._due_s.get(client)
        if not due_s:
            return None
        soonest = min(due_s)
        if soonest > now_s:
            return soonest
        due_s.remove(soonest)
        return None

    def _wait_s(self, demand: Demand, next_s: float | None, now_s: float) -> float:
        if demand is Demand.CHANGE:
            return CHANGE_WAIT_S * (1 + 2 * self._chance())
        if next_s is not None:
            return max(LEAST_WAIT_S, (next_s - now_s) / SOONER) * (1 + self._chance() / 4)
        # As a server that was away: over the longest interval, in which everybody comes once.
        return max(LEAST_WAIT_S, LONGEST_MS / 1000 * (0.5 + self._chance() / 2))
