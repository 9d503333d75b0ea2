"""PollingInterval: when to ask again."""

import strawberry

from realtime.pacing import Interval, PollingReason
from resolvers import polling
from schema.context import Info


@strawberry.type(
    description="When to ask again. Clients wait this long plus their own phase; the X-Poll-Interval header carries it in seconds."
)
class PollingInterval:
    milliseconds: int = strawberry.field(description="How long to wait before the next poll.")
    reason: PollingReason = strawberry.field(description="Why this long.")
    active_users: int | None = strawberry.field(description="Members seen in the channel in the last 30 s; null when unknown.")

    @strawberry.field(description="Messages per minute over the last minute, in steps; null when unknown.")
    def message_rate(self, info: Info, root: strawberry.Parent[Interval]) -> float | None:
        return polling.message_rate(info.context, root)

    @strawberry.field(description="0 idle, 1 saturated, in steps of 0.05; null when unknown.")
    def server_load(self, info: Info, root: strawberry.Parent[Interval]) -> float | None:
        return polling.server_load(info.context, root)
