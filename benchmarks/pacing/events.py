"""Plain discrete events: every poll of every client by itself, answered by the server's own pacing.

Slow, and nothing in it is written for arrays: what the quick ways are checked against.
"""

import asyncio
import heapq
from bisect import bisect_right

import numpy as np

from benchmarks.pacing.measured import Measured
from benchmarks.pacing.stepped import PHASE
from benchmarks.pacing.world import World
from realtime.fleet import Fleet
from realtime.latency import Latencies
from realtime.load import LoadMeter
from realtime.pace import Pace
from realtime.pacing import ClientActivity, PollingPolicy
from realtime.rates import MessageRates


class _Alone:
    """A bulletin that nobody else reads."""

    async def exchange(self, _told: object) -> list[object] | None:
        return []


class _Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def run(world: World, policy: PollingPolicy, *, seed: int, budget: float | None = None) -> Measured:
    """Return what a policy of the server gives, with a phase for each client where the policy is adaptive."""
    return asyncio.run(_run(world, policy, seed, budget))


async def _run(world: World, policy: PollingPolicy, seed: int, budget: float | None) -> Measured:
    found = Measured(policy.value, world.measured_s, world.client_s, by_second=np.zeros(int(world.horizon_s)))
    clock = _Clock()
    meter = LoadMeter(clock_s=clock, cpu_s=lambda: 0.0)
    fleet = Fleet(_Alone(), meter, Latencies(clock_s=clock), budget=budget, clock_s=clock)
    pace = Pace(policy, MessageRates(clock_s=clock), fleet)
    draw = np.random.default_rng(seed)
    phase = 1 + (PHASE if policy is PollingPolicy.ADAPTIVE else 0) * draw.uniform(0, 1, len(world.channel))
    present = np.bincount(world.channel, minlength=world.channels)
    said = [times.tolist() for times in world.messages]
    seen = [bisect_right(said[channel], start) for channel, start in zip(world.channel, world.start, strict=True)]
    told_ms = [0] * len(world.channel)
    due = [(float(start), client) for client, start in enumerate(world.start)]
    heapq.heapify(due)
    waited: list[float] = []
    beat_s = 1.0
    while due:
        clock.now_s, client = heapq.heappop(due)
        while beat_s <= min(clock.now_s, world.horizon_s):
            at_s, clock.now_s = clock.now_s, beat_s
            await fleet.beat()
            clock.now_s, beat_s = at_s, beat_s + 1.0
        if clock.now_s >= world.end[client]:
            continue
        channel = int(world.channel[client])
        newest = bisect_right(said[channel], clock.now_s)
        interval = pace.of_channel(channel, newest, int(present[channel]), ClientActivity.ACTIVE)
        fleet.polled(interval.counted)
        if clock.now_s >= world.warm_s:
            found.requests += 1
            found.changes += told_ms[client] not in (0, interval.milliseconds)
            waited += [clock.now_s - one for one in said[channel][seen[client] : newest]]
        found.by_second[int(clock.now_s)] += 1
        seen[client], told_ms[client] = newest, interval.milliseconds
        heapq.heappush(due, (clock.now_s + interval.milliseconds / 1000 * float(phase[client]), client))
    found.delivered(np.array(waited))
    return found
