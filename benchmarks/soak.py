"""`make soak MINUTES=30`: a server of two processes under a steady load, and whether anything grows.

Seven tenths of what the machine could do in a short trial; a sample every few seconds of memory, tasks, open files, connections,
dead rows and latency; a table with the slope of each over the last half, and a plot. The exit status is 1 where anything failed.
"""

import argparse
import asyncio
import importlib.util
import math
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import asyncpg

from benchmarks.machine import described
from benchmarks.processes import memory_kib, open_files
from benchmarks.soak_load import Load
from benchmarks.stores import Stores, running_stores
from benchmarks.tables import RESULTS, keep
from tests.servers.pollux import Server

SHARE, TRIAL_S, WARM_S, WORKERS = 0.7, 15.0, 10.0, 2
WHOLE_MINUTES = 30.0
FULL = 0.95
SAMPLES = 120
_BLOAT = "SELECT sum(n_dead_tup)::float, greatest(sum(n_live_tup + n_dead_tup), 1)::float FROM pg_stat_user_tables"


@dataclass(frozen=True, slots=True)
class Sample:
    """One moment; rates and latencies are of the time since the sample before."""

    minute: float
    pss_mib: float
    kept_mib: float
    tasks: float
    open_files: float
    connections: float
    dead_share: float
    database_mib: float
    load: float
    per_s: float
    p50_ms: float
    p99_ms: float
    errors: int


PANELS = {
    "pss_mib": "Memory of the workers (PSS), MiB", "kept_mib": "Copies that they keep, MiB", "tasks": "Tasks",
    "open_files": "Open files of the workers", "connections": "Connections of PostgreSQL", "dead_share": "Dead rows, share of all",
    "database_mib": "Database, MiB", "load": "Load of the busiest worker", "per_s": "Operations a second", "p50_ms": "p50, ms",
    "p99_ms": "p99, ms",
}  # fmt: skip


def main() -> int:
    """Soak, and say what came of it; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=WHOLE_MINUTES)
    minutes: float = parser.parse_args().minutes
    with tempfile.TemporaryDirectory(prefix="pollux-soak-") as folder, running_stores() as stores:
        url = stores.postgres.url("postgres")
        settings = {"DATABASE_URL": url, "REDIS_URL": stores.redis_url, "LOG_FOLDER": folder}
        server = Server(WEB_CONCURRENCY=str(WORKERS), POLLUX_RATE_LIMIT="off", LOG_LEVEL="warning", **settings)
        server.start()
        try:
            samples, rate, words = asyncio.run(_soak(server, stores, minutes))
        finally:
            ended = server.stop()
        tracebacks = server.log().count("Traceback")
    whole = minutes >= WHOLE_MINUTES
    errors = sum(one.errors for one in samples)
    lines = [
        f"{described()}; {WORKERS} workers, PostgreSQL with fsync and Valkey on the same machine.",
        f"{minutes:g} minutes at {rate:,.0f} operations a second, {SHARE:.0%} of a trial; {errors} errors,"
        f" {tracebacks} tracebacks in the log, exit status {ended}; {words[0]}.",
        f"Workers keep copies up to a bound, which were {FULL:.0%} of their most from minute {full_from(samples):.0f} on.",
        "",
        *table(samples),
    ]
    keep("soak", "Soak", lines, whole=whole)
    print(draw(samples, (RESULTS if whole else Path(tempfile.gettempdir())) / "soak.svg"))
    print("\n".join(words[1:]))
    return 1 if errors or tracebacks or ended else 0


async def _soak(server: Server, stores: Stores, minutes: float) -> tuple[list[Sample], float, list[str]]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        load = Load(session, server.url, seed=1)
        await load.settle()
        await load.capacity(WARM_S)
        rate = SHARE * await load.capacity(TRIAL_S)
        _, errors = load.taken()
        assert errors == 0, load.words
        print(f"{rate:,.0f} operations a second", flush=True)
        database = await asyncpg.connect(stores.postgres.url("postgres"))
        soaking = asyncio.create_task(load.at_rate(rate, 60 * minutes))
        try:
            samples = await _samples(server, load, database, soaking, minutes)
            left_out = f"{load.left_out / (rate * 60 * minutes):.1%} of what was due was left out, because the machine was busy"
            return samples, rate, [left_out, *load.words]
        finally:
            soaking.cancel()
            await database.close()


async def _samples(
    server: Server, load: Load, database: asyncpg.Connection, soaking: "asyncio.Task[None]", minutes: float
) -> list[Sample]:
    began_s = last_s = time.monotonic()
    workers = server.children(named="app.worker")
    samples: list[Sample] = []
    while not soaking.done():
        await asyncio.wait([soaking], timeout=max(1.0, 60 * minutes / SAMPLES))
        now_s = time.monotonic()
        latencies, errors = load.taken()
        metrics = (await asyncio.to_thread(server.get, "/metrics"))[1].decode()
        dead, rows = await database.fetchrow(_BLOAT)
        cuts = statistics.quantiles(latencies, n=100) if len(latencies) > 1 else [0.0] * 99
        samples.append(
            Sample(
                minute=(now_s - began_s) / 60,
                pss_mib=sum(memory_kib(pid)[1] for pid in workers) / 1024,
                kept_mib=_metric(metrics, "pollux_kept_bytes") / 2**20,
                tasks=_metric(metrics, "pollux_tasks"),
                open_files=sum(map(open_files, workers)),
                connections=await database.fetchval("SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL"),
                dead_share=dead / rows,
                database_mib=await database.fetchval("SELECT pg_database_size(current_database())") / 2**20,
                load=_metric(metrics, "pollux_load_ratio"),
                per_s=len(latencies) / (now_s - last_s),
                p50_ms=cuts[49],
                p99_ms=cuts[98],
                errors=errors,
            )
        )
        last_s, one = now_s, samples[-1]
        print(f"{one.minute:5.1f} min: {one.pss_mib:.1f} MiB, {one.tasks:.0f} tasks, p99 {one.p99_ms:.0f} ms", flush=True)
    await soaking
    assert server.children(named="app.worker") == workers, "a worker was started again"
    return samples


def _metric(text: str, name: str) -> float:
    return sum(float(value) for value in re.findall(rf"^{name}(?:\{{[^}}]*\}})? (\S+)$", text, re.MULTILINE))


def full_from(samples: Sequence[Sample]) -> float:
    """Return the minute from which the copies that workers keep take hardly more: until then memory grows because of them."""
    most = max(one.kept_mib for one in samples)
    return next(one.minute for one in samples if one.kept_mib >= FULL * most)


def table(samples: Sequence[Sample]) -> list[str]:
    """Return a row for each measure: at first, in the middle and at last, and how it grew over the last half."""
    half = samples[len(samples) // 2 :]
    lines = ["| | first | middle | last | slope of the last half, an hour | least to most in it |", "|---|---|---|---|---|---|"]
    for name, title in PANELS.items():
        first, middle, last = (getattr(samples[place], name) for place in (0, len(samples) // 2, -1))
        values = [getattr(one, name) for one in half]
        slope = statistics.linear_regression([one.minute / 60 for one in half], values).slope if len(half) > 1 else 0.0
        lines.append(
            f"| {title} | {first:,.3g} | {middle:,.3g} | {last:,.3g} | {slope:+,.3g} | {min(values):,.3g} to {max(values):,.3g} |"
        )
    return lines


def draw(samples: Sequence[Sample], path: Path) -> str:
    """Write the plot, a panel a measure; returns a line that says where, or what is missing for it."""
    if importlib.util.find_spec("matplotlib") is None:
        return "matplotlib is missing (make .venv/bench), and with it the plot"
    from matplotlib.figure import Figure  # noqa: PLC0415  # measuring goes on without it

    figure = Figure(figsize=(10, 14), layout="constrained")
    for place, (name, title) in enumerate(PANELS.items(), start=1):
        axes = figure.add_subplot(math.ceil(len(PANELS) / 2), 2, place)
        axes.plot([one.minute for one in samples], [getattr(one, name) for one in samples], linewidth=1)
        axes.set_title(title, fontsize=9)
        axes.set_ylim(bottom=0)
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("minutes", fontsize=8)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    return f"wrote {path}"


if __name__ == "__main__":
    sys.exit(main())
