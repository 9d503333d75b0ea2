"""Clients that take their time, or too many connections: they are cut, and others are answered meanwhile."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from app.edge import Edge
from app.settings import Settings
from app.wiring import build_app
from cache.redis_level import RedisLevel
from resolvers.services import Services
from tests.integration.connection import AUTHORIZATION, NAME, Connection

_HEAD = f"POST /graphql HTTP/1.1\r\nHost: pollux\r\n{AUTHORIZATION}\r\nContent-Type: application/json\r\n".encode()
# What a test waits for comes, on the slowest machine.
_PATIENCE_S = 20


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value_s in (
        ("edge_protocol.SLOW_S", 0.3),
        ("graphql_request.SLOW_S", 0.3),
        ("edge.BEAT_S", 0.05),
        ("edge.REST_S", 0.05),
    ):
        monkeypatch.setattr(f"app.{name}", value_s)


@pytest.fixture
async def slow(port: int) -> AsyncIterator[Connection]:
    opened = Connection(*await asyncio.open_connection("127.0.0.1", port))
    yield opened
    await opened.end()


async def _closed(connection: Connection) -> bool:
    async with asyncio.timeout(_PATIENCE_S):
        while not await connection.is_closed():  # which waits
            continue
    return True


async def _answered(connection: Connection) -> bool:
    connection.post("{ viewer { name } }")
    return bool((await connection.answer()).json() == NAME)


async def test_half_a_head_is_closed_in_time(slow: Connection, connection: Connection) -> None:
    assert await _answered(connection)
    slow.write(_HEAD)
    answer = await slow.answer()
    assert (answer.status, answer.json()["errors"][0]["extensions"]) == (408, {"code": "BAD_REQUEST"})
    assert await _closed(slow)
    assert await _answered(connection)


async def test_half_a_head_after_a_request_is_closed_in_time(slow: Connection) -> None:
    assert await _answered(slow)
    slow.write(_HEAD)
    assert (await slow.answer()).status == 408
    assert await _closed(slow)


async def test_a_head_that_comes_by_drops_is_closed_in_time(slow: Connection) -> None:
    async def dripping() -> None:
        while True:
            slow.write(b"X-Drop: 1\r\n")
            await asyncio.sleep(0.02)

    slow.write(_HEAD)
    drops = asyncio.create_task(dripping())
    with suppress(ConnectionResetError, asyncio.IncompleteReadError):  # a drop after the end can take the answer along
        assert (await slow.answer()).status == 408
    assert await _closed(slow)
    drops.cancel()


async def test_a_connection_that_says_nothing_is_closed_in_time(slow: Connection, connection: Connection) -> None:
    assert await _answered(connection)
    assert await _closed(slow)
    assert await _answered(connection)


async def test_half_a_body_is_closed_in_time(slow: Connection, connection: Connection) -> None:
    assert await _answered(connection)
    slow.write(_HEAD + b'Content-Length: 1000\r\n\r\n{"query":')
    answer = await slow.answer()
    assert (answer.status, answer.json()["errors"][0]["extensions"]) == (408, {"code": "BAD_REQUEST"})
    assert await _closed(slow)
    assert await _answered(connection)


async def test_who_takes_nothing_of_an_answer_is_cut(port: int, connection: Connection, edge: Edge) -> None:
    page = await _long_page(connection)
    with socket.socket() as small:
        small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        small.setblocking(False)
        await asyncio.get_running_loop().sock_connect(small, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=small, limit=1024)
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # writers do not say what their transport is
        greedy = Connection(reader, writer)
        for _ in range(60):  # more than the buffers of both ends hold
            greedy.post(page)
        async with asyncio.timeout(_PATIENCE_S):
            while len(edge._crowd) > 1:  # noqa: ASYNC110  # nobody is told when a connection ends
                await asyncio.sleep(0.02)
        assert await _answered(connection)
        writer.transport.abort()
        await asyncio.sleep(0)


async def _long_page(connection: Connection) -> str:
    """Return a question whose answer has a quarter of a megabyte."""
    connection.post('mutation { createChannel(input: {name: "long"}) { channel { id } } }')
    channel = (await connection.answer()).json()["data"]["createChannel"]["channel"]["id"]
    for _ in range(20):
        words = "\uac00" * 4000
        connection.post(
            f'mutation {{ sendMessage(input: {{channelId: "{channel}", content: "{words}"}}) {{ userErrors {{ code }} }} }}'
        )
        assert (await connection.answer()).status == 200
    return f'{{ messages(channelId: "{channel}", first: 50) {{ nodes {{ content }} }} }}'


async def test_an_idle_client_who_asked_before_stays(connection: Connection) -> None:
    assert await _answered(connection)
    await asyncio.sleep(1)
    assert await _answered(connection)


async def test_connections_too_many_are_closed_at_once(
    settings: Settings, opened: tuple[Services, RedisLevel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.edge_protocol.SLOW_S", 60.0)
    edge = Edge(build_app(settings, *opened), max_connections=3)
    listener = socket.create_server(("127.0.0.1", 0))
    await edge.listen(listener)
    port = int(listener.getsockname()[1])
    few = [Connection(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(3)]
    for one in few:
        assert await _answered(one)
    another = Connection(*await asyncio.open_connection("127.0.0.1", port))
    assert await _closed(another)
    assert await _answered(few[0])
    for one in (*few, another):
        await one.end()
    await edge.close()
