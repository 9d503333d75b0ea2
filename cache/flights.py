"""Reads shared by everybody who asks: `Flights` for what may change, `SingleFlight` for what its key fixes.

Rule of Flights: a key that is asked for while a read is in flight joins the next one, so every answer comes from a
read that began after it was asked for. This is what makes a shared read as fresh as one's own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Mapping
from typing import Generic, TypeVar

from models.histogram import SIZES, Histogram
from models.read_watch import declared, note

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Flights(Generic[K, V]):
    """Coalesces reads by key. `flights` counts the reads made, `riders` the keys they carried, `sizes` how many each did.

    A read begins `gap_s` after the one before has ended, or later: under load each then carries all who asked anew when that one
    let them go, at the cost of that time to those who wait. The first read in a while begins at once.
    """

    def __init__(self, read: Callable[[list[K]], Awaitable[Mapping[K, V]]], *, gap_s: float = 0.0) -> None:
        self._read = read
        self._gap_s = gap_s
        self._landed_s = -gap_s
        self._boarding: dict[K, list[asyncio.Future[V | None]]] = {}
        self._pilot: asyncio.Task[None] | None = None
        self.flights = 0
        self.riders = 0
        self.sizes = Histogram(SIZES)

    def get(self, key: K) -> asyncio.Future[V | None]:
        """Return the value of `key` to come, None where the read found none; raises what the read raised.

        Every rider has a future of their own: one who goes away takes nobody's seat along.
        """
        note(key)
        rider: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        seats = self._boarding.get(key)
        if seats is not None:
            seats.append(rider)
            return rider
        self._boarding[key] = [rider]
        if self._pilot is None:
            with declared():  # what the pilot reads is read for everybody aboard
                self._pilot = asyncio.create_task(self._fly(), name="flights")
        return rider

    async def _fly(self) -> None:
        try:
            await asyncio.sleep(0)  # whoever asks in the same turn of the loop flies along
            while self._boarding:
                if self._gap_s:
                    await self._keep_the_gap()
                riders, self._boarding = self._boarding, {}
                self.flights += 1
                self.riders += len(riders)
                self.sizes.observe(len(riders))
                await self._land(riders)
                if self._gap_s:
                    self._landed_s = asyncio.get_running_loop().time()
        finally:
            self._pilot = None

    async def _keep_the_gap(self) -> None:
        wait_s = self._landed_s + self._gap_s - asyncio.get_running_loop().time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    async def _land(self, riders: dict[K, list[asyncio.Future[V | None]]]) -> None:
        """Read for everybody aboard, and let every one of them go whatever happens."""
        try:
            found = await self._read(list(riders))
            values = [(seats, found.get(key)) for key, seats in riders.items()]
        except BaseException as error:
            failure = error if isinstance(error, Exception) else RuntimeError("the shared read was cancelled")
            for seats in riders.values():
                for rider in seats:
                    if not rider.done():
                        rider.set_exception(failure)
                        rider.exception()  # nobody may be waiting for it
            if not isinstance(error, Exception | asyncio.CancelledError):
                raise
        else:
            for seats, value in values:
                for rider in seats:
                    if not rider.done():
                        rider.set_result(value)


class SingleFlight(Generic[K, V]):
    """Joins readers of the same key to the read already in flight; the key must hold the versions it is read under."""

    def __init__(self, read: Callable[[K], Coroutine[object, object, V]]) -> None:
        self._read = read
        self._flying: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K) -> V:
        """Return what the read of `key` gives; raises what it raised."""
        note(key)
        task = self._flying.get(key)
        if task is None:
            with declared():
                task = self._flying[key] = asyncio.create_task(self._read(key), name="single flight")
            task.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(task)

    def _landed(self, key: K, task: asyncio.Task[V]) -> None:
        del self._flying[key]
        if not task.cancelled():
            task.exception()  # those who waited have it; they may be gone
