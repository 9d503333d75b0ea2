"""The client of a Redis Cluster: redis-py's own, which learns the layout beside the operations, not in them.

Rule: an operation has some 50 ms, and learning where the slots are may take longer. So it has a task and a deadline of its own,
one at a time, and while it goes on operations use the layout that there was, if any. What an operation needs is in one slot, or
it is a pipeline, which redis-py splits.
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import RedisClusterException, RedisError
from redis.maint_notifications import MaintNotificationsConfig

from models.tasks import end

log = logging.getLogger("pollux.redis")

LAYOUT_DEADLINE_S = 2.0
# From one look at the layout to the next, while something fails.
LAYOUT_PAUSE_S = 0.5
# Of each node; an operation that finds none free is refused, not queued.
MAX_CONNECTIONS = 64


class Cluster(RedisCluster):
    """A cluster's client that neither retries nor waits for the layout."""

    def __init__(self, nodes: Iterable[tuple[str, int]], **given: Any) -> None:
        super().__init__(
            startup_nodes=[ClusterNode(host, port) for host, port in nodes],
            require_full_coverage=False,
            # What a node that is cut off knows of the others must not make them be forgotten.
            dynamic_startup_nodes=False,
            max_connections=MAX_CONNECTIONS,
            retry=Retry(NoBackoff(), 0),
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
            **given,
        )
        self._learning: asyncio.Task[None] | None = None

    async def initialize(self, *_: object, **__: object) -> "Cluster":
        """Return when there is a layout. redis-py calls this before whatever it does, and after what failed."""
        if self._initialize:
            if self._known:
                self._initialize = False
                self.look_again()
            else:
                learning = self._learnt()
                await asyncio.wait([learning])  # its end, whichever: were it cancelled, that must not cancel who waits
                if learning.cancelled():
                    raise NoConnection("the client is closed")
                learning.result()
        return self

    def look_again(self) -> None:
        """Learn the layout anew, beside what goes on, because something failed."""
        if self._known:
            self._learnt()

    @property
    def _known(self) -> bool:
        """Whether there is a layout, perhaps an old one."""
        default: object = self.nodes_manager.default_node
        return default is not None

    def _learnt(self) -> "asyncio.Task[None]":
        if self._learning is None or self._learning.done():
            self._learning = asyncio.create_task(self._learn(), name="redis cluster layout")
            self._learning.add_done_callback(_taken_note)
        return self._learning

    async def _learn(self) -> None:
        known = self._known
        try:
            async with asyncio.timeout(LAYOUT_DEADLINE_S):
                await (self.nodes_manager.initialize() if known else super().initialize())
        except RedisClusterException as error:  # it is no RedisError
            raise NoConnection(str(error)) from error
        if not known:
            return
        await asyncio.sleep(LAYOUT_PAUSE_S)

    @property
    def learns(self) -> bool:
        """Whether the layout is being learned, or was within the last pause."""
        return self._learning is not None and not self._learning.done()

    async def finish(self) -> None:
        """Close for good. `aclose` alone is how redis-py begins anew after CLUSTERDOWN, while others go on."""
        if self._learning is not None:
            await end(self._learning)
        await self.aclose()


def cluster_of(client: object) -> Cluster | None:
    """Return a client that is a cluster's, None for any other."""
    return client if isinstance(client, Cluster) else None


def _taken_note(learning: "asyncio.Task[None]") -> None:
    if not learning.cancelled() and (error := learning.exception()) is not None:
        level = logging.DEBUG if isinstance(error, RedisError | OSError | TimeoutError) else logging.ERROR
        log.log(level, "the layout of the Redis cluster is not known: %r", error)
