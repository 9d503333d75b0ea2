"""Evidence: what counts tell of rates, and that excitement is learned where messages follow one another and not otherwise."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.evidence import Evidence, Excitement, Lesson, expected_rate, later, lesson, readers_suggest, usual_rate


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.tuples(st.integers(min_value=0, max_value=10**6), st.floats(min_value=0, max_value=1e6)), max_size=30),
    st.floats(min_value=0, max_value=1),
)
def test_no_history_gives_a_rate_that_is_no_number(history: list[tuple[int, float]], excitement: float) -> None:
    known = Evidence()
    for news, gap_s in history:
        usual = usual_rate(known, 0.01)
        taught = lesson(known, usual, news, gap_s)
        assert math.isfinite(taught.followed)
        # After next to no time it is a difference of numbers that are all but equal, and as large as this.
        assert taught.weight * usual >= -1e-15 * (1 + known.minute + usual * gap_s) ** 2
        known = later(known, news, gap_s)
        rate = expected_rate(known, usual_rate(known, 0.01), excitement)
        assert math.isfinite(rate)
        assert rate >= 0


def test_what_is_counted_fades_by_e_in_a_minute_and_in_half_an_hour() -> None:
    known = later(Evidence(minute=10.0, long=10.0, watched_s=1800.0), 0, 60.0)
    assert known.minute == pytest.approx(10 / math.e)
    assert known.long == pytest.approx(10 * math.exp(-1 / 30))


@pytest.mark.parametrize("gap_s", [0.1, 1.0, 20.0])
def test_a_steady_rate_is_found_whatever_the_gaps(gap_s: float) -> None:
    known = Evidence()
    for _ in range(int(20_000 / gap_s)):
        known = later(known, 0.5 * gap_s, gap_s)
    assert known.minute / 60 == pytest.approx(0.5, rel=0.01)
    assert usual_rate(known, 9.0) == pytest.approx(0.5, rel=0.6)
    assert known.watched_s == pytest.approx(1800, rel=0.01)


def test_an_unwatched_channel_has_the_rate_that_its_readers_suggest_and_a_watched_one_its_own() -> None:
    prior = readers_suggest(2)
    assert usual_rate(Evidence(), prior) == prior
    silent = later(Evidence(), 0, 600.0)
    assert usual_rate(silent, prior) < prior / 5
    assert readers_suggest(None) == readers_suggest(0) < readers_suggest(3) < readers_suggest(1000) == readers_suggest(10**9)


def learned(arrivals: list[float], seconds: int) -> float:
    """Return the excitement learned from one channel that is looked at once a second."""
    excitement, known, said = Excitement(), Evidence(), 0
    for second in range(1, seconds):
        news = 0
        while said < len(arrivals) and arrivals[said] < second:
            news, said = news + 1, said + 1
        if known.watched_s >= Excitement.WATCHED_S:
            excitement.learn(lesson(known, usual_rate(known, 0.01), news, 1.0))
        known = later(known, news, 1.0)
    return excitement.value


@pytest.mark.parametrize("news", [0, 10, 100_000])
def test_one_burst_in_one_channel_teaches_all_others_little(news: int) -> None:
    excitement = Excitement()
    for _ in range(20_000):
        excitement.learn(Lesson(0.15, 0.5))
    assert excitement.value == pytest.approx(0.3, abs=0.01)
    known = Evidence(minute=100_000.0, long=100_000.0, watched_s=1800.0)
    excitement.learn(lesson(known, 0.01, news, 1.0))
    assert excitement.value == pytest.approx(0.3, abs=0.03)


def test_nothing_is_learned_where_messages_come_by_chance() -> None:
    draw = random.Random(1)
    times, at = [], 0.0
    while at < 40_000:
        at += draw.expovariate(1 / 10)
        times.append(at)
    assert learned(times, 40_000) < 0.15


def test_excitement_is_learned_where_messages_answer_one_another() -> None:
    draw = random.Random(2)
    times = []
    opening = [draw.uniform(0, 40_000) for _ in range(60)]
    while opening:
        times += opening
        opening = [at + draw.expovariate(1 / 30) for at in opening for _ in range(2) if draw.random() < 0.425]
    assert learned(sorted(times), 40_000) > 0.6


def test_excitement_is_at_first_a_half_and_never_all() -> None:
    excitement = Excitement()
    assert excitement.value == 0.5
    for _ in range(100):
        excitement.learn(type(Excitement.FIRST)(50.0, 10.0))
    assert excitement.value == Excitement.MOST < 1
