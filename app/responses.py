"""Responses: what an answer looks like on the wire, built once and sent many times.

Rule: `QuickResponse` writes what aiohttp's own Response would, for the plain case of HTTP/1.1 and a connection that
stays open; every other case is aiohttp's. Headers that an answer always has are encoded once, the others per request.
"""

import asyncio
import time
import zlib
from collections.abc import Mapping
from email.utils import formatdate
from http import HTTPStatus

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict

PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Accept, Accept-Encoding, Origin"}
# What is data is never taken for a page: not guessed to be one, and as one it might load and run nothing, in no frame.
DATA = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
# In the place of the names and versions that aiohttp would tell.
SERVER = {"Server": "Pollux"}
NO_STORE = {"Cache-Control": "no-store", **DATA, **SERVER}
REFUSED = {**PRIVATE, **NO_STORE}
# Smaller bodies fit a packet as they are.
GZIP_FROM_BYTES = 1024
# Fast: the level is spent on every answer that is not kept.
_GZIP_LEVEL = 1
# Bodies up to this size are copied behind their head, so that both are one write.
_ONE_WRITE_BYTES = 16 * 1024
# What may wait in a connection's buffer before a slow reader is waited for.
BUFFER_BYTES = 64 * 1024
# Of statuses that Python does not know, or knows by another name.
_REASONS = {294: "Partial", 422: "Unprocessable Content"}


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """Return the first lines of a response, up to and with its last header."""
    reason = _REASONS.get(status) or HTTPStatus(status).phrase
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers.items()), ""]
    return "\r\n".join(lines).encode("latin-1")


def gzipped(body: bytes) -> bytes:
    """Return a body compressed for a client that accepts gzip."""
    packer = zlib.compressobj(_GZIP_LEVEL, wbits=31)
    return packer.compress(body) + packer.flush()


async def harden(_request: web.Request, response: web.StreamResponse) -> None:
    """Add to an answer of the application, before it is sent, what it does not say otherwise itself."""
    for name, value in DATA.items():
        response.headers.setdefault(name, value)
    response.headers.update(SERVER)


class QuickResponse(web.StreamResponse):
    """A whole response whose head is bytes already. `more` are the lines of this request, each with its line end."""

    def __init__(self, first: bytes, more: str, body: bytes) -> None:
        # Not super().__init__(): all it makes is headers that this response has encoded already.
        self._first = first
        self._more = more
        self._whole = body
        self._stays_open = True

    @property
    def status(self) -> int:
        """The status, which the head begins with."""
        return int(self._first[9:12])

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection stays open."""
        return self._stays_open

    def force_close(self) -> None:
        """Let this be the connection's last response."""
        self._stays_open = False

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the response."""
        transport = request.transport
        if (
            transport is None
            or not self._stays_open
            or not request.keep_alive
            or request.version != HttpVersion11
            or request.method == hdrs.METH_HEAD
        ):
            await self._send_plainly(request)
            return None
        self.send_on(transport)
        if transport.get_write_buffer_size() > BUFFER_BYTES:
            await request.writer.drain()
        return None

    def send_on(self, transport: asyncio.WriteTransport, *, last: bool = False) -> None:
        """Send the response to who speaks HTTP/1.1; on a connection that stays open, unless it is its `last`."""
        close = "Connection: close\r\n" if last else ""
        lines = f"{self._more}{close}Date: {_date()}\r\n\r\n".encode("latin-1")
        if len(self._whole) <= _ONE_WRITE_BYTES:
            transport.write(b"".join((self._first, lines, self._whole)))
        else:
            transport.writelines((self._first + lines, self._whole))

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing: `prepare` sent everything."""

    async def _send_plainly(self, request: web.BaseRequest) -> None:
        """Send what `prepare` would, by aiohttp's own means."""
        headers: CIMultiDict[str] = CIMultiDict(SERVER)
        for line in (self._first.decode("latin-1").split("\r\n", 1)[1] + self._more).split("\r\n")[:-1]:
            name, _, value = line.partition(": ")
            headers.add(name, value)
        plain = web.Response(status=self.status, body=self._whole, headers=headers)
        if not self._stays_open:
            plain.force_close()
        await plain.prepare(request)
        await plain.write_eof()
        self._stays_open = bool(plain.keep_alive)


_known_date = (0, "")


def _date() -> str:
    """Return the present second as the Date header has it."""
    global _known_date  # noqa: PLW0603  # formatting it costs a tenth of a poll
    now_s = int(time.time())
    if _known_date[0] != now_s:
        _known_date = (now_s, formatdate(now_s, usegmt=True))
    return _known_date[1]
