"""Subscriptions: events as they come, for one channel or for all, to be read with `async for`.

Rule: what was given is not dropped. Who reads too slowly holds the provider back instead.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from pollux_client.errors import PolluxError
from pollux_client.events import Event, InboxChanged, NotificationCreated, NotificationUpdated, channel_of

# More than a page holds, so that one page always fits.
ENOUGH = 1000


class Subscription:
    """An iterator of events that ends when it is unsubscribed, and, after what it still holds, with the provider.

    Where the provider gave up, its error is raised after that.
    """

    def __init__(self, channel_id: str | None, on_room: Callable[[], None]) -> None:
        self.channel_id = channel_id
        self._on_room = on_room
        self._events: deque[Event] = deque()
        self._news = asyncio.Event()
        self._ended = False
        self._error: PolluxError | None = None

    @property
    def is_full(self) -> bool:
        return len(self._events) >= ENOUGH and not self._ended

    def give(self, events: Sequence[Event]) -> None:
        """Add those of the events that this subscription is about."""
        if not self._ended:
            self._events.extend(one for one in events if self._concerns(one))
            self._news.set()

    def end(self, error: PolluxError | None = None) -> None:
        """Add no more events, and raise the error after those that are held."""
        if not self._ended:
            self._ended, self._error = True, error
            self._news.set()

    def drop(self) -> None:
        """End, and give nothing of what is held."""
        self.end()
        self._events.clear()
        self._error = None

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> Event:
        while not self._events:
            if self._ended:
                error, self._error = self._error, None
                if error is not None:
                    raise error
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        event = self._events.popleft()
        if len(self._events) == ENOUGH - 1:
            self._on_room()
        return event

    def _concerns(self, event: Event) -> bool:
        if self.channel_id is None:
            return True
        about = channel_of(event)
        if about is not None:
            return about == self.channel_id
        return not isinstance(event, NotificationCreated | NotificationUpdated | InboxChanged)
