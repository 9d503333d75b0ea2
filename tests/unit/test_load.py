"""The load of this process: unknown before it is measured, then smoothed, in steps of 0.05, from 0 to 1."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.load import LoadMeter


@dataclass
class Machine:
    """A clock and a processor that move when told to."""

    now_s: float = 1000.0
    cpu_s: float = 5.0

    def meter(self) -> LoadMeter:
        return LoadMeter(clock_s=lambda: self.now_s, cpu_s=lambda: self.cpu_s)

    def work(self, meter: LoadMeter, share: float, *, seconds: float = 1.0) -> None:
        """Be busy for `share` of some seconds, then take a sample."""
        self.now_s += seconds
        self.cpu_s += seconds * share
        meter.sample()


def test_load_is_unknown_before_the_first_measurement() -> None:
    assert Machine().meter().load is None


def test_load_stays_unknown_while_no_time_has_passed() -> None:
    meter = Machine().meter()
    meter.sample()
    assert meter.load is None


@pytest.mark.parametrize(
    ("share", "load"),
    [(0.0, 0.0), (0.02, 0.0), (0.03, 0.05), (0.5, 0.5), (0.52, 0.5), (0.83, 0.85), (0.99, 1.0), (1.0, 1.0), (3.7, 1.0)],
)
def test_load_is_the_share_of_one_core_in_steps(share: float, load: float) -> None:
    machine = Machine()
    meter = machine.meter()
    machine.work(meter, share)
    assert meter.load == load


def test_load_does_not_depend_on_when_exactly_it_is_sampled() -> None:
    machine = Machine()
    meter = machine.meter()
    machine.work(meter, 0.4, seconds=7.3)
    assert meter.load == 0.4


def test_one_busy_second_is_no_load() -> None:
    machine = Machine()
    meter = machine.meter()
    machine.work(meter, 0.0)
    machine.work(meter, 1.0)
    assert meter.load == 0.2


def test_load_follows_lasting_work_and_its_end() -> None:
    machine = Machine()
    meter = machine.meter()
    machine.work(meter, 0.0)
    rising = []
    for _ in range(20):
        machine.work(meter, 1.0)
        rising.append(meter.load or 0.0)
    for _ in range(20):
        machine.work(meter, 0.0)
    assert rising == sorted(rising)
    assert rising[-1] == 1.0
    assert meter.load == 0.0


@settings(deadline=None, max_examples=100)
@given(st.lists(st.floats(min_value=0, max_value=64), min_size=1, max_size=30))
def test_load_is_always_one_of_twenty_one_values(shares: list[float]) -> None:
    machine = Machine()
    meter = machine.meter()
    for share in shares:
        machine.work(meter, share)
    assert meter.load in [step * 5 / 100 for step in range(21)]


def test_a_loop_that_is_late_is_loaded_whatever_it_was_given_of_a_core() -> None:
    machine = Machine()
    meter = machine.meter()
    meter.late(0.1)
    machine.work(meter, 0.3)
    assert meter.load == 1.0
    assert meter.capacity == pytest.approx(0.3)


def test_what_holds_a_loop_up_counts_for_the_time_that_it_takes() -> None:
    machine = Machine()
    meter = machine.meter()
    for late_s in [0.0] * 10 + [0.5]:
        meter.late(late_s)
    machine.work(meter, 0.1)
    assert meter.late_s == pytest.approx(0.5 * 0.55 / 1.05)


def test_polls_are_smoothed_as_the_processor_is_so_that_their_ratio_holds() -> None:
    machine = Machine()
    meter = machine.meter()
    for polls in (100, 900, 20, 500):
        machine.now_s += 1
        machine.cpu_s += polls / 1000
        meter.sample(polls)
    assert meter.cpu / meter.polls_per_s == pytest.approx(0.001)


def test_reads_that_queue_for_a_connection_are_load_whatever_the_processor_does() -> None:
    machine = Machine()
    meter = machine.meter()
    for _ in range(100):  # twenty under way all the time
        meter.read(0.2)
    machine.work(meter, 0.3)
    assert meter.load == 1.0
    for _ in range(40):
        for _ in range(100):
            meter.read(0.002)
        machine.work(meter, 0.3)
    assert meter.load == 0.3


def test_a_slow_read_that_nobody_queues_behind_is_no_load() -> None:
    machine = Machine()
    meter = machine.meter()
    meter.read(3.0)
    machine.work(meter, 0.1)
    assert meter.load == 0.1
