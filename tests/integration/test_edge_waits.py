"""Polls that wait at the edge: their clients go away, or the server does."""

import asyncio

from app.edge import Edge
from resolvers.services import Services
from tests.integration.connection import Connection

HOLD = '{ sync(waitMs: 30000, token: "%s") { token } }'


async def held(connection: Connection, services: Services) -> str:
    """Begin to wait for what is new, and return the token that is waited with."""
    connection.post("{ sync { token } }")
    token = str((await connection.answer()).json()["data"]["sync"]["token"])
    connection.post(HOLD % token)
    while not services.wake.waiters.waiting:  # noqa: ASYNC110  # it has no event of its own
        await asyncio.sleep(0.005)
    return token


async def test_a_client_that_goes_away_is_waited_for_no_longer(connection: Connection, services: Services) -> None:
    await held(connection, services)
    await connection.end()
    while services.wake.waiters.waiting or services.wake.waiters.topics:  # noqa: ASYNC110  # it has no event of its own
        await asyncio.sleep(0.005)
    assert services.wake.waiters.held == 0


async def test_a_held_poll_is_answered_when_the_server_stops(connection: Connection, services: Services, edge: Edge) -> None:
    token = await held(connection, services)
    closing = asyncio.ensure_future(edge.close())
    answer = await connection.answer()
    assert (answer.status, answer.json()) == (200, {"data": {"sync": {"token": token}}})
    await closing
    assert await connection.is_closed()
