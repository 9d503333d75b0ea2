"""Rates: how often messages come in each channel, counted from the numbers that polls read anyway.

Rule: heads hold numbers without gaps, so the difference of two is a count, whoever sent the messages and through which
process. What is said of a channel changes at a beat, once a second, or when a poll has seen its number grow.
"""

import time
from bisect import bisect
from collections.abc import Callable
from typing import NamedTuple

from cache.lru import Lru
from realtime.adaptive import firm_wish_s, wish_s
from realtime.evidence import Excitement, expected_rate, later, lesson, nothing_known, readers_suggest, usual_rate

# Some 300 bytes each.
MAX_WATCHED = 50_000
WINDOW_S = 60.0
# A count that grows by more at once is of other things, as when somebody left one channel and joined another.
MOST_NEWS = 1000
# What a rate is shown in.
_STEPS = (0, 1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000)


class Expected(NamedTuple):
    """What is expected of a channel: the interval it is worth while nothing is scarce, and messages a minute, in steps.

    The rate is None at the first look: the last minute was not watched.
    """

    wish_s: float
    message_rate: float | None


class _Watched:
    """What is known of one channel."""

    __slots__ = ("at_s", "beat", "before", "count", "evidence", "now", "said", "scope", "window")

    def __init__(self, count: int | None, scope: int, prior: float, now_s: float) -> None:
        self.count = count
        self.scope = scope
        self.at_s = now_s
        self.evidence = nothing_known(prior)
        # What is said of it until the end of a beat.
        self.said: Expected | None = None
        self.beat = 0
        # Messages of the present minute of the clock and of the one before it.
        self.window, self.now, self.before = int(now_s // WINDOW_S), 0.0, 0.0


class MessageRates:
    """The rates of channels, by a key; of a channel its id, of all that a viewer syncs their user id, negative."""

    def __init__(self, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._watched: Lru[int, _Watched] = Lru(MAX_WATCHED)
        self._beat = 1
        self._excitement = Excitement()

    def beat(self) -> None:
        """Let everything be looked at anew."""
        self._beat += 1

    def clear(self) -> None:
        """Forget everything: another history numbers its messages anew."""
        self._watched.clear()

    def look(self, key: int, count: int | None, active_users: int | None, *, scope: int = 0) -> Expected:
        """Return what is expected.

        `count` is the last message's number, or None where it is as at the last look. Counts of another `scope` than
        before are of other things: nothing new follows from them.
        """
        watched, prior = self._watched.get(key), readers_suggest(active_users)
        if watched is None:
            watched = _Watched(count, scope, prior, self._clock_s())
            self._watched.put(key, watched)
        elif count is not None and (watched.count is None or watched.scope != scope):
            watched.count, watched.scope = count, scope
        news = 0 if count is None or watched.count is None else max(0, count - watched.count)
        if news > MOST_NEWS:
            watched.count, news = count, 0
        if watched.said is None or watched.beat != self._beat or news:
            watched.said, watched.beat = self._learn(watched, news, prior), self._beat
        return watched.said

    def _learn(self, watched: _Watched, news: int, prior: float) -> Expected:
        now_s = self._clock_s()
        gap_s = now_s - watched.at_s
        before, watched.at_s = watched.evidence, now_s
        if watched.count is not None:
            watched.count += news
        if before.watched_s >= Excitement.WATCHED_S and gap_s <= Excitement.LONGEST_GAP_S:
            self._excitement.learn(lesson(before, usual_rate(before, prior), news, gap_s))
        watched.evidence = later(before, news, gap_s)
        rate = expected_rate(watched.evidence, usual_rate(watched.evidence, prior), self._excitement.value)
        known = watched.said
        minute = self._last_minute(watched, news, gap_s)
        return Expected(firm_wish_s(known.wish_s if known is not None else None, wish_s(rate)), minute if known else None)

    def _last_minute(self, watched: _Watched, news: int, gap_s: float) -> float:
        """Return messages of the last minute, in steps: this minute of the clock's, and of the one before its part."""
        window, into_s = divmod(self._clock_s(), WINDOW_S)
        if int(window) != watched.window:
            watched.before = watched.now if int(window) == watched.window + 1 else 0.0
            watched.window, watched.now = int(window), 0.0
        watched.now += news * min(1.0, WINDOW_S / max(gap_s, 1e-6))
        rate = watched.now + watched.before * (1 - into_s / WINDOW_S)
        return float(_STEPS[bisect(_STEPS, rate + 0.5) - 1])
