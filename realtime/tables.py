"""The two tables of the original design, kept exactly: `activity` and `load`.

Rule: an unknown number of active users, or an unknown load, counts as none.
"""

from realtime.pacing import ClientActivity, PollingReason

NOTIFICATIONS_MS = 10_000
LONGEST_MS = 10_000
SATURATED = 0.8
SLOWDOWN = 1.5
# Of a client that says it is not looked at: as slow as the tables ever get.
AWAY_MS = LONGEST_MS


def by_activity(active_users: int | None, activity: ClientActivity = ClientActivity.ACTIVE) -> tuple[int, PollingReason]:
    """Return milliseconds and the reason: the more people are there, the shorter."""
    people = active_users or 0
    if people > 10:
        return _unless_away(1000, PollingReason.BUSY, activity)
    if people > 5:
        return _unless_away(2000, PollingReason.STEADY, activity)
    return _unless_away(5000, PollingReason.QUIET, activity)


def by_load(
    active_users: int | None, server_load: float | None, activity: ClientActivity = ClientActivity.ACTIVE
) -> tuple[int, PollingReason]:
    """Return milliseconds and the reason: the fuller the room and the server, the longer."""
    people = active_users or 0
    if people > 50:
        milliseconds, reason = 5000, PollingReason.CROWDED
    elif people > 20:
        milliseconds, reason = 3000, PollingReason.CROWDED
    else:
        milliseconds, reason = 2000, PollingReason.STEADY
    if (server_load or 0.0) > SATURATED:
        milliseconds, reason = min(LONGEST_MS, round(milliseconds * SLOWDOWN)), PollingReason.LOAD
    return _unless_away(milliseconds, reason, activity)


def _unless_away(milliseconds: int, reason: PollingReason, activity: ClientActivity) -> tuple[int, PollingReason]:
    if activity is not ClientActivity.ACTIVE and milliseconds < AWAY_MS:
        return AWAY_MS, PollingReason.IDLE
    return milliseconds, reason
