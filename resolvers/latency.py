"""Latencies: what clients report of how long events took to reach their users, and the last minute of all processes."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.errors import BadUserInput, Forbidden, Mistake, MistakeCode
from realtime.latency import WINDOW_S, EventType, Histogram
from resolvers.context import SERVICE_ROLES, Context

MAX_REPORTED = 100
P50, P95, P99 = 0.5, 0.95, 0.99


@dataclass(frozen=True, slots=True)
class MetricsView:
    """The latencies of a type of event in the last minute, in milliseconds; None where there were none."""

    type: EventType
    window_seconds: int
    count: int
    average_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


async def report(ctx: Context, type_: EventType, latencies_ms: Sequence[int]) -> int:
    """Count a batch of latencies, all or none; returns how many. Raises BadUserInput for more than 100, Mistake."""
    if len(latencies_ms) > MAX_REPORTED:
        raise BadUserInput(f"At most {MAX_REPORTED} latencies at once.")
    if any(latency_ms < 0 for latency_ms in latencies_ms):
        raise Mistake(MistakeCode.INVALID, "A latency cannot be below 0.", ["latenciesMs"])
    ctx.services.pace.fleet.latencies.record(type_, latencies_ms)
    return len(latencies_ms)


def realtime_metrics(ctx: Context, type_: EventType) -> MetricsView:
    """Return the last minute of all processes. Raises Forbidden without the role service or admin."""
    ctx.depends.unkept()  # a minute that slides has no version
    if not ctx.viewer.roles & SERVICE_ROLES:
        raise Forbidden
    found: Histogram = ctx.services.pace.fleet.last_minute(type_)
    quantiles = [found.quantile_ms(share) for share in (P50, P95, P99)]
    return MetricsView(type_, WINDOW_S, found.count, found.average_ms, *quantiles)
