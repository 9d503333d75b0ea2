"""The adaptive policy: monotonic in rate and load, bounded, never NaN, and the same for the same input."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.adaptive import (
    FIRM,
    LONGEST_IN_BACKGROUND_MS,
    LONGEST_MS,
    LONGEST_WISH_S,
    SHORTEST_MS,
    SHORTEST_WISH_S,
    WORTH,
    firm_wish_s,
    reason_for,
    stretched_ms,
    wish_of,
    wish_s,
)
from realtime.census import stretch_for
from realtime.evidence import Evidence, expected_rate, readers_suggest, usual_rate
from realtime.fleet import Figures, polls_allowed
from realtime.pacing import ClientActivity, PollingReason

SIZES = st.floats(min_value=0, max_value=1e12)
RATES = st.one_of(st.just(0.0), st.floats(min_value=1e-300, max_value=1e300))
SHARES = st.floats(min_value=0, max_value=1)
STRETCHES = st.floats(min_value=2.0**-10, max_value=2.0**10)
WISHES = st.floats(min_value=SHORTEST_WISH_S, max_value=LONGEST_WISH_S)
ACTIVITIES = st.sampled_from(ClientActivity)
EVIDENCE = st.builds(Evidence, SIZES, SIZES, st.floats(min_value=0, max_value=1800))
READERS = st.one_of(st.none(), st.integers(min_value=0, max_value=10**9))
FIGURES = st.builds(
    Figures,
    cpu=st.floats(min_value=0, max_value=64),
    capacity=st.floats(min_value=0.01, max_value=1),
    polls_per_s=st.floats(min_value=0, max_value=1e6),
    clients=st.just({}),
    cold=st.booleans(),
)


def interval_ms(known: Evidence, excitement: float, readers: int | None, activity: ClientActivity, stretch: float) -> int:
    """Return the interval, from what is known of a channel on."""
    rate = expected_rate(known, usual_rate(known, readers_suggest(readers)), excitement)
    return stretched_ms(wish_of(firm_wish_s(None, wish_s(rate)), activity), stretch)


@settings(deadline=None, max_examples=300)
@given(EVIDENCE, SHARES, READERS, ACTIVITIES, STRETCHES)
def test_whatever_is_known_the_interval_is_within_its_bounds_and_the_same_again(
    known: Evidence, excitement: float, readers: int | None, activity: ClientActivity, stretch: float
) -> None:
    found = interval_ms(known, excitement, readers, activity, stretch)
    longest = LONGEST_IN_BACKGROUND_MS if activity is ClientActivity.BACKGROUND else LONGEST_MS
    assert isinstance(found, int)
    assert SHORTEST_MS <= found <= longest
    assert interval_ms(known, excitement, readers, activity, stretch) == found


@settings(deadline=None, max_examples=300)
@given(WISHES, ACTIVITIES, STRETCHES, STRETCHES)
def test_more_stretch_never_shortens_an_interval(wish: float, activity: ClientActivity, one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert stretched_ms(wish_of(wish, activity), less) <= stretched_ms(wish_of(wish, activity), more)


@settings(deadline=None, max_examples=300)
@given(st.lists(FIGURES, min_size=1, max_size=5), st.floats(min_value=0, max_value=64), st.floats(min_value=1, max_value=1e5))
def test_a_process_that_is_busier_with_the_same_polls_is_never_asked_for_more(
    figures: list[Figures], more: float, clients: float
) -> None:
    first = figures[0]
    busier = [Figures(first.cpu + more, first.capacity, first.polls_per_s, {}, first.cold), *figures[1:]]
    calm, busy = polls_allowed(figures, None), polls_allowed(busier, None)
    assert busy <= calm * (1 + 1e-9)
    assert not math.isnan(busy)
    there = {wish_of(2.0, ClientActivity.ACTIVE): clients}
    assert stretch_for(there, calm) <= stretch_for(there, busy) * (1 + 1e-6)


def test_all_are_slowed_down_for_one_process_that_has_too_much_to_do() -> None:
    idle, busy = Figures(0.1, 1.0, 100.0, {}, cold=False), Figures(0.9, 1.0, 900.0, {}, cold=False)
    assert polls_allowed([idle] * 3 + [busy], None) == pytest.approx(1200 * 0.75 / 0.9)
    assert polls_allowed([idle] * 4, None) == pytest.approx(4 * 500)


@settings(deadline=None, max_examples=300)
@given(st.lists(FIGURES, min_size=1, max_size=5), st.floats(min_value=1e-3, max_value=1e9))
def test_a_budget_is_never_exceeded_by_what_load_would_allow(figures: list[Figures], budget: float) -> None:
    assert 0 < polls_allowed(figures, budget) <= min(budget, polls_allowed(figures, None))


@settings(deadline=None, max_examples=300)
@given(RATES, RATES)
def test_the_more_is_expected_the_sooner_a_client_asks(one: float, other: float) -> None:
    slow, fast = sorted((one, other))
    assert SHORTEST_WISH_S <= wish_s(fast) <= wish_s(slow) <= LONGEST_WISH_S


def test_a_wish_is_the_square_root_of_what_polling_is_worth_by_the_rate() -> None:
    assert wish_s(WORTH / 2.0**2) == 2.0
    assert wish_s(WORTH / 4.0**2) == 4.0
    assert wish_s(0.1) == 2.0


@pytest.mark.parametrize("now_s", [2.0, 2.0 * 1.4, 2.0 / 1.4])
def test_a_wish_stays_while_the_formula_is_near(now_s: float) -> None:
    assert firm_wish_s(2.0, now_s) == 2.0


@settings(deadline=None, max_examples=300)
@given(WISHES, WISHES)
def test_a_wish_that_moves_moves_to_the_step_that_is_nearest(before: float, now: float) -> None:
    found = firm_wish_s(before, now)
    if before / FIRM < now < before * FIRM:
        assert found == before
    else:
        assert now / 2 ** (1 / 8) <= found * (1 + 1e-9)
        assert found <= now * 2 ** (1 / 8) * (1 + 1e-9)
        assert firm_wish_s(found, now) == found


@settings(deadline=None, max_examples=300)
@given(st.floats(min_value=1, max_value=4), st.lists(st.floats(min_value=0.72, max_value=1.39), max_size=30))
def test_chance_that_moves_a_rate_less_than_the_band_never_moves_an_interval(base: float, noise: list[float]) -> None:
    wish = firm_wish_s(None, base)
    for factor in noise:
        assert firm_wish_s(wish, wish * factor) == wish


@pytest.mark.parametrize(
    ("wish", "stretch", "activity", "reason"),
    [
        (1.0, 1.0, ClientActivity.ACTIVE, PollingReason.BUSY),
        (2.0, 1.05, ClientActivity.ACTIVE, PollingReason.BUSY),
        (4.0, 1.0, ClientActivity.ACTIVE, PollingReason.STEADY),
        (16.0, 1.0, ClientActivity.ACTIVE, PollingReason.QUIET),
        (2.0, 3.0, ClientActivity.ACTIVE, PollingReason.LOAD),
        (64.0, 3.0, ClientActivity.ACTIVE, PollingReason.QUIET),
        (1.0, 1.0, ClientActivity.IDLE, PollingReason.IDLE),
        (1.0, 9.0, ClientActivity.BACKGROUND, PollingReason.IDLE),
    ],
)
def test_the_reason_says_what_made_the_interval_as_long_as_it_is(
    wish: float, stretch: float, activity: ClientActivity, reason: PollingReason
) -> None:
    assert reason_for(wish_of(wish, activity), stretch, activity) is reason


def test_who_is_not_looking_asks_less_and_who_is_in_the_background_least() -> None:
    looking, idle, background = (stretched_ms(wish_of(4.0, one), 1.0) for one in ClientActivity)
    assert (looking, idle, background) == (4000, 11_310, 32_000)
    assert stretched_ms(wish_of(1000.0, ClientActivity.BACKGROUND), 1.0) == 120_000
