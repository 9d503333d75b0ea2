"""Tallies: how many operations of each kind were answered, from where, with what and how quickly.

Rule: a kind is a root field of the schema, so there are as many as it has. Counting an answer takes no look-up by name:
a request that was asked before holds its tally.
"""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from graphql import FieldNode, OperationDefinitionNode, OperationType

from cache.answers import Answers
from cache.dependencies import Dependencies, Level, News
from models.histogram import Histogram
from realtime.latency import EventType, Latencies

# In seconds: from an answer that is kept, to a deadline of the store.
DURATIONS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
HELD_S = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0)
STALENESS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 30.0, 60.0)
# Older news reaches who was away; how long that was says nothing of the server.
WAS_AWAY_S = 60.0
# Of operations with several root fields, or whose root is a fragment.
SEVERAL = "several"


@dataclass(slots=True, eq=False)
class Tally:
    """The answers to one kind of operation. `answers` are by level and news; `staleness` is of messages when delivered."""

    kind: str
    operation: OperationType
    duration: Histogram = field(default_factory=lambda: Histogram(DURATIONS_S))
    staleness: Histogram = field(default_factory=lambda: Histogram(STALENESS_S))
    answers: list[int] = field(default_factory=lambda: [0] * (len(Level) * len(News)))
    held: bool = False
    latencies: Latencies | None = None

    def answered(self, level: Level, depends: Dependencies, started_s: float, *, delivered: bool = True) -> None:
        """Count an answer that a level gave; `started_s` by time.perf_counter. Not `delivered`: its client had it before."""
        self.duration.observe(time.perf_counter() - started_s)
        self.pushed(level, depends, delivered=delivered)

    def pushed(self, level: Level, depends: Dependencies, *, delivered: bool = True) -> None:
        """Count a result that nobody asked for at a moment: one of a subscription."""
        news = depends.news
        self.answers[3 * level + news] += 1
        if news == 2 and delivered:  # two numbers: an enum's name would cost more than all the rest
            if depends.newest_us:
                self._delivered(EventType.MESSAGE, depends.newest_us)
            if depends.notified_us:
                self._delivered(EventType.NOTIFICATION, depends.notified_us)

    def _delivered(self, type_: EventType, written_us: int) -> None:
        """Count how old something is that is delivered now, unless its reader was away."""
        staleness_s = time.time() - written_us / 1_000_000
        if staleness_s >= WAS_AWAY_S:
            return
        if type_ is EventType.MESSAGE:
            self.staleness.observe(max(0.0, staleness_s))
        if self.latencies is not None:
            self.latencies.record(type_, (1000 * staleness_s,))


class Tallies:
    """One tally for each kind that was asked."""

    def __init__(self, latencies: Latencies) -> None:
        self._latencies = latencies
        self._tallies: dict[tuple[str, OperationType, bool], Tally] = {}

    def of(self, node: OperationDefinitionNode) -> Tally:
        """Return the tally of an operation, which must be valid."""
        names = {one.name.value if isinstance(one, FieldNode) else SEVERAL for one in node.selection_set.selections}
        return self._tally(names.pop() if len(names) == 1 else SEVERAL, node.operation, held=False)

    def held(self, tally: Tally) -> Tally:
        """Return the tally of operations of that kind that were held until there was news."""
        return self._tally(tally.kind, tally.operation, held=True)

    def all(self) -> Collection[Tally]:
        return self._tallies.values()

    def _tally(self, kind: str, operation: OperationType, *, held: bool) -> Tally:
        tally = self._tallies.get((kind, operation, held))
        if tally is None:
            tally = self._tallies[kind, operation, held] = Tally(kind, operation, held=held, latencies=self._latencies)
            if held:
                tally.duration = Histogram(HELD_S)
        return tally


class Counted(NamedTuple):
    """What a view counted: answers, those that were 304, errors by code; the kept answers, and connections now open."""

    tallies: Collection[Tally]
    unchanged: int
    errors: Mapping[str, int]
    kept: Answers | None
    open_connections: int
