"""One keep-alive connection to one server process, as thin as a client can be: the load must not be what is measured.

Rule: whatever happens to a connection is `Broken`; the next request opens another. Bodies come with Content-Length,
which is all that the server's answers to GraphQL requests use.
"""

import asyncio
import contextlib

# Longer than the server's own deadline for a statement (models/store_url.py), so that its word comes first.
DEADLINE_S = 15.0


CONNECTION, TIMEOUT = "connection", "timeout"


class Broken(Exception):
    """There was no answer; the text is its code in the log."""


class NobodyListens(Broken):
    """There was not even a connection, so nothing was asked: any other server may be asked instead."""


class Wire:
    """Asks one request at a time; a second one waits for the first."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._turn = asyncio.Lock()

    async def post(self, authorization: bytes, body: bytes) -> bytes:
        """Return the body of the answer, whatever its status. Raises Broken."""
        async with self._turn:
            try:
                async with asyncio.timeout(DEADLINE_S):
                    return await self._exchange(authorization, body)
            except NobodyListens:
                raise
            except (OSError, EOFError, TimeoutError, ValueError) as error:
                self.close()
                raise Broken(TIMEOUT if isinstance(error, TimeoutError) else CONNECTION) from error
            except asyncio.CancelledError:
                self.close()  # half an answer may still come
                raise

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._streams is not None:
            with contextlib.suppress(OSError, RuntimeError):
                self._streams[1].close()
            self._streams = None

    async def _exchange(self, authorization: bytes, body: bytes) -> bytes:
        if self._streams is None or _ended(*self._streams):
            self.close()
            try:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            except ConnectionRefusedError:
                raise NobodyListens(CONNECTION) from None
        reader, writer = self._streams
        writer.write(
            b"POST /graphql HTTP/1.1\r\nHost: pollux\r\nContent-Type: application/json\r\nAuthorization: %b\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (authorization, len(body), body)
        )
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        _, _, rest = head.partition(b"content-length: ")
        answer = await reader.readexactly(int(rest.partition(b"\r\n")[0]))
        if b"connection: close" in head:
            self.close()
        return answer


def _ended(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Whether the other end has gone while nothing was asked: every client notices this before it asks again."""
    return writer.is_closing() or reader.at_eof() or reader.exception() is not None
