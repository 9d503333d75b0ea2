"""`python -m benchmarks.pacing`: every policy in every world; prints the tables, draws the plots.

Minutes, on two cores; numpy and matplotlib (make .venv/bench). Ends with 1 where something that must hold does not.
"""

import argparse
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from benchmarks.machine import described
from benchmarks.pacing.costs import measured
from benchmarks.pacing.plots import draw
from benchmarks.pacing.progress import Progress
from benchmarks.pacing.raw import raw
from benchmarks.pacing.report import lines, verdicts
from benchmarks.pacing.restart import MILLION
from benchmarks.pacing.tasks import Result, Task, all_tasks, run
from benchmarks.tables import RESULTS


def main() -> None:
    """Run everything and say what came."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pacing", description=__doc__)
    parser.add_argument("--processes", type=int, default=2, help="how many tasks run at the same time (2)")
    parser.add_argument("--clients", type=int, default=MILLION, help="clients of a restart (1000000)")
    parser.add_argument("--save", type=Path, default=RESULTS, metavar="FOLDER", help="where results go (results/)")
    chosen = parser.parse_args()
    began_s = time.monotonic()
    tasks = all_tasks()
    progress = Progress({task.name: weight for task, weight in tasks.items()})
    results: dict[Task, Result] = {}
    with ProcessPoolExecutor(chosen.processes) as pool:
        running = {pool.submit(run, task, chosen.clients): task for task in tasks}
        for done in as_completed(running):
            results[running[done]] = done.result()
            progress.done(running[done].name)
    machine, seconds = described(), round(time.monotonic() - began_s)
    results = {task: results[task] for task in tasks}
    text = "\n".join([f"{machine}; `python -m benchmarks.pacing`, {seconds} s.", "", _costs(), "", *lines(results)])
    print(f"\n{text}")
    chosen.save.mkdir(parents=True, exist_ok=True)
    (chosen.save / "pacing.md").write_text(f"# Pacing\n\n{text}\n")
    (chosen.save / "pacing.json").write_text(json.dumps(raw(results, machine, seconds), indent=1) + "\n")
    for path in draw(results, chosen.save):
        print(f"wrote {path}")
    sys.exit(0 if all(one.holds for one in verdicts(results)) else 1)


def _costs() -> str:
    """Return what the servers of the restarts are reckoned with."""
    costs = {"an unchanged poll": measured().unchanged_us, "a changed one": measured().changed_us}
    costs |= {"a first one": measured().first_us, "a refusal": measured().refused_us}
    return f"Servers' CPU, in microseconds, as measured: {', '.join(f'{what} {us:,.0f}' for what, us in costs.items())}."


if __name__ == "__main__":
    main()
