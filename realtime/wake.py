"""Waking: who waits for news, and what tells them to look.

Rule: nobody is told what changed, only that something may have; whoever is woken reads the present heads. A poke that
is lost costs time, never news: once a tick the store is asked how far everything has come that anybody waits for.
Those who are woken together have their turns, some at a time, so that one message to thousands holds up nobody else.
"""

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Self

from cache.lineage import Lineage
from cache.pokes import Pokes
from cache.read_index import ReadIndex
from models.errors import Unavailable
from models.topic import Topic

log = logging.getLogger("pollux.wake")

TICK_S = 5.0
# Topics of one statement of a tick: some milliseconds of the loop's time.
TICK_CHUNK = 5_000
# Under load pokes go out this far apart, each with all that has changed meanwhile; the first in a while goes at once.
GAP_S = 0.005
# How many of those woken look at the same time, and when the others go on in any case.
TURNS = 64
LONGEST_TURN_S = 0.1
# Topics whose last poke is remembered, for those who were looking while it came.
MAX_RECENT = 10_000


class _Watched:
    """A topic that somebody waits for, and how far it had come when they looked."""

    __slots__ = ("number", "topic", "waiters")

    def __init__(self, topic: Topic, number: int) -> None:
        self.topic = topic
        self.number = number
        self.waiters: set[Waiter] = set()


class Waiter:
    """One who waits, from the first look to the last: a poll that is held, or a subscription."""

    __slots__ = ("_wake", "_watches", "future", "held", "renew", "turn", "woken")

    def __init__(self, wake: "Wake", renew: Callable[[], None], *, held: bool) -> None:
        self._wake = wake
        self._watches: Sequence[_Watched] = ()
        self.future: asyncio.Future[bool] | None = None
        self.held = held
        # Called once a tick: who waits is there.
        self.renew = renew
        # Whether they have been woken and wait for their turn, and the round of turns in which they are looking.
        self.woken = False
        self.turn = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._wake._end_turn(self)

    async def wait(self, places: Mapping[Topic, int], *, since: int, until_s: float | None) -> bool:
        """Wait until one of the topics may have gone beyond its place; `since` is `Wake.now` from before the look.

        False at the moment `until_s` (monotonic seconds), when the server stops, or at once where too many are held.
        """
        wake = self._wake
        wake._end_turn(self)
        if wake._cannot_hold(self):
            return False
        if wake._poked_since(places, since) or not self._watch(places):
            return True
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        self.future = future
        timer = None if until_s is None else loop.call_later(max(0.0, until_s - time.monotonic()), _settle, future, False)
        wake._count(self, +1)
        try:
            return await future
        finally:
            if timer is not None:
                timer.cancel()
            self.future = None
            wake._count(self, -1)
            wake._unwatch(self, self._watches)
            self._watches = ()

    def _watch(self, places: Mapping[Topic, int]) -> bool:
        """Watch topics; False, and watch none, where somebody has seen one of them farther on."""
        watches, behind = self._wake._watch(self, places)
        if behind:
            self._wake._unwatch(self, watches)
            return False
        self._watches = watches
        return True


class Wake:
    """Wakes those of this process who wait, when it or another changed something."""

    def __init__(self, read_index: ReadIndex, pokes: Pokes, lineage: Lineage, *, max_held: int) -> None:
        self._read_index = read_index
        self._pokes = pokes
        self._max_held = max_held
        self._watched: dict[Topic, _Watched] = {}
        self._waiting: set[Waiter] = set()
        self._held = 0
        self._closing = False
        # Pokes are counted; `_recent` has the count at the last poke of a topic, none of which is below `_horizon`.
        self.now = 0
        self._recent: OrderedDict[Topic, int] = OrderedDict()
        self._horizon = 0
        self._woken: deque[Waiter] = deque()
        self._turns = 0
        self._round = 1
        self._next_turns: asyncio.Handle | None = None
        self._untold: set[Topic] = set()
        self._to_tell = asyncio.Event()
        self._to_tick = asyncio.Event()
        lineage.on_change(self._wake_everybody)

    def waiter(self, renew: Callable[[], None], *, held: bool) -> Waiter:
        """Return somebody who is going to wait; `held` where they are a poll, of which there is a bounded number."""
        return Waiter(self, renew, held=held)

    def changed(self, topics: Collection[Topic]) -> None:
        """Wake who waits for topics that this process changed, here at once and soon in other processes."""
        self.heard(topics)
        self._untold.update(topics)
        self._to_tell.set()

    def heard(self, topics: Iterable[Topic]) -> None:
        """Wake who waits here for topics that were changed."""
        self.now += 1
        for topic in topics:
            self._recent[topic] = self.now
            self._recent.move_to_end(topic)
            watched = self._watched.get(topic)
            if watched is not None:
                self._wake_all(watched.waiters)
        while len(self._recent) > MAX_RECENT:
            self._horizon = self._recent.popitem(last=False)[1]

    def listens(self) -> None:
        """Ask the store soon what was missed while pokes were not heard."""
        self._to_tick.set()

    def close(self) -> None:
        """End every wait, and let none begin."""
        self._closing = True
        for waiter in list(self._waiting):
            _settle(waiter.future, False)

    async def run(self) -> None:
        """Tick, tell and listen, for ever."""
        await asyncio.gather(self._tick_for_ever(), self._tell_for_ever(), self._pokes.listen(self))

    async def tick(self) -> None:
        """Ask the store how far everything has come that anybody waits for, and wake those for whom it went on."""
        for waiter in list(self._waiting):
            waiter.renew()
        topics = list(self._watched)
        for start in range(0, len(topics), TICK_CHUNK):
            numbers = await self._read_index.numbers(topics[start : start + TICK_CHUNK])
            for topic, number in numbers.items():
                watched = self._watched.get(topic)
                if watched is not None and watched.number != number:
                    watched.number = number
                    self._wake_all(watched.waiters)

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

    def _cannot_hold(self, waiter: Waiter) -> bool:
        return self._closing or (waiter.held and self._held >= self._max_held)

    def _poked_since(self, places: Mapping[Topic, int], since: int) -> bool:
        if since == self.now:
            return False
        return since < self._horizon or any(self._recent.get(topic, 0) > since for topic in places)

    def _count(self, waiter: Waiter, one: int) -> None:
        self._held += one if waiter.held else 0
        if one > 0:
            self._waiting.add(waiter)
        else:
            self._waiting.discard(waiter)

    def _watch(self, waiter: Waiter, places: Mapping[Topic, int]) -> tuple[Sequence[_Watched], bool]:
        """Watch topics; returns the watches, and whether one of them has gone on."""
        behind = False
        watches = []
        for topic, number in places.items():
            watched = self._watched.get(topic)
            if watched is None:
                watched = self._watched[topic] = _Watched(topic, number)
            elif number != watched.number:
                # Of two who looked one saw more: the other looks again. Lower than before only if the store went back.
                behind = behind or number < watched.number
                watched.number = number
                self._wake_all(watched.waiters)
            watched.waiters.add(waiter)
            watches.append(watched)
        return tuple(watches), behind

    def _unwatch(self, waiter: Waiter, watches: Sequence[_Watched]) -> None:
        for watched in watches:
            watched.waiters.discard(waiter)
            if not watched.waiters and self._watched.get(watched.topic) is watched:
                del self._watched[watched.topic]

    def _wake_everybody(self) -> None:
        """Let everybody look, because the numbers they have are of another epoch."""
        self.now += 1
        self._horizon = self.now
        self._recent.clear()
        self._wake_all(self._waiting)

    def _wake_all(self, waiters: Iterable[Waiter]) -> None:
        for waiter in waiters:
            if not waiter.woken:
                waiter.woken = True
                self._woken.append(waiter)
        if self._woken and self._next_turns is None:
            self._next_turns = asyncio.get_running_loop().call_soon(self._give_turns)

    def _give_turns(self) -> None:
        """Let some of those look who were woken; the others when these have, or have taken too long."""
        self._next_turns = None
        while self._woken and self._turns < TURNS:
            waiter = self._woken.popleft()
            waiter.woken = False
            if waiter.future is not None and not waiter.future.done():
                waiter.future.set_result(True)
                waiter.turn = self._round
                self._turns += 1
        if self._woken:
            self._next_turns = asyncio.get_running_loop().call_later(LONGEST_TURN_S, self._new_round)

    def _new_round(self) -> None:
        self._round += 1
        self._turns = 0
        self._give_turns()

    def _end_turn(self, waiter: Waiter) -> None:
        if waiter.turn == self._round:
            self._turns -= 1
            if self._turns == TURNS // 2 and self._next_turns is not None:
                self._next_turns.cancel()
                self._next_turns = asyncio.get_running_loop().call_soon(self._give_turns)
        waiter.turn = 0


def _settle(future: "asyncio.Future[bool] | None", news: bool) -> None:
    if future is not None and not future.done():
        future.set_result(news)
