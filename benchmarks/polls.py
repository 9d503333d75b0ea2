"""Polls against every server, in rounds: requests per second and what each request costs the server's core.

Medians of interleaved rounds; the order of the servers is another in each. Needs two cores and wrk; see README.md.
"""

import argparse
import os
import re
import tempfile
from pathlib import Path

from benchmarks import workloads
from benchmarks.contestants import Contestant, Floor, Pollux
from benchmarks.dataset import Size, seed
from benchmarks.machine import described, require_what_drives
from benchmarks.measure import NotOffered, measure
from benchmarks.peers.contestants import Peer, node_version, peers, seed_peers
from benchmarks.plot import draw
from benchmarks.stores import OTHER_CORE, running_stores
from benchmarks.tables import FLOOR, RESULTS, Results, save

ROUNDS, SECONDS = 3, 10
# A run beside which anything else took more cores than this is repeated, chosen by its noise and never by its result.
QUIET_CORES = 0.5
AGAIN = 20


def options() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.polls", description=__doc__)
    parser.add_argument("--rounds", type=int, help=f"of every server ({ROUNDS})")
    parser.add_argument("--seconds", type=int, help=f"of each run ({SECONDS})")
    parser.add_argument("--only", default="", metavar="REGEX", help="servers whose name it is found in, such as 'Pollux|floor'")
    parser.add_argument(
        "--workloads", default="", metavar="REGEX", help="workloads whose name it is found in, such as 'P[12] hot$'"
    )
    parser.add_argument("--again", type=int, help=f"noisy runs that are repeated, in all ({AGAIN})")
    parser.add_argument("--quick", action="store_true", help="one round of 2 s, nothing repeated, where not said otherwise")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="where results go (results/, for a whole measurement only)")
    chosen = parser.parse_args()
    if not (chosen.only or chosen.workloads or chosen.quick or chosen.rounds or chosen.seconds):
        chosen.save = chosen.save or RESULTS
    rounds, seconds, again = (1, 2, 0) if chosen.quick else (ROUNDS, SECONDS, AGAIN)
    chosen.rounds = chosen.rounds or rounds
    chosen.seconds = chosen.seconds or seconds
    chosen.again = again if chosen.again is None else chosen.again
    return chosen


def main() -> None:
    """Measure, print and save."""
    chosen = options()
    require_what_drives()
    os.sched_setaffinity(0, {OTHER_CORE})
    with tempfile.TemporaryDirectory(prefix="pollux-bench-") as name, running_stores() as stores:
        folder = Path(name)
        print("seeding", flush=True)
        data = seed(stores.postgres, "seeded", Size())
        pollux = Pollux("Pollux", stores, data, folder)
        print("comparing answers with the database", flush=True)
        _sample(pollux, folder / "bodies")
        servers, lines = peers(stores, data, folder)
        everyone = [Floor(FLOOR, stores, data, folder, bodies=folder / "bodies"), pollux, *servers]
        contestants = [one for one in everyone if re.search(chosen.only, one.name, re.IGNORECASE)]
        print("".join(f"{line}\n" for line in lines), end="")
        if not contestants:
            raise SystemExit(f"--only {chosen.only} names none of: {'; '.join(one.name for one in everyone)}")
        if any(isinstance(one, Peer) for one in contestants):
            seed_peers(stores)
        results = Results(
            machine=f"{described()}, {node_version()}",
            rounds=chosen.rounds,
            seconds=chosen.seconds,
            names=[one.name for one in contestants],
        )
        for number in range(chosen.rounds):
            turn = number % len(contestants)
            for contestant in contestants[turn:] + contestants[:turn]:
                try:
                    _take_turn(contestant, results, number, chosen)
                except AssertionError as error:
                    if not isinstance(contestant, Peer):
                        raise
                    print(f"{contestant.name} is left out of the rest of its turn: {error}", flush=True)
                    results.leave_out(contestant.name, f"rest of round {number + 1}", str(error).partition("\n")[0])
    print(results.text())
    if chosen.save is not None:
        save(results, chosen.save)
        print(draw(results, chosen.save / "polls.svg"))


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
    """Run every workload of one server: plain reads on one start, the others each on one of its own."""
    wanted = [name for name in contestant.workloads if re.search(chosen.workloads, name)]
    reading = [name for name in wanted if name in workloads.READS]
    alone = [[name] for name in wanted if name not in workloads.READS]
    for names in [reading, *alone] if reading else alone:
        contestant.start(writes=names[0] in workloads.WRITES)
        try:
            if names[0] not in workloads.CONDITIONAL:  # an ETag moves when whoever checked is no longer present
                contestant.check()
            for name in names:
                seed_number = 1000 * number + list(workloads.ALL).index(name)
                try:
                    run = measure(contestant, name, seconds=chosen.seconds, seed=seed_number)
                    if run.noise_cores > QUIET_CORES and chosen.again > 0 and name in workloads.READS:
                        chosen.again -= 1
                        again = measure(contestant, name, seconds=chosen.seconds, seed=seed_number + 100)
                        run = min(run, again, key=lambda one: one.noise_cores)
                except NotOffered as reason:
                    results.leave_out(contestant.name, name, str(reason))
                    continue
                results.add(contestant.name, name, run)
                print(f"round {number + 1}/{chosen.rounds}  {contestant.name}  {name}: {run.shown()}", flush=True)
        finally:
            contestant.stop()


if __name__ == "__main__":
    main()
