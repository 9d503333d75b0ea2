"""Latencies: percentiles to 5 %, a sliding minute, sums over processes, nothing where there was nothing."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.latency import LONGEST_MS, EventType, Histogram, Latencies, merged

TIMES = st.lists(st.floats(min_value=0, max_value=2 * LONGEST_MS), min_size=1, max_size=50)


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@settings(deadline=None, max_examples=200)
@given(TIMES, st.sampled_from([0.5, 0.95, 0.99]))
def test_a_quantile_is_right_to_five_per_cent(latencies: list[float], share: float) -> None:
    histogram = Histogram()
    for latency_ms in latencies:
        histogram.add(latency_ms)
    ordered = sorted(min(one, LONGEST_MS) for one in latencies)
    true = next(one for place, one in enumerate(ordered, 1) if place >= share * len(ordered))
    found = histogram.quantile_ms(share)
    assert found is not None
    assert found == pytest.approx(true, rel=0.05, abs=1.0)
    assert histogram.average_ms == pytest.approx(sum(ordered) / len(ordered))


def test_nothing_recorded_is_null() -> None:
    empty = Latencies().last_minute(EventType.MESSAGE)
    assert (empty.count, empty.average_ms, empty.quantile_ms(0.5)) == (0, None, None)


def test_a_minute_slides() -> None:
    clock = Clock()
    latencies = Latencies(clock_s=clock)
    for number in range(12):
        latencies.record(EventType.MESSAGE, [float(number)])
        clock.now_s += 5
    assert latencies.last_minute(EventType.MESSAGE).count == 11
    clock.now_s += 30
    assert latencies.last_minute(EventType.MESSAGE).count == 5
    clock.now_s += 30
    assert latencies.last_minute(EventType.MESSAGE).count == 0
    assert latencies.last_minute(EventType.NOTIFICATION).count == 0


def test_what_processes_tell_one_another_is_added() -> None:
    one, other = Latencies(), Latencies()
    one.record(EventType.PRESENCE, [10, 20])
    other.record(EventType.PRESENCE, [30, 4000])
    told = orjson.loads(orjson.dumps(other.told()))
    both = merged(one.last_minute(EventType.PRESENCE), [told["PRESENCE"]])
    assert (both.count, both.average_ms) == (4, 1015)
    assert both.quantile_ms(0.5) == pytest.approx(20, rel=0.05)
    assert set(told) == {"PRESENCE"}


@pytest.mark.parametrize("nonsense", [None, 3, [], ["x"], [1.0, 3], [1.0, ["a", 2]]])
def test_what_cannot_be_added_is_an_error(nonsense: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        merged(Histogram(), [nonsense])
