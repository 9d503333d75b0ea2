"""The tables of the simulator, and what they must show."""

from collections.abc import Iterator, Mapping

from benchmarks.pacing.check import ALIKE, Compared
from benchmarks.pacing.measured import Measured
from benchmarks.pacing.restart import Storm
from benchmarks.pacing.tasks import ACTIVITY, ADAPTIVE, CONTROLS, EQUAL, FIXED, GAINFUL, HALF, LOAD, SMALL, Result, Task

POLICIES = (FIXED, ACTIVITY, LOAD, ADAPTIVE, EQUAL, HALF)
# What a budget is kept within, what a control may lose, how high a restart may rise, how often intervals may change.
WITHIN, LOSS, PEAK, CHANGES = 0.05, 0.05, 1.5, 240.0

Results = Mapping[Task, Result]


def lines(results: Results) -> list[str]:
    """Return the report in Markdown."""
    found = ["### A day of 50,000 people", "", *_worlds(results, ["day"])]
    found += ["", "### Channels that are equal or not, messages by chance or in conversations", "", *_worlds(results, list(SMALL))]
    found += ["", "### A million clients after all servers were away", "", *_restarts(results)]
    found += ["", "### The quick ways against plain discrete events, 1,000 clients", "", *_checks(results)]
    failed = list(failures(results))
    return [*found, "", *(failed or ["Everything that must hold did."])]


def failures(results: Results) -> Iterator[str]:
    """Yield a line for each thing that does not hold."""
    for name in SMALL:
        equal, fixed = _of(results, name, EQUAL), _of(results, name, FIXED)
        half = _of(results, name, HALF)
        for one, budget in ((equal, fixed.requests_per_s), (half, fixed.requests_per_s / 2)):
            if abs(one.requests_per_s / budget - 1) > WITHIN:
                yield f"{name}: {one.policy} asked {one.requests_per_s:,.0f} times a second instead of {budget:,.0f}."
        gain = equal.quantile_s(0.5) / fixed.quantile_s(0.5)
        if name in CONTROLS and abs(gain - 1) > LOSS:
            yield f"{name}: nothing can be gained, but the median is {gain:.2f} times that of fixed intervals."
        if name in GAINFUL and gain > 0.5 and half.quantile_s(0.5) > fixed.quantile_s(0.5):
            yield f"{name}: neither half of the staleness nor half of the requests."
        for one in (equal, half):
            if one.changes_per_client_hour > CHANGES:
                yield f"{name}: {one.policy} changed a client's interval {one.changes_per_client_hour:.0f} times an hour."
    compared = results[Task("check")]
    assert isinstance(compared, list)
    for way in compared:
        assert isinstance(way, Compared)
        if way.apart > ALIKE:
            yield f"{way.quick.policy}: the quick way and plain events differ by {way.apart:.1%}."
    for task, storm in results.items():
        if isinstance(storm, Storm) and not task.quick_retries and storm.policy == ADAPTIVE and storm.peak_ratio > PEAK:
            yield f"{task.name}: the peak is {storm.peak_ratio:.2f} times the steady load."


def _of(results: Results, world: str, policy: str) -> Measured:
    found = results[Task("world", world, policy)]
    assert isinstance(found, Measured)
    return found


def _worlds(results: Results, names: list[str]) -> Iterator[str]:
    yield "| world | policy | requests/s | of fixed | peak/s | median s | p95 s | mean s | changes per client and hour |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for name in names:
        fixed = _of(results, name, FIXED)
        for policy in POLICIES:
            if Task("world", name, policy) not in results:
                continue
            one = _of(results, name, policy)
            yield (
                f"| {name} | {policy} | {one.requests_per_s:,.0f} | {one.requests_per_s / fixed.requests_per_s:.2f}"
                f" | {one.peak_per_s:,.0f} | {one.quantile_s(0.5):.2f} | {one.quantile_s(0.95):.2f} | {one.mean_s:.2f}"
                f" | {one.changes_per_client_hour:.0f} |"
            )


def _restarts(results: Results) -> Iterator[str]:
    yield "| policy | processes | away s | quick retries | steady requests/s | peak/s | of steady | refused | 99 % answered, s |"
    yield "|---|---|---|---|---|---|---|---|---|"
    storms = [one for one in results.values() if isinstance(one, Storm)]
    for one in sorted(storms, key=lambda storm: (storm.policy, -storm.processes, storm.quick_retries, storm.outage_s)):
        yield (
            f"| {one.policy} | {one.processes} | {one.outage_s:g} | {one.quick_retries} | {one.steady_per_s:,.0f}"
            f" | {one.peak_per_s:,.0f} | {one.peak_ratio:.2f} | {one.refused_share:.1%} | {one.recovery_s:.0f} |"
        )


def _checks(results: Results) -> Iterator[str]:
    yield "| policy | requests/s, quick and plain | median s | p95 s | apart at most |"
    yield "|---|---|---|---|---|"
    found = results[Task("check")]
    assert isinstance(found, list)
    for one in found:
        assert isinstance(one, Compared)
        quick, plain = one.quick, one.plain
        yield (
            f"| {quick.policy} | {quick.requests_per_s:.1f} {plain.requests_per_s:.1f}"
            f" | {quick.quantile_s(0.5):.3f} {plain.quantile_s(0.5):.3f}"
            f" | {quick.quantile_s(0.95):.3f} {plain.quantile_s(0.95):.3f} | {one.apart:.1%} |"
        )
