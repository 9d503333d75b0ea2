"""Waiters: who waits, and for which topics.

Rule: a topic is watched while somebody waits for it, and with it how far it had come when they looked. Of two who saw
it at different places, the one who saw less looks again.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from models.topic import Topic
from realtime.turns import Turns


class _Watched:
    """A topic that somebody waits for, and how far it had come when they looked."""

    __slots__ = ("number", "topic", "waiters")

    def __init__(self, topic: Topic, number: int) -> None:
        self.topic = topic
        self.number = number
        self.waiters: set[Waiter] = set()


class Waiter:
    """One who waits: a poll that is held, or a subscription. `renew` is called now and then while they do.

    `owner` is the user whose polls are counted, None for those who may hold as many as they like.
    """

    __slots__ = ("_coming", "held", "owner", "renew", "turn", "watches", "woken")

    def __init__(self, renew: Callable[[], None], *, held: bool, owner: int | None = None) -> None:
        self.renew = renew
        self.held = held
        self.owner = owner
        self.watches: Sequence[_Watched] = ()
        self.woken = False
        self.turn = 0
        self._coming: asyncio.Future[bool] | None = None

    async def wait(self, timeout_s: float | None) -> bool:
        """Return True when they are to look, False when the time is over or nobody may wait any longer."""
        loop = asyncio.get_running_loop()
        self._coming = loop.create_future()
        timer = None if timeout_s is None else loop.call_later(timeout_s, self.stop)
        try:
            return await self._coming
        finally:
            self._coming = None
            if timer is not None:
                timer.cancel()

    def rouse(self) -> bool:
        """Let them look; False where they wait no longer."""
        return self._settle(news=True)

    def stop(self) -> None:
        """Let them wait no longer."""
        self._settle(news=False)

    def _settle(self, *, news: bool) -> bool:
        if self._coming is None or self._coming.done():
            return False
        self._coming.set_result(news)
        return True


class Waiters:
    """Everybody who waits in this process. `held` is how many of them are polls."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._topics: dict[Topic, _Watched] = {}
        self.waiting: set[Waiter] = set()
        self.held = 0
        self._held_by: Counter[int] = Counter()

    @property
    def topics(self) -> Collection[Topic]:
        """What somebody waits for."""
        return self._topics.keys()

    def add(self, waiter: Waiter, places: Mapping[Topic, int]) -> bool:
        """Let a waiter watch topics that they saw at `places`; False, and not so, where one has been seen farther on."""
        behind = False
        watches = []
        for topic, number in places.items():
            watched = self._topics.get(topic)
            if watched is None:
                watched = self._topics[topic] = _Watched(topic, number)
            elif number != watched.number:
                behind = behind or number < watched.number
                self.seen(topic, number)
            watched.waiters.add(waiter)
            watches.append(watched)
        waiter.watches = tuple(watches)
        self.waiting.add(waiter)
        self._count(waiter, 1)
        if behind:
            self.remove(waiter)
        return not behind

    def remove(self, waiter: Waiter) -> None:
        """Let a waiter watch nothing."""
        for watched in waiter.watches:
            watched.waiters.discard(waiter)
            if not watched.waiters and self._topics.get(watched.topic) is watched:
                del self._topics[watched.topic]
        waiter.watches = ()
        self.waiting.discard(waiter)
        self._count(waiter, -1)

    def held_by(self, owner: int | None) -> int:
        """Return how many polls of a user are held, none of those who are not counted."""
        return 0 if owner is None else self._held_by[owner]

    def _count(self, waiter: Waiter, step: int) -> None:
        if waiter.held:
            self.held += step
            if waiter.owner is not None:
                self._held_by[waiter.owner] += step
                if not self._held_by[waiter.owner]:
                    del self._held_by[waiter.owner]

    def wake(self, topics: Iterable[Topic]) -> None:
        """Wake who watches topics."""
        for topic in topics:
            watched = self._topics.get(topic)
            if watched is not None:
                self._turns.wake(watched.waiters)

    def seen(self, topic: Topic, number: int) -> None:
        """Take note how far a topic has come, and wake who saw it elsewhere: lower only if the store went back."""
        watched = self._topics.get(topic)
        if watched is not None and watched.number != number:
            watched.number = number
            self._turns.wake(watched.waiters)

    def stop_all(self) -> None:
        """Let nobody wait any longer."""
        for waiter in list(self.waiting):
            waiter.stop()
