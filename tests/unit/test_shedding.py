"""Shedding: who is refused under which pressure, when they may return, and what makes pressure."""

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.shedding import DEVICES, LOOKS, MAX_CLIENTS, SOONER, Client, Demand, Refusal, Shedding

LATE_S, ON_TIME_S = 0.4, 0.001
ALICE, BOB = Client(1, "sync"), Client(2, "sync")


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def shedding(*, pressure: float = 0.0, chance: Callable[[], float] = lambda: 0.5) -> tuple[Shedding, Clock]:
    clock = Clock()
    made = Shedding(clock_s=clock, chance=chance)
    made.pressure = pressure
    return made, clock


def asks(made: Shedding) -> dict[Demand, Refusal | None]:
    """Return what becomes of somebody who is early, of one who is not, and of a change."""
    made.told(ALICE, 8000)
    return {
        Demand.EARLY: made.refused(ALICE),
        Demand.POLL: made.refused(BOB),
        Demand.CHANGE: made.refused(ALICE, changes=True),
    }


@pytest.mark.parametrize(
    ("pressure", "refused"),
    [
        (0.0, set()),
        (0.4, set()),
        (0.6, {Demand.EARLY}),
        (1.4, {Demand.EARLY}),
        (1.6, {Demand.EARLY, Demand.POLL}),
        (2.4, {Demand.EARLY, Demand.POLL}),
        (2.6, set(Demand)),
    ],
)
def test_those_who_obey_are_refused_after_those_who_do_not_and_changes_last(pressure: float, refused: set[Demand]) -> None:
    made, _ = shedding(pressure=pressure)
    found = asks(made)
    assert {demand for demand, refusal in found.items() if refusal is not None} == refused
    assert all(refusal.demand is demand for demand, refusal in found.items() if refusal is not None)
    assert {demand for demand, count in made.shed.items() if count} == refused


def test_a_stall_refuses_nobody_however_long() -> None:
    made, _ = shedding()
    for _ in range(20):
        made.looked(30.0)
        made.looked(ON_TIME_S)
    assert made.pressure == 0
    assert not any(asks(made).values())


def test_a_loop_that_stays_late_refuses_more_and_more_and_one_that_is_on_time_again_fewer() -> None:
    made, _ = shedding()
    rising = []
    for _ in range(LOOKS + 30):
        made.looked(LATE_S)
        rising.append(made.pressure)
    assert rising[: LOOKS - 1] == [0.0] * (LOOKS - 1)
    assert rising == sorted(rising)
    assert rising[-1] == len(Demand)
    falling = []
    while made.pressure:
        made.looked(ON_TIME_S)
        falling.append(made.pressure)
        assert len(falling) < 100
    assert falling == sorted(falling, reverse=True)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.floats(min_value=0, max_value=1e6), max_size=50), st.floats(min_value=0, max_value=1, exclude_max=True))
def test_pressure_stays_within_its_bounds_and_who_is_refused_returns_within_a_minute(late_s: list[float], chance: float) -> None:
    made, _ = shedding(chance=lambda: chance)
    for one in late_s:
        made.looked(one)
        assert 0 <= made.pressure <= len(Demand)
    made.pressure = float(len(Demand))
    for refusal in asks(made).values():
        assert refusal is not None
        assert 1 <= refusal.retry_after_s <= 60


def test_who_waited_as_long_as_told_is_not_early_and_each_device_has_its_own_time() -> None:
    made, clock = shedding(pressure=1.0)
    made.told(ALICE, 8000)
    clock.now_s += 4
    made.told(ALICE, 8000)  # from another device
    assert made.refused(ALICE) is not None
    clock.now_s += 8 * SOONER - 4
    assert made.refused(ALICE) is None
    assert made.refused(ALICE) is not None
    clock.now_s += 4
    assert made.refused(ALICE) is None


def test_a_client_that_polls_four_times_too_often_is_answered_once_for_each_time_that_is_due() -> None:
    made, clock = shedding(pressure=1.0)
    for _ in range(DEVICES + 1):
        made.told(ALICE, 8000)
        clock.now_s += 2
    answered = 0
    for _ in range(40):  # eighty seconds
        if made.refused(ALICE) is None:
            answered += 1
            made.told(ALICE, 16_000)
        clock.now_s += 2
    assert answered <= DEVICES * (80 / (16 * SOONER) + 1)


def test_who_waits_for_news_may_come_at_any_time() -> None:
    made, _ = shedding(pressure=1.0)
    made.told(ALICE, 8000)
    assert made.refused(ALICE, waits=True) is None
    assert made.refused(ALICE) is not None


def test_who_was_refused_and_asks_again_before_the_time_given_is_early() -> None:
    made, clock = shedding(pressure=1.6)
    refused = made.refused(BOB)
    assert refused is not None
    assert refused.demand is Demand.POLL
    for _ in range(3):
        clock.now_s += 1
        again = made.refused(BOB)
        assert again is not None
        assert again.demand is Demand.EARLY
    made.pressure = 1.0
    clock.now_s += refused.retry_after_s
    assert made.refused(BOB) is None


def test_those_who_are_refused_return_at_different_times() -> None:
    chances = iter([number / 1000 for number in range(1000)] * 2)
    made, _ = shedding(pressure=3.0, chance=lambda: next(chances))
    clients = [Client(user_id, "sync") for user_id in range(1, 401)]
    returns = Counter(int(refusal.retry_after_s) for one in clients if (refusal := made.refused(one)) is not None)
    assert max(returns.values()) < 0.1 * returns.total()
    assert min(returns) >= 15
    assert max(returns) <= 30


def test_who_is_early_is_asked_to_come_when_they_were_told_to() -> None:
    made, clock = shedding(pressure=1.0, chance=lambda: 0.0)
    made.told(ALICE, 20_000)
    clock.now_s += 5
    refusal = made.refused(ALICE)
    assert refusal is not None
    assert refusal.retry_after_s == pytest.approx(20 - 5 / SOONER)


def test_nobody_is_remembered_while_there_is_room_nor_more_than_there_is_place_for() -> None:
    made, _ = shedding()
    made.beat(0.7)
    assert made.watching
    for number in range(MAX_CLIENTS + 10):
        made.told(Client(number, "sync"), 8000)
    assert len(made._due_s) == MAX_CLIENTS
    made.beat(0.2)
    assert (made.watching, len(made._due_s)) == (False, 0)
    made.beat(None)
    assert (made.watching, len(made._due_s)) == (False, 0)
