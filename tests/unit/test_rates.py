"""Rates: what counts that were read say of how often messages come."""

from realtime.rates import MOST_NEWS, MessageRates


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def _watched(counts: list[int]) -> float:
    """Return the interval that a channel is worth after looks at these counts, a second apart."""
    clock = Clock()
    rates, wish_s = MessageRates(clock_s=clock), 0.0
    for count in counts:
        clock.now_s += 1
        rates.beat()
        wish_s = rates.look(1, count, 1, scope=3).wish_s
    return wish_s


def test_messages_make_intervals_shorter_and_a_count_of_other_things_does_not() -> None:
    quiet = _watched([5] * 10)
    assert _watched([5] * 9 + [5 + MOST_NEWS]) < quiet
    assert _watched([5] * 9 + [6 + MOST_NEWS]) == quiet
    assert _watched([5] * 8 + [1_000_000, 1_000_001]) < quiet


def test_a_look_without_a_count_changes_nothing() -> None:
    clock = Clock()
    rates = MessageRates(clock_s=clock)
    rates.look(1, 5, 1, scope=3)
    rates.look(1, None, None)
    clock.now_s += 1
    rates.beat()
    quiet = rates.look(1, 5, 1, scope=3).wish_s
    assert rates.look(1, 10, 1, scope=3).wish_s < quiet
