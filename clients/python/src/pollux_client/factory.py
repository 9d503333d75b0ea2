"""The one place that chooses a transport."""

import os
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from pollux_client.events import Position
from pollux_client.polling import LongPollingProvider, PollingProvider
from pollux_client.protocol.actions import Transport
from pollux_client.provider import RealtimeProvider
from pollux_client.token import Token
from pollux_client.websocket import WebSocketProvider

PROVIDERS: dict[Transport, type[RealtimeProvider]] = {
    one.transport: one for one in (PollingProvider, LongPollingProvider, WebSocketProvider)
}
SETTING = "POLLUX_REALTIME"


def create_realtime_provider(
    url: str,
    *,
    token: Token,
    transport: Transport | str | None = None,
    resume: Position | str | None = None,
    session: aiohttp.ClientSession | None = None,
    on_latency: Callable[[str, int], None] | None = None,
) -> RealtimeProvider:
    """Return a provider for a server's URL; one without a path means its /graphql.

    `transport` is polling, long-polling or websocket; where none is given, what POLLUX_REALTIME says, else polling. The
    rest is as for RealtimeProvider. Raises ValueError for what is neither a transport nor a URL.
    """
    chosen = transport if transport is not None else os.environ.get(SETTING) or Transport.POLLING
    provider = PROVIDERS[_transport(chosen, named=transport is not None)]
    return provider(graphql_url(url), token=token, resume=resume, session=session, on_latency=on_latency)


def graphql_url(url: str) -> str:
    """Return the address of /graphql. Raises ValueError where `url` is not one of http or https."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url!r} is not a URL of http or https")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL with a name and a password is not taken: the token says who asks")
    path = parts.path if parts.path.strip("/") else "/graphql"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def _transport(chosen: Transport | str, *, named: bool) -> Transport:
    try:
        return Transport(chosen)
    except ValueError:
        allowed = ", ".join(one.value for one in Transport)
        where = "transport" if named else SETTING
        raise ValueError(f"{where}={chosen!r} is wrong; allowed are {allowed}.") from None
