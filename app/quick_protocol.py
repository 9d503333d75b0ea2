"""A connection on which requests with a known head need no parser, no request object and no handler of aiohttp's.

Rule: only between two requests, and only bytes that are one whole request; everything else goes to aiohttp as it came, in its
order. What comes while a request is answered is not looked at before its answer is sent.
"""

import asyncio
from collections.abc import Mapping
from contextvars import copy_context
from typing import Any, NamedTuple

from aiohttp import web
from aiohttp.http_parser import RawRequestMessage

from app.answering import Answering
from app.kept_polls import Poll
from app.known_heads import Head
from app.replies import Asking, new_request_id
from app.responses import BUFFER_BYTES, QuickResponse

# How long a query goes on whose client is gone: most are done by then, the others wait for something.
GONE_S = 0.1


class _Sender(NamedTuple):
    """Who sent a request: see `app.charges.Sender`."""

    transport: asyncio.BaseTransport | None
    headers: Mapping[str, str]


class QuickProtocol(web.RequestHandler):
    """aiohttp's connection, with a quicker way for what it read before. Without `answering` it is aiohttp's alone."""

    def __init__(self, manager: web.Server, answering: Answering | None, **options: Any) -> None:
        super().__init__(manager, **options)
        self._answering = answering
        # Of nobody's request: what one left in its context is not the next one's.
        self._context = copy_context()
        # Whether the parser stands between two requests, so that equal bytes mean an equal request.
        self._between = answering is not None
        # What aiohttp waits by for the next request, while it does not know that there is one.
        self._idle: asyncio.Future[None] | None = None
        # What the request in the works is waiting for: a head, or its execution.
        self._poll: Poll | None = None
        self._task: asyncio.Task[None] | None = None
        self._later = b""

    @property
    def busy(self) -> bool:
        """Whether a request is in the works."""
        return self._idle is not None or bool(self._messages) or self._current_request is not None

    def data_received(self, data: bytes) -> None:
        """Read what came."""
        if self._idle is not None:
            self._keep_for_later(data)
        elif not (self._between and data and self._begin(data)):
            self._parse(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End."""
        if self._task is not None:
            # Not at once: what it has begun and not started would be left behind unawaited, by graphql-core for one.
            self._loop.call_later(GONE_S, self._task.cancel)
        self._later = b""
        if self._idle is not None:
            self._end()
        super().connection_lost(exc)

    def _parse(self, data: bytes) -> None:
        """Let aiohttp read what came, and learn from it."""
        count = self._request_count
        super().data_received(data)
        if self._between and data:  # with nothing aiohttp looks for what its parser held back
            self._between = self._request_count == count + 1 and not self._upgraded and self._learned(data)

    def _learned(self, data: bytes) -> bool:
        """Take note of the request just read; whether the parser stands behind it, and before the next."""
        message, payload = self._messages[-1]
        answering = self._answering
        return answering is not None and isinstance(message, RawRequestMessage) and answering.heads.learn(data, message, payload)

    def _keep_for_later(self, data: bytes) -> None:
        self._later += data
        if len(self._later) > BUFFER_BYTES and self.transport is not None:
            self.transport.pause_reading()

    def _begin(self, data: bytes) -> bool:
        """Whether this is a request that is answered from here."""
        idle, answering = self._waiter, self._answering
        if idle is None or idle.done() or self._close or answering is None or answering.closed:
            return False
        found = answering.heads.find(data)
        if found is None:
            return False
        self._idle, self._waiter = idle, None  # aiohttp shall neither begin another request nor take this time for idle
        self._request_in_progress = True
        head, body = found
        poll = answering.polls.begin(head, body) if answering.polls is not None and not self._unread else None
        if poll is None:
            self._execute(head, body, Asking(head.headers, new_request_id()))
        else:
            self._poll = poll
            poll.coming.add_done_callback(self._decide)
        return True

    @property
    def _unread(self) -> int:
        """How much of earlier answers the client did not take yet."""
        return self.transport.get_write_buffer_size() if self.transport is not None else 0

    def _decide(self, coming: "asyncio.Future[object]") -> None:
        """Answer the poll whose head is there, or execute it."""
        poll, answering = self._poll, self._answering
        if poll is None or poll.coming is not coming or answering is None or answering.polls is None:
            return  # the connection is gone
        response = answering.polls.end(poll)
        if response is None:
            self._poll = None
            self._execute(poll.head, poll.body, poll.asking)
        else:
            try:
                self._send(response)
            finally:
                self._end()

    def _execute(self, head: Head, body: bytes, asking: Asking) -> None:
        self._task = self._loop.create_task(self._executed(head, body, asking))

    async def _executed(self, head: Head, body: bytes, asking: Asking) -> None:
        """Answer a request, and wait for a client that reads slowly."""
        assert self._answering is not None
        try:
            self._send(await self._answering.respond(head, body, _Sender(self.transport, head.headers), asking))
            if self._unread > BUFFER_BYTES and not self._force_close:
                await self._drain_helper()
        except asyncio.CancelledError:
            self.force_close()  # as aiohttp does: there is no answer any more
            raise
        finally:
            self._end()

    def _send(self, response: QuickResponse) -> None:
        """Send the answer; the connection's last where aiohttp or the server ends it."""
        transport, last = self.transport, self._close or (self._answering is not None and self._answering.closed)
        if transport is None:
            return
        response.send_on(transport, last=last)
        if last:
            self.force_close()

    def _end(self) -> None:
        """Let aiohttp wait for the next request again, or end if that was asked for meanwhile; and read on."""
        idle, later = self._idle, self._later
        self._idle = self._poll = self._task = None
        self._later = b""
        self._request_in_progress = False
        if self._handler_waiter is not None and not self._handler_waiter.done():
            self._handler_waiter.set_result(None)
        if idle is None or idle.done():
            return
        self._waiter = idle
        if self._close or self._force_close:
            idle.cancel()
            return
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(self._next_keepalive_close_time, self._process_keepalive)
        if later:
            if self.transport is not None:
                self.transport.resume_reading()
            self._context.run(self.data_received, later)
