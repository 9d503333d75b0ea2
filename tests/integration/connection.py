"""A connection of a client that writes what it likes, and reads answers of HTTP/1."""

import asyncio
import json
from typing import Any, NamedTuple

from tests.asking import token

AUTHORIZATION = f"Authorization: Bearer {token('alice')}"


class Answer(NamedTuple):
    version: str
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """One connection of a client that writes what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def write(self, sent: bytes) -> None:
        self._writer.write(sent)

    def post(self, query: str, *headers: str, version: str = "HTTP/1.1") -> None:
        """Send a query, without waiting for its answer."""
        body = json.dumps({"query": query}).encode()
        more = (AUTHORIZATION, "Host: pollux", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers)
        self.write("\r\n".join((f"POST /graphql {version}", *more, "", "")).encode() + body)

    async def answer(self, *, bodiless: bool = False) -> Answer:
        """Return the next answer; raises IncompleteReadError where there is none."""
        lines = (await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), 5)).decode().split("\r\n")[:-2]
        version, status, _ = lines[0].split(" ", 2)
        headers = dict(line.split(": ", 1) for line in lines[1:])
        length = 0 if bodiless else int(headers.get("Content-Length", "0"))
        return Answer(version, int(status), headers, await asyncio.wait_for(self._reader.readexactly(length), 5))

    async def is_closed(self) -> bool:
        """Whether the server closes the connection, rather than waiting for more."""
        try:
            return await asyncio.wait_for(self._reader.read(1), 0.5) == b""
        except TimeoutError:
            return False
        except ConnectionResetError:
            return True

    async def end(self) -> None:
        self._writer.close()
