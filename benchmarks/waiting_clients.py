"""Clients that wait: many connections of one process, each with a poll that is held.

Rule: what a client does costs as little as it can, so that the time of an answer is the server's.
"""

import asyncio
import json
from collections.abc import Sequence
from typing import cast

PAGE = "token channels { channel { id unreadCount } messages { seq content author { name } } }"
SYNC = f"query($t: String, $l: Int, $w: Int) {{ sync(token: $t, limit: $l, waitMs: $w) {{ {PAGE} }} }}"
WAIT_MS = 30_000
# How many connect or ask at the same time when nothing is measured.
AT_ONCE = 100


class Client(asyncio.Protocol):
    """One connection, on which one request at a time is answered."""

    def __init__(self, bearer: str) -> None:
        self._head = (
            f"POST /graphql HTTP/1.1\r\nHost: pollux\r\nContent-Type: application/json\r\nAuthorization: Bearer {bearer}\r\n"
        )
        self._transport: asyncio.WriteTransport | None = None
        self._received = b""
        self._answer: asyncio.Future[bytes] | None = None
        self.token: str | None = None
        # When the last answer came, in the loop's seconds.
        self.answered_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is one by its methods alone

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if found and len(body) >= int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]):
            assert b" 200 " in head[:20], self._received
            self._received = b""
            self.answered_s = asyncio.get_running_loop().time()
            if self._answer is not None and not self._answer.done():
                self._answer.set_result(body)

    def ask(self, query: str, variables: dict[str, object]) -> "asyncio.Future[bytes]":
        """Send a request; returns its answer to come."""
        assert self._transport is not None
        body = json.dumps({"query": query, "variables": variables})
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(f"{self._head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        return self._answer

    async def catch_up(self) -> None:
        """Ask for a token for now."""
        self.token = _token(await self.ask(SYNC, {"t": None, "l": 0}))

    def wait(self) -> "asyncio.Future[bytes]":
        """Wait for news."""
        return self.ask(SYNC, {"t": self.token, "w": WAIT_MS})

    def went_on(self, answer: bytes) -> None:
        """Take the token of an answer."""
        self.token = _token(answer)


def _token(answer: bytes) -> str:
    return str(json.loads(answer)["data"]["sync"]["token"])


async def connected(port: int, bearers: Sequence[str]) -> list[Client]:
    """Return clients that know where they are."""
    loop, clients = asyncio.get_running_loop(), []
    for start in range(0, len(bearers), AT_ONCE):
        some = [Client(bearer) for bearer in bearers[start : start + AT_ONCE]]
        await asyncio.gather(*(loop.create_connection(lambda client=client: client, "127.0.0.1", port) for client in some))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        await asyncio.gather(*(client.catch_up() for client in some))
        clients += some
    return clients


async def all_held(clients: Sequence[Client]) -> "list[asyncio.Future[bytes]]":
    """Let all of them wait; returns their answers to come when the server has read every request."""
    answers = []
    for start in range(0, len(clients), AT_ONCE):
        answers += [client.wait() for client in clients[start : start + AT_ONCE]]
        await asyncio.sleep(0.02)
    return answers
