"""GET /metrics: what Prometheus reads, of all processes of this server together.

Rule: never open to the internet by accident. It needs the token of POLLUX_METRICS_TOKEN; without that setting it answers
on a developer's own machine alone.
"""

import asyncio
import hmac
import os
from collections.abc import AsyncIterator, Sequence

from aiohttp import hdrs, web
from prometheus_client.exposition import choose_encoder

from app.measuring import Measured, measure
from app.metrics import Values, registry
from app.shelf import Shelf
from models.tasks import end

_HEADERS = {"Cache-Control": "no-store"}


class MetricsPage:
    """Answers GET /metrics. `token` is None where none is set; `is_open` where none is needed then."""

    def __init__(self, token: str | None, measured: Measured, shelf: Shelf | None, *, is_open: bool) -> None:
        self._token = token
        self._is_open = is_open
        self._measured = measured
        self._shelf = shelf

    def add(self, app: web.Application) -> None:
        """Answer at /metrics of an application, and lay down this process's values for the others while it runs."""
        app.router.add_get("/metrics", self._answer)
        app.cleanup_ctx.append(self._running)

    async def _running(self, _app: web.Application) -> AsyncIterator[None]:
        if self._shelf is None:
            yield
            return
        keeping = asyncio.create_task(self._shelf.keep(self._values), name="measures")
        yield
        self._shelf.lay(os.getpid(), self._values())
        await end(keeping)

    def _values(self) -> Values:
        return measure(self._measured)

    async def _answer(self, request: web.Request) -> web.Response:
        if self._token is None and not self._is_open:
            raise web.HTTPNotFound
        if self._token is not None and not self._is_known(request.headers.getall(hdrs.AUTHORIZATION, ())):
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
        values = self._values()
        if self._shelf is not None:
            values = await asyncio.to_thread(self._shelf.all, os.getpid(), values)
        encode, content_type = choose_encoder(request.headers.get(hdrs.ACCEPT, ""))
        return web.Response(body=encode(registry(values)), headers={**_HEADERS, hdrs.CONTENT_TYPE: content_type})

    def _is_known(self, given: Sequence[str]) -> bool:
        # A header need not be UTF-8; what of it is not is kept by aiohttp as lone surrogates.
        sent = given[0].encode(errors="surrogateescape") if len(given) == 1 else b""
        return self._token is not None and hmac.compare_digest(sent, f"Bearer {self._token}".encode())
