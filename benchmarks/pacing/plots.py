"""The plots of docs/pacing.md, as SVG."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from benchmarks.pacing.measured import BIN_S, Measured
from benchmarks.pacing.report import Results
from benchmarks.pacing.restart import STEADY_S, Storm
from benchmarks.pacing.tasks import ACTIVITY, ADAPTIVE, FIXED, GAINFUL, LOAD, OUTAGES_S, SCARCE, Task

_COLORS = {FIXED: "tab:grey", ACTIVITY: "tab:green", LOAD: "tab:orange", ADAPTIVE: "tab:blue"}


def draw(results: Results, folder: Path) -> list[Path]:
    """Write the plots; returns their files."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {"pacing_day.svg": _day(results), "pacing_worlds.svg": _worlds(results), "pacing_restart.svg": _restarts(results)}
    for name, figure in made.items():
        figure.savefig(folder / name, metadata={"Date": None})
    return [folder / name for name in made]


def _measured(results: Results, world: str, policy: str) -> Measured:
    found = results[Task("world", world, policy)]
    assert isinstance(found, Measured)
    return found


def _day(results: Results) -> Figure:
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    load, stale = figure.subplots(1, 2)
    for policy, color in _COLORS.items():
        one = _measured(results, "day", policy)
        minutes = one.by_second[: len(one.by_second) // 300 * 300].reshape(-1, 300).mean(axis=1)
        load.plot(np.arange(len(minutes)) / 12, minutes, color=color, lw=1, label=policy)
        share = np.cumsum(one.staleness) / one.staleness.sum()
        stale.plot((np.arange(len(share)) + 1) * BIN_S, share, color=color, lw=1, label=policy)
    load.set(xlabel="hour", ylabel="requests a second", title="A day of 50,000 people", xlim=(0, 24))
    stale.set(xlabel="staleness, s", ylabel="share of deliveries", xscale="log", xlim=(0.05, 30), title="How long messages waited")
    for axes in (load, stale):
        axes.legend(fontsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _worlds(results: Results) -> Figure:
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    for axes, world in zip(figure.subplots(1, len(GAINFUL), sharey=True), GAINFUL, strict=True):
        fixed = _measured(results, world, FIXED)
        # A fixed interval's requests times its median are always the same.
        intervals = np.geomspace(0.5, 8, 50)
        axes.plot(2 / intervals, intervals / 2, color="tab:grey", lw=1, label="any fixed interval")
        for policy, color in ((ACTIVITY, "tab:green"), (LOAD, "tab:orange")):
            one = _measured(results, world, policy)
            axes.plot(one.requests_per_s / fixed.requests_per_s, one.quantile_s(0.5), "o", color=color, label=policy)
        found = [one for task, one in results.items() if task.world == world and task.policy.startswith(ADAPTIVE)]
        adaptive = sorted((one for one in found if isinstance(one, Measured)), key=lambda one: one.requests_per_s)
        axes.plot(
            [one.requests_per_s / fixed.requests_per_s for one in adaptive],
            [one.quantile_s(0.5) for one in adaptive],
            "o-",
            color="tab:blue",
            lw=1,
            label="adaptive",
        )
        axes.set(xlabel="requests, of those of 2 s", title=world, xscale="log", yscale="log", xlim=(0.2, 4), ylim=(0.15, 4))
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("median staleness, s")
    figure.axes[0].legend(fontsize=7)
    return figure


def _restarts(results: Results) -> Figure:
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    for axes, outage_s in zip(figure.subplots(1, len(OUTAGES_S), sharey=True), OUTAGES_S, strict=True):
        for quick in (3, 0):
            storm = results.get(Task("restart", policy=ADAPTIVE, outage_s=outage_s, processes=SCARCE, quick_retries=quick))
            if not isinstance(storm, Storm):
                continue
            seconds = np.arange(len(storm.by_second())) - STEADY_S - outage_s
            label = f"{quick} retries sooner than the interval" if quick else "never sooner than the interval"
            axes.plot(seconds, storm.by_second(), lw=1, color="tab:red" if quick else "tab:blue", label=label)
        axes.axhline(1.5, color="tab:grey", lw=0.7, ls="--")
        axes.set(xlabel="seconds since the restart", title=f"away for {outage_s:g} s", xlim=(-outage_s - 20, 120))
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("requests received, of the steady load")
    figure.axes[0].legend(fontsize=7)
    return figure
