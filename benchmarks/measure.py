"""One run: warm up, drive, and what it cost the server.

Rule: the server's processor time is that of its process tree; noise is what neither it, nor the
stores, wrk and this program used of the two cores.
"""

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import workloads
from benchmarks.contestants import Contestant
from benchmarks.processes import busy_s, cpu_s, tree
from benchmarks.wrk import CLIENTS, Clients, Plan, drive

WARM_S = 2
PRESENCE_SETTLES_S = 2.5
# Answers of one kind differ by a digit or two; a 200 where a 304 was expected is longer than that.
SAME_LENGTH = 1.1


@dataclass(frozen=True, slots=True)
class Run:
    """Rates are of requests that were answered. `beside_cores` is what wrk and the stores took: near 1, they were the limit."""

    requests_per_s: float
    requests_per_cpu_s: float
    cpu_us_per_request: float
    server_cores: float
    p50_ms: float
    p99_ms: float
    bytes_per_answer: float
    errors: int
    beside_cores: float
    noise_cores: float
    requests: int

    def shown(self) -> str:
        """Return the run as one line of progress."""
        return (
            f"{self.requests_per_s:,.0f}/s, {self.cpu_us_per_request:,.0f} us of CPU each ({self.server_cores:.2f} cores),"
            f" p50 {self.p50_ms:.1f} ms, p99 {self.p99_ms:.0f} ms, errors {self.errors},"
            f" beside {self.beside_cores:.2f}, noise {self.noise_cores:.2f}"
        )


class NotOffered(Exception):
    """The server does not have what the workload asks for."""


def measure(
    contestant: Contestant,
    workload: str,
    *,
    seconds: float,
    seed: int,
    warm_s: float = WARM_S,
    clients: Clients = CLIENTS,
) -> Run:
    """Return what a run of a workload took. Raises NotOffered, AssertionError where answers are wrong."""
    plan = contestant.plan(workload)
    if workload in workloads.CONDITIONAL and contestant.learns_etags:
        plan = _conditional(plan, contestant.port)
    folder = contestant.folder / "plan"
    return measure_plan(plan, contestant.port, contestant.pid, folder, seconds=seconds, seed=seed, warm_s=warm_s, clients=clients)


def measure_plan(
    plan: Plan,
    port: int,
    pid: int,
    folder: Path,
    *,
    seconds: float,
    seed: int,
    warm_s: float = WARM_S,
    clients: Clients = CLIENTS,
) -> Run:
    """Return what a run of a plan took the server whose processes are below `pid`."""
    plan.write(folder)
    warm = drive(port, folder, seconds=warm_s, seed=2 * seed, check=True, clients=clients)
    assert warm.checked > 0, "nothing was answered"
    assert warm.failed == 0, (
        f"{warm.failed} of {warm.checked} answers were not right, such as {plan.kinds[0].ask(port).body[:300]!r}"
    )
    if plan.kinds[0].etag is not None:
        assert warm.unchanged > warm.checked * 0.9, f"only {warm.unchanged} of {warm.checked} answers were 304"
    server, before_s = tree(pid), busy_s()
    server_s, ours_s = cpu_s(server), cpu_s(tree(os.getpid()))
    driven = drive(port, folder, seconds=seconds, seed=2 * seed + 1, clients=clients)
    server_s = cpu_s(server) - server_s
    if plan.kinds[0].etag is not None:
        assert driven.bytes / driven.requests < SAME_LENGTH * warm.bytes / warm.requests, "the ETag did not hold for the whole run"
    elapsed_s = driven.us / 1e6
    ours_s = cpu_s(tree(os.getpid())) - ours_s
    noise_s = busy_s() - before_s - ours_s
    answered = driven.requests
    return Run(
        requests_per_s=answered / elapsed_s,
        requests_per_cpu_s=answered / server_s,
        cpu_us_per_request=1e6 * server_s / answered,
        server_cores=server_s / elapsed_s,
        p50_ms=driven.p50_us / 1000,
        p99_ms=driven.p99_us / 1000,
        bytes_per_answer=driven.bytes / answered,
        errors=driven.errors,
        beside_cores=(ours_s - server_s) / elapsed_s,
        noise_cores=max(0.0, noise_s / elapsed_s),
        requests=answered,
    )


def _conditional(plan: Plan, port: int) -> Plan:
    """Return the plan with the ETag of a later answer: the first makes the viewer present, which soon shows."""
    (kind,) = plan.kinds
    kind.ask(port)
    time.sleep(PRESENCE_SETTLES_S)
    etag = kind.ask(port).etag
    if etag is None:
        raise NotOffered("no ETag")
    kind = replace(kind, etag=etag)
    status = kind.ask(port).status
    if status != 304:
        raise NotOffered(f"an ETag, but {status} for it")
    return Plan((kind,))
