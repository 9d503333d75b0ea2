"""Waiting in tests for what must come, however slow the machine is."""

import asyncio
from collections.abc import Awaitable, Callable

from pollux_client import Event, RealtimeProvider, Subscription

PATIENCE_S = 60
# Starts a scripted server, and returns a provider of it.
Follow = Callable[..., Awaitable[RealtimeProvider]]


async def until(subscription: Subscription, kind: type[Event], count: int = 1) -> list[Event]:
    """Return the events up to the `count`-th of a kind."""
    events: list[Event] = []
    async with asyncio.timeout(PATIENCE_S):
        async for event in subscription:
            events.append(event)
            if sum(isinstance(one, kind) for one in events) == count:
                return events
    raise AssertionError(f"it ended after {events}")


async def eventually(found: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not found():  # noqa: ASYNC110  # what is waited for is the other end's, which signals nothing
            await asyncio.sleep(0.01)
