"""The client of Redis by its URL: one server, the primary that Sentinels name, or a cluster.

Rule: a client neither retries nor waits; both are the level's business. A primary that was replaced is found when the next
connection is made, and every connection to the one before ends by itself.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NoConnection

from cache.redis_cluster import Cluster, cluster_of

# A Redis that takes longer costs more than the read it saves (docs/adr/0009).
DEADLINE_S = 0.05
# Of asking one Sentinel: one that is cut off must leave time to ask another within the same deadline.
SENTINEL_DEADLINE_S = 0.015
# With a handshake; still half of the deadline is left to another.
SENTINEL_TLS_DEADLINE_S = 0.025
# Of a node's answer about the layout, which nobody waits for.
NODE_DEADLINE_S = 0.5
MAX_CONNECTIONS = 16
# The second of each speaks TLS.
SENTINELS, CLUSTER = ("redis+sentinel", "rediss+sentinel"), ("redis+cluster", "rediss+cluster")
DEFAULT_PORTS = {**dict.fromkeys(SENTINELS, 26379), **dict.fromkeys(CLUSTER, 6379)}
# Of a URL that speaks TLS: files with the authorities that are believed, where not the system's, and with our own certificate.
TLS_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_COMMON = {"retry": Retry(NoBackoff(), 0), "protocol": 3}


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


class SeveralHosts(NamedTuple):
    """`redis+sentinel://USER:PASSWORD@HOST:PORT,HOST:PORT/SERVICE`, or `redis+cluster://` without a service.

    User and password are those of the servers; `tls` is what redis-py is to be told of it, nothing without.
    """

    hosts: list[tuple[str, int]]
    service: str
    username: str | None
    password: str | None
    tls: dict[str, Any]

    @classmethod
    def parse(cls, url: str) -> "SeveralHosts":
        """Raises ValueError for what is no such URL."""
        url, _, query = url.partition("?")
        found = re.fullmatch(r"(?P<scheme>[a-z+]+)://(?:(?P<who>[^@/]*)@)?(?P<hosts>[^/@?#]+)(?:/(?P<service>[\w.-]*))?", url)
        if found is None or found["scheme"] not in DEFAULT_PORTS or bool(found["service"]) is not (found["scheme"] in SENTINELS):
            raise ValueError("hosts or the name of the service are missing")
        hosts = [urlsplit(f"//{host}") for host in found["hosts"].split(",")]
        places = [(host.hostname, DEFAULT_PORTS[found["scheme"]] if host.port is None else host.port) for host in hosts]
        if not all(host and port for host, port in places):
            raise ValueError("each is HOST or HOST:PORT")
        user, _, password = (found["who"] or "").partition(":")
        known = [(host, port) for host, port in places if host is not None]
        speaks_tls = found["scheme"].startswith("rediss")
        options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
        _check_options(options, TLS_FILES if speaks_tls else ())
        tls = {"ssl": True, **options} if speaks_tls else {}
        return cls(known, found["service"] or "", unquote(user) or None, unquote(password) or None, tls)


def redis_client(url: str) -> Redis:
    """Return a client. Raises ValueError for a wrong URL."""
    common = {**_COMMON, "socket_timeout": DEADLINE_S, "socket_connect_timeout": DEADLINE_S}
    bounds = {"max_connections": MAX_CONNECTIONS, "timeout": DEADLINE_S}
    scheme = urlsplit(url).scheme
    if scheme in DEFAULT_PORTS:
        asked = SeveralHosts.parse(url)
        who = {"username": asked.username, "password": asked.password, **asked.tls}
        if scheme in CLUSTER:
            # What this room asks of a client, both have.
            return cast(
                Redis,
                Cluster(asked.hosts, protocol=3, socket_timeout=NODE_DEADLINE_S, socket_connect_timeout=NODE_DEADLINE_S, **who),
            )
        deadline_s = SENTINEL_TLS_DEADLINE_S if asked.tls else SENTINEL_DEADLINE_S
        timeouts = dict.fromkeys(("socket_timeout", "socket_connect_timeout"), deadline_s)
        sentinels = Sentinel(asked.hosts, sentinel_kwargs={**common, **timeouts, **asked.tls})  # type: ignore[no-untyped-call]  # redis ships no types of it
        return Redis(connection_pool=_BlockingSentinelPool(asked.service, sentinels, **who, **common, **bounds))
    given = parse_url(url)
    known = ("host", "port", "db", "username", "password", "path", "connection_class")
    _check_options(given, (*known, *TLS_FILES) if scheme == "rediss" else known)
    return Redis(connection_pool=BlockingConnectionPool.from_url(url, **common, **bounds))


def _check_options(given: Mapping[str, object], known: Collection[str]) -> None:
    """Raise ValueError for an option that is not known, or a file that cannot be read."""
    unknown = given.keys() - set(known)
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    for name in TLS_FILES:
        if name in given and not Path(str(given[name])).is_file():
            raise ValueError(f"{name} names no file")


async def publish(client: Redis, name: str, message: str) -> None:
    """Tell whoever is subscribed; in a cluster by the shard of the name, which other shards do not hear of."""
    cluster = cluster_of(client)
    await (client.publish(name, message) if cluster is None else cluster.spublish(name, message))


@asynccontextmanager
async def subscribed(client: Redis, name: str) -> AsyncIterator[PubSub]:
    """Open a subscription over a connection of its own; in a cluster at the node that has the name's slot now."""
    cluster = cluster_of(client)
    if cluster is None:
        async with client.pubsub() as subscription:
            await subscription.subscribe(name)
            yield subscription
        return
    await cluster.initialize()
    node = cluster.get_node_from_key(name)
    if node is None:
        raise NoConnection("nobody has the slot of the name")
    asked = ("username", "password", "protocol", *TLS_FILES)
    given = {key: value for key, value in node.connection_kwargs.items() if key in asked}
    given["ssl"] = "ssl_ca_certs" in node.connection_kwargs  # which it has where it speaks TLS, with or without a file
    own = Redis(host=node.host, port=int(node.port), socket_connect_timeout=NODE_DEADLINE_S, retry=Retry(NoBackoff(), 0), **given)
    try:
        async with own.pubsub() as subscription:
            await subscription.ssubscribe(name)
            yield subscription
    finally:
        await own.aclose()


async def close(client: Redis) -> None:
    """Close a client and its connections."""
    cluster = cluster_of(client)
    if cluster is not None:
        await cluster.finish()
        return
    await client.aclose()
    await client.connection_pool.aclose()
