"""What a sync without news costs: a viewer of 200 channels beside one of a single channel, and beside a poll of one channel.

A sync looks at all channels of its viewer, in one statement; a client without push asks nothing else.
"""

import argparse
import os
import statistics
import tempfile
from pathlib import Path

from benchmarks import workloads
from benchmarks.contestants import Pollux
from benchmarks.dataset import Dataset, Size, seed
from benchmarks.machine import described, require_what_drives
from benchmarks.measure import measure_plan
from benchmarks.stores import OTHER_CORE, running_stores
from benchmarks.tables import keep
from benchmarks.wrk import Kind, Plan

ROUNDS, SECONDS = 3, 8
CHANNELS = 200
GOAL = 3.0
VIEWERS = 20
SYNC = (
    "query Sync($token: String) { sync(token: $token) { token hasMore resetReason removedChannelIds channels { channel { id name"
    " unreadCount lastReadCursor } limited gapCursor headCursor messages { id seq version content createdAt author { id name } } }"
    " notifications { id title } inbox { unreadCount } pollingInterval { milliseconds } } }"
)
PREFIX = f'{{"query":"{SYNC}","operationName":"Sync","variables":{{'
# A snapshot of 200 channels is more than one page; this asks for a token for now.
NOW = "query { sync(limit: 0) { token } }"


def main() -> None:
    """Measure, print and keep the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sync", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    chosen = parser.parse_args()
    require_what_drives()
    os.sched_setaffinity(0, {OTHER_CORE})
    costs: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="pollux-bench-") as folder, running_stores() as stores:
        single, many = (
            seed(stores.postgres, f"sync{channels}", Size(channels=channels, messages=100, members=VIEWERS, notifications=5))
            for channels in (1, CHANNELS)
        )
        for number in range(chosen.rounds):
            for data in (single, many)[:: 1 if number % 2 == 0 else -1]:
                pollux = Pollux("Pollux", stores, data, Path(folder))
                pollux.start()
                try:
                    plans = {f"sync of {_counted(data)}": empty_syncs(data, pollux.port)}
                    if data is single:
                        plans["poll of one channel"] = workloads.p2_spread(data)
                    for name, plan in plans.items():
                        run = measure_plan(
                            plan, pollux.port, pollux.pid, Path(folder) / "plan", seconds=chosen.seconds, seed=number
                        )
                        costs.setdefault(name, []).append(run.cpu_us_per_request)
                        print(f"round {number + 1}/{chosen.rounds}  {name}: {run.shown()}", flush=True)
                finally:
                    pollux.stop()
    head = f"{described()}; medians of {chosen.rounds} rounds of {chosen.seconds} s; {VIEWERS} viewers, nothing new."
    table = _table({name: statistics.median(found) for name, found in costs.items()})
    keep("sync", "Sync", [head, "", *table], whole=chosen.rounds >= ROUNDS and chosen.seconds >= SECONDS)


def empty_syncs(data: Dataset, port: int) -> Plan:
    """Return syncs of every viewer, each after a token of their own that covers everything."""
    kinds = []
    for number, bearer in enumerate(data.tokens):
        token = Kind("now", f'{{"query":"{NOW}"}}', [""], [bearer]).ask(port).data()["token"]
        kind = Kind(f"sync{number}", PREFIX, [f'"token":"{token}"}}}}'], [bearer])
        page = kind.ask(port).data()
        assert (page["token"], page["channels"], page["hasMore"]) == (token, [], False), page
        kinds.append(kind)
    return Plan(tuple(kinds))


def _counted(data: Dataset) -> str:
    return "one channel" if data.size.channels == 1 else f"{data.size.channels} channels"


def _table(costs: dict[str, float]) -> list[str]:
    """Return the costs, each beside that of a sync of a single channel."""
    single = costs["sync of one channel"]
    lines = ["| nothing new | microseconds of the server's CPU | beside a sync of one channel |", "|---|---|---|"]
    names = ("poll of one channel", "sync of one channel", f"sync of {CHANNELS} channels")
    lines += [f"| {name} | {costs[name]:,.0f} | x {costs[name] / single:.2f} |" for name in names]
    ratio = costs[f"sync of {CHANNELS} channels"] / costs["poll of one channel"]
    verdict = "within" if ratio <= GOAL else "above"
    return [
        *lines,
        "",
        f"A sync of {CHANNELS} channels costs {ratio:.2f} times a poll of one channel: {verdict} the goal of {GOAL:.0f}.",
    ]


if __name__ == "__main__":
    main()
