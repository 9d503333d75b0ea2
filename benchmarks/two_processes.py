"""Whether a second worker process makes a poll dearer: requests per CPU second of one worker and of two.

wrk, PostgreSQL and Valkey need a core of the two that there are, so requests per second of two workers would measure who
gets that core. What is compared is the server's CPU a poll, at the same rate for each worker: one worker on one core, and two
on both, with twice the clients, warmed twice as long. Where it does not grow, two cores answer twice as much. Rates are such
that the second core has room for wrk and the stores too: polls that come together share what is read for them, so a worker
that has less of a core than another is not comparable with it.
"""

import argparse
import os
import statistics
import tempfile
from pathlib import Path

from benchmarks.contestants import Pollux
from benchmarks.dataset import Size, seed
from benchmarks.machine import described, require_what_drives
from benchmarks.measure import WARM_S, measure
from benchmarks.stores import OTHER_CORE, SERVER_CORE, running_stores
from benchmarks.tables import keep
from benchmarks.wrk import CLIENTS, Clients

ROUNDS, SECONDS = 3, 8
# How long clients rest: a worker is busy for half of its core or less.
WORKLOADS = {"P1 spread": 24, "P2 spread": 6, "P3 spread": 6}


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
            Pollux("two workers, both cores", stores, data, folder, workers=2, cores=(SERVER_CORE, OTHER_CORE)),
        ]
        for number in range(chosen.rounds):
            for pollux in setups[number % 2 :] + setups[: number % 2]:
                pollux.start()
                try:
                    for workload, rest_ms in WORKLOADS.items():
                        run = measure(
                            pollux,
                            workload,
                            seconds=chosen.seconds,
                            seed=number,
                            warm_s=pollux.workers * WARM_S,
                            clients=Clients(pollux.workers * CLIENTS.number, rest_ms),
                        )
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
    times = 2 * min(medians[names[-1], one] / medians[names[0], one] for one in WORKLOADS)
    return [
        *lines,
        "",
        f"For the CPU that one worker has, two of them with as much each answer at least {times:.2f} times as many.",
    ]


if __name__ == "__main__":
    main()
