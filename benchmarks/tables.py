"""Results of runs: medians over the rounds, printed as tables, saved as JSON and Markdown.

Rule: every run that was taken is in the JSON, and none of them is left out of a median.
"""

import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks import workloads
from benchmarks.measure import Run

RESULTS = Path(__file__).parent / "results"
FLOOR = "floor: aiohttp, fixed bytes"


@dataclass
class Results:
    """Runs by server and workload. `names` gives the order of the servers."""

    machine: str
    rounds: int
    seconds: int
    names: list[str]
    runs: dict[str, dict[str, list[Run]]] = field(default_factory=dict)
    absent: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, name: str, workload: str, run: Run) -> None:
        self.runs.setdefault(name, {}).setdefault(workload, []).append(run)

    def leave_out(self, name: str, workload: str, reason: str) -> None:
        """Remember why there is no run of a workload."""
        self.absent.setdefault(name, {})[workload] = reason

    def median(self, name: str, workload: str, measured: str) -> float | None:
        """Return the median of what was measured, or None without a run."""
        runs = self.runs.get(name, {}).get(workload, [])
        return statistics.median(getattr(run, measured) for run in runs) if runs else None

    def ratio(self, name: str, workload: str, measured: str) -> float | None:
        """Return what was measured as a part of the floor's, or None without both."""
        own, floor = self.median(name, workload, measured), self.median(FLOOR, workload, measured)
        return own / floor if own is not None and floor else None

    @property
    def workloads(self) -> list[str]:
        known = {name for one in self.names for name in (*self.runs.get(one, {}), *self.absent.get(one, {}))}
        return [name for name in workloads.ALL if name in known]

    def text(self) -> str:
        """Return the tables as Markdown."""
        return "\n".join(
            [
                f"{self.machine}; medians of {self.rounds} rounds of {self.seconds} s; 64 connections.",
                "",
                *self._table("Requests per second of the server's own CPU (ratio to the floor)", "requests_per_cpu_s"),
                *self._table("Requests per second (ratio to the floor), p50 / p99 in ms", "requests_per_s", latencies=True),
                *self._footer(),
            ]
        )

    def _table(self, title: str, measured: str, *, latencies: bool = False) -> list[str]:
        shown = self.workloads
        lines = [f"### {title}", "", "| server | " + " | ".join(shown) + " |", "|---|" + "---|" * len(shown)]
        for name in self.names:
            cells = " | ".join(self._cell(name, workload, measured, latencies=latencies) for workload in shown)
            lines.append(f"| {name} | {cells} |")
        return [*lines, ""]

    def _cell(self, name: str, workload: str, measured: str, *, latencies: bool) -> str:
        value, ratio = self.median(name, workload, measured), self.ratio(name, workload, measured)
        if value is None:
            return "not offered" if workload in self.absent.get(name, {}) else ""
        text = f"{value:,.0f}" + (f" ({ratio:.3f})" if ratio is not None else "")
        p50, p99 = self.median(name, workload, "p50_ms"), self.median(name, workload, "p99_ms")
        return f"{text} {p50:.1f} / {p99:.0f}" if latencies else text

    def _footer(self) -> list[str]:
        runs = [run for of_server in self.runs.values() for of_workload in of_server.values() for run in of_workload]
        noise = sorted(run.noise_cores for run in runs) or [0.0]
        beside = max((run.beside_cores for run in runs), default=0.0)
        lines = [
            f"Errors in all {len(runs)} runs: {sum(run.errors for run in runs)}. Noise, the cores that anything else took"
            f" during a run: median {statistics.median(noise):.2f}, most {noise[-1]:.2f}. wrk, PostgreSQL and Valkey took at"
            f" most {beside:.2f} of their core."
        ]
        lines += [f"{name}, {workload}: {reason}." for name, reasons in self.absent.items() for workload, reason in reasons.items()]
        return lines


def keep(name: str, title: str, lines: list[str], *, whole: bool) -> None:
    """Print lines of Markdown; of a whole measurement, write them to results/ too."""
    text = "\n".join(lines)
    print(f"\n{text}")
    if whole:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{name}.md").write_text(f"# {title}\n\n{text}\n")


def save(results: Results, folder: Path) -> None:
    """Write polls.json and polls.md."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "polls.json").write_text(json.dumps(asdict(results), indent=1) + "\n")
    (folder / "polls.md").write_text(f"# Polls\n\n{results.text()}\n")
