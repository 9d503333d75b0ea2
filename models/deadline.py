"""A deadline for what a driver does.

Rule: who waits is let go in time. What is late ends by itself: against a frozen server even its cancellation waits for an answer.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

R = TypeVar("R")


class Deadline:
    """Waits for statements, each for `seconds` at most."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._abandoned: set[asyncio.Future[Any]] = set()

    async def wait(self, statement: Coroutine[Any, Any, R]) -> R:
        """Return what a statement gives; raises what it raises, and TimeoutError."""
        running = asyncio.ensure_future(statement)
        try:
            done, _ = await asyncio.wait([running], timeout=self._seconds)
        except asyncio.CancelledError:
            self._abandon(running)
            raise
        if not done:
            self._abandon(running)
            raise TimeoutError(f"no answer within {self._seconds} s")
        return running.result()

    def _abandon(self, running: asyncio.Future[Any]) -> None:
        running.cancel()
        self._abandoned.add(running)
        running.add_done_callback(self._abandoned.discard)
