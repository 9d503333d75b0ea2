"""What the simulator runs: each policy in each world, restarts, and the check of its own quick ways.

Rule: a task is a name and a weight, about its seconds; it is run by name in a process of its own, and gives the same each
time.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from benchmarks.pacing import blind, check, workloads
from benchmarks.pacing.costs import measured
from benchmarks.pacing.measured import Measured
from benchmarks.pacing.restart import MILLION, Restart, Storm
from benchmarks.pacing.stepped import Stepped
from benchmarks.pacing.world import World

FIXED, ACTIVITY, LOAD, ADAPTIVE = "fixed 2 s", "activity", "load", "adaptive"
EQUAL, HALF = "adaptive, fixed's requests", "adaptive, half of them"
OUTAGES_S = (5.0, 30.0, 120.0)
# Enough that nothing is scarce, and so few that intervals have to be stretched.
AMPLE, SCARCE = 48, 16

CONTROLS: dict[str, Callable[[], World]] = {
    f"control {per_minute:g}": partial(workloads.control, per_minute) for per_minute in (6.0, 1.0, 0.2)
}
GAINFUL: dict[str, Callable[[], World]] = {
    "equal, conversations": workloads.equal_conversations,
    "unequal, by chance": partial(workloads.unequal, conversations=False),
    "unequal, conversations": partial(workloads.unequal, conversations=True),
}
SMALL = {**CONTROLS, **GAINFUL}


class Task(NamedTuple):
    """One run. Kinds: `world` and `check` with a policy, `restart`."""

    kind: str
    world: str = ""
    policy: str = ""
    outage_s: float = 0.0
    processes: int = 0
    quick_retries: int = 0

    @property
    def name(self) -> str:
        if self.kind == "restart":
            retries = f", {self.quick_retries} quick retries" if self.quick_retries else ""
            return f"restart after {self.outage_s:g} s, {self.policy}, {self.processes} processes{retries}"
        return f"{self.world or self.kind}: {self.policy}"


Result = Measured | Storm | check.Compared


def all_tasks() -> dict[Task, float]:
    """Return every task and its weight, the longest first."""
    tasks: dict[Task, float] = {Task("world", "day", ADAPTIVE): 50.0}
    tasks |= {Task("world", "day", policy): 7.0 for policy in (FIXED, ACTIVITY, LOAD)}
    tasks |= {Task("world", name, policy): 1.0 for name in SMALL for policy in (FIXED, ACTIVITY, LOAD)}
    tasks |= {Task("world", name, policy): 6.0 for name in SMALL for policy in (ADAPTIVE, EQUAL, HALF)}
    tasks |= {Task("restart", policy=FIXED, outage_s=outage_s, processes=AMPLE): 15.0 for outage_s in OUTAGES_S}
    tasks |= {
        Task("restart", policy=ADAPTIVE, outage_s=outage_s, processes=processes): 15.0
        for processes in (AMPLE, SCARCE)
        for outage_s in OUTAGES_S
    }
    tasks[Task("restart", policy=ADAPTIVE, outage_s=OUTAGES_S[0], processes=SCARCE, quick_retries=3)] = 15.0
    tasks |= {Task("check", policy=policy): weight for policy, weight in zip(check.POLICIES, (3.0, 15.0, 35.0), strict=True)}
    return dict(sorted(tasks.items(), key=lambda one: -one[1]))


def run(task: Task, clients: int = MILLION) -> Result:
    """Return what a task gives; restarts are of so many clients."""
    if task.kind == "check":
        return check.compare(task.policy)
    if task.kind == "restart":
        return Restart(
            measured(),
            adaptive=task.policy == ADAPTIVE,
            processes=task.processes,
            outage_s=task.outage_s,
            quick_retries=task.quick_retries,
            clients=clients,
        ).run()
    world = workloads.day() if task.world == "day" else SMALL[task.world]()
    match task.policy:
        case "fixed 2 s":
            return blind.run(world, FIXED, blind.fixed(2.0))
        case "activity":
            return blind.run(world, ACTIVITY, blind.by_activity)
        case "load":
            return blind.run(world, LOAD, blind.by_load)
        case "adaptive":
            return Stepped(world, ADAPTIVE, seed=1, stretch=1.0).run()
    # Fixed clients who all stay ask every two seconds.
    share = 1.0 if task.policy == EQUAL else 0.5
    return Stepped(world, task.policy, seed=1, budget=share * len(world.channel) / 2).run()
