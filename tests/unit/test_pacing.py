"""Polling intervals: the two tables of DESIGN.md exactly, to their borders."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.pacing import ClientActivity, Interval, PollingPolicy, PollingReason, channel_interval, notifications_interval

USERS = st.one_of(st.none(), st.integers(min_value=0, max_value=1000))
LOADS = st.one_of(st.none(), st.floats(min_value=0, max_value=1))
AWAY = [ClientActivity.IDLE, ClientActivity.BACKGROUND]


@pytest.mark.parametrize(
    ("active_users", "milliseconds", "reason"),
    [
        (None, 5000, PollingReason.QUIET),
        (0, 5000, PollingReason.QUIET),
        (5, 5000, PollingReason.QUIET),
        (6, 2000, PollingReason.STEADY),
        (10, 2000, PollingReason.STEADY),
        (11, 1000, PollingReason.BUSY),
        (1_000_000, 1000, PollingReason.BUSY),
    ],
)
@pytest.mark.parametrize("server_load", [None, 0.0, 0.8, 1.0])
def test_activity_asks_more_often_the_more_people_are_there(
    active_users: int | None, milliseconds: int, reason: PollingReason, server_load: float | None
) -> None:
    found = channel_interval(PollingPolicy.ACTIVITY, active_users=active_users, server_load=server_load)
    assert found == Interval(milliseconds, reason, active_users, server_load)


@pytest.mark.parametrize(
    ("active_users", "server_load", "milliseconds", "reason"),
    [
        (None, None, 2000, PollingReason.STEADY),
        (0, 0.0, 2000, PollingReason.STEADY),
        (20, 0.5, 2000, PollingReason.STEADY),
        (21, 0.5, 3000, PollingReason.CROWDED),
        (50, None, 3000, PollingReason.CROWDED),
        (51, 0.5, 5000, PollingReason.CROWDED),
        (1_000_000, 0.8, 5000, PollingReason.CROWDED),
        (20, 0.8, 2000, PollingReason.STEADY),
        (None, 0.81, 3000, PollingReason.LOAD),
        (20, 0.85, 3000, PollingReason.LOAD),
        (21, 0.85, 4500, PollingReason.LOAD),
        (50, 1.0, 4500, PollingReason.LOAD),
        (51, 0.85, 7500, PollingReason.LOAD),
        (1_000_000, 1.0, 7500, PollingReason.LOAD),
    ],
)
def test_load_asks_less_often_the_fuller_the_room_and_the_server(
    active_users: int | None, server_load: float | None, milliseconds: int, reason: PollingReason
) -> None:
    found = channel_interval(PollingPolicy.LOAD, active_users=active_users, server_load=server_load)
    assert found == Interval(milliseconds, reason, active_users, server_load)


@pytest.mark.parametrize("policy", PollingPolicy)
@pytest.mark.parametrize("activity", AWAY)
@pytest.mark.parametrize("active_users", [None, 0, 7, 100])
def test_a_client_that_nobody_looks_at_asks_as_seldom_as_the_tables_allow(
    policy: PollingPolicy, activity: ClientActivity, active_users: int | None
) -> None:
    found = channel_interval(policy, active_users=active_users, server_load=0.9, activity=activity)
    assert (found.milliseconds, found.reason) == (10_000, PollingReason.IDLE)


@pytest.mark.parametrize("server_load", [None, 0.0, 1.0])
def test_notifications_are_asked_for_every_ten_seconds(server_load: float | None) -> None:
    assert notifications_interval(server_load) == Interval(10_000, PollingReason.STEADY, None, server_load)


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(PollingPolicy), USERS, LOADS, LOADS, st.sampled_from(ClientActivity))
def test_a_busier_server_never_asks_for_shorter_intervals(
    policy: PollingPolicy, active_users: int | None, one: float | None, other: float | None, activity: ClientActivity
) -> None:
    calm, busy = sorted((one, other), key=lambda load: load or 0.0)
    calmly = channel_interval(policy, active_users=active_users, server_load=calm, activity=activity)
    busily = channel_interval(policy, active_users=active_users, server_load=busy, activity=activity)
    assert calmly.milliseconds <= busily.milliseconds


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(PollingPolicy), USERS, LOADS, st.sampled_from(ClientActivity))
def test_every_interval_is_between_one_and_ten_seconds_and_tells_what_it_knew(
    policy: PollingPolicy, active_users: int | None, server_load: float | None, activity: ClientActivity
) -> None:
    found = channel_interval(policy, active_users=active_users, server_load=server_load, activity=activity)
    assert 1000 <= found.milliseconds <= 10_000
    assert (found.active_users, found.server_load) == (active_users, server_load)
