"""Server-sent events, as graphql-sse's distinct connections mode has them: one operation, its results as events.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md

Rule: a stream that the server ends has no `complete` at its end, so that its client begins again.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping

from aiohttp import web
from graphql import OperationType

from app.graphql_request import EVENTS, Accepted
from app.open_connections import OpenConnection
from app.refusal import HttpRefusal
from app.requests import Prepared
from models.tasks import end
from realtime.wake import Stopped

# Nobody on the way may keep events back (the first is nginx's own), nor keep them.
HEADERS = {"X-Accel-Buffering": "no", "Cache-Control": "no-store", "Content-Type": f"{EVENTS}; charset=utf-8"}


class EventStream(OpenConnection):
    """One response whose body are events."""

    def __init__(self, request: web.Request, headers: Mapping[str, str], expires_s: float) -> None:
        super().__init__(request)
        self.expires_s = expires_s
        self._request = request
        self._response = web.StreamResponse(headers={**headers, **HEADERS})
        self._ended = asyncio.Event()

    async def send(self, results: AsyncGenerator[bytes, None]) -> web.StreamResponse:
        """Send results until there are no more, or the server ends the stream."""
        await self._response.prepare(self._request)
        sending = asyncio.ensure_future(self._send(results))
        ending = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait((sending, ending), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            ending.cancel()
            await end(sending)
        return self._response

    async def ping(self) -> None:
        await self._write(b":\n\n")

    async def expire(self) -> None:
        self._ended.set()

    async def go_away(self) -> None:
        self._ended.set()

    async def _send(self, results: AsyncGenerator[bytes, None]) -> None:
        await self.ping()
        try:
            async for body in results:
                await self._write(b"event: next\ndata: %b\n\n" % body)
            await self._write(b"event: complete\ndata:\n\n")
        except (Stopped, ConnectionError):
            return  # the server ends the stream, or the client has
        finally:
            await results.aclose()

    async def _write(self, data: bytes) -> None:
        with self.written():
            await self._response.write(data)


def is_streamed(prepared: Prepared, accepted: Accepted, *, safe: bool) -> bool:
    """Whether an operation is answered by events. Raises HttpRefusal where this way of asking does not allow it."""
    kind = prepared.operation.node.operation
    if kind is OperationType.MUTATION and safe:
        raise HttpRefusal(405, "Mutations need POST.", headers={"Allow": "POST"})
    if kind is OperationType.SUBSCRIPTION and not accepted.events:
        raise HttpRefusal(400, f"Subscriptions need a WebSocket, or Accept: {EVENTS}.")
    return kind is OperationType.SUBSCRIPTION or accepted.media_type == EVENTS
