"""The edge: aiohttp's low-level server in front of the application.

Rule: /graphql goes straight to its view, which spares a poll the application's router and middlewares; everything else
is the application's. What the protocol itself refuses is answered as JSON, in the shape of all other errors.
"""

import asyncio
import logging
import socket
from typing import Any

from aiohttp import web

from app.edge_protocol import BEAT_S, KEEP_S, LONGEST_HEADER_BYTES, LONGEST_LINE_BYTES, REST_S, EdgeProtocol, error_answer
from app.wiring import ANSWER, VIEW
from models.errors import ErrorCode
from models.tasks import end

log = logging.getLogger("pollux.http")

# After SIGTERM everything has this long to end.
DRAIN_S = 5.0
# An idle connection has this long for one more request, which is answered and told that it was the last: closed at once, it
# could be closed while a request is on its way, and the client would not know what became of it.
LINGER_S = 3.0
_LOOK_S = 0.05
_CONTINUE = "100-continue"


class Edge:
    """Serves an application on a listening socket until it is closed, to at most so many connections at once.

    Without `quick` every request is read by aiohttp: the reference for tests.
    """

    def __init__(self, app: web.Application, *, max_connections: int = 20_000, quick: bool = True) -> None:
        self._quick = quick
        self._max_connections = max_connections
        self._crowd: set[EdgeProtocol] = set()
        self._watching: asyncio.Task[None] | None = None
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
        options: dict[str, Any] = {
            "access_log": None,
            "max_line_size": LONGEST_LINE_BYTES,
            "max_field_size": LONGEST_HEADER_BYTES,
            "keepalive_timeout": KEEP_S,
            "lingering_time": REST_S,
            # What is packed is refused, not unpacked.
            "auto_decompress": False,
        }
        crowd, most = self._crowd, self._max_connections
        # A request that is traced has a span, and so is answered in the plain way.
        answering = self._app[VIEW].answering if self._quick and self._answer is self._app[VIEW] else None
        self._listening = await loop.create_server(
            lambda: EdgeProtocol(server, crowd, most, answering, loop=loop, **options), sock=listener
        )
        self._watching = asyncio.create_task(self._watch(), name="slow clients")

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
        if self._watching is not None:
            await end(self._watching)
        await self._runner.cleanup()

    async def _watch(self) -> None:
        """Look after all connections, for ever."""
        while True:
            await asyncio.sleep(BEAT_S)
            now_s = asyncio.get_running_loop().time()
            for connection in list(self._crowd):
                connection.beat(now_s)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        target = request.raw_path
        if target == "/graphql" or target.startswith("/graphql?"):
            assert isinstance(request, web.Request)
            response = await self._answer(request)
        elif request.headers.get("Expect", _CONTINUE).lower() not in (_CONTINUE, ""):  # aiohttp would repeat it, as text
            response = error_answer(417, "This server continues, and nothing else.", ErrorCode.BAD_REQUEST)
        else:
            response = await self._application(request)
        if self.closing:
            response.force_close()
        return response
