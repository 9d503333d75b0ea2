"""The client of Redis by its URL: one server, or the primary that Sentinels name.

Rule: a client neither retries nor waits; both are the level's business. A primary that was replaced is found when the next
connection is made, and every connection to the one before ends by itself.
"""

import asyncio
import re
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

# A Redis that takes longer costs more than the read it saves (docs/adr/0009).
DEADLINE_S = 0.05
# Of asking one Sentinel: one that is cut off must leave time to ask another within the same deadline.
SENTINEL_DEADLINE_S = 0.015
MAX_CONNECTIONS = 16
SENTINELS = "redis+sentinel"
SENTINEL_PORT = 26379


class _BlockingSentinelPool(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to the primary, of which a bounded number is waited for."""

    def __init__(self, service: str, sentinels: Sentinel, **given: Any) -> None:
        super().__init__(service, sentinels, **given)  # type: ignore[no-untyped-call]  # redis ships no types of it
        self._asking = asyncio.Lock()

    async def get_master_address(self) -> tuple[str, int]:
        """Return where the primary is. One asks at a time: redis-py puts who answered first, and two at once make it lose one."""
        async with self._asking:
            found: tuple[str, int] = await super().get_master_address()  # type: ignore[no-untyped-call]  # as above
            return found

    async def aclose(self) -> None:
        """Close the connections, those to the Sentinels too."""
        await super().aclose()
        for sentinel in self.sentinel_manager.sentinels:
            await sentinel.aclose()


class SentinelUrl(NamedTuple):
    """`redis+sentinel://USER:PASSWORD@HOST:PORT,HOST:PORT/SERVICE`; user and password are those of the servers."""

    hosts: list[tuple[str, int]]
    service: str
    username: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> "SentinelUrl":
        """Raises ValueError for what is no such URL."""
        found = re.fullmatch(rf"{re.escape(SENTINELS)}://(?:(?P<who>[^@/]*)@)?(?P<hosts>[^/@?#]+)/(?P<service>[\w.-]+)", url)
        if found is None:
            raise ValueError("hosts or the name of the service are missing")
        hosts = [urlsplit(f"//{host}") for host in found["hosts"].split(",")]
        places = [(host.hostname, SENTINEL_PORT if host.port is None else host.port) for host in hosts]
        if not all(host and port for host, port in places):
            raise ValueError("a Sentinel is HOST or HOST:PORT")
        user, _, password = (found["who"] or "").partition(":")
        known = [(host, port) for host, port in places if host is not None]
        return cls(known, found["service"], unquote(user) or None, unquote(password) or None)


def redis_client(url: str) -> Redis:
    """Return a client. Raises ValueError for a wrong URL."""
    common = {
        "socket_timeout": DEADLINE_S,
        "socket_connect_timeout": DEADLINE_S,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 3,
    }
    bounds = {"max_connections": MAX_CONNECTIONS, "timeout": DEADLINE_S}
    if urlsplit(url).scheme == SENTINELS:
        asked = SentinelUrl.parse(url)
        timeouts = dict.fromkeys(("socket_timeout", "socket_connect_timeout"), SENTINEL_DEADLINE_S)
        sentinels = Sentinel(asked.hosts, sentinel_kwargs={**common, **timeouts})  # type: ignore[no-untyped-call]  # redis ships no types of it
        given = {"username": asked.username, "password": asked.password, **common, **bounds}
        pool = _BlockingSentinelPool(asked.service, sentinels, **given)
        return Redis(connection_pool=pool)
    unknown = parse_url(url).keys() - {"host", "port", "db", "username", "password", "path", "connection_class"}
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    return Redis(connection_pool=BlockingConnectionPool.from_url(url, **common, **bounds))
