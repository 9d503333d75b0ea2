"""What a crowd of clients is to do, and what it saw: the words between `real.py` and the processes of `crowd.py`."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Orders:
    """Seconds are from `begin_s`, by time.time(). `fixed_ms` is an interval that clients keep instead of the server's.

    Of each client: its token, the channel it shows, and when it comes. Each says something every `says_s` on average.
    """

    url: str
    begin_s: float
    ends_s: float
    tokens: list[str]
    channels: list[str]
    comes_s: list[float]
    says_s: float
    fixed_ms: int | None
    seed: int


@dataclass
class Seen:
    """When each poll began and how long its answer took, when each was refused, and how late the process was for its timers."""

    began_s: list[float] = field(default_factory=list)
    took_ms: list[float] = field(default_factory=list)
    refused_s: list[float] = field(default_factory=list)
    failed: int = 0
    # Sends that were acknowledged.
    said_s: list[float] = field(default_factory=list)
    said_ms: list[float] = field(default_factory=list)
    late_ms: list[float] = field(default_factory=list)
