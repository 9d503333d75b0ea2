"""What came of a scenario, as a row of the table, and what is wrong with it in words."""

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from tests.faults.history.records import History, Way
from tests.faults.history.session import RESET
from tests.faults.history.violations import Fault, Violations

COLUMNS = (
    ("store", 8), ("scenario", 22), ("acked", 7), ("polls", 8), ("lost", 5), ("dupl.", 5), ("stale", 6), ("other", 6),
    ("gap s", 6), ("back s", 6), ("polls/s", 7), ("errors by code", 0),
)  # fmt: skip
RETRIED_CODE = "UNAVAILABLE"


def header() -> str:
    """Return the table's first line."""
    return " ".join(f"{name:<{width}}" if width > 8 or not width else f"{name:>{width}}" for name, width in COLUMNS)


@dataclass(slots=True)
class Row:
    """One scenario on one store, from `began_s` to `ended_s`; `problems` are what keeps it from passing.

    `gone` are the acknowledged messages that a database lost, where it may.
    """

    scenario: str
    store: str
    began_s: float
    ended_s: float
    history: History
    windows: tuple[tuple[float, float], ...]
    violations: Violations
    problems: list[str] = field(default_factory=list)
    gone: int = 0

    @property
    def polls(self) -> int:
        return sum(answer.way is not Way.AUDIT for answer in self.history.answers)

    @property
    def errors(self) -> Counter[str]:
        return Counter(failure.code for failure in self.history.failures)

    @property
    def longest_gap_s(self) -> float:
        """The longest time in which no reader at all got an answer."""
        answered = sorted(a.ended_s for a in self.history.answers if self.began_s <= a.ended_s <= self.ended_s)
        times = [self.began_s, *answered, self.ended_s]
        return max(later - earlier for earlier, later in pairwise(times))

    @property
    def recovery_s(self) -> float:
        """The longest time from the end of a fault to an error; 0 where there were none, infinite before the first fault.

        Whoever asks late is told late to begin again; that is no outage.
        """
        begins = sorted(began_s for began_s, _ in self.windows)
        ends = sorted(ended_s for _, ended_s in self.windows)
        outages = [failure.at_s for failure in self.history.failures if failure.code != RESET]
        return max((_distance_s(at_s, begins, ends) for at_s in outages), default=0.0)

    def complain(self, allowed: frozenset[str], finds: Fault | None, *, sends: int, polls: int, recovery_s: float) -> None:
        """Note what is not as it must be."""
        acked = self.history.acked_sends
        if acked < sends or self.polls < polls:
            self.problems.append(f"{acked} acknowledged sends and {self.polls} polls prove too little")
        if finds is not None and finds not in self.violations.faults:
            self.problems.append(f"the checker did not find the planted fault: {finds.value}")
        if finds is None:
            self.problems += self.violations.lines()
        unexpected = {code: count for code, count in self.errors.items() if code not in allowed}
        if unexpected:
            self.problems.append(f"clients saw {unexpected}")
        if any(failure.code == RETRIED_CODE and not failure.retry_after for failure in self.history.failures):
            self.problems.append(f"{RETRIED_CODE} without retryAfterMs")
        if self.recovery_s > recovery_s:
            self.problems.append(f"errors went on for {self.recovery_s:.1f} s after the fault's end")

    def _told(self) -> list[str]:
        """Return how many errors there were by code, and how many messages went with a database."""
        errors = [f"{code} {count}" for code, count in self.errors.most_common()]
        return [*errors, f"{self.gone} gone with a database"] if self.gone else errors

    def line(self) -> str:
        """Return the row."""
        counts = self.violations.counts
        named = (counts[Fault.LOST], counts[Fault.DUPLICATED], counts[Fault.STALE])
        polls_a_second = self.polls / (self.ended_s - self.began_s)
        cells = (
            self.store, self.scenario, self.history.acked_sends, self.polls, *named, counts.total() - sum(named),
            f"{self.longest_gap_s:.2f}", f"{self.recovery_s:.2f}", f"{polls_a_second:.0f}",
            ", ".join(self._told()) or "-",
        )  # fmt: skip
        return " ".join(
            f"{cell:<{width}}" if width > 8 or not width or name == "store" else f"{cell:>{width}}"
            for cell, (name, width) in zip(cells, COLUMNS, strict=True)
        )


def _distance_s(at_s: float, begins: list[float], ends: list[float]) -> float:
    """Return how long before `at_s` the last fault ended, 0 while one goes on."""
    begun, ended = bisect_right(begins, at_s), bisect_right(ends, at_s)
    if begun > ended:
        return 0.0
    return at_s - ends[ended - 1] if ended else float("inf")
