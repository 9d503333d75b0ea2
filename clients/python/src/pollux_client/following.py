"""Following: the protocol put to work in the event loop, for all subscriptions of one provider.

Rule: the machine decides, this file does. Each input is put in at once, and what the machine wants is done: one request
at a time, in one task, and one timer.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from pollux_client import reading
from pollux_client.errors import PolluxError, error_of
from pollux_client.events import Event, Online
from pollux_client.http import Http
from pollux_client.protocol.actions import Cancel, GiveUp, Output, Request
from pollux_client.protocol.failure import Kind
from pollux_client.protocol.sync import SyncMachine
from pollux_client.subscription import Subscription

log = logging.getLogger("pollux_client")

# The server's bound for `channelIds`.
MOST_CHANNELS = 200


def now_ms() -> int:
    """Return the time of the protocol's clock."""
    return int(time.monotonic() * 1000)


class Receiver(Protocol):
    """Takes what comes for one request."""

    def page(self, data: Mapping[str, Any]) -> None:
        """A page, as the data of an answer."""

    def not_modified(self, interval_ms: int | None) -> None:
        """Nothing is new."""

    def opened(self) -> None:
        """The stream's subscription is made."""

    async def room(self) -> None:
        """Wait until the subscriptions have room for a page."""


class Carrier(Protocol):
    """A transport: brings pages."""

    async def carry(self, request: Request, bearer: str, to: Receiver) -> None:
        """Ask for what a request wants and hand on what comes. Raises PolluxError; returns when nothing more will come."""


class Follower:
    """Follows the server for its subscriptions, from the first on. `watch` sees each event before they do."""

    def __init__(self, machine: SyncMachine, carrier: Carrier, http: Http, *, watch: Callable[[Event], None]) -> None:
        self.machine = machine
        self.error: PolluxError | None = None
        self._carrier = carrier
        self._http = http
        self._watch = watch
        self._subscriptions: list[Subscription] = []
        self._room = asyncio.Event()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._adapting: asyncio.Handle | None = None
        self._bearer: str | None = None
        self._looked_at = True

    def subscribe(self, channel_id: str | None) -> Subscription:
        """Return a new subscription. Raises ValueError where one channel more cannot be named."""
        named = {one.channel_id for one in self._subscriptions}
        if None not in named and channel_id is not None and len({channel_id, *named}) > MOST_CHANNELS:
            raise ValueError(f"at most {MOST_CHANNELS} channels can be named; subscribe to all of them instead")
        subscription = Subscription(channel_id, self._room.set)
        if self.machine.ended:
            subscription.end(self.error)
        else:
            self._subscriptions.append(subscription)
            self._adapt_soon()
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """End a subscription and drop what it holds."""
        subscription.drop()
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
            self._room.set()
            self._adapt_soon()

    def set_visible(self, visible: bool) -> None:
        self._looked_at = visible
        self._adapt()

    def set_network(self, available: bool) -> None:
        self._do(self.machine.network_back(now_ms()) if available else self.machine.network_lost(now_ms()))

    async def close(self) -> None:
        """Cancel what is under way, and let the subscriptions end after what they hold."""
        self._do(self.machine.close(now_ms()))
        self._end(None)
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _adapt_soon(self) -> None:
        """Adapt to the subscriptions once, however many are made or ended in one go."""
        if self._adapting is None:
            self._adapting = asyncio.get_running_loop().call_soon(self._adapt)

    def _adapt(self) -> None:
        """Ask for what the subscriptions are about, or for nothing."""
        if self._adapting is not None:
            self._adapting.cancel()
            self._adapting = None
        machine, named = self.machine, [one.channel_id for one in self._subscriptions]
        if not (named and self._looked_at):
            self._do(machine.hide(now_ms()))
            return
        wanted = None if None in named else tuple(dict.fromkeys(one for one in named if one is not None))
        self._do(machine.rescope(now_ms(), wanted))
        self._do(machine.show(now_ms()))
        self._do(machine.start(now_ms()))

    def _do(self, output: Output) -> None:
        """Do what the machine wants."""
        for event in output.events:
            if isinstance(event, Online):
                self.error = None
            self._watch(event)
        if output.events:
            for subscription in self._subscriptions:
                subscription.give(output.events)
        for action in output.actions:
            match action:
                case Request():
                    task = asyncio.get_running_loop().create_task(self._carry(action))
                    self._tasks[action.id] = task
                    task.add_done_callback(partial(self._forget, action.id))
                case Cancel():
                    if action.id in self._tasks:
                        self._tasks[action.id].cancel()
                case GiveUp():
                    self._end(self.error)
        self._set_timer()

    def _forget(self, request_id: int, _: asyncio.Task[None]) -> None:
        del self._tasks[request_id]

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.machine.wake_at
        if due is not None:
            self._timer = asyncio.get_running_loop().call_later(max(0, due - now_ms()) / 1000, self._tick)

    def _tick(self) -> None:
        self._do(self.machine.tick(now_ms()))

    def _end(self, error: PolluxError | None) -> None:
        if self._adapting is not None:
            self._adapting.cancel()
            self._adapting = None
        for subscription in self._subscriptions:
            subscription.end(error)

    async def _carry(self, request: Request) -> None:
        to = _Inputs(self, request.id)
        try:
            await to.room()
            self._bearer = await self._http.bearer(instead_of=self._bearer if request.renew_token else None)
            await self._carrier.carry(request, self._bearer, to)
        except PolluxError as error:
            to.failed(error)
        except Exception as error:  # a defect, which subscribers get to see: without this they would wait for ever
            log.exception("following ended")
            to.failed(error_of(f"the client has a defect: {error!r}", code="CLIENT_DEFECT", kind=Kind.FINAL))
        else:
            to.failed(error_of("the server ended the stream", code="NETWORK", kind=Kind.ENDED))


class _Inputs:
    """Puts what comes for one request into the machine; what comes too late does nothing there."""

    def __init__(self, follower: Follower, request_id: int) -> None:
        self._follower = follower
        self._id = request_id

    def page(self, data: Mapping[str, Any]) -> None:
        try:
            page = reading.read(reading.sync_page, data.get("sync"))
        except ValueError as error:
            raise error_of(str(error), code="BAD_ANSWER", kind=Kind.FINAL) from error
        self._follower._do(self._follower.machine.page(now_ms(), self._id, page))

    def not_modified(self, interval_ms: int | None) -> None:
        self._follower._do(self._follower.machine.not_modified(now_ms(), self._id, interval_ms))

    def opened(self) -> None:
        self._follower._do(self._follower.machine.opened(now_ms(), self._id))

    def failed(self, error: PolluxError) -> None:
        under_way = self._follower.machine.under_way
        if under_way is not None and under_way.id == self._id:
            self._follower.error = error
            self._follower._do(self._follower.machine.failed(now_ms(), self._id, error.failure))

    async def room(self) -> None:
        while any(one.is_full for one in self._follower._subscriptions):
            self._follower._room.clear()
            await self._follower._room.wait()
