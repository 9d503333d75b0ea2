"""Whether a second worker process makes a poll dearer: requests per CPU second of one worker and of two.

wrk, PostgreSQL and Valkey need a core of the two that there are, so requests per second of two workers would measure who
gets that core. What is compared is the server's CPU a poll: one worker on one core; two workers that share that core;
two workers on both cores, beside wrk and the stores. Where it does not grow, two cores answer twice as much.
"""

import argparse
import os
import statistics
import tempfile
from pathlib import Path

from benchmarks.contestants import Pollux
from benchmarks.dataset import Size, seed
from benchmarks.machine import described, require_what_drives
from benchmarks.measure import measure
from benchmarks.stores import OTHER_CORE, SERVER_CORE, running_stores
from benchmarks.tables import keep

ROUNDS, SECONDS = 3, 8
WORKLOADS = ("P1 spread", "P2 spread", "P3 spread")


def main() -> None:
    """Measure, print and keep the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.two_processes", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    chosen = parser.parse_args()
    require_what_drives()
    os.sched_setaffinity(0, {OTHER_CORE})
    found: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="pollux-bench-") as name, running_stores() as stores:
        folder = Path(name)
        data = seed(stores.postgres, "seeded", Size())
        setups = [
            Pollux("one worker, one core", stores, data, folder),
            Pollux("two workers, the same core", stores, data, folder, workers=2),
            Pollux("two workers, both cores", stores, data, folder, workers=2, cores=(SERVER_CORE, OTHER_CORE)),
        ]
        for number in range(chosen.rounds):
            for pollux in setups[number % 3 :] + setups[: number % 3]:
                pollux.start()
                try:
                    for workload in WORKLOADS:
                        run = measure(pollux, workload, seconds=chosen.seconds, seed=number)
                        found.setdefault((pollux.name, workload), []).append(run.requests_per_cpu_s)
                        print(f"round {number + 1}/{chosen.rounds}  {pollux.name}  {workload}: {run.shown()}", flush=True)
                finally:
                    pollux.stop()
    medians = {key: statistics.median(rates) for key, rates in found.items()}
    head = f"{described()}; medians of {chosen.rounds} rounds of {chosen.seconds} s."
    whole = chosen.rounds >= ROUNDS and chosen.seconds >= SECONDS
    keep("two_processes", "Two processes", [head, "", *_table([setup.name for setup in setups], medians)], whole=whole)


def _table(names: list[str], medians: dict[tuple[str, str], float]) -> list[str]:
    lines = [f"| requests per CPU second | {' | '.join(WORKLOADS)} |", "|---|" + "---|" * len(WORKLOADS)]
    for name in names:
        cells = [f"{medians[name, one]:,.0f} (x {medians[name, one] / medians[names[0], one]:.2f})" for one in WORKLOADS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main()
