"""The table of a soak: what grows shows, and how fast."""

from benchmarks.soak import PANELS, Sample, full_from, table


def _sample(minute: float) -> Sample:
    return Sample(minute, 100 + 2 * minute, min(88.0, 8 * minute), 50, 60, 20, 0.01, 10, 0.5, 90, 5, 20, 0)


def test_the_slope_is_that_of_the_last_half_in_an_hour() -> None:
    rows = {line.split(" | ")[0].removeprefix("| "): line.split(" | ") for line in table([_sample(m / 2) for m in range(60)])[2:]}
    assert list(rows) == list(PANELS.values())
    assert rows["Memory of the workers (PSS), MiB"][1:5] == ["100", "130", "159", "+120"]
    assert rows["Tasks"][1:6] == ["50", "50", "50", "+0", "50 to 50 |"]


def test_the_copies_are_full_when_they_grow_no_more() -> None:
    assert full_from([_sample(m) for m in range(30)]) == 11
    assert full_from([_sample(0)]) == 0


def test_one_sample_has_no_slope() -> None:
    assert all(" | +0 | " in line for line in table([_sample(0)])[2:])
