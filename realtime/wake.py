"""Waking: what tells those who wait to look for news.

Rule: nobody is told what changed, only that something may have; whoever is woken reads the present heads. A poke that
is lost costs time, never news: once a tick the store is asked how far everything has come that anybody waits for.
"""

import asyncio
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from contextlib import suppress
from typing import Self

from cache.lineage import Lineage
from cache.pokes import Pokes
from cache.read_index import ReadIndex
from models.errors import Unavailable
from models.topic import Topic
from realtime.turns import Turns
from realtime.waiters import Waiter, Waiters

log = logging.getLogger("pollux.wake")

TICK_S = 5.0
# Topics of one statement of a tick: some milliseconds of the loop's time.
TICK_CHUNK = 5_000
# Under load pokes go out this far apart, each with all that has changed meanwhile; the first in a while goes at once.
GAP_S = 0.005
# Topics whose last poke is remembered, for those who were looking while it came.
MAX_RECENT = 10_000


class Stopped(Exception):
    """Nobody may wait any longer: the server stops, or the database's history is another and viewers are to be known anew."""

    def __init__(self, *, server_stops: bool) -> None:
        super().__init__()
        self.server_stops = server_stops


class Wait:
    """The looks and waits of one request. What it looks for is one turn from a waking to the next wait, or its end."""

    __slots__ = ("_waiter", "_wake")

    def __init__(self, wake: "Wake", waiter: Waiter) -> None:
        self._wake = wake
        self._waiter = waiter

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._wake.turns.end(self._waiter)

    async def wait(self, places: Mapping[Topic, int], *, since: int, until_s: float | None) -> bool:
        """Wait until one of the topics may have gone beyond its place; `since` is `Wake.now` from before the look.

        False at the moment `until_s` (monotonic seconds), when the server stops or the epoch ends, or at once where too many
        are held.
        """
        wake, waiter = self._wake, self._waiter
        wake.turns.end(waiter)
        if not wake.may_wait(waiter):
            return False
        if wake.poked_since(places, since) or not wake.waiters.add(waiter, places):
            return True
        try:
            return await waiter.wait(None if until_s is None else max(0.0, until_s - time.monotonic()))
        finally:
            wake.waiters.remove(waiter)


class Wake:
    """Wakes those of this process who wait, when it or another changed something."""

    def __init__(
        self, read_index: ReadIndex, pokes: Pokes, lineage: Lineage, *, max_held: int, max_held_by_user: float = math.inf
    ) -> None:
        self._read_index = read_index
        self._pokes = pokes
        self._max_held = max_held
        self._max_held_by_user = max_held_by_user
        self.turns = Turns()
        self.waiters = Waiters(self.turns)
        self.closing = False
        # Pokes are counted; `_recent` has the count at the last poke of a topic, none of which is below `_horizon`.
        self.now = 0
        self._recent: OrderedDict[Topic, int] = OrderedDict()
        self._horizon = 0
        self._untold: set[Topic] = set()
        self._to_tell = asyncio.Event()
        self._to_tick = asyncio.Event()
        lineage.on_change(self._new_epoch)

    def begin(self, renew: Callable[[], None], *, held: bool, owner: int | None = None) -> Wait:
        """Return the waits of a request; `held` where it is a poll, of which a bounded number is held, in all and of an owner.

        `renew` is called once a tick during a wait: who waits is there.
        """
        return Wait(self, Waiter(renew, held=held, owner=owner))

    def changed(self, topics: Collection[Topic]) -> None:
        """Wake who waits for topics that this process changed, here at once and soon in other processes."""
        self.heard(topics)
        self._untold.update(topics)
        self._to_tell.set()

    def heard(self, topics: Collection[Topic]) -> None:
        """Wake who waits here for topics that were changed."""
        self.now += 1
        for topic in topics:
            self._recent[topic] = self.now
            self._recent.move_to_end(topic)
        while len(self._recent) > MAX_RECENT:
            self._horizon = self._recent.popitem(last=False)[1]
        self.waiters.wake(topics)

    def listens(self) -> None:
        """Ask the store soon what was missed while pokes were not heard."""
        self._to_tick.set()

    def close(self) -> None:
        """End every wait, and let none begin."""
        self.closing = True
        self.waiters.stop_all()

    def may_wait(self, waiter: Waiter) -> bool:
        """Whether a wait may begin."""
        too_many = self.waiters.held >= self._max_held or self.waiters.held_by(waiter.owner) >= self._max_held_by_user
        return not self.closing and not (waiter.held and too_many)

    def poked_since(self, topics: Iterable[Topic], since: int) -> bool:
        """Whether one of the topics may have been poked since a value of `now`."""
        return since != self.now and (since < self._horizon or any(self._recent.get(topic, 0) > since for topic in topics))

    def work(self) -> tuple[Coroutine[object, object, None], ...]:
        """Return what is to run while there is somebody to wake: ticking, telling and listening, each for ever."""
        return self._tick_for_ever(), self._tell_for_ever(), self._pokes.listen(self)

    async def tick(self) -> None:
        """Ask the store how far everything has come that anybody waits for, and wake those for whom it went on."""
        for waiter in list(self.waiters.waiting):
            waiter.renew()
        topics = list(self.waiters.topics)
        for start in range(0, len(topics), TICK_CHUNK):
            numbers = await self._read_index.numbers(topics[start : start + TICK_CHUNK])
            for topic, number in numbers.items():
                self.waiters.seen(topic, number)

    async def _tick_for_ever(self) -> None:
        while True:
            with suppress(TimeoutError):  # as usual: nothing was missed, and it is time
                async with asyncio.timeout(TICK_S):
                    await self._to_tick.wait()
            self._to_tick.clear()
            try:
                await self.tick()
            except Unavailable:
                log.debug("a tick could not read the store")
            except Exception:  # one tick is worth a line in the log, not the end of all ticks
                log.exception("a tick failed")

    async def _tell_for_ever(self) -> None:
        while True:
            await self._to_tell.wait()
            self._to_tell.clear()
            topics, self._untold = self._untold, set()
            await self._pokes.tell(topics)
            await asyncio.sleep(GAP_S)

    def _new_epoch(self) -> None:
        """End every wait: in another history a user's number may be somebody else's."""
        self.waiters.stop_all()
