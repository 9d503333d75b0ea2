"""One connection to the edge: how long its client may take, and what it is told where it speaks no HTTP.

Rule: a head of a request is whole within `SLOW_S`, its body too, and of an answer something is taken in that time; who is
slower is cut. A request that is in the works is never in a hurry.
"""

import asyncio
import logging
from typing import Any

import orjson
from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from app.answering import Answering
from app.graphql_request import SLOW_S
from app.identity import LONGEST_TOKEN
from app.quick_protocol import QuickProtocol
from app.responses import NO_STORE, head
from models.errors import ErrorCode

log = logging.getLogger("pollux.http")

# Of the request line: the longest that other servers and proxies let pass; a longer query is to be sent by POST.
LONGEST_LINE_BYTES = 8190
# Of a header: the longest token, and the name of its scheme. Another bound than a line's, so that an error tells which.
LONGEST_HEADER_BYTES = LONGEST_TOKEN + 64
# Between two requests: longer than proxies keep theirs (Caddy 120 s, nginx 60 s), so that none sends on a connection that ends.
KEEP_S = 130.0
# How long the rest of a request is read that was answered already.
REST_S = 2.0
BEAT_S = 1.0


def _refusal(said: str, code: ErrorCode) -> bytes:
    return orjson.dumps({"errors": [{"message": said, "extensions": {"code": code.value}}]})


_TOO_SLOW_BODY = _refusal("The request did not arrive in time.", ErrorCode.BAD_REQUEST)
_TOO_SLOW = (
    head(408, {"Content-Type": "application/json", **NO_STORE, "Connection": "close", "Content-Length": str(len(_TOO_SLOW_BODY))})
    + b"\r\n"
    + _TOO_SLOW_BODY
)


class EdgeProtocol(QuickProtocol):
    """One connection among `crowd`, in which there are at most `most`."""

    def __init__(
        self, manager: web.Server, crowd: "set[EdgeProtocol]", most: int, answering: Answering | None, **options: Any
    ) -> None:
        super().__init__(manager, answering, **options)
        self._crowd, self._most = crowd, most
        # Since when the head of a request is waited for, None while none has begun.
        self._began_s: float | None = None
        self._heard = False
        self._left_bytes = 0
        self._moved_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; a connection too many ends at once."""
        super().connection_made(transport)
        self._began_s = self._moved_s = self._loop.time()
        if len(self._crowd) < self._most:
            self._crowd.add(self)
        else:
            self.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        """End."""
        self._crowd.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what came."""
        super().data_received(data)
        self._heard = True
        if self.busy:
            self._began_s = None
        elif self._began_s is None:
            self._began_s = self._loop.time()

    def beat(self, now_s: float) -> None:
        """Cut a client who does not send its request's head, or takes nothing of its answers."""
        transport = self.transport
        if transport is None:
            return
        left_bytes = transport.get_write_buffer_size()
        if left_bytes != self._left_bytes or not left_bytes:
            self._left_bytes, self._moved_s = left_bytes, now_s
        elif now_s - self._moved_s >= SLOW_S:
            transport.abort()
        if self._began_s is not None and now_s - self._began_s >= SLOW_S:
            if self._heard:
                transport.write(_TOO_SLOW)
            self.force_close()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Return the answer to what is no HTTP, or more of it than is read, and close the connection."""
        if status >= 500:
            log.error("a request failed outside the application", exc_info=exc)
            code, said = ErrorCode.INTERNAL_SERVER_ERROR, "Something went wrong on the server."
        elif isinstance(exc, LineTooLong):
            status, said = 431, "A header is too long."
            if str(exc.args[1]) == str(LONGEST_LINE_BYTES):
                status, said = 414, "The URL is too long; send the request by POST."
            code = ErrorCode.BAD_REQUEST
        else:
            log.debug("not HTTP: %s", (message or "").partition("\n")[0])  # below stand the bytes, perhaps a token among them
            code, said = ErrorCode.BAD_REQUEST, "This is not a request of HTTP/1.1."
        return error_answer(status, said, code)


def error_answer(status: int, said: str, code: ErrorCode) -> web.Response:
    """Return an answer after which the connection ends."""
    answer = web.Response(status=status, body=_refusal(said, code), content_type="application/json", headers=NO_STORE)
    answer.force_close()
    return answer
