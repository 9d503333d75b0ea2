"""The load: writers, readers and roamers in a process of their own, so that what disturbs the servers disturbs no client.

Rule: nothing is left open. When the load is told to stop, every change is settled, and only then every room is read
from its start on every process: the audit.
"""

import asyncio
import gc
import multiprocessing
import pickle
import random
from multiprocessing.context import SpawnProcess
from pathlib import Path

import uvloop

from tests.faults.history.people import People
from tests.faults.history.readers import Reader
from tests.faults.history.records import History
from tests.faults.history.session import Load, Plan, Signals

SETUP_S, SETTLE_S = 60.0, 120.0


class LoadProcess:
    """A load that runs from `start` to `finish`; `acks` and `polls` count while it does."""

    def __init__(self, plan: Plan, log_path: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self.signals = Signals(
            context.Value("q", 0, lock=False), context.Value("q", 0, lock=False), context.Event(), context.Event()
        )
        self._log_path = log_path
        self._process: SpawnProcess = context.Process(target=_main, args=(plan, self.signals, log_path), daemon=True)

    @property
    def acks(self) -> int:
        return self.signals.acks.value

    @property
    def polls(self) -> int:
        return self.signals.polls.value

    def start(self) -> None:
        """Start, and return when the rooms are open and everybody is in them."""
        self._process.start()
        waited_s = 0
        while not self.signals.ready.wait(1):
            waited_s += 1
            self.check()
            assert waited_s < SETUP_S, "the load could not be set up"

    def check(self) -> None:
        """Raise where the load has ended of its own."""
        assert self._process.is_alive(), f"the load ended with {self._process.exitcode}"

    def finish(self) -> History:
        """Let everybody settle and the audit be made; returns the log."""
        self.signals.stop.set()
        self._process.join(SETTLE_S)
        assert self._process.exitcode == 0, f"the load did not settle: {self._process.exitcode}"
        with self._log_path.open("rb") as log:
            history = pickle.load(log)
        self._log_path.unlink()
        assert isinstance(history, History)
        return history

    def end(self) -> None:
        """End the process whatever it does."""
        if self._process.is_alive():
            self._process.kill()
        self._process.join()


def _main(plan: Plan, signals: Signals, log_path: Path) -> None:
    gc.disable()  # the log only grows, and walking it again and again would be most of the work
    load = Load(plan, signals, random=random.Random(plan.seed))
    uvloop.run(_run(load))
    with log_path.open("wb") as log:
        pickle.dump(load.history, log, pickle.HIGHEST_PROTOCOL)


async def _run(load: Load) -> None:
    people = People(load)
    try:
        cast = await people.enter()
        load.signals.ready.set()
        async with asyncio.TaskGroup() as everybody:
            for work in (load.watch(), *cast.work()):
                everybody.create_task(work)
        for wanderer in cast.wanderers:
            await wanderer.finish()
        for process in range(len(load.plan.ports)):
            for person, room in cast.rooms:
                await Reader(person, room, f"audit-{process}").audit(process)
    finally:
        people.close()
