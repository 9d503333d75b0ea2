"""A budget of requests is kept within 5 % by all processes together, whoever comes and goes. Time is the test's."""

import heapq
import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from realtime.adaptive import LONGEST_MS, stretched_ms
from realtime.fleet import COLD_S, Fleet
from realtime.latency import Latencies
from realtime.load import LoadMeter
from realtime.pacing import Wish

WITHIN = 0.05
# A crowd that came at once is asked to come again at its longest intervals, which shrink by and by; and it comes in lumps, so
# it is measured for three of those.
SETTLES_S, MEASURED_S = 100, 3 * round(COLD_S)
# Milliseconds: a busy channel, an ordinary one, and one where hardly anything is said.
WISHES = [Wish(ms, LONGEST_MS) for ms in (600, 2380, 9510)]


@dataclass
class Together:
    """Several processes on one clock, which tell each other what they would through Redis."""

    count: int
    budget: float
    now_s: float = 0.0
    told: dict[int, object] = field(default_factory=dict)
    fleets: list[Fleet] = field(init=False)

    def __post_init__(self) -> None:
        self.fleets = [self._fleet(number) for number in range(self.count)]

    def _fleet(self, number: int) -> Fleet:
        together = self

        class Board:
            async def exchange(self, told: object) -> list[object] | None:
                together.told[number] = told
                return [one for other, one in together.told.items() if other != number]

        meter = LoadMeter(clock_s=self.clock_s, cpu_s=lambda: 0.0)
        return Fleet(Board(), meter, Latencies(clock_s=self.clock_s), budget=self.budget, clock_s=self.clock_s)

    def clock_s(self) -> float:
        return self.now_s

    async def second(self) -> None:
        self.now_s = float(round(self.now_s) + 1)
        for fleet in self.fleets:
            await fleet.beat()


async def polls_by_second(together: Together, clients: list[Wish], seconds: int, *, joins_s: float = 5.0) -> Counter[int]:
    """Let clients poll as they are told, each at any process; returns how many polls there were in each second."""
    chance = random.Random(7)
    phase = [1 + 0.1 * chance.random() for _ in clients]
    due = [(joins_s * chance.random(), number) for number in range(len(clients))]
    heapq.heapify(due)
    found: Counter[int] = Counter()
    for second in range(seconds):
        while due[0][0] < second + 1:
            together.now_s, number = due[0]
            fleet = chance.choice(together.fleets)
            milliseconds = stretched_ms(clients[number], fleet.stretch)
            fleet.polled((clients[number], milliseconds))
            found[second] += 1
            heapq.heapreplace(due, (together.now_s + milliseconds / 1000 * phase[number], number))
        together.now_s = float(second)
        await together.second()
    return found


@pytest.mark.parametrize(("processes", "budget"), [(1, 100.0), (2, 250.0), (3, 600.0)])
async def test_a_budget_is_kept_within_5_percent_whether_it_is_scarce_or_ample(processes: int, budget: float) -> None:
    clients = [WISHES[number % len(WISHES)] for number in range(1500)]
    together = Together(processes, budget)
    found = await polls_by_second(together, clients, SETTLES_S + MEASURED_S)
    measured = sum(found[second] for second in range(SETTLES_S, SETTLES_S + MEASURED_S))
    assert measured / MEASURED_S == pytest.approx(budget, rel=WITHIN)


async def test_a_crowd_that_comes_at_once_does_not_ask_for_more_than_the_budget() -> None:
    together = Together(2, 300.0)
    found = await polls_by_second(together, [WISHES[1]] * 3000, SETTLES_S, joins_s=1.0)
    # Each comes once before anything can be asked of it.
    assert sum(found[second] for second in range(1, SETTLES_S)) <= 300 * SETTLES_S * (1 + WITHIN)
