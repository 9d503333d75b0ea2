"""A connection on which kept polls are answered without a parser, a request object and a task of their own.

Rule: only between two requests, only bytes that are one whole request, and only while its answer needs one look at a head.
Everything else goes to aiohttp as it came, in its order; so does a poll whose client sends more before it is answered.
"""

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.http_parser import RawRequestMessage

from app.kept_polls import KeptPolls, Poll
from app.replies import Asking


class PollProtocol(web.RequestHandler):
    """aiohttp's connection, with a quicker way for kept polls. Without `polls` it is aiohttp's alone."""

    def __init__(self, manager: web.Server, polls: KeptPolls | None, **options: Any) -> None:
        super().__init__(manager, **options)
        self._polls = polls
        # Whether the parser stands between two requests, so that equal bytes mean an equal request.
        self._between = polls is not None
        # The poll that waits for its head, the bytes that it is, and what aiohttp waits by for the next request meanwhile.
        self._poll: Poll | None = None
        self._sent = b""
        self._idle: asyncio.Future[None] | None = None
        self._begun: Asking | None = None

    @property
    def busy(self) -> bool:
        """Whether a request is in the works."""
        return self._poll is not None or bool(self._messages) or self._current_request is not None

    def taken_over(self) -> Asking | None:
        """Return what is known of the present request already, once."""
        begun, self._begun = self._begun, None
        return begun

    def data_received(self, data: bytes) -> None:
        """Read what came."""
        if self._poll is not None:
            self._answer_plainly()
        elif self._between and data and self._begin(data):
            return
        self._parse(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End."""
        if self._poll is not None:
            self._wait_for_the_next()
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
        return (
            self._polls is not None and isinstance(message, RawRequestMessage) and self._polls.heads.learn(data, message, payload)
        )

    def _begin(self, data: bytes) -> bool:
        """Whether this is a poll that is answered when its head is there."""
        idle, transport, polls = self._waiter, self.transport, self._polls
        if idle is None or idle.done() or self._close or transport is None or polls is None:
            return False
        # Who does not read is answered in the plain way, which waits for them.
        poll = polls.begin(data) if not transport.get_write_buffer_size() else None
        if poll is None:
            return False
        self._poll, self._sent = poll, data
        self._idle, self._waiter = idle, None  # aiohttp shall neither begin another request nor take this time for idle
        self._request_in_progress = True
        poll.coming.add_done_callback(self._decide)
        return True

    def _decide(self, coming: "asyncio.Future[object]") -> None:
        """Answer the poll, or leave it to aiohttp."""
        poll, polls = self._poll, self._polls
        if poll is None or polls is None or poll.coming is not coming:
            return  # gone, or answered plainly
        response = polls.end(poll)
        if response is None:
            self._begun = poll.asking
            self._answer_plainly()
            return
        if self.transport is not None:
            response.send_on(self.transport)
        self._wait_for_the_next()
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(self._next_keepalive_close_time, self._process_keepalive)

    def _answer_plainly(self) -> None:
        """Leave the poll to aiohttp, as if nobody had tried."""
        assert self._polls is not None
        assert self._poll is not None
        sent = self._sent
        self._polls.give_back(self._poll)
        self._wait_for_the_next()
        self._parse(sent)

    def _wait_for_the_next(self) -> None:
        """Let aiohttp wait for a request again, or end the connection if that was asked for meanwhile."""
        idle = self._idle
        self._poll, self._sent, self._idle = None, b"", None
        self._request_in_progress = False
        if self._handler_waiter is not None and not self._handler_waiter.done():
            self._handler_waiter.set_result(None)
        if idle is None or idle.done():
            return
        self._waiter = idle
        if self._close or self._force_close:
            idle.cancel()
