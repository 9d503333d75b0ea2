"""The provider: subscribe, unsubscribe, send; the same over each transport."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from random import Random
from types import TracebackType
from typing import Any, ClassVar, Self

import aiohttp

from pollux_client import history
from pollux_client.errors import Closed, PolluxError
from pollux_client.events import Event, Gap, Online, Position
from pollux_client.following import Carrier, Follower, now_ms
from pollux_client.http import Http
from pollux_client.latency import Latency, LatencyMeter
from pollux_client.protocol.actions import Transport
from pollux_client.protocol.sync import SyncMachine
from pollux_client.records import Message, MessagePage, PollingInterval
from pollux_client.sending import Sender
from pollux_client.subscription import Subscription
from pollux_client.token import Token


class RealtimeProvider(ABC):
    """Follows what happens, for one viewer, and sends.

    `url` is the server's /graphql. `token` is a bearer token, or an async function that returns one and is called again
    when one was not believed. `resume` is where to go on: the `position`, or the `token`, of another provider of any
    transport. `session` is used and not closed. `on_latency` is called with MESSAGE or NOTIFICATION and milliseconds.

    It begins with its first subscription, and belongs to the event loop in which that is made.
    """

    transport: ClassVar[Transport]

    def __init__(
        self,
        url: str,
        *,
        token: Token,
        resume: Position | str | None = None,
        session: aiohttp.ClientSession | None = None,
        on_latency: Callable[[str, int], None] | None = None,
    ) -> None:
        random = Random().random  # noqa: S311  # it spreads clients in time and keeps no secret
        position = Position(resume, {}, whole=False) if isinstance(resume, str) else resume
        self._http = http = Http(url, token, session)
        self._meter = LatencyMeter(on_latency)
        self._sender = Sender(http, now_ms=now_ms, random=random)
        machine = SyncMachine(self.transport, random=random, position=position, token_renewable=http.tokens.renewable)
        self._follower = Follower(machine, self._carrier(http), http, watch=self._watch)
        self._closed = False

    @abstractmethod
    def _carrier(self, http: Http) -> Carrier:
        """Return what brings pages."""

    @property
    def position(self) -> Position:
        """Where everything was given to the subscriptions; another provider resumes here exactly."""
        return self._follower.machine.position

    @property
    def token(self) -> str | None:
        """The server's token of `position`. Who resumes from it alone may be given a changed message as a new one."""
        return self.position.token

    @property
    def online(self) -> bool:
        """Whether the server answered last."""
        return self._follower.machine.online

    @property
    def error(self) -> PolluxError | None:
        """Why the server did not answer last; None where it did."""
        return self._follower.error

    @property
    def polling_interval(self) -> PollingInterval:
        """When the server wants to be asked again."""
        return self._follower.machine.interval

    def latency(self, kind: str = "MESSAGE") -> Latency:
        """Return what the newest 1,000 events took that came while online; `kind` may be NOTIFICATION."""
        return self._meter.summary(kind)

    def subscribe(self, channel_id: str | None = None) -> Subscription:
        """Return the events of a channel from now on; where none is named, of all the viewer's channels and notifications.

        The first subscription begins with a snapshot, unless the provider resumes. Who names a channel counts as active
        there. A public channel that the viewer does not belong to may be named, and comes while nothing subscribes to
        all. Raises Closed, and ValueError beyond 200 channels.
        """
        self._check_open()
        asyncio.get_running_loop()  # raises where there is none
        return self._follower.subscribe(channel_id)

    def unsubscribe(self, subscription: Subscription) -> None:
        """End a subscription and drop what it holds. Without any the provider asks nothing, and keeps its place."""
        self._follower.unsubscribe(subscription)

    async def send(
        self,
        channel_id: str,
        content: str,
        *,
        reply_to: str | None = None,
        mentions: Sequence[str] = (),
        client_message_id: str | None = None,
    ) -> Message:
        """Return the message as the server accepted it, once, however often that takes.

        `reply_to` is a message's id, `mentions` are users' ids. It is tried until the server accepts or refuses; who
        wants to wait less cancels it. A send repeated with the same `client_message_id` makes one message. Messages to
        one channel arrive in the order of the calls. Raises Refused, PolluxError.
        """
        self._check_open()
        return await self._sender.send(channel_id, content, reply_to=reply_to, mentions=mentions, key=client_message_id)

    async def execute(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the data of any query or mutation of the API, asked once. Raises PolluxError."""
        self._check_open()
        return await self._http.execute(document, variables or {})

    async def messages(
        self,
        channel_id: str,
        *,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> MessagePage:
        """Return a page of a channel's messages, oldest first; the newest 50 without arguments. Raises PolluxError."""
        self._check_open()
        asked = {"channelId": channel_id, "first": first, "after": after, "last": last, "before": before}
        return await history.messages(self._http, asked)

    def fill(self, gap: Gap) -> AsyncIterator[Message]:
        """Yield the messages that a gap left out, oldest first. Raises PolluxError."""
        self._check_open()
        return history.fill(self._http, gap)

    def set_visible(self, visible: bool) -> None:
        """Say whether anybody looks. While nobody does, nothing is asked."""
        self._follower.set_visible(visible)

    def set_network(self, available: bool) -> None:
        """Say what the system says about its network: without one nothing is asked, and with one again soon."""
        self._follower.set_network(available)

    async def close(self) -> None:
        """End. Subscriptions give what they hold and end; a send on its way raises Closed."""
        self._closed = True
        self._sender.close()
        await self._follower.close()
        await self._http.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        await self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise Closed

    def _watch(self, event: Event) -> None:
        self._meter.take(event)
        if isinstance(event, Online):
            self._sender.connected()
