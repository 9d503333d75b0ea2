"""graphql-ws's and graphql-sse's own clients: they subscribe, are cut, and go on from the token of their last page."""

import asyncio
import json
import socket as sockets
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from app.edge import Edge
from app.identity import Tokens
from app.settings import Settings
from app.wiring import VIEW, build_app
from cache.redis_level import RedisLevel
from resolvers.services import Services
from tests.api.streaming import until
from tests.api.syncing import contents, synced
from tests.asking import SECRET, Api, token
from tests.node import NpmClient, npm_client


class Servers:
    """One address, where a server can be stopped and another started over the same services."""

    def __init__(self, settings: Settings, services: Services, redis: RedisLevel) -> None:
        self._listener = sockets.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, 32 * 1024)  # soon full
        self._address = self._listener.getsockname()
        self._parts = settings, services, redis
        self._edge: Edge | None = None
        self._app: web.Application | None = None
        self.url = f"http://127.0.0.1:{self._address[1]}/graphql"

    @property
    def open(self) -> int:
        """How many connections stay open."""
        assert self._app is not None
        return len(self._app[VIEW]._open._open)

    async def start(self) -> None:
        self._app = build_app(*self._parts)
        self._edge = Edge(self._app)
        await self._edge.listen(self._listener)

    async def restart(self) -> None:
        """Stop the server, as at a deployment, and start one in its place."""
        await self.stop()
        self._parts[1].wake.closing = False
        self._listener = sockets.create_server(self._address)
        await self.start()

    async def stop(self) -> None:
        assert self._edge is not None
        await self._edge.close()


@pytest.fixture
async def servers(settings: Settings, opened: tuple[Services, RedisLevel]) -> AsyncIterator[Servers]:
    servers = Servers(settings, *opened)
    await servers.start()
    yield servers
    await servers.stop()


async def subscribed(client: NpmClient, services: Services) -> None:
    await client.said("connected")
    await until(lambda: bool(services.wake.waiters.waiting))


@pytest.mark.parametrize("script", ["socket.mjs", "events.mjs"])
async def test_a_client_subscribes_is_cut_and_resumes_by_its_token(api: Api, servers: Servers, script: str) -> None:
    channel = await api.channel("bob")
    given = (await synced(api, who="bob"))["token"]
    await api.send(channel, "one")
    async with npm_client(script, servers.url, token("bob"), json.dumps({"t": given, "l": 100})) as client:
        await subscribed(client, api.services)
        assert contents(await client.said("page")) == {channel: ["one"]}
        await api.send(channel, "two")
        assert contents(await client.said("page")) == {channel: ["two"]}
        await servers.restart()
        await api.send(channel, "three")
        if script == "socket.mjs":
            assert await client.said("closed") == 1001
        await client.said("connected")
        found: list[str] = []
        while not found:
            found = contents(await client.said("page")).get(channel, [])
        assert found == ["three"]
        await client.end()
    await until(lambda: not api.services.wake.waiters.waiting)


async def test_graphql_ws_is_closed_with_4403_when_its_token_expires_and_tries_again(api: Api, servers: Servers) -> None:
    short = Tokens(SECRET).issue("alice", lifetime_s=3)
    async with npm_client("socket.mjs", servers.url, short, "{}") as client:
        await client.said("connected")
        assert await client.said("closed") == 4403
        # By then it is refused from the start, again and again.
        assert await client.said("error") == 4403


async def test_graphql_sse_ends_when_its_token_expires_and_is_refused(api: Api, servers: Servers) -> None:
    short = Tokens(SECRET).issue("alice", lifetime_s=3 - 30)
    async with npm_client("events.mjs", servers.url, short, "{}") as client:
        assert await client.said("error") == 401


async def test_a_slow_reader_is_cut_and_resumes_without_loss(api: Api, servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.open_connections.STALLED_S", 0.5)
    channel = await api.channel("bob")
    given = (await synced(api, who="bob"))["token"]
    async with npm_client("socket.mjs", servers.url, token("bob"), json.dumps({"t": given, "l": 100})) as client:
        await subscribed(client, api.services)
        await client.do("pause")
        words = [f"{index} {'x' * 3900}" for index in range(200)]
        await asyncio.gather(*(api.send(channel, word) for word in words))
        await until(lambda: servers.open == 0)
        await client.do("resume")
        seen: list[str] = []
        closed = []
        while len(seen) < len(words):
            said = await client.next()  # what had reached it before it was cut, too
            closed += [said["closed"]] if "closed" in said else []
            seen += contents(said["page"]).get(channel, []) if "page" in said else []
        assert closed == [1006]
        assert sorted(seen) == sorted(words)
        await client.end()
