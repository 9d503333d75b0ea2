"""Requests with a known head that wait for news: what becomes of them, and of what is sent meanwhile."""

import asyncio

import pytest

from app.edge import Edge
from app.quick_protocol import QuickProtocol
from resolvers.services import Services
from tests.integration.connection import Connection
from tests.integration.known_heads import Counted, request, room, told


def hold(place: str) -> bytes:
    """Return a poll that waits for news of a place; all of them are of one length, and so of one head."""
    query = "query($t: String) { sync(token: $t, waitMs: 25000) { token } }"
    return request(f"{query:{400 - len(place)}}", {"t": place})


async def waiting(connection: Connection, services: Services, counted: Counted) -> None:
    """Let a connection wait for news, by a known head."""
    begin = (await told(connection, request("{ sync { token } }"))).json()["data"]["sync"]["token"]
    await room(connection)
    for _ in range(3):
        await told(connection, hold(begin))  # which lacks the room, and so does not wait
    place = (await told(connection, hold(begin))).json()["data"]["sync"]["token"]
    known = counted.known
    connection.write(hold(place))
    while not services.wake.waiters.held:  # noqa: ASYNC110  # waiters signal nobody when they begin
        await asyncio.sleep(0.01)
    assert counted.known == known + 1


async def test_who_waits_by_a_known_head_is_answered_last_when_the_server_stops(
    edge: Edge, connection: Connection, services: Services, counted: Counted
) -> None:
    await waiting(connection, services, counted)
    closing = asyncio.create_task(edge.close(linger_s=30))
    answer = await connection.answer()
    assert (answer.status, answer.headers["Connection"]) == (200, "close")
    assert await connection.is_closed()
    await closing


async def test_who_waits_and_goes_away_is_waited_for_no_longer(
    connection: Connection, services: Services, counted: Counted
) -> None:
    await waiting(connection, services, counted)
    await connection.end()
    while services.wake.waiters.held:  # noqa: ASYNC110  # as above
        await asyncio.sleep(0.01)


async def test_what_is_sent_meanwhile_is_answered_afterwards_and_not_read_without_end(
    connection: Connection, services: Services, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    most, keep = [0], QuickProtocol._keep_for_later

    def watched(self: QuickProtocol, data: bytes) -> None:
        keep(self, data)
        most[0] = max(most[0], len(self._later))

    monkeypatch.setattr(QuickProtocol, "_keep_for_later", watched)
    await waiting(connection, services, counted)
    many = 20_000  # some 8 MiB, more than fits the sockets' buffers
    connection.write(request("{ viewer { name } }") * many)
    for _ in range(20):
        await asyncio.sleep(0.02)
    assert 0 < most[0] < 1 << 20
    services.wake.close()
    assert "sync" in (await connection.answer()).json()["data"]
    for _ in range(50):
        assert (await connection.answer()).json() == {"data": {"viewer": {"name": "Alice"}}}
