"""Pokes: which topics have news, told from process to process through Redis's publish and subscribe.

Rule: a poke carries no data and may be lost; whoever hears one reads the present heads. Nothing waits for one to be
told, and what was told while a process did not listen it asks the store about.
"""

import asyncio
import logging
import random
from collections.abc import Collection
from contextlib import AsyncExitStack
from secrets import token_hex
from typing import Any, Protocol

from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import RedisError

from cache.lineage import Lineage
from cache.redis_client import publish
from cache.redis_level import Redis, RedisLevel
from models.topic import Topic

log = logging.getLogger("pollux.pokes")

SUBSCRIBE_S = 1.0
# After a silence this long Redis is asked for a sign of life; after another, the connection is made anew.
SILENCE_S = 5.0
AGAIN_S = 1.0


class Listener(Protocol):
    """Who is told what other processes say."""

    def heard(self, topics: Collection[Topic]) -> None:
        """Take note that topics have news."""

    def listens(self) -> None:
        """Take note that pokes are heard from now on, and that those before may have been missed."""


class Pokes:
    """Tells other processes, and hears them. Without Redis nobody is told, and nothing heard."""

    def __init__(self, redis: RedisLevel, lineage: Lineage) -> None:
        self._redis = redis
        self._lineage = lineage
        # A process knows its own pokes by it.
        self._process = token_hex(4)

    async def tell(self, topics: Collection[Topic]) -> None:
        """Tell the other processes that topics have news, or nobody where Redis is away."""
        message = " ".join((self._process, *topics))
        await self._redis.attempt(lambda client: self._publish(client, message))

    async def listen(self, listener: Listener) -> None:
        """Tell `listener` what others say, for ever, or until there is nothing to hear because there is no Redis."""
        while self._redis.configured:
            try:
                await self._listen(listener)
            except (RedisError, OSError, TimeoutError) as error:
                log.debug("pokes are not heard: %r", error)
            await asyncio.sleep(AGAIN_S * (0.75 + 0.5 * random.random()))  # noqa: S311  # spreads processes, keeps no secret

    async def _publish(self, client: Redis, message: str) -> None:
        await publish(client, self._name, message)

    @property
    def _name(self) -> str:
        return f"{self._lineage.prefix}pokes"

    async def _listen(self, listener: Listener) -> None:
        """Hear pokes of the present epoch until it ends. Raises what ends the connection."""
        name = self._name
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(SUBSCRIBE_S):
                subscription = await stack.enter_async_context(self._redis.subscribed(name))
            listener.listens()
            asked = False
            while name == self._name:
                message = await subscription.get_message(timeout=SILENCE_S)
                if message is None and asked:
                    raise TimeoutError("Redis gives no sign of life")
                if message is None:
                    await subscription.ping()
                asked = message is None
                if message is not None and message["type"] == "sunsubscribe":
                    raise NoConnection("the slot went to another node")
                if message is not None and message["type"] in ("message", "smessage"):
                    listener.heard(self._topics(message))

    def _topics(self, message: dict[str, Any]) -> list[Topic]:
        process, *topics = message["data"].decode(errors="replace").split(" ")
        return [] if process == self._process else [Topic(topic) for topic in topics]
