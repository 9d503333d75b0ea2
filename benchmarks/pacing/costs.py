"""What requests cost a server, from what was measured: the server model of the simulator.

Unchanged and changed polls are the medians of `P2 spread` and `P1 spread` in results/polls.json. The first poll of a
person after a restart, with a token to verify and nothing kept, and a refusal are of results/pacing_real.json, which
`python -m benchmarks.pacing.real` writes.
"""

import json
import statistics
from dataclasses import dataclass
from functools import cache

from benchmarks.tables import RESULTS


@dataclass(frozen=True, slots=True)
class Costs:
    """Microseconds of a server's CPU for one request."""

    unchanged_us: float
    changed_us: float
    first_us: float
    refused_us: float


@cache
def measured() -> Costs:
    """Return the costs that were measured last."""
    runs = json.loads((RESULTS / "polls.json").read_text())["runs"]["Pollux"]
    real = json.loads((RESULTS / "pacing_real.json").read_text())

    def median(workload: str) -> float:
        return float(statistics.median(run["cpu_us_per_request"] for run in runs[workload]))

    return Costs(median("P2 spread"), median("P1 spread"), real["first_us"], real["refused_us"])
