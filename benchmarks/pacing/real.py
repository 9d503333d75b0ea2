"""`python -m benchmarks.pacing.real`: 3,000 of our Python clients against one process of a server; five times the load at once.

First some hundred clients, then all of them within seconds, who also say five times as much. Once they obey the server, once
they poll every 2 s whatever it says, and once more so while the server sheds. Beside them a probe polls from a program that does
nothing else, so that what a client's own process was late by is not taken for the server's. Also measured: what a first poll and
a refusal cost, for the simulator's servers. About seven minutes.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.contestants import WIDE_RATES
from benchmarks.dataset import Dataset, Size, fresh_copy, seed
from benchmarks.machine import described, require_cores
from benchmarks.pacing.crowd_orders import Orders, Seen
from benchmarks.pacing.probe import Probe, first_polls, poll_durations, quantile_ms, refusals
from benchmarks.processes import busy_s, cpu_s, pinned, prefer, tree
from benchmarks.stores import OTHER_CORE, SERVER_CORE, Stores, running_stores
from benchmarks.tables import RESULTS
from tests.servers.pollux import ROOT, Server

CLIENTS, CHANNELS, TIMES = 3_000, 60, 5
# Each client says something so often, on average.
SAYS_S = 60.0
FIXED_MS = 2_000
# Who is there first comes within the first seconds; the server knows everybody after 30. Then all others come, and when they
# are there the measurement begins.
COMES_S, CALM_S, CROWD_S, BURST_S, ENDS_S = 15.0, 32.0, 45.0, 70.0, 105.0
LEADS_S = 8.0
FIRST_POLLS, REFUSALS = 1_000, 10_000
P99_MS = 250.0


@dataclass(frozen=True, slots=True)
class Phase:
    """What was seen of some seconds. `server` is of a core, `noise` what other programs took of two cores."""

    per_s: float
    p50_ms: float
    p99_ms: float
    probe_p50_ms: float
    probe_p99_ms: float
    # How long the server had each for, and what 99 in 100 timers of the clients' process were late by at most.
    server_p50_ms: float
    server_p99_ms: float
    # A send waits for the database's disk.
    sent_p50_ms: float
    sent_p99_ms: float
    refused_share: float
    server: float
    clients: float
    noise: float


@dataclass(frozen=True, slots=True)
class Run:
    """One way for clients to poll, before the crowd and with it."""

    name: str
    calm: Phase
    burst: Phase
    said: int
    failed: int


def main() -> None:
    """Run, print and keep."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pacing.real", description=__doc__)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--ways", type=int, default=3, help="how many of the ways to poll (3)")
    parser.add_argument("--nice", type=int, default=0, help="priority of everything measured, below 0 beside other work (0)")
    parser.add_argument("--save", type=Path, default=RESULTS, metavar="FOLDER", help="where results go (results/)")
    chosen = parser.parse_args()
    require_cores()
    os.sched_setaffinity(0, {OTHER_CORE})
    size = Size(channels=CHANNELS, messages=200, members=chosen.clients + 1, notifications=5)
    with tempfile.TemporaryDirectory(prefix="pollux-bench-") as folder, running_stores() as stores:
        data = seed(stores.postgres, "real", size)
        costs = _costs(stores, data, Path(folder))
        if chosen.nice:
            prefer(os.getpid(), chosen.nice)
        ways = (("adaptive", None, "off"), ("fixed 2 s", FIXED_MS, "off"), ("fixed 2 s, the server sheds", FIXED_MS, "on"))
        runs = [
            _run(stores, data, Path(folder), name, fixed_ms, limits, chosen.nice) for name, fixed_ms, limits in ways[: chosen.ways]
        ]
    machine = described() + (f", beside other work at nice {chosen.nice}" if chosen.nice else "")
    text = "\n".join(
        [f"{machine}; `python -m benchmarks.pacing.real`; {chosen.clients:,} clients, one worker.", "", *_lines(runs, costs)]
    )
    print(f"\n{text}")
    chosen.save.mkdir(parents=True, exist_ok=True)
    (chosen.save / "pacing_real.md").write_text(f"# Pacing, with real clients\n\n{text}\n")
    raw = {"machine": machine, "clients": chosen.clients, **costs, "runs": [asdict(run) for run in runs]}
    (chosen.save / "pacing_real.json").write_text(json.dumps(raw, indent=1) + "\n")


def _server(stores: Stores, url: str, folder: Path, limits: str, **more: str) -> Server:
    stores.forget()
    settings = {**WIDE_RATES, "POLLUX_RATE_LIMIT": limits, **more}
    with pinned(SERVER_CORE):
        return Server(DATABASE_URL=url, REDIS_URL=stores.redis_url, LOG_FOLDER=str(folder), **settings).start()


def _costs(stores: Stores, data: Dataset, folder: Path) -> dict[str, float]:
    """Return what a first poll and a refusal take, in microseconds of the server's CPU."""
    server = _server(stores, data.url, folder, "off")
    first_us = first_polls(server, data, FIRST_POLLS)
    server.stop()
    server = _server(stores, data.url, folder, "on", POLLUX_MAX_COST="200", POLLUX_RATE_COST="1/200")
    refused_us = refusals(server, data, REFUSALS)
    server.stop()
    print(f"a first poll {first_us:.0f} us, a refusal {refused_us:.0f} us", flush=True)
    return {"first_us": first_us, "refused_us": refused_us}


def _run(stores: Stores, data: Dataset, folder: Path, name: str, fixed_ms: int | None, limits: str, nice: int) -> Run:
    """Return what came of one way to poll."""
    server = _server(stores, fresh_copy(stores.postgres, data, "real_run"), folder, limits)
    clients = data.size.members - 1
    few = clients // TIMES
    begin_s = time.time() + LEADS_S
    comes_s = [COMES_S * number / few for number in range(few)]
    comes_s += [CROWD_S + COMES_S * number / (clients - few) for number in range(clients - few)]
    orders = Orders(
        f"{server.url}/graphql",
        begin_s,
        ENDS_S,
        data.tokens[:clients],
        [data.channel(1 + number % CHANNELS) for number in range(clients)],
        comes_s,
        SAYS_S,
        fixed_ms,
        seed=1,
    )
    crowd = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.pacing.crowd"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "clients/python/src")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert crowd.stdin is not None
    assert crowd.stdout is not None
    assert server.process is not None
    try:
        crowd.stdin.write(json.dumps(asdict(orders)))
        crowd.stdin.close()
        if nice:
            prefer(os.getpid(), nice)
        _leave_to_others(server)
        probe = Probe(server, data)
        marks, durations = [], []
        for at_s in (CALM_S, CROWD_S, BURST_S, ENDS_S):
            probe.poll_until(begin_s + at_s)
            own = cpu_s(tree(os.getpid())) - cpu_s(tree(server.process.pid))
            durations.append(poll_durations(server))
            marks.append((time.time(), cpu_s(tree(server.process.pid)), cpu_s({crowd.pid}), busy_s(), own))
        seen = Seen(**json.loads(crowd.stdout.read()))
    finally:
        crowd.kill()
        crowd.wait()
        server.stop()
    calm = _phase(seen, probe, begin_s, CALM_S, CROWD_S, marks[0], marks[1], durations[:2])
    burst = _phase(seen, probe, begin_s, BURST_S, ENDS_S, marks[2], marks[3], durations[2:])
    print(
        f"{name}: calm {calm.per_s:.0f}/s p99 {calm.p99_ms:.0f} ms; burst {burst.per_s:.0f}/s p99 {burst.p99_ms:.0f} ms", flush=True
    )
    return Run(name, calm, burst, len(seen.said_ms), seen.failed)


def _leave_to_others(server: Server) -> None:
    """Let clients and stores use both cores; the server has to do with one."""
    assert server.process is not None
    for pid in tree(os.getpid()) - tree(server.process.pid):
        os.sched_setaffinity(pid, {SERVER_CORE, OTHER_CORE})


Mark = tuple[float, float, float, float, float]
Durations = dict[float, float]


def _phase(
    seen: Seen, probe: Probe, begin_s: float, from_s: float, to_s: float, one: Mark, other: Mark, durations: list[Durations]
) -> Phase:
    took = sorted(ms for at_s, ms in zip(seen.began_s, seen.took_ms, strict=True) if from_s <= at_s < to_s)
    sent = sorted(ms for at_s, ms in zip(seen.said_s, seen.said_ms, strict=True) if from_s <= at_s < to_s)
    probed = sorted(ms for at_s, ms in probe.took_ms if begin_s + from_s <= at_s < begin_s + to_s)
    served = {bound: count - durations[0].get(bound, 0) for bound, count in durations[1].items()}
    refused = sum(from_s <= at_s < to_s for at_s in seen.refused_s)
    seconds, server_s, clients_s, busy, own_s = (after - before for before, after in zip(one, other, strict=True))
    return Phase(
        len(took) / (to_s - from_s),
        statistics.median(took),
        took[int(0.99 * len(took))],
        statistics.median(probed),
        probed[int(0.99 * len(probed))],
        quantile_ms(served, 0.5),
        quantile_ms(served, 0.99),
        statistics.median(sent),
        sent[int(0.99 * len(sent))],
        refused / (refused + len(took)),
        server_s / seconds,
        clients_s / seconds,
        max(0.0, (busy - own_s - server_s) / seconds),
    )


def _lines(runs: list[Run], costs: dict[str, float]) -> list[str]:
    head = "| clients | when | answers/s | p50 ms | p99 ms | probe p50 ms | probe p99 ms | in the server p50 ms | p99 ms | sends p50 ms | p99 ms | refused | server, of a core | clients, of a core | noise, cores |"  # noqa: E501  # one row
    found = [head, "|" + "---|" * 15]
    for run in runs:
        for when, one in (("before", run.calm), (f"{TIMES} times as many", run.burst)):
            cells = [one.per_s, one.p50_ms, one.p99_ms, one.probe_p50_ms, one.probe_p99_ms, one.server_p50_ms, one.server_p99_ms]
            cells += [one.sent_p50_ms, one.sent_p99_ms]
            shares = f"{one.refused_share:.1%} | {one.server:.2f} | {one.clients:.2f} | {one.noise:.2f}"
            found.append(f"| {run.name} | {when} | {' | '.join(f'{cell:,.0f}' for cell in cells)} | {shares} |")
    obedient, fixed = runs[0].burst, runs[min(1, len(runs) - 1)].burst
    within = "within" if obedient.p99_ms < P99_MS else "beyond"
    return [
        *found,
        "",
        f"With `adaptive` the p99 of all clients' polls is {obedient.p99_ms:,.0f} ms, {within} {P99_MS:.0f}; with fixed intervals"
        f" {fixed.p99_ms:,.0f} ms, {fixed.p99_ms / obedient.p99_ms:.1f} times as long. In a p99 of clients is what their process"
        " was late by; in the probe's it is not.",
        "",
        f"A first poll, with a token to verify and nothing kept: {costs['first_us']:,.0f} us of the server's CPU. A refusal by a"
        f" rate limit: {costs['refused_us']:,.0f} us.",
    ]


if __name__ == "__main__":
    main()
