"""Polling intervals: the words in which a client is told when to ask again, and the policies that choose.

Rule: an interval is a pure function of what is passed in. How each policy chooses is in `tables.py` and `adaptive.py`.
"""

from enum import Enum, StrEnum
from typing import NamedTuple


class PollingPolicy(Enum):
    ADAPTIVE = "adaptive"
    ACTIVITY = "activity"
    LOAD = "load"


class PollingReason(Enum):
    BUSY = "BUSY"
    STEADY = "STEADY"
    QUIET = "QUIET"
    CROWDED = "CROWDED"
    LOAD = "LOAD"
    IDLE = "IDLE"


class ClientActivity(StrEnum):
    ACTIVE = "ACTIVE"
    IDLE = "IDLE"
    BACKGROUND = "BACKGROUND"


class Wish(NamedTuple):
    """What an interval would be if requests cost nothing, and how long it may become: what clients are counted by."""

    milliseconds: int
    longest_ms: int


class Interval(NamedTuple):
    """When to ask again, and why.

    `server_load` is 0 to 1, `message_rate` messages a minute; None when unknown. `of` is what the rate is of, as a key of
    `MessageRates`; None where it is of nothing.
    """

    milliseconds: int
    reason: PollingReason
    active_users: int | None
    server_load: float | None
    message_rate: float | None
    wish: Wish
    of: int | None = None

    @property
    def counted(self) -> tuple[Wish, int]:
        """What a poll that is told this interval is counted as."""
        return self.wish, self.milliseconds
