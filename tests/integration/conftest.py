"""The edge, and a connection to it. Its limits let large requests pass."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from app.edge import Edge
from app.known_heads import KnownHeads
from app.settings import Settings
from app.wiring import build_app
from cache.redis_level import RedisLevel
from resolvers.services import Services
from tests.integration.connection import Connection
from tests.integration.known_heads import Counted


@pytest.fixture
async def edge(settings: Settings, opened: tuple[Services, RedisLevel]) -> AsyncIterator[Edge]:
    large = {"max_document": 1 << 20, "max_tokens": 10_000, "max_aliases": 1000, "max_fields": 10_000}
    edge = Edge(build_app(settings.model_copy(update=large), *opened))
    yield edge
    await edge.close()


@pytest.fixture
async def port(edge: Edge) -> int:
    listener = socket.create_server(("127.0.0.1", 0))
    await edge.listen(listener)
    return int(listener.getsockname()[1])


@pytest.fixture
async def connection(port: int) -> AsyncIterator[Connection]:
    opened = Connection(*await asyncio.open_connection("127.0.0.1", port))
    yield opened
    await opened.end()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    found, counted = KnownHeads.find, Counted()

    def find(self: KnownHeads, data: bytes) -> object:
        head = found(self, data)
        counted.known += head is not None
        return head

    monkeypatch.setattr(KnownHeads, "find", find)
    return counted
