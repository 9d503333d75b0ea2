"""The plot beside the table: what a second of each server's own CPU answers, a panel a workload."""

import importlib.util
from pathlib import Path

from benchmarks import workloads
from benchmarks.tables import Results

OURS = "Pollux"
COLUMNS = 2


def draw(results: Results, path: Path) -> str:
    """Write the plot; returns a line that says where, or what is missing for it."""
    if importlib.util.find_spec("matplotlib") is None:
        return "matplotlib is missing (make .venv/bench), and with it the plot"
    shown = [name for name in results.workloads if name in workloads.READS]
    if not shown:
        return "no poll was measured, so there is no plot"
    from matplotlib.figure import Figure  # noqa: PLC0415  # measuring goes on without it

    rows = -(-len(shown) // COLUMNS)
    figure = Figure(figsize=(5 * COLUMNS, 0.9 + rows * (0.7 + 0.26 * len(results.names))), layout="constrained")
    figure.suptitle(f"Requests per second of the server's own CPU\n{results.machine}", fontsize=9)
    for index, workload in enumerate(shown):
        axes = figure.add_subplot(rows, COLUMNS, index + 1)
        values = [(name, results.median(name, workload, "requests_per_cpu_s") or 0.0) for name in results.names][::-1]
        colors = ["tab:blue" if name == OURS else "lightgrey" for name, _ in values]
        bars = axes.barh([name for name, _ in values], [value for _, value in values], color=colors)
        axes.bar_label(bars, fmt="{:,.0f}", fontsize=7, padding=2)
        axes.set_title(workload, fontsize=8)
        axes.tick_params(labelsize=7)
        axes.margins(x=0.15)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    return f"wrote {path}"
