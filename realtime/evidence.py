"""Evidence: what a count that grows tells of how often messages come, and what it lets expect.

Rule: pure arithmetic, by operators alone, so that the simulator runs these very functions on whole arrays. Rates are a
second, gaps are seconds. docs/pacing.md derives the formulas.
"""

import math
from typing import NamedTuple

MINUTE_S = 60.0
LONG_S = 1800.0
# An unwatched channel counts as having been watched this long, at the rate that its readers suggest.
PRIOR_S = 60.0
# Somebody who reads a channel writes there once in five minutes, until its own messages tell more; a crowd does not go on
# adding voices.
WRITES_PER_READER = 1 / 300
VOICES = 5
# What one gap may teach at most: however great a burst, it is one of one channel, and what is learned holds for all.
HEAVIEST_LESSON = 100.0
# No gap is nothing, which would divide by it.
_LEAST_GAP_S = 1e-6


class Evidence(NamedTuple):
    """Messages counted lately: each weighs less the older it is, by e in a minute in `minute`, by e in half an hour in `long`.

    `watched_s` is the time over which `long` was counted, weighed alike.
    """

    minute: float = 0.0
    long: float = 0.0
    watched_s: float = 0.0


def later(known: Evidence, news: float, gap_s: float) -> Evidence:
    """Return the evidence after `gap_s` in which `news` messages came, nobody saw when: evenly over the gap."""
    gap = gap_s + _LEAST_GAP_S
    minute, long = math.e ** (-gap / MINUTE_S), math.e ** (-gap / LONG_S)
    return Evidence(
        known.minute * minute + news * MINUTE_S / gap * (1 - minute),
        known.long * long + news * LONG_S / gap * (1 - long),
        known.watched_s * long + LONG_S * (1 - long),
    )


def readers_suggest(active_users: int | None) -> float:
    """Return the rate that a channel's readers suggest, unknown counting as one who asks."""
    return (1 + min(active_users or 0, VOICES)) * WRITES_PER_READER


def nothing_known(prior: float) -> Evidence:
    """Return the evidence of a channel that was never watched: a last minute as its readers suggest."""
    return Evidence(prior * MINUTE_S, 0.0 * prior, 0.0 * prior)


def usual_rate(known: Evidence, prior: float) -> float:
    """Return the rate of the last half hour, or `prior` where it was not watched."""
    return (known.long + prior * PRIOR_S) / (known.watched_s + PRIOR_S)


def expected_rate(known: Evidence, usual: float, excitement: float) -> float:
    """Return the rate to expect now: the usual one, moved towards that of the last minute by `excitement`, 0 to 1."""
    return usual + excitement * (known.minute / MINUTE_S - usual)


class Lesson(NamedTuple):
    """What one gap taught of excitement: how far news followed the last minute, and how much that counts."""

    followed: float
    weight: float


def lesson(known: Evidence, usual: float, news: float, gap_s: float) -> Lesson:
    """Return what a gap teaches, from what was known before it.

    With x the last minute's rate above the usual one as it fades through the gap, and dN the news: the integrals of
    x (dN - usual dt) and of x^2 dt, each over the usual rate, by which chance makes dN vary. The sum of the first by that
    of the second is the least-squares estimate of excitement, and tends to 0 where messages come by chance alone. Both of a
    heavy gap are lessened alike, so that it counts for HEAVIEST_LESSON at most.
    """
    gap = gap_s + _LEAST_GAP_S
    fades = 1 - math.e ** (-gap / MINUTE_S)
    excess_s = known.minute * fades - usual * gap
    squared = (
        known.minute**2 / (2 * MINUTE_S) * (1 - math.e ** (-2 * gap / MINUTE_S)) - 2 * usual * known.minute * fades + usual**2 * gap
    )
    followed, weight = excess_s / gap * (news - usual * gap) / usual, squared / usual
    counts = HEAVIEST_LESSON / (HEAVIEST_LESSON + abs(followed) + abs(weight))
    return Lesson(counts * followed, counts * weight)


class Excitement:
    """How far news follows the last minute: 0 where messages come by chance, 1 where a burst is all there is.

    One value for all channels of the process, learned from those that were watched long enough for a usual rate.
    """

    # Before anything is learned: half. Conversations in offices have been fitted with a third to two thirds (Masuda and
    # others, 2013).
    FIRST = Lesson(5.0, 10.0)
    # What nobody has spoken of for minutes is still expected at a tenth of its usual rate.
    MOST = 0.9
    # Older lessons fade once there are this many; a gap in an ordinary channel weighs about the share of a minute it lasts.
    MEMORY = 5000.0
    WATCHED_S = 300.0
    # Longer gaps tell nothing of a minute.
    LONGEST_GAP_S = 120.0

    def __init__(self) -> None:
        self._known = self.FIRST

    @property
    def value(self) -> float:
        return min(self.MOST, max(0.0, self._known.followed / self._known.weight))

    def learn(self, one: Lesson) -> None:
        """Take a lesson, or the sum of several."""
        followed, weight = self._known.followed + one.followed, self._known.weight + one.weight
        fades = min(1.0, self.MEMORY / weight)
        self._known = Lesson(followed * fades, weight * fades)
