"""`python -m tests.faults.history`: every scenario, a table, and exit status 1 unless every promise held.

Rule: the controls count as much as the rest. A checker that lets a planted fault pass has proven nothing.
"""

import argparse
import sys

from tests.faults.history import report, scenarios
from tests.faults.history.scenarios import Scenario
from tests.servers.pgbouncer import Missing

SHORT = {"postgres": (200, 800), "sqlite": (200, 800)}
CONTROL_NUMBERS = (200, 800)


def main() -> int:
    """Run what the arguments ask for; returns the exit status."""
    arguments = _arguments()
    _say(report.header())
    failed = 0
    for store in arguments.store or ["postgres", "sqlite"]:
        chosen = scenarios.ON_POSTGRES if store == "postgres" else scenarios.ON_SQLITE
        share = (arguments.sends // len(chosen) + 1, arguments.polls // len(chosen) + 1)
        if arguments.short:
            share = SHORT[store]
        planned = [(scenario, share) for scenario in chosen] + [(control, CONTROL_NUMBERS) for control in scenarios.CONTROLS]
        for scenario, numbers in planned:
            if arguments.only is None or arguments.only in scenario.name:
                failed += not _passes(scenario, store, *numbers)
    _say("FAILED" if failed else "every promise held, and every control was found out")
    return 1 if failed else 0


def _passes(scenario: Scenario, store: str, sends: int, polls: int) -> bool:
    try:
        row = scenarios.run(scenario, store, sends=sends, polls=polls, progress=_progress)
    except Missing as error:
        _say(f"{store:<8} {scenario.name:<22} NOT RUN: {error}")
        return True
    except AssertionError as error:
        _say(f"{store:<8} {scenario.name:<22} ended: {error}")
        return False
    _progress("")
    _say(row.line())
    for problem in row.problems:
        _say(f"    {problem}")
    return not row.problems


def _progress(text: str) -> None:
    if sys.stdout.isatty():
        _say(f"{text:<100}", end="\r")


def _say(text: str, *, end: str = "\n") -> None:
    print(text, end=end, flush=True)  # noqa: T201  # a command prints


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.history", description=__doc__)
    parser.add_argument("--sends", type=int, default=50_000, help="acknowledged sends in all, on each store")
    parser.add_argument("--polls", type=int, default=200_000, help="answered polls in all, on each store")
    parser.add_argument("--store", choices=["postgres", "sqlite"], action="append", help="only this one")
    parser.add_argument("--only", metavar="NAME", help="only scenarios whose name holds this")
    parser.add_argument("--short", action="store_true", help="a few hundred sends each: does it work at all")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
