"""The edge: aiohttp's low-level server in front of the application.

Rule: /graphql goes straight to its view, which spares a poll the application's router and middlewares; everything else
is the application's. What the protocol itself refuses is answered as JSON, in the shape of all other errors.
"""

import asyncio
import logging
import socket
from typing import Any

import orjson
from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from app.identity import LONGEST_TOKEN
from app.wiring import ANSWER, VIEW
from models.errors import ErrorCode

log = logging.getLogger("pollux.http")

# Of the request line: the longest that other servers and proxies let pass; a longer query is to be sent by POST.
LONGEST_LINE_BYTES = 8190
# Of a header: the longest token, and the name of its scheme. Another bound than a line's, so that an error tells which.
LONGEST_HEADER_BYTES = LONGEST_TOKEN + 64
# After SIGTERM everything has this long to end.
DRAIN_S = 5.0
# An idle connection has this long for one more request, which is answered and told that it was the last: closed at once, it
# could be closed while a request is on its way, and the client would not know what became of it.
LINGER_S = 3.0
_LOOK_S = 0.05


class EdgeProtocol(web.RequestHandler):
    """One connection."""

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
            log.debug("not HTTP: %s", message)
            code, said = ErrorCode.BAD_REQUEST, "This is not a request of HTTP/1.1."
        body = orjson.dumps({"errors": [{"message": said, "extensions": {"code": code.value}}]})
        answer = web.Response(status=status, body=body, content_type="application/json", headers={"Cache-Control": "no-store"})
        answer.force_close()
        return answer


class Edge:
    """Serves an application on a listening socket until it is closed."""

    def __init__(self, app: web.Application) -> None:
        # No access log: it costs as much as a poll (docs/adr/0006).
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=DRAIN_S - LINGER_S, handler_cancellation=True)
        self._app = app
        self._listening: asyncio.Server | None = None
        self.closing = False

    async def listen(self, listener: socket.socket) -> None:
        """Accept connections."""
        await self._runner.setup()
        server = self._runner.server
        assert server is not None
        self._answer, self._application = self._app[ANSWER], server.request_handler
        server.request_handler = self._handle
        loop = asyncio.get_running_loop()
        options: dict[str, Any] = {"access_log": None, "max_line_size": LONGEST_LINE_BYTES, "max_field_size": LONGEST_HEADER_BYTES}
        self._listening = await loop.create_server(lambda: EdgeProtocol(server, loop=loop, **options), sock=listener)

    async def close(self, *, linger_s: float = LINGER_S) -> None:
        """Stop accepting, let who waits for news wait no longer, let what is in flight end, and close."""
        server, clock_s = self._runner.server, asyncio.get_running_loop().time
        until_s = clock_s() + linger_s
        if self._listening is not None:
            self._listening.close()
        self.closing = True
        await self._app[VIEW].close(self._app)
        while server is not None and server.connections and clock_s() < until_s:  # noqa: ASYNC110  # aiohttp tells nobody when a connection ends
            await asyncio.sleep(_LOOK_S)
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        target = request.raw_path
        if target == "/graphql" or target.startswith("/graphql?"):
            assert isinstance(request, web.Request)
            response = await self._answer(request)
        else:
            response = await self._application(request)
        if self.closing:
            response.force_close()
        return response
