"""The policy `adaptive`: ask often where much is expected, seldom where little is, and all more seldom under load.

Rule: pure functions. An interval grows with the stretch and so with the load, shrinks as the expected rate grows, stays
within its bounds, and is the same for the same input. docs/pacing.md derives the square root and names its source.
"""

import math

from realtime.pacing import ClientActivity, PollingReason, Wish

SHORTEST_MS = 500
LONGEST_MS = 30_000
LONGEST_IN_BACKGROUND_MS = 120_000
# Where one message in ten seconds is expected, two seconds: what polling is worth as long as nothing is scarce.
WORTH = 2.0**2 / 10
# Beyond these wishes nothing changes; an eighth of a second can still be stretched to the shortest interval.
SHORTEST_WISH_S, LONGEST_WISH_S = 2.0**-3, 2.0**13
# Who is not looking counts a message for an eighth, who is in the background for a 64th.
PATIENCE = {ClientActivity.ACTIVE: 1.0, ClientActivity.IDLE: 2.0**1.5, ClientActivity.BACKGROUND: 2.0**3}
# Of inboxes, and of answers that name no channel, no rate is known.
NOTIFICATIONS_WISH_S, GENERAL_WISH_S = 10.0, 5.0
# A wish stays until the formula is this far from it: chance moves a rate of a few messages up and down.
FIRM = 2.0**0.5
STEPS_PER_OCTAVE = 4
BUSY_S, QUIET_S = 2.0, 10.0
# Less of a stretch is no reason.
NOTABLE_STRETCH = 1.1
_ROUND_MS = 10


def wish_s(rate: float) -> float:
    """Return the interval for an expected rate, in messages a second, where nothing is scarce."""
    return min(LONGEST_WISH_S, max(SHORTEST_WISH_S, math.sqrt(WORTH / rate))) if rate > 0 else LONGEST_WISH_S


def firm_wish_s(before_s: float | None, now_s: float) -> float:
    """Return the wish to go on with: the one before, unless the present one is far from it; then the nearest step."""
    if before_s is not None and before_s / FIRM < now_s < before_s * FIRM:
        return before_s
    return float(2.0 ** (round(math.log2(now_s) * STEPS_PER_OCTAVE) / STEPS_PER_OCTAVE))


def wish_of(channel_wish_s: float, activity: ClientActivity) -> Wish:
    """Return the wish of a client, by that of what it shows."""
    longest_ms = LONGEST_IN_BACKGROUND_MS if activity is ClientActivity.BACKGROUND else LONGEST_MS
    return Wish(round(1000 * channel_wish_s * PATIENCE[activity]), longest_ms)


def stretched_ms(wish: Wish, stretch: float) -> int:
    """Return the interval that a wish becomes."""
    return min(wish.longest_ms, max(SHORTEST_MS, round(wish.milliseconds * stretch / _ROUND_MS) * _ROUND_MS))


def reason_for(wish: Wish, stretch: float, activity: ClientActivity) -> PollingReason:
    """Return why an interval is as long as it is."""
    if activity is not ClientActivity.ACTIVE:
        return PollingReason.IDLE
    if stretch >= NOTABLE_STRETCH and stretched_ms(wish, stretch) > stretched_ms(wish, 1.0):
        return PollingReason.LOAD
    if wish.milliseconds <= 1000 * BUSY_S:
        return PollingReason.BUSY
    return PollingReason.QUIET if wish.milliseconds >= 1000 * QUIET_S else PollingReason.STEADY
