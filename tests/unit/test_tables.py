"""The two tables of the original design exactly, to their borders."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.pacing import ClientActivity, PollingReason
from realtime.tables import by_activity, by_load

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
def test_activity_asks_more_often_the_more_people_are_there(
    active_users: int | None, milliseconds: int, reason: PollingReason
) -> None:
    assert by_activity(active_users) == (milliseconds, reason)


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
    assert by_load(active_users, server_load) == (milliseconds, reason)


@pytest.mark.parametrize("activity", AWAY)
@pytest.mark.parametrize("active_users", [None, 0, 7, 100])
def test_a_client_that_nobody_looks_at_asks_as_seldom_as_the_tables_allow(
    activity: ClientActivity, active_users: int | None
) -> None:
    assert by_activity(active_users, activity) == (10_000, PollingReason.IDLE)
    assert by_load(active_users, 0.9, activity) == (10_000, PollingReason.IDLE)


@settings(deadline=None, max_examples=200)
@given(USERS, LOADS, LOADS, st.sampled_from(ClientActivity))
def test_a_busier_server_never_asks_for_shorter_intervals(
    active_users: int | None, one: float | None, other: float | None, activity: ClientActivity
) -> None:
    calm, busy = sorted((one, other), key=lambda load: load or 0.0)
    assert by_load(active_users, calm, activity)[0] <= by_load(active_users, busy, activity)[0]


@settings(deadline=None, max_examples=200)
@given(USERS, LOADS, st.sampled_from(ClientActivity))
def test_every_interval_is_between_one_and_ten_seconds(
    active_users: int | None, server_load: float | None, activity: ClientActivity
) -> None:
    for milliseconds, _ in (by_activity(active_users, activity), by_load(active_users, server_load, activity)):
        assert 1000 <= milliseconds <= 10_000
