"""The tables of the simulator, and what they must show."""

from collections.abc import Iterator, Mapping
from statistics import mean
from typing import NamedTuple

from benchmarks.pacing.check import ALIKE, RUNS, Compared, high_s, median_s, requests
from benchmarks.pacing.measured import Measured
from benchmarks.pacing.restart import Storm
from benchmarks.pacing.tasks import ACTIVITY, ADAPTIVE, CONTROLS, EQUAL, FIXED, GAINFUL, HALF, LOAD, SMALL, Result, Task

POLICIES = (FIXED, ACTIVITY, LOAD, ADAPTIVE, EQUAL, HALF)
# What a budget is kept within, what a control may lose, how high a restart may rise, how often intervals may change.
WITHIN, LOSS, PEAK, CHANGES = 0.05, 0.05, 1.5, 240.0

Results = Mapping[Task, Result]


class Verdict(NamedTuple):
    """Something that must hold, what was found, and whether it does."""

    claim: str
    figure: str
    holds: bool


def lines(results: Results) -> list[str]:
    """Return the report in Markdown."""
    found = ["### What must hold", "", *_judged(results)]
    found += ["", "### A day of 50,000 people", "", *_worlds(results, ["day"])]
    found += ["", "### Channels that are equal or not, messages by chance or in conversations", "", *_worlds(results, list(SMALL))]
    found += ["", "### A million clients after all servers were away", "", *_restarts(results)]
    found += ["", "### The quick ways against plain discrete events, 1,000 clients", "", *_checks(results)]
    return found


def verdicts(results: Results) -> Iterator[Verdict]:
    """Yield everything that must hold."""
    for name in ("day", *GAINFUL):
        yield _gain(results, name)
    for name in CONTROLS:
        gain = _of(results, name, EQUAL).quantile_s(0.5) / _of(results, name, FIXED).quantile_s(0.5)
        yield Verdict(f"{name}: no gain, a loss under {LOSS:.0%}", f"{gain:.2f} of fixed's median", abs(gain - 1) <= LOSS)
    for name in SMALL:
        fixed = _of(results, name, FIXED).requests_per_s
        spent = [_of(results, name, EQUAL).requests_per_s / fixed, _of(results, name, HALF).requests_per_s / (fixed / 2)]
        claim = f"{name}: budgets kept within {WITHIN:.0%}"
        yield Verdict(claim, ", ".join(f"{one:.3f}" for one in spent), all(abs(one - 1) <= WITHIN for one in spent))
    most = max((_of(results, name, policy).changes_per_client_hour, name) for name in SMALL for policy in (ADAPTIVE, EQUAL, HALF))
    claim = f"an interval changes at most {CHANGES:.0f} times per client and hour"
    yield Verdict(claim, f"{most[0]:.0f}, in {most[1]}", most[0] <= CHANGES)
    for task, storm in results.items():
        if isinstance(storm, Storm) and not task.quick_retries and storm.policy == ADAPTIVE:
            claim = f"{task.name}: at most {PEAK} times the steady load"
            yield Verdict(claim, f"{storm.peak_ratio:.2f}", storm.peak_ratio <= PEAK)
    for way in _compared(results):
        claim = f"{way.policy}: the quick way and plain events within {ALIKE:.0%}"
        yield Verdict(claim, f"{way.apart:.1%}", way.apart <= ALIKE)


def _gain(results: Results, name: str) -> Verdict:
    """Whether `adaptive` has, in any of its runs, half of the requests at no greater median, or half of the median at no more."""
    fixed = _of(results, name, FIXED)
    found = [_of(results, name, policy) for policy in (ADAPTIVE, EQUAL, HALF) if Task("world", name, policy) in results]
    of_fixed = [(one.requests_per_s / fixed.requests_per_s, one.quantile_s(0.5) / fixed.quantile_s(0.5)) for one in found]
    # A budget is kept to a hundredth, not to the last request.
    holds = any((asked <= 0.505 and stale <= 1) or (asked <= 1.01 and stale <= 0.5) for asked, stale in of_fixed)
    figures = "; ".join(f"{asked:.2f} of the requests, {stale:.2f} of the median" for asked, stale in of_fixed)
    return Verdict(f"{name}: half of the requests or half of the median", figures, holds)


def _judged(results: Results) -> Iterator[str]:
    yield "| what must hold | found | |"
    yield "|---|---|---|"
    for one in verdicts(results):
        yield f"| {one.claim} | {one.figure} | {'holds' if one.holds else '**does not hold**'} |"


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


def _compared(results: Results) -> list[Compared]:
    return [one for one in results.values() if isinstance(one, Compared)]


def _checks(results: Results) -> Iterator[str]:
    yield f"Means of {RUNS} runs; `activity` knows no phases and is run once."
    yield ""
    yield "| policy | requests/s, quick and plain | median s | p95 s | apart at most | a run from another, by phases |"
    yield "|---|---|---|---|---|---|"
    for one in _compared(results):
        asked, middle, high = ([mean(map(of, way)) for way in (one.quick, one.plain)] for of in (requests, median_s, high_s))
        yield (
            f"| {one.policy} | {asked[0]:.1f} {asked[1]:.1f} | {middle[0]:.3f} {middle[1]:.3f} | {high[0]:.3f} {high[1]:.3f}"
            f" | {one.apart:.1%} | {one.by_phases:.1%} |"
        )
