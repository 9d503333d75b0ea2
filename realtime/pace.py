"""Pace: the interval of each answer, by the policy that was chosen.

Rule: the policies are pure functions elsewhere; here they are given what is known at the moment.
"""

from typing import assert_never

from realtime import tables
from realtime.adaptive import GENERAL_WISH_S, NOTIFICATIONS_WISH_S, reason_for, stretched_ms, wish_of
from realtime.fleet import Fleet
from realtime.pacing import ClientActivity, Interval, PollingPolicy, PollingReason, Wish
from realtime.rates import Expected, MessageRates


class Pace:
    """Tells intervals, and counts the polls that were told one."""

    def __init__(self, policy: PollingPolicy, rates: MessageRates, fleet: Fleet) -> None:
        self.policy = policy
        self.fleet = fleet
        self._rates = rates
        fleet.on_beat(rates.beat)

    def of_channel(self, channel_id: int, last_message: int | None, active: int | None, activity: ClientActivity) -> Interval:
        """Return the interval of who shows a channel. `last_message` is None where it is as at the last look."""
        expected = self._rates.look(channel_id, last_message, active)
        return self._interval(expected.wish_s, active, activity, expected.message_rate, channel_id)

    def expected(self, user_id: int, channels: int, events: int) -> Expected:
        """Return what is expected of all that is a viewer's: so many channels, in which there were so many events in all."""
        return self._rates.look(-user_id, events, None, scope=channels)

    def expected_now(self, user_id: int) -> Expected:
        """Return what is expected of all that is a viewer's, of which there is nothing new."""
        return self._rates.look(-user_id, None, None)

    def of_viewer(self, user_id: int, expected: Expected, activity: ClientActivity) -> Interval:
        """Return the interval of who syncs everything."""
        return self._interval(expected.wish_s, None, activity, expected.message_rate, -user_id)

    def rate_now(self, of: int) -> float | None:
        """Return the rate that an interval made now would show, of a key as in `Interval.of`."""
        return self._rates.look(of, None, None).message_rate

    def of_notifications(self, activity: ClientActivity) -> Interval:
        """Return the interval of who asks for notifications."""
        if self.policy is PollingPolicy.ADAPTIVE:
            return self._interval(NOTIFICATIONS_WISH_S, None, activity)
        return self._fixed(tables.NOTIFICATIONS_MS, PollingReason.STEADY)

    def in_general(self, activity: ClientActivity = ClientActivity.ACTIVE) -> Interval:
        """Return the interval of an answer that names no channel: as if nobody else were active."""
        return self._interval(GENERAL_WISH_S, None, activity)

    def _interval(
        self, wish_s: float, active: int | None, activity: ClientActivity, rate: float | None = None, of: int | None = None
    ) -> Interval:
        match self.policy:
            case PollingPolicy.ADAPTIVE:
                wish, stretch = wish_of(wish_s, activity), self.fleet.stretch
                reason = reason_for(wish, stretch, activity)
                return Interval(stretched_ms(wish, stretch), reason, active, self.fleet.load, rate, wish, of)
            case PollingPolicy.ACTIVITY:
                return self._fixed(*tables.by_activity(active, activity), active, rate, of)
            case PollingPolicy.LOAD:
                return self._fixed(*tables.by_load(active, self.fleet.load, activity), active, rate, of)
            case _:
                assert_never(self.policy)

    def _fixed(
        self,
        milliseconds: int,
        reason: PollingReason,
        active: int | None = None,
        rate: float | None = None,
        of: int | None = None,
    ) -> Interval:
        return Interval(milliseconds, reason, active, self.fleet.load, rate, Wish(milliseconds, milliseconds), of)
