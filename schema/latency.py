"""RealtimeMetrics and ReportLatencyPayload: how long events took to reach people."""

import strawberry

from realtime.latency import EventType
from schema import enums  # noqa: F401  # publishes RealtimeEventType
from schema.user_error import Outcome, UserError


@strawberry.type(description="Latency from an event's acceptance to a client's receipt, over the window.")
class RealtimeMetrics:
    type: EventType = strawberry.field(description="What reached somebody.")
    window_seconds: int = strawberry.field(description="How far back it goes.")
    count: int = strawberry.field(description="How many latencies were recorded, by clients and by the server itself.")
    average_ms: float | None = strawberry.field(description="Their mean. Null when nothing was recorded in the window.")
    p50_ms: float | None = strawberry.field(description="What half of them did not exceed, to 5 %.")
    p95_ms: float | None = strawberry.field(description="What 95 % of them did not exceed, to 5 %.")
    p99_ms: float | None = strawberry.field(description="What 99 % of them did not exceed, to 5 %.")


@strawberry.type(description="What reportLatency did.")
class ReportLatencyPayload:
    user_errors: list[UserError] = strawberry.field(description="Empty when it was done.")

    @strawberry.field(description="How many latencies were counted: all, or 0 when refused.")
    def accepted(self, root: strawberry.Parent[Outcome[int]]) -> int:
        return root.value or 0
