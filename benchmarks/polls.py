"""Polls against every server, in rounds: requests per second and what each request costs the server's core.

Medians of interleaved rounds; the order of the servers is another in each. Needs two cores and wrk; see README.md.
"""

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path

from benchmarks import workloads
from benchmarks.contestants import Contestant, Floor, Pollux
from benchmarks.dataset import Size, seed
from benchmarks.machine import described, missing
from benchmarks.measure import NotOffered, measure
from benchmarks.stores import OTHER_CORE, running_stores
from benchmarks.tables import Results, save

ROUNDS, SECONDS = 3, 10


def options() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.polls", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=SECONDS, help=f"of each run ({SECONDS})")
    parser.add_argument("--only", default="", metavar="REGEX", help="servers whose name it is found in, such as 'Pollux|floor'")
    parser.add_argument(
        "--workloads", default="", metavar="REGEX", help="workloads whose name it is found in, such as 'P[12] hot$'"
    )
    parser.add_argument("--quick", action="store_true", help="one round of 2 s")
    parser.add_argument("--save", type=Path, default=Path(__file__).parent / "results", metavar="FOLDER")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.rounds, chosen.seconds = 1, 2
    return chosen


def main() -> int:
    """Measure, print and save."""
    chosen = options()
    lacking = missing()
    for line in lacking:
        print(line)
    if lacking:
        return 2
    os.sched_setaffinity(0, {OTHER_CORE})
    with tempfile.TemporaryDirectory(prefix="pollux-bench-") as name, running_stores() as stores:
        folder = Path(name)
        print("seeding", flush=True)
        data = seed(stores.postgres, "seeded", Size())
        pollux = Pollux("Pollux", stores, data, folder)
        print("comparing answers with the database", flush=True)
        _sample(pollux, folder / "bodies")
        everyone: list[Contestant] = [Floor("floor: aiohttp, fixed bytes", stores, data, folder, bodies=folder / "bodies"), pollux]
        contestants = [one for one in everyone if re.search(chosen.only, one.name, re.IGNORECASE)]
        results = Results(
            machine=described(), rounds=chosen.rounds, seconds=chosen.seconds, names=[one.name for one in contestants]
        )
        for number in range(chosen.rounds):
            turn = number % len(contestants)
            for contestant in contestants[turn:] + contestants[:turn]:
                _take_turn(contestant, results, number, chosen)
    print(results.text())
    save(results, chosen.save)
    return 0


def _sample(pollux: Contestant, bodies: Path) -> None:
    """Check Pollux against the database, and keep an answer of each kind for the floor to repeat."""
    bodies.mkdir()
    pollux.start(writes=True)
    try:
        pollux.check()
        for name in workloads.ALL:
            for kind in pollux.plan(name).kinds:
                if not (bodies / kind.name).exists():  # what is asked after the first send is no longer what was seeded
                    (bodies / kind.name).write_bytes(kind.ask(pollux.port).body)
    finally:
        pollux.stop()


def _take_turn(contestant: Contestant, results: Results, number: int, chosen: argparse.Namespace) -> None:
    """Run every workload of one server: those that read on one start, each that writes on one of its own."""
    wanted = [name for name in contestant.workloads if re.search(chosen.workloads, name)]
    reading = [name for name in wanted if name not in workloads.WRITES]
    for names in ([reading] if reading else []) + [[name] for name in wanted if name in workloads.WRITES]:
        contestant.start(writes=names != reading)
        try:
            contestant.check()
            for name in names:
                seed_number = 1000 * number + list(workloads.ALL).index(name)
                try:
                    run = measure(contestant, name, seconds=chosen.seconds, seed=seed_number)
                except NotOffered as reason:
                    results.leave_out(contestant.name, name, str(reason))
                    continue
                results.add(contestant.name, name, run)
                print(f"round {number + 1}/{chosen.rounds}  {contestant.name}  {name}: {run.shown()}", flush=True)
        finally:
            contestant.stop()


if __name__ == "__main__":
    sys.exit(main())
