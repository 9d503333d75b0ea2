"""Whether a poll costs the same however much there is: messages in a channel, channels, members of a channel.

Polls are spread over the channels and members of the case. Medians of interleaved rounds of the server's CPU a poll.
"""

import argparse
import os
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import workloads
from benchmarks.answers import check_pollux
from benchmarks.contestants import Pollux
from benchmarks.dataset import Dataset, Size, seed
from benchmarks.machine import described, require_what_drives
from benchmarks.measure import measure_plan
from benchmarks.stores import OTHER_CORE, Stores, running_stores
from benchmarks.tables import keep
from benchmarks.wrk import Plan

ROUNDS, SECONDS = 3, 8
# A run begins when what is kept in memory is there; of many channels and members, most come by once in the longer time.
WARM_S, LONG_WARM_S = 4, 30
GOAL = 1.15

MESSAGES = Size(channels=1, messages=1_000, members=200, notifications=5)
CHANNELS = Size(channels=10, messages=100, members=20, notifications=5)
MEMBERS = Size(channels=1, messages=1_000, members=2, notifications=5)


@dataclass(frozen=True, slots=True)
class Case:
    """One database and who polls what of it; `pollers` 0 is every member, `polled` 0 every channel."""

    name: str
    size: Size
    pollers: int = 0
    polled: int = 0
    warm_s: int = WARM_S
    p1: Callable[[Dataset], Plan] = workloads.p1_near_head

    def plans(self, data: Dataset) -> dict[str, Plan]:
        if self.polled:
            data = replace(data, size=replace(data.size, channels=self.polled))
        plans = {"P2 spread": workloads.p2_spread(data), "P1 spread": self.p1(data)}
        return {name: _asked_by(plan, data.tokens[: self.pollers or None]) for name, plan in plans.items()}


# Each grown case is compared with the small one above it.
PAIRS = {
    Case("1,000 messages in the channel", MESSAGES): [
        Case("1,000,000 messages, P1 as near to the head", replace(MESSAGES, messages=1_000_000)),
        Case("1,000,000 messages, P1 anywhere", replace(MESSAGES, messages=1_000_000), p1=workloads.p1_spread),
    ],
    Case("10 channels", CHANNELS): [
        Case("10,000 channels, 10 of them polled", replace(CHANNELS, channels=10_000), polled=10),
        Case("10,000 channels, all polled", replace(CHANNELS, channels=10_000), warm_s=LONG_WARM_S),
    ],
    Case("2 members", MEMBERS): [
        Case("10,000 members, 2 of them polling", replace(MEMBERS, members=10_000), pollers=2),
        Case("10,000 members, all polling", replace(MEMBERS, members=10_000), warm_s=LONG_WARM_S),
    ],
}


def main() -> None:
    """Measure, print and keep the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flat", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    chosen = parser.parse_args()
    require_what_drives()
    os.sched_setaffinity(0, {OTHER_CORE})
    found: dict[tuple[Case, str], list[float]] = {}
    cases = [case for small, grown in PAIRS.items() for case in (small, *grown)]
    with tempfile.TemporaryDirectory(prefix="pollux-bench-") as folder, running_stores() as stores:
        datasets = _seed(stores, cases)
        for number in range(chosen.rounds):
            for case in cases if number % 2 == 0 else cases[::-1]:
                pollux = Pollux("Pollux", stores, datasets[case.size], Path(folder))
                for name, cost_us in _costs(pollux, case, number, chosen.seconds).items():
                    found.setdefault((case, name), []).append(cost_us)
                    print(f"round {number + 1}/{chosen.rounds}  {case.name}  {name}: {cost_us:,.0f} us of CPU a poll", flush=True)
    head = f"{described()}; medians of {chosen.rounds} rounds of {chosen.seconds} s."
    whole = chosen.rounds >= ROUNDS and chosen.seconds >= SECONDS
    keep("flat", "Flat", [head, "", *_table({key: statistics.median(costs) for key, costs in found.items()})], whole=whole)


def _seed(stores: Stores, cases: list[Case]) -> dict[Size, Dataset]:
    datasets: dict[Size, Dataset] = {}
    for size in dict.fromkeys(case.size for case in cases):
        print(f"seeding {size.channels:,} channels, {size.messages:,} messages and {size.members:,} members each", flush=True)
        datasets[size] = seed(stores.postgres, f"flat{len(datasets)}", size)
    return datasets


def _costs(pollux: Pollux, case: Case, number: int, seconds: int) -> dict[str, float]:
    """Return microseconds of the server's CPU a poll, by workload."""
    pollux.start()
    try:
        check_pollux(pollux.data, pollux.port)
        return {
            name: measure_plan(
                plan, pollux.port, pollux.pid, pollux.folder / "plan", seconds=seconds, seed=number, warm_s=case.warm_s
            ).cpu_us_per_request
            for name, plan in case.plans(pollux.data).items()
        }
    finally:
        pollux.stop()


def _asked_by(plan: Plan, tokens: list[str]) -> Plan:
    return Plan(tuple(replace(kind, tokens=tokens) for kind in plan.kinds))


def _table(costs: dict[tuple[Case, str], float]) -> list[str]:
    lines = ["| microseconds of the server's CPU a poll | P2 spread | P1 spread |", "|---|---|---|"]
    for small, grown in PAIRS.items():
        lines.append(f"| {small.name} | {costs[small, 'P2 spread']:,.0f} | {costs[small, 'P1 spread']:,.0f} |")
        for case in grown:
            cells = []
            for name in ("P2 spread", "P1 spread"):
                ratio = costs[case, name] / costs[small, name]
                cells.append(f"{costs[case, name]:,.0f} (x {ratio:.2f}{'' if ratio <= GOAL else ', above ' + str(GOAL)})")
            lines.append(f"| {case.name} | {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main()
