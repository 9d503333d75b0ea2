"""How sockets end, and what is bounded of them."""

import asyncio
import time

import pytest
from aiohttp import WSCloseCode
from pytest_aiohttp import AiohttpClient

from app.identity import Tokens
from app.open_connections import PING_S
from app.settings import Settings
from app.socket import MAX_OPERATIONS
from app.wiring import VIEW, build_app
from cache.redis_level import RedisLevel
from resolvers.services import Services
from tests.api.streaming import PATIENCE_S, PROTOCOL, Socket, connected, streamed, until
from tests.api.syncing import synced
from tests.asking import SECRET, Api, token


async def test_who_does_not_say_who_they_are_is_cut(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.socket.INIT_S", 0.05)
    async with api.client.ws_connect("/graphql", protocols=[PROTOCOL]) as ws:
        assert await Socket(ws).end() == 4408


async def test_a_token_that_expires_closes_the_connection(api: Api) -> None:
    short = Tokens(SECRET).issue("alice", lifetime_s=2)
    began_s = time.time()
    async with connected(api, payload={"authorization": f"Bearer {short}"}) as socket:
        await socket.subscribe()
        assert await socket.end() == 4403
    assert time.time() - began_s >= 1


async def test_pings_show_that_the_connection_is_alive(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    assert PING_S < 15
    monkeypatch.setattr("app.open_connections.PING_S", 0.0)
    async with connected(api) as socket:
        assert (await socket.ws.receive_json())["type"] == "ping"


async def test_at_shutdown_sockets_are_told_that_the_server_goes_away(api: Api) -> None:
    async with connected(api) as idle, connected(api, who="bob") as busy:
        await busy.subscribe()
        await busy.page()
        await until(lambda: bool(api.services.wake.waiters.waiting))
        closing = asyncio.ensure_future(api.client.server.close())
        assert [await idle.end(), await busy.end()] == [1001, 1001]
        await closing


async def test_the_end_of_an_epoch_lets_clients_connect_again(api: Api) -> None:
    await api.channel()
    given = (await synced(api))["token"]
    async with connected(api) as socket:
        await socket.subscribe(given)
        await socket.page()
        await until(lambda: bool(api.services.wake.waiters.waiting))
        await api.services.lineage.rewound("a test")
        assert await socket.end() == 1012
    async with connected(api) as socket:
        await socket.subscribe(given)
        assert (await socket.page())["resetReason"] == "HISTORY_REWRITTEN"


async def test_many_operations_at_once_are_bounded(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.socket.MAX_OPERATIONS", 2)
    await api.channel()
    async with connected(api) as socket:
        for name in ("1", "2"):
            await socket.subscribe(name=name)
            await socket.page(name)
        await socket.subscribe(name="3")
        said = await socket.hear()
        assert (said["type"], said["id"], said["payload"][0]["extensions"]["code"]) == ("error", "3", "BAD_REQUEST")


async def test_who_reads_nothing_while_much_is_waiting_is_cut_at_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.open_connections.STALLED_S", 1000.0)
    monkeypatch.setattr("app.open_connections.BEAT_S", 0.1)
    monkeypatch.setattr("app.open_connections.MAX_WAITING_BYTES", 100_000)
    channel = await api.channel("bob")
    assert api.client.app is not None
    view = api.client.app[VIEW]
    async with connected(api, who="bob") as socket:
        for name in range(MAX_OPERATIONS):
            await socket.subscribe(name=f"{name}")
            await socket.page(f"{name}")
        assert socket.ws._response.connection is not None
        transport = socket.ws._response.connection.transport
        assert transport is not None
        transport.pause_reading()
        async with asyncio.timeout(PATIENCE_S):
            while len(view._open):
                await asyncio.gather(*(api.send(channel, "x" * 4000) for _ in range(20)))
        transport.abort()


async def test_more_connections_than_may_be_open_are_refused(
    settings: Settings, opened: tuple[Services, RedisLevel], aiohttp_client: AiohttpClient
) -> None:
    few = settings.model_copy(update={"max_held": 1})
    api = Api(await aiohttp_client(build_app(few, *opened)), opened[0])
    async with connected(api):
        handshake = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        answer = await api.client.get("/graphql", headers={**handshake, "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="})
        body = await answer.json()
        assert (answer.status, body["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
        assert "Retry-After" in answer.headers
        async with streamed(api) as events:
            assert events.response.status == 503


async def test_more_connections_of_one_user_than_may_be_open_are_refused_and_those_of_others_are_not(
    settings: Settings, opened: tuple[Services, RedisLevel], aiohttp_client: AiohttpClient
) -> None:
    few = settings.model_copy(update={"max_held_by_user": 2, "rate_limit": True})
    api = Api(await aiohttp_client(build_app(few, *opened)), opened[0])
    assert api.client.app is not None
    open_now = api.client.app[VIEW]._open
    async with connected(api), streamed(api) as events:
        assert events.response.status == 200
        async with streamed(api) as refused:
            body = await refused.response.json()
            assert (refused.response.status, body["errors"][0]["extensions"]["code"]) == (429, "RATE_LIMITED")
        async with api.client.ws_connect("/graphql", protocols=[PROTOCOL]) as ws:
            await Socket(ws).say("connection_init", payload={"Authorization": f"Bearer {token('alice')}"})
            assert await Socket(ws).end() == WSCloseCode.TRY_AGAIN_LATER
        async with streamed(api, who="bob") as others, connected(api, who="bob"):
            assert others.response.status == 200
        async with streamed(api, headers={"Authorization": f"Bearer {token('alice', roles=['service'])}"}) as service:
            assert service.response.status == 200
    await until(lambda: not open_now._of_users)
    async with streamed(api) as events:
        assert events.response.status == 200


async def test_a_stream_whose_reader_takes_nothing_is_cut(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.open_connections.STALLED_S", 0.5)
    monkeypatch.setattr("app.open_connections.BEAT_S", 0.1)
    channel = await api.channel("bob")
    assert api.client.app is not None
    view = api.client.app[VIEW]
    async with streamed(api, who="bob") as events:
        await events.page()
        assert events.response.connection is not None
        transport = events.response.connection.transport
        assert transport is not None
        transport.pause_reading()
        async with asyncio.timeout(PATIENCE_S):
            while len(view._open):
                await asyncio.gather(*(api.send(channel, "x" * 4000) for _ in range(20)))
        transport.abort()


async def test_within_the_leeway_of_a_token_no_stream_begins(api: Api) -> None:
    expired = Tokens(SECRET).issue("alice", lifetime_s=-1)
    asked = {"Authorization": f"Bearer {expired}"}
    assert (await api.client.post("/graphql", json={"query": "{ viewer { name } }"}, headers=asked)).status == 200
    async with streamed(api, headers=asked) as events:
        body = await events.response.json()
        assert (events.response.status, body["errors"][0]["extensions"]["reason"]) == (401, "expired")


async def test_a_request_that_only_names_websockets_is_refused(api: Api) -> None:
    answer = await api.client.get("/graphql", headers={"Upgrade": "websocket", "Connection": "Upgrade"})
    assert (answer.status, (await answer.json())["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")
