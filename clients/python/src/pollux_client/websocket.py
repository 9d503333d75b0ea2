"""WebSocket: pages of `subscription sync`, in the subprotocol graphql-transport-ws.

Rule: a silent connection is a dead one. The server says something at least every 15 s, be it a ping.
"""

import asyncio
import json
from typing import Any

import aiohttp

from pollux_client.documents import SYNC_STREAM
from pollux_client.errors import PolluxError, error_of
from pollux_client.following import Carrier, Receiver
from pollux_client.http import DEADLINE_S, HEADERS, Http, graphql_error, unreachable
from pollux_client.protocol.actions import Request, Transport
from pollux_client.protocol.failure import Kind, kind_of
from pollux_client.provider import RealtimeProvider

SUBPROTOCOL = "graphql-transport-ws"
# Three pings of the server's.
SILENCE_S = 45.0
# A page of 500 messages of 4000 characters, escaped.
LARGEST_FRAME_BYTES = 32 * 1024 * 1024
SUBSCRIPTION = "1"

Socket = aiohttp.ClientWebSocketResponse


class Streams:
    """Opens one socket for each request."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def carry(self, request: Request, bearer: str, to: Receiver) -> None:
        url = self._http.url
        try:
            async with asyncio.timeout(DEADLINE_S):
                socket = await self._http.session.ws_connect(
                    url, protocols=(SUBPROTOCOL,), headers=HEADERS, max_msg_size=LARGEST_FRAME_BYTES
                )
        except aiohttp.WSServerHandshakeError as error:
            kind = kind_of(status=error.status)
            code = "UNAUTHENTICATED" if kind is Kind.IDENTITY else "BAD_ANSWER"
            raise error_of(f"{url} answered {error.status} to a WebSocket: {error.message}", code=code, kind=kind) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unreachable(url, error) from error
        try:
            await self._converse(socket, request, bearer, to)
        except (aiohttp.ClientError, OSError) as error:
            raise unreachable(url, error) from error
        finally:
            await socket.close()

    async def _converse(self, socket: Socket, request: Request, bearer: str, to: Receiver) -> None:
        if socket.protocol != SUBPROTOCOL:
            raise error_of(f"{self._http.url} does not speak {SUBPROTOCOL}", code="BAD_ANSWER", kind=Kind.FINAL)
        await _say(socket, "connection_init", payload={"Authorization": f"Bearer {bearer}"})
        while True:
            message = await self._next(socket)
            match message.get("type"):
                case "connection_ack":
                    variables = {"token": request.token, "channelIds": request.channel_ids}
                    asked = {"query": SYNC_STREAM, "variables": variables}
                    await _say(socket, "subscribe", id=SUBSCRIPTION, payload=asked)
                    to.opened()
                case "ping":
                    await _say(socket, "pong")
                case "next":
                    payload = message.get("payload") or {}
                    refused = graphql_error(payload.get("errors"))
                    if refused is not None:
                        raise refused
                    to.page(payload.get("data") or {})
                    await to.room()
                case "error":
                    raise graphql_error(message.get("payload")) or _bad("an error without words")
                case "complete":
                    return
                case _:
                    pass  # pong, and what a later protocol may say

    async def _next(self, socket: Socket) -> dict[str, Any]:
        """Return what the server says next. Raises PolluxError when it says nothing, or no more."""
        try:
            frame = await socket.receive(SILENCE_S)
        except TimeoutError as error:
            raise error_of(f"{self._http.url} fell silent", code="NETWORK", kind=Kind.TRANSIENT) from error
        if frame.type is aiohttp.WSMsgType.TEXT:
            try:
                message = json.loads(frame.data)
            except ValueError:
                message = None
            if isinstance(message, dict):
                return message
            raise _bad("no JSON object")
        if frame.type is aiohttp.WSMsgType.BINARY:
            raise _bad("binary data")
        raise _closed(socket.close_code, frame.extra)


def _closed(close_code: int | None, reason: object) -> PolluxError:
    kind = kind_of(close_code=close_code or 1006)
    code = "UNAUTHENTICATED" if kind is Kind.IDENTITY else "NETWORK" if kind is not Kind.FINAL else "BAD_REQUEST"
    why = f": {reason}" if isinstance(reason, str) and reason else ""
    return error_of(f"the server closed the connection ({close_code or 1006}){why}", code=code, kind=kind)


def _bad(what: str) -> PolluxError:
    return error_of(f"the server sent {what} on the WebSocket", code="BAD_ANSWER", kind=Kind.TRANSIENT)


async def _say(socket: Socket, kind: str, **more: Any) -> None:
    await socket.send_str(json.dumps({"type": kind, **more}))


class WebSocketProvider(RealtimeProvider):
    """Holds a socket on which the server says what is new."""

    transport = Transport.WEBSOCKET

    def _carrier(self, http: Http) -> Carrier:
        return Streams(http)
