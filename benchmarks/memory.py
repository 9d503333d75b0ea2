"""Whether a worker's memory stays where it is: RSS and PSS while it answers a million polls.

Polls of every shape, with many texts, cursors and viewers; also texts that were never sent before, and wrong ones.
"""

import argparse
import os
import statistics
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import workloads
from benchmarks.contestants import Pollux
from benchmarks.dataset import Dataset, Size, seed
from benchmarks.machine import described, require_what_drives
from benchmarks.processes import memory_kib
from benchmarks.stores import OTHER_CORE, running_stores
from benchmarks.tables import keep
from benchmarks.wrk import Kind, Plan, drive

POLLS = 1_000_000
SAMPLE_S = 5
TEXTS = 20_000
ROWS = 20


@dataclass(frozen=True, slots=True)
class Sample:
    polls: int
    rss_kib: int
    pss_kib: int


def main() -> None:
    """Drive, sample, print and keep the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--polls", type=int, default=POLLS)
    chosen = parser.parse_args()
    require_what_drives()
    os.sched_setaffinity(0, {OTHER_CORE})
    with tempfile.TemporaryDirectory(prefix="pollux-bench-") as folder, running_stores() as stores:
        pollux = Pollux("Pollux", stores, seed(stores.postgres, "seeded", Size()), Path(folder))
        pollux.start()
        try:
            samples = _samples(pollux, chosen.polls)
        finally:
            pollux.stop()
    whole = chosen.polls >= POLLS
    keep("memory", "Memory", [f"{described()}; one worker process.", "", *_table(samples)], whole=whole)


def _samples(pollux: Pollux, polls: int) -> list[Sample]:
    (worker,) = pollux.worker_pids
    plan_folder = pollux.folder / "plan"
    every_shape(pollux.data).write(plan_folder)
    samples = [Sample(0, *memory_kib(worker))]
    while samples[-1].polls < polls:
        driven = drive(pollux.port, plan_folder, seconds=SAMPLE_S, seed=len(samples))
        assert driven.requests > 0, "nothing was answered"
        assert driven.errors == 0, f"{driven.errors} requests failed"
        samples.append(Sample(samples[-1].polls + driven.requests, *memory_kib(worker)))
        last = samples[-1]
        print(f"{last.polls:,} polls: RSS {last.rss_kib / 1024:.1f} MiB, PSS {last.pss_kib / 1024:.1f} MiB", flush=True)
    assert pollux.worker_pids == [worker], "the worker was started again"
    return samples


def every_shape(data: Dataset) -> Plan:
    """Return polls of all shapes; of the texts of some, and the bodies of others, few are ever sent twice."""
    weighed = ((workloads.p1_spread, 10), (workloads.p2_spread, 50), (workloads.p3_spread, 30))
    spread = [replace(kind, weight=weight) for plan, weight in weighed for kind in plan(data).kinds]
    inline = [
        f'{{ messages(channelId: \\"{data.channel(1 + index % data.size.channels)}\\",'
        f' after: \\"{data.cursor(1 + index % data.size.channels, 1 + index % data.size.messages)}\\", first: {1 + index % 100})'
        ' { nodes { seq content } pageInfo { endCursor } } }"}'
        for index in range(TEXTS)
    ]
    aliased = [f'{{ a{index}: unreadNotifications(first: {1 + index % 50}) {{ unreadCount }} }}"}}' for index in range(TEXTS)]
    wrong = [f'{{ field{index} }}"}}' for index in range(TEXTS)]
    head = workloads.poll_tail(data, 1, data.size.messages).removesuffix("}}") + ',"unused":{"number":"'
    return Plan(
        (
            *spread,
            Kind("inline", '{"query":"', inline, data.tokens, weight=4),
            Kind("aliased", '{"query":"', aliased, data.tokens, weight=2),
            Kind("wrong", '{"query":"', wrong, data.tokens, weight=1),
            Kind("unlike", workloads.POLL_PREFIX, [head], data.tokens, weight=3, numbered=True),
        )
    )


def _table(samples: list[Sample]) -> list[str]:
    lines = ["| polls | RSS, MiB | PSS, MiB |", "|---|---|---|"]
    step = max(1, len(samples) // ROWS)
    shown = samples[:-1][::step] + samples[-1:]
    lines += [f"| {one.polls:,} | {one.rss_kib / 1024:.1f} | {one.pss_kib / 1024:.1f} |" for one in shown]
    half = [one for one in samples if one.polls >= samples[-1].polls / 2]
    if len(half) < 2:
        return lines
    slope = statistics.linear_regression([one.polls for one in half], [one.pss_kib for one in half]).slope
    over = [one.pss_kib for one in half]
    spread = (max(over) - min(over)) / 1024
    return [
        *lines,
        "",
        f"Over the last half PSS grew by {slope * 1000:.2f} KiB in a thousand polls (least squares of {len(half)} samples),"
        f" {slope * samples[-1].polls / 2 / 1024:.1f} MiB in that half; least and most are {spread:.1f} MiB apart.",
    ]


if __name__ == "__main__":
    main()
