"""Latency: how long events took from the server's acceptance to this client.

Rule: only what happened while the connection stood is measured; what waited for the client to come back says nothing
about the transport. Both clocks are believed, so a client whose clock is wrong measures its error too.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from pollux_client.events import Event, MessageCreated, NotificationCreated, Offline, Online

# The newest measurements of each kind that are kept.
KEPT = 1000


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds; of nothing measured all but `count` are None."""

    count: int
    average_ms: float | None
    p50_ms: int | None
    p95_ms: int | None
    p99_ms: int | None


class LatencyMeter:
    """Measures events as they come. `report`, where there is one, is called with MESSAGE or NOTIFICATION and milliseconds."""

    def __init__(self, report: Callable[[str, int], None] | None, clock: Callable[[], datetime] | None = None) -> None:
        self._report = report
        self._clock = clock or _now
        self._since: datetime | None = None
        self._kept: dict[str, deque[int]] = {"MESSAGE": deque(maxlen=KEPT), "NOTIFICATION": deque(maxlen=KEPT)}

    def take(self, event: Event) -> None:
        match event:
            case Online():
                self._since = self._clock()
            case Offline():
                self._since = None
            case MessageCreated(message, fresh) if not fresh:
                self._measure("MESSAGE", message.created_at)
            case NotificationCreated(notification, fresh) if not fresh:
                self._measure("NOTIFICATION", notification.created_at)
            case _:
                pass

    def summary(self, kind: str) -> Latency:
        """Return what the newest 1,000 events of a kind, MESSAGE or NOTIFICATION, took."""
        found = sorted(self._kept[kind])
        if not found:
            return Latency(0, None, None, None, None)
        p50, p95, p99 = (found[min(len(found) - 1, len(found) * part // 100)] for part in (50, 95, 99))
        return Latency(len(found), sum(found) / len(found), p50, p95, p99)

    def _measure(self, kind: str, created_at: datetime) -> None:
        if self._since is None or created_at < self._since:
            return
        took_ms = max(0, round((self._clock() - created_at).total_seconds() * 1000))
        self._kept[kind].append(took_ms)
        if self._report is not None:
            self._report(kind, took_ms)


def _now() -> datetime:
    return datetime.now(UTC)
