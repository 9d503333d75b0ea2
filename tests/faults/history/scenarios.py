"""The scenarios: a fault, what it may cost, and how long it goes on.

Rule: a scenario ends when the load has reached its numbers and the fault has had its rounds, whichever is later; one
that does not get there in time fails.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.faults.history import nemesis
from tests.faults.history.checker import check
from tests.faults.history.epochs import check_parts, gone
from tests.faults.history.lab import Lab
from tests.faults.history.load import LoadProcess
from tests.faults.history.report import Row
from tests.faults.history.session import RESET, Control, Plan
from tests.faults.history.store_audit import store_audit
from tests.faults.history.violations import Fault
from tests.faults.history.wire import CONNECTION

UNAVAILABLE = "UNAVAILABLE"
CALM_S = 1.0
# From an end of the fault to the next fault: what recovers more slowly than promised shows.
RECOVERY_S = 3.0
LONGEST_S = 120.0

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Scenario:
    """`allowed` are the codes clients may see; with a `control`, `finds` is the fault that the checker must name.

    It goes on for `lasts_s` at least, where its rounds are not cut short. With a `standby` a round ends an epoch, and clients
    begin again; with one that `lags`, what was acknowledged last is lost.
    """

    name: str
    fault: nemesis.Fault
    allowed: frozenset[str] = frozenset()
    rounds: int = 3
    lasts_s: float = 0.0
    control: Control | None = None
    finds: Fault | None = None
    redis: str = "one server"
    pooler: bool = False
    standby: bool = False
    lags: bool = False


_POSTGRES = frozenset({UNAVAILABLE})
_KILL = frozenset({CONNECTION})

CALM = Scenario("two processes", nemesis.nothing)
KILL_WORKER = Scenario("worker killed", nemesis.kill_worker, _KILL)
PAUSE_WORKER = Scenario("worker stopped 1 s", nemesis.pause_worker)
REDEPLOY = Scenario("reload and restart", nemesis.redeploy)
RESTART_POSTGRES = Scenario("PostgreSQL falls", nemesis.restart_postgres, _POSTGRES)
TERMINATE = Scenario("backends terminated", nemesis.terminate_backends, _POSTGRES)
STANDBY = Scenario("standby takes over", nemesis.promote_standby, _POSTGRES | {RESET}, rounds=2, standby=True)
LAGS = Scenario("lagging one takes over", nemesis.promote_lagging, _POSTGRES | {RESET}, rounds=2, standby=True, lags=True)
POOLER = Scenario("falls behind pgbouncer", nemesis.restart_postgres, _POSTGRES, pooler=True)
LOCK = Scenario("channel row locked", nemesis.lock_a_row)
KILL_VALKEY = Scenario("Valkey killed", nemesis.kill_valkey)
FAIL_OVER = Scenario("Sentinels fail over", nemesis.fail_over, rounds=2, redis="sentinels")
CLUSTER_NODE = Scenario("cluster node killed", nemesis.kill_cluster_node, rounds=2, redis="cluster")
CLUSTER_REPLICA = Scenario("cluster fails over", nemesis.fail_over_in_cluster, rounds=1, redis="cluster with replicas")
PAUSE_VALKEY = Scenario("Valkey stopped 1 s", nemesis.pause_valkey)
WANDER = Scenario("workers, Valkey killed", nemesis.kill_worker_and_valkey, _KILL, lasts_s=60.0)
FLUSH = Scenario("Valkey flushed", nemesis.flush_valkey)
ROLL_BACK = Scenario("Valkey rolled back", nemesis.roll_valkey_back)
ALL_POSTGRES = Scenario("everything at once", nemesis.everything_on_postgres, _POSTGRES | _KILL)
ALL_SQLITE = Scenario("everything at once", nemesis.everything_on_sqlite, _KILL)
CACHE_ASIDE = Scenario("control: cache-aside", nemesis.nothing, rounds=2, control=Control.CACHE_ASIDE, finds=Fault.STALE)
WRITE_BEHIND = Scenario("control: write-behind", nemesis.nothing, rounds=2, control=Control.WRITE_BEHIND, finds=Fault.LOST)
CONTROLS = [CACHE_ASIDE, WRITE_BEHIND]

ON_POSTGRES = [
    CALM, KILL_WORKER, PAUSE_WORKER, REDEPLOY, RESTART_POSTGRES, TERMINATE, STANDBY, LAGS, POOLER, LOCK,
    KILL_VALKEY, PAUSE_VALKEY, WANDER, FLUSH, ROLL_BACK, FAIL_OVER, CLUSTER_NODE, CLUSTER_REPLICA, ALL_POSTGRES,
]  # fmt: skip
ON_SQLITE = [
    CALM, KILL_WORKER, PAUSE_WORKER, REDEPLOY, KILL_VALKEY, PAUSE_VALKEY, WANDER, FLUSH, ROLL_BACK, ALL_SQLITE,
]  # fmt: skip


def run(scenario: Scenario, store: str, *, sends: int, polls: int, progress: Progress, rounds: int | None = None) -> Row:
    """Run one scenario on parts of its own until it has `sends` acknowledged and `polls` answered; returns what came of it."""
    if rounds is not None:
        scenario = replace(scenario, rounds=rounds, lasts_s=0.0)
    with Lab(store, redis=scenario.redis, pooler=scenario.pooler, standby=scenario.standby, lags=scenario.lags) as lab:
        ports, seed = tuple(server.port for server in lab.servers), random.randrange(2**32)
        plan = Plan(ports, seed=seed, control=scenario.control, resets=scenario.standby, loses=scenario.lags)
        load = LoadProcess(plan, lab.folder / "history")
        try:
            load.start()
            return asyncio.run(_run(scenario, store, lab, load, sends, polls, progress))
        finally:
            load.end()


async def _run(scenario: Scenario, store: str, lab: Lab, load: LoadProcess, sends: int, polls: int, progress: Progress) -> Row:
    began_s = time.monotonic()
    watching = asyncio.create_task(_watch(scenario, load, progress))
    rounds = 0
    try:
        while rounds < scenario.rounds or time.monotonic() - began_s < scenario.lasts_s or load.acks < sends or load.polls < polls:
            await asyncio.sleep(CALM_S)
            await scenario.fault(lab)
            rounds += 1
            load.check()
            spent_s = time.monotonic() - began_s
            assert spent_s < LONGEST_S, f"{load.acks} of {sends} sends, {load.polls} of {polls} polls in {spent_s:.0f} s"
        await asyncio.sleep(CALM_S)
        ended_s = time.monotonic()
    finally:
        watching.cancel()
    history = await asyncio.to_thread(load.finish)
    channels = {attempt.channel for attempt in history.attempts if attempt.key}
    history.answers += await store_audit(lab.store, channels)
    if scenario.standby:
        history.epochs += len(lab.windows)
    violations = check(history) if not lab.losses else check_parts(history, lab.losses)
    row = Row(scenario.name, store, began_s, ended_s, history, tuple(lab.windows), violations)
    if scenario.lags:
        row.gone = gone(history)
    row.complain(scenario.allowed, scenario.finds, sends=sends, polls=polls, recovery_s=RECOVERY_S)
    if scenario.standby and not row.errors[RESET]:
        row.problems.append("nobody was told to begin again")
    if scenario.lags and not row.gone:
        row.problems.append("nothing was lost, so nothing was shown")
    if row.problems:
        row.problems += lab.tracebacks()
    return row


async def _watch(scenario: Scenario, load: LoadProcess, progress: Progress) -> None:
    while True:
        progress(f"{scenario.name}: {load.acks} sends, {load.polls} polls")
        await asyncio.sleep(0.5)
