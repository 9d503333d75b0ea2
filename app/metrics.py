"""Metrics: what there is to measure, by name; and the values of one process or of several together.

Rule: a name says its unit, in base units; labels have a bounded number of values. Nobody is counted by name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from app.poll_tally import DURATIONS_S, HELD_S, STALENESS_S
from models.histogram import SIZES, Histogram
from realtime.load import DELAYS_S


class Kind(Enum):
    """What a measure is, which also says how processes add up."""

    COUNTER = "counter"
    HISTOGRAM = "histogram"
    # Of all processes together, and of the one that has most.
    SUM = "sum"
    HIGHEST = "highest"


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric; `bounds` are those of a histogram."""

    name: str
    kind: Kind
    says: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


def _histogram(name: str, bounds: Sequence[float], says: str, *labels: str) -> Measure:
    return Measure(name, Kind.HISTOGRAM, says, labels, tuple(bounds))


def _counter(name: str, says: str, *labels: str) -> Measure:
    return Measure(name, Kind.COUNTER, says, labels)


def _sum(name: str, says: str, *labels: str) -> Measure:
    return Measure(name, Kind.SUM, says, labels)


MEASURES = (
    _counter("pollux_polls_total", "Queries answered, by root field, the level that answered, and what came after the client's "
             "place: none, some, or not asked.", "kind", "level", "news"),
    _counter("pollux_polls_unchanged_total", "Queries answered with 304, because the client holds the answer."),
    _histogram("pollux_poll_duration_seconds", DURATIONS_S, "From a query's arrival to its answer; not of held ones.", "kind"),
    _histogram("pollux_held_poll_duration_seconds", HELD_S, "From a waiting poll's arrival to its answer.", "kind"),
    _counter("pollux_pushes_total", "Results of subscriptions, by root field and what they brought.", "kind", "news"),
    _sum("pollux_open_connections", "WebSockets and event streams."),
    _histogram("pollux_staleness_seconds", STALENESS_S, "Age of the newest message that a poll brought; older than a minute is "
               "not counted.", "kind"),
    _histogram("pollux_mutation_duration_seconds", DURATIONS_S, "From a mutation's arrival to its answer.", "kind"),
    _counter("pollux_errors_total", "Answers with an error, by its code.", "code"),
    _histogram("pollux_read_index_riders", SIZES, "Keys that one shared read of heads carried.", "of"),
    _histogram("pollux_group_commit_size", SIZES, "Items stored in one transaction.", "of"),
    _sum("pollux_group_commit_queued", "Items that wait for a transaction.", "of"),
    _counter("pollux_kept_answers_total", "Looks at a kept answer: it held, or was stale and made again.", "outcome"),
    _sum("pollux_kept_bytes", "What is kept of requests, fragments and answers; each worker has a bound."),
    _counter("pollux_redis_operations_total", "Operations tried against Redis.", "use"),
    _counter("pollux_redis_failures_total", "Operations of Redis that failed or took too long.", "use"),
    _counter("pollux_redis_unreadable_total", "Values in Redis that could not be read.", "use"),
    _sum("pollux_redis_breakers_open", "Breakers that are open: Redis is not asked for about a second.", "use"),
    _sum("pollux_database_connections", "Connections to the database.", "use", "state"),
    _counter("pollux_replica_pages_total", "Pages of history that the replica was asked for: served; behind; failed.", "outcome"),
    _sum("pollux_waiting", "Who waits for news: held polls and subscriptions.", "by"),
    _sum("pollux_waited_topics", "Channels and users that somebody waits for."),
    _histogram("pollux_loop_delay_seconds", DELAYS_S, "How late the event loop was for a timer."),
    Measure("pollux_load_ratio", Kind.HIGHEST, "Share of a core that the busiest process uses, smoothed; unknown at first."),
    _counter("pollux_shed_total", "Requests refused because of load, by what was asked: a poll sooner than told, another query, "
             "a change.", "demand"),
    _sum("pollux_tasks", "Tasks of the workers' event loops."),
    Measure("pollux_fleet_load_ratio", Kind.HIGHEST, "Load of all processes of all servers, which polling intervals follow."),
    Measure("pollux_polling_stretch_ratio", Kind.HIGHEST, "How many times longer intervals are than if requests cost nothing."),
    _sum("pollux_polling_clients", "Clients that were told to ask again and have not been waited for in vain."),
    _sum("pollux_workers", "Worker processes."),
    _counter("pollux_process_cpu_seconds_total", "CPU time of the workers."),
    _sum("pollux_process_resident_memory_bytes", "Memory of the workers; what they share counts once for each."),
)  # fmt: skip
BY_NAME = {measure.name: measure for measure in MEASURES}

# A number, or of a histogram the total and the counts.
Value: TypeAlias = float | list[float]
# By a metric's name, then by the values of its labels, joined by SEPARATOR.
Values: TypeAlias = dict[str, dict[str, Value]]
SEPARATOR = "\x1f"


class Sheet:
    """Values of one process, written down one by one."""

    def __init__(self) -> None:
        self.values: Values = {}

    def write(self, name: str, value: float | Histogram, *labels: str) -> None:
        """Write down one value; values of the same labels add up. Raises KeyError for what is not a measure."""
        assert len(labels) == len(BY_NAME[name].labels), name
        plain: Value = [value.total, *value.counts] if isinstance(value, Histogram) else value
        of_name = self.values.setdefault(name, {})
        key = SEPARATOR.join(labels)
        of_name[key] = _together(BY_NAME[name], of_name[key], plain) if key in of_name else plain


def merged(sheets: Iterable[Values]) -> Values:
    """Return the values of several processes as those of one."""
    whole: Values = {}
    for sheet in sheets:
        for name, by_labels in sheet.items():
            measure = BY_NAME.get(name)
            if measure is None:
                continue  # a worker of another version, during a reload
            of_name = whole.setdefault(name, {})
            for key, value in by_labels.items():
                of_name[key] = _together(measure, of_name[key], value) if key in of_name else value
    return whole


def lasting(values: Values) -> Values:
    """Return what of a process's values stays true when it has ended: what only grows."""
    return {name: of for name, of in values.items() if BY_NAME[name].kind in (Kind.COUNTER, Kind.HISTOGRAM)}


def _together(measure: Measure, one: Value, other: Value) -> Value:
    if isinstance(one, list) and isinstance(other, list):
        return [a + b for a, b in zip(one, other, strict=True)] if len(one) == len(other) else other
    assert not isinstance(one, list)
    assert not isinstance(other, list)
    return max(one, other) if measure.kind is Kind.HIGHEST else one + other


class _OfValues(Collector):
    def __init__(self, values: Values) -> None:
        self._values = values

    def collect(self) -> Iterable[Metric]:
        for measure in MEASURES:
            yield _family(measure, self._values.get(measure.name, {}))


def registry(values: Values) -> CollectorRegistry:
    """Return values as Prometheus's client writes them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_OfValues(values))
    return registry


def _family(measure: Measure, by_labels: Mapping[str, Value]) -> Metric:
    families = {Kind.COUNTER: CounterMetricFamily, Kind.HISTOGRAM: HistogramMetricFamily}
    family: Any = families.get(measure.kind, GaugeMetricFamily)(measure.name, measure.says, labels=measure.labels)
    for key, value in by_labels.items():
        labels = key.split(SEPARATOR) if measure.labels else []
        if isinstance(value, list):
            buckets, below = [], 0.0
            for bound, count in zip((*map(float, measure.bounds), float("inf")), value[1:], strict=True):
                below += count
                buckets.append(("+Inf" if bound == float("inf") else repr(bound), below))
            family.add_metric(labels, buckets=buckets, sum_value=value[0])
        else:
            family.add_metric(labels, value)
    whole: Metric = family
    return whole
