"""Polling intervals: the two tables of the original design, kept exactly.

Rule: pure functions; what they depend on is passed in. An unknown number of active users counts as none.
"""

from dataclasses import dataclass
from enum import Enum
from typing import assert_never

NOTIFICATIONS_MS = 10_000
LONGEST_MS = 10_000
SATURATED = 0.8
SLOWDOWN = 1.5
# Of a client that says it is not looked at: as slow as the tables ever get.
AWAY_MS = LONGEST_MS


class PollingPolicy(Enum):
    ACTIVITY = "activity"
    LOAD = "load"


class PollingReason(Enum):
    BUSY = "BUSY"
    STEADY = "STEADY"
    QUIET = "QUIET"
    CROWDED = "CROWDED"
    LOAD = "LOAD"
    IDLE = "IDLE"


class ClientActivity(Enum):
    ACTIVE = "ACTIVE"
    IDLE = "IDLE"
    BACKGROUND = "BACKGROUND"


@dataclass(frozen=True, slots=True)
class Interval:
    """When to ask again, and why. `server_load` is 0 to 1, None when unknown."""

    milliseconds: int
    reason: PollingReason
    active_users: int | None
    server_load: float | None


def channel_interval(
    policy: PollingPolicy,
    *,
    active_users: int | None,
    server_load: float | None,
    activity: ClientActivity = ClientActivity.ACTIVE,
) -> Interval:
    """Return when a client that shows a channel should ask for its messages again."""
    milliseconds, reason = _table(policy, active_users or 0, server_load or 0.0)
    if activity is not ClientActivity.ACTIVE and milliseconds < AWAY_MS:
        milliseconds, reason = AWAY_MS, PollingReason.IDLE
    return Interval(milliseconds, reason, active_users, server_load)


def notifications_interval(server_load: float | None) -> Interval:
    """Return when a client should ask for its notifications again, in either policy."""
    return Interval(NOTIFICATIONS_MS, PollingReason.STEADY, None, server_load)


def _table(policy: PollingPolicy, active_users: int, server_load: float) -> tuple[int, PollingReason]:
    match policy:
        case PollingPolicy.ACTIVITY:
            return _by_activity(active_users)
        case PollingPolicy.LOAD:
            return _by_load(active_users, server_load)
        case _:
            assert_never(policy)


def _by_activity(active_users: int) -> tuple[int, PollingReason]:
    if active_users > 10:
        return 1000, PollingReason.BUSY
    if active_users > 5:
        return 2000, PollingReason.STEADY
    return 5000, PollingReason.QUIET


def _by_load(active_users: int, server_load: float) -> tuple[int, PollingReason]:
    if active_users > 50:
        milliseconds, reason = 5000, PollingReason.CROWDED
    elif active_users > 20:
        milliseconds, reason = 3000, PollingReason.CROWDED
    else:
        milliseconds, reason = 2000, PollingReason.STEADY
    if server_load > SATURATED:
        return min(LONGEST_MS, round(milliseconds * SLOWDOWN)), PollingReason.LOAD
    return milliseconds, reason
