"""Following a conversation in a test: providers for people, and waiting for what must come."""

import asyncio
from collections.abc import Callable
from typing import Any

from pollux_client import Event, MessageCreated, RealtimeProvider, Subscription, Transport, create_realtime_provider
from tests.asking import Api, token

# A machine that is five times slower than the slowest known must still make it.
PATIENCE_S = 90
TRANSPORTS = [one.value for one in Transport]


def provider(api: Api, who: str, transport: str, **more: Any) -> RealtimeProvider:
    """Return a provider of a person, who is believed unless another token is given."""
    url = str(api.client.make_url("/graphql"))
    return create_realtime_provider(url, token=more.pop("token", token(who)), transport=transport, **more)


async def until(subscription: Subscription, found: Callable[[Event], bool]) -> list[Event]:
    """Return the events up to and including the first for which `found` is true."""
    events: list[Event] = []
    async with asyncio.timeout(PATIENCE_S):
        async for event in subscription:
            events.append(event)
            if found(event):
                return events
    raise AssertionError(f"it ended after {events}")


async def first(subscription: Subscription, kind: type[Event]) -> Any:
    """Return the first event of a kind."""
    return (await until(subscription, lambda event: isinstance(event, kind)))[-1]


def says(content: str) -> Callable[[Event], bool]:
    """Whether an event is a new message with this content."""
    return lambda event: isinstance(event, MessageCreated) and event.message.content == content


def contents(events: list[Event]) -> list[str]:
    return [event.message.content for event in events if isinstance(event, MessageCreated)]
