"""Every figure of a run of the simulator, for programs to read: results/pacing.json."""

from collections.abc import Mapping
from typing import Any

from benchmarks.pacing.check import Compared
from benchmarks.pacing.measured import Measured
from benchmarks.pacing.restart import Storm
from benchmarks.pacing.tasks import Result, Task


def raw(results: Mapping[Task, Result], machine: str, seconds: int) -> dict[str, Any]:
    """Return what was run, where, and what came, in the order of `results`."""
    return {"machine": machine, "seconds": seconds, "runs": [{"name": task.name, **_of(one)} for task, one in results.items()]}


def _of(result: Result) -> dict[str, Any]:
    if isinstance(result, Measured):
        return _measured(result)
    if isinstance(result, Storm):
        return _storm(result)
    assert isinstance(result, Compared)
    return {"quick": [_measured(one) for one in result.quick], "plain": [_measured(one) for one in result.plain]}


def _measured(one: Measured) -> dict[str, Any]:
    figures = {
        "requests_per_s": one.requests_per_s,
        "peak_per_s": one.peak_per_s,
        "p50_s": one.quantile_s(0.5),
        "p95_s": one.quantile_s(0.95),
        "mean_s": one.mean_s,
        "changes_per_client_hour": one.changes_per_client_hour,
    }
    return {name: round(value, 4) for name, value in figures.items()} | {"deliveries": int(one.staleness.sum())}


def _storm(one: Storm) -> dict[str, Any]:
    figures = {
        "steady_per_s": one.steady_per_s,
        "peak_per_s": one.peak_per_s,
        "peak_ratio": one.peak_ratio,
        "refused_share": one.refused_share,
        "recovery_s": one.recovery_s,
    }
    by_second = [round(float(share), 3) for share in one.by_second()]
    return {name: round(value, 4) for name, value in figures.items()} | {"clients": one.clients, "received_by_second": by_second}
