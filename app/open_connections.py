"""Connections that stay open: sockets and event streams, watched over together.

Rule: once a second each is looked at, and cut when its token has expired or its reader takes nothing more; when the
server stops, every one of them is ended in the way its clients begin again after.
"""

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from aiohttp import web

from models.tasks import end
from resolvers.context import SERVICE_ROLES, Viewer

log = logging.getLogger("pollux.connections")

BEAT_S = 1.0
# Less than the 15 s of the contract, so that a beat may be late.
PING_S = 12.0
# A reader who takes nothing for this long is cut; the token of the last page it has goes on where it was.
STALLED_S = 10.0
# What may wait for a reader longer than a beat without getting less. A page may be larger, for who reads it.
MAX_WAITING_BYTES = 1 << 20
# How long a client may take to say goodbye.
GOODBYE_S = 2.0


class OpenConnection(ABC):
    """One connection that stays open. `expires_s` is when its token does, in seconds since 1970, None before there is one."""

    def __init__(self, request: web.Request) -> None:
        self.expires_s: float | None = None
        # Whose it is, once that is known; None also for those who may have as many as they like.
        self.owner: int | None = None
        # How many writes wait for the reader.
        self.writing = 0
        self._transport = request.transport
        self._left_bytes = 0
        self._moved_s = self._pinged_s = time.monotonic()
        self._tasks: set[asyncio.Task[None]] = set()

    @abstractmethod
    async def ping(self) -> None:
        """Show the client, and whatever is in between, that the connection is alive."""

    @abstractmethod
    async def expire(self) -> None:
        """End the connection because its token has expired."""

    @abstractmethod
    async def go_away(self) -> None:
        """End the connection because the server stops."""

    def beat(self, now_s: float) -> None:
        """Look after the connection."""
        if self._transport is None:
            return
        left_bytes = self._transport.get_write_buffer_size()
        before_bytes, self._left_bytes = self._left_bytes, left_bytes
        if before_bytes > MAX_WAITING_BYTES and left_bytes >= before_bytes:
            self.cut()
        elif not self.writing or left_bytes != before_bytes:
            self._moved_s = now_s
        elif now_s - self._moved_s >= STALLED_S:
            self.cut()
        if self.expires_s is not None and time.time() >= self.expires_s:
            self.expires_s = None
            self._start(self.expire())
        elif now_s - self._pinged_s >= PING_S and not self.writing:
            self._pinged_s = now_s
            self._start(self.ping())

    def cut(self) -> None:
        """End the connection without a word."""
        if self._transport is not None:
            self._transport.abort()

    @contextmanager
    def written(self) -> Iterator[None]:
        """Count what runs within as a write."""
        self.writing += 1
        try:
            yield
        finally:
            self.writing -= 1

    async def rest(self) -> None:
        """End what was begun for the connection."""
        await asyncio.gather(*(end(task) for task in self._tasks))

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(self._logged(work), name="connection")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _logged(self, work: Coroutine[object, object, None]) -> None:
        try:
            await work
        except ConnectionError as error:
            log.debug("a connection ended while it was written to: %r", error)
        except Exception:  # one connection is worth a line in the log
            log.exception("looking after a connection failed")


class OpenConnections:
    """All of them, of which there are at most `limit`, and `limit_of_user` of one user."""

    def __init__(self, limit: int, limit_of_user: float) -> None:
        self._limit = limit
        self._limit_of_user = limit_of_user
        self._of_users: Counter[int] = Counter()
        self._open: set[OpenConnection] = set()
        self._closing = False

    def __len__(self) -> int:
        return len(self._open)

    @property
    def refused(self) -> bool:
        """Whether no other may be opened."""
        return self._closing or len(self._open) >= self._limit

    def give(self, connection: OpenConnection, viewer: Viewer) -> bool:
        """Count a connection as a user's until it ends; False, and not so, where they have too many."""
        if not viewer.roles & SERVICE_ROLES:
            if self._of_users[viewer.user_id] >= self._limit_of_user:
                return False
            connection.owner = viewer.user_id
            self._of_users[viewer.user_id] += 1
        return True

    @asynccontextmanager
    async def kept(self, connection: OpenConnection) -> AsyncIterator[None]:
        """Look after a connection within the block."""
        self._open.add(connection)
        try:
            yield
        finally:
            self._open.discard(connection)
            if connection.owner is not None:
                self._of_users[connection.owner] -= 1
                if not self._of_users[connection.owner]:
                    del self._of_users[connection.owner]
            await connection.rest()

    async def run(self) -> None:
        """Look after all, for ever."""
        while True:
            await asyncio.sleep(BEAT_S)
            now_s = time.monotonic()
            for connection in list(self._open):
                connection.beat(now_s)

    async def close(self) -> None:
        """End all, and let none begin."""
        self._closing = True
        await asyncio.gather(*(self._goodbye(connection) for connection in list(self._open)))

    async def _goodbye(self, connection: OpenConnection) -> None:
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(GOODBYE_S):
                await connection.go_away()
                return
        connection.cut()
