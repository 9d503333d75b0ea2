"""The census counts each obedient client once, and the stretch keeps all of them within a budget."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.adaptive import stretched_ms
from realtime.census import MOST_STRETCH, PHASES, Census, requests_per_s, steadied, stretch_for
from realtime.pacing import Wish

LONGEST_MS = 30_000
COUNTS = st.dictionaries(
    st.builds(Wish, st.integers(min_value=125, max_value=100_000), st.sampled_from([30_000, 120_000])),
    st.floats(min_value=0.01, max_value=1e6),
    min_size=1,
    max_size=8,
)


def obedient(census: Census, wish: Wish, clients: int, seconds: int) -> None:
    """Let clients poll for some seconds, each when it was told to, with a phase of its own."""
    wait_s = stretched_ms(wish, 1.0) / 1000
    waits = [wait_s * (1 + 0.1 * number / clients) for number in range(clients)]
    due = [wait * number / clients for number, wait in enumerate(waits)]
    for second in range(1, seconds + 1):
        for number in range(clients):
            while due[number] < second:
                census.polls[wish, stretched_ms(wish, 1.0)] += 1
                due[number] += waits[number]
        census.close(1.0)


@pytest.mark.parametrize("milliseconds", [500, 700, 2300, 10_000, 30_000])
def test_each_client_that_obeys_is_counted_once(milliseconds: int) -> None:
    census, wish = Census(), Wish(milliseconds, LONGEST_MS)
    obedient(census, wish, 400, 70)
    counted = []
    for _ in range(30):
        obedient(census, wish, 400, 1)
        counted.append(census.clients()[wish])
    assert sum(counted) / len(counted) == pytest.approx(400, rel=0.1)


def test_who_does_not_come_back_is_counted_no_longer() -> None:
    census, wish = Census(), Wish(2000, LONGEST_MS)
    obedient(census, wish, 50, 10)
    for _ in range(4):
        census.close(1.0)
    assert census.clients() == {}


def test_a_beginning_counts_those_who_have_not_come_yet() -> None:
    census, wish = Census(), Wish(2000, LONGEST_MS)
    census.polls[wish, 2000] += 10
    assert census.extrapolated(0.1) == {wish: pytest.approx(100)}
    census.close(1.0)
    assert census.extrapolated(0.1) == {wish: pytest.approx(100)}


@settings(deadline=None, max_examples=200)
@given(COUNTS, st.floats(min_value=1e-3, max_value=1e7))
def test_the_stretch_keeps_requests_within_the_budget_where_intervals_can(clients: dict[Wish, float], budget: float) -> None:
    stretch = stretch_for(clients, budget)
    assert 1.0 <= stretch <= MOST_STRETCH
    slowest = requests_per_s(clients, MOST_STRETCH)
    # Intervals are rounded to 10 ms, which of half a second is a fiftieth.
    assert requests_per_s(clients, stretch) <= max(budget, 1.02 * slowest) * 1.021


@settings(deadline=None, max_examples=200)
@given(COUNTS, st.floats(min_value=1e-3, max_value=1e7), st.floats(min_value=1e-3, max_value=1e7))
def test_a_smaller_budget_never_stretches_less(clients: dict[Wish, float], one: float, other: float) -> None:
    scarce, ample = sorted((one, other))
    assert stretch_for(clients, ample) <= stretch_for(clients, scarce) * (1 + 1e-6)


def test_a_budget_that_is_given_is_spent() -> None:
    clients = {Wish(2000, LONGEST_MS): 1000.0, Wish(16_000, LONGEST_MS): 3000.0}
    stretch = stretch_for(clients, 900.0, least=2.0**-10)
    assert requests_per_s(clients, stretch) == pytest.approx(900, rel=0.02)


@settings(deadline=None, max_examples=200)
@given(COUNTS, st.floats(min_value=0.01, max_value=1000), st.floats(min_value=0.01, max_value=1000))
def test_a_stretch_goes_towards_what_is_wanted_and_not_beyond(clients: dict[Wish, float], before: float, wanted: float) -> None:
    found = steadied(before, wanted, clients)
    assert math.isfinite(found)
    assert min(before, wanted) <= found <= max(before, wanted)
    if wanted > before * 1.06:
        assert found == wanted


def test_intervals_never_shrink_as_fast_as_time_passes() -> None:
    """Or everybody who polls meanwhile would return at one moment."""
    clients = {Wish(1000, LONGEST_MS): 1000.0}
    stretch, before_s = 20.0, 20.0
    seconds = 0
    while stretch > 1.06:
        stretch = steadied(stretch, 1.0, clients)
        interval_s = stretched_ms(Wish(1000, LONGEST_MS), stretch) / 1000
        assert before_s - interval_s < 1.0
        before_s, seconds = interval_s, seconds + 1
        assert seconds < 100
    assert requests_per_s(clients, stretch) == pytest.approx(1000 / PHASES, rel=0.1)
