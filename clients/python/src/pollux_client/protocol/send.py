"""The machine that brings one message to the server.

Rule: every attempt carries the same key, so it may be made until one is acknowledged or refused for good.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pollux_client.protocol.backoff import QUICK_RETRIES, backoff_ms
from pollux_client.protocol.failure import Failure, Kind


@dataclass(frozen=True, slots=True)
class Attempt:
    """Send now. `number` counts from 1; `renew_token`: with a new bearer token."""

    number: int
    renew_token: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """It will not be accepted."""

    failure: Failure


class SendMachine:
    """Each method is an input and returns what to do, None for nothing; `wake_at` is when `tick` is due."""

    def __init__(self, *, random: Callable[[], float], token_renewable: bool = True) -> None:
        self.wake_at: int | None = None
        self._random = random
        self._renewable = token_renewable
        self._attempts = 0
        self._failures = 0
        self._asked_to_wait = False

    def start(self) -> Attempt:
        """Begin."""
        return self._attempt()

    def tick(self, now: int) -> Attempt | None:
        """Let time pass."""
        return self._attempt() if self.wake_at is not None and now >= self.wake_at else None

    def connected(self) -> Attempt | None:
        """The connection is back."""
        return self._attempt() if self.wake_at is not None and not self._asked_to_wait else None

    def acknowledged(self) -> None:
        """The server has it."""
        self.wake_at = None

    def failed(self, now: int, failure: Failure) -> Attempt | Refused | None:
        """The attempt came to nothing, or it is not known what it came to."""
        if failure.kind is Kind.IDENTITY and self._renewable:
            self._renewable = False
            return self._attempt(renew_token=True)
        defect = failure.code == "INTERNAL_SERVER_ERROR" and self._failures >= QUICK_RETRIES
        if failure.kind in (Kind.FINAL, Kind.IDENTITY) or defect:
            return Refused(failure)
        wait_ms = backoff_ms(self._failures, self._random(), interval_ms=0, retry_after_ms=failure.retry_after_ms)
        self._failures += 1
        self._asked_to_wait = bool(failure.retry_after_ms)
        self.wake_at = now + wait_ms
        return None

    def _attempt(self, *, renew_token: bool = False) -> Attempt:
        self.wake_at = None
        self._attempts += 1
        return Attempt(self._attempts, renew_token)
