"""A server that is told to stop while everybody talks: held polls are answered, sockets are told, and nothing is lost."""

import asyncio
import re
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.api.streaming import PROTOCOL, Socket
from tests.api.syncing import PAGE, SYNC, contents
from tests.asking import CREATE, SEND, token
from tests.servers.pollux import Server

PATIENCE_S = 40.0
LONG_MS = 30_000
SUBSCRIBE = f"subscription($t: String, $c: [ID!]) {{ sync(token: $t, channelIds: $c) {{ {PAGE} }} }}"
POLLING, WAITING, CONNECTED, WRITERS = 8, 4, 4, 4
# How many messages everybody has before the server is told.
ENOUGH = 20


@dataclass
class Follower:
    """Who follows one channel, over a connection of their own. `ends` are how what they asked ended."""

    server: Server
    channel: str
    token: str | None = None
    seqs: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    ends: list[int | None] = field(default_factory=list)

    async def ask(self, http: aiohttp.ClientSession, wait_ms: int) -> Any:
        """Return a page; every answer must be one."""
        variables = {"t": self.token, "c": [self.channel], "w": wait_ms, "l": 0 if self.token is None else 500}
        async with http.post("/graphql", json={"query": SYNC, "variables": variables}) as answer:
            self.ends.append(answer.status)
            return self.take((await answer.json())["data"]["sync"])

    def take(self, page: Any) -> Any:
        assert page["resetReason"] is None
        self.token = page["token"]
        self.texts += contents(page).get(self.channel, [])
        self.seqs += [message["seq"] for delta in page["channels"] for message in delta["messages"]]
        return page

    async def poll(self) -> None:
        """Poll again and again, until nobody listens any more."""
        async with _connection(self.server) as http:
            while True:
                try:
                    await self.ask(http, LONG_MS)
                except aiohttp.ClientConnectorError:
                    return

    async def subscribe(self) -> None:
        """Take what a subscription brings, until it ends."""
        async with _connection(self.server) as http, http.ws_connect("/graphql", protocols=[PROTOCOL]) as ws:
            socket = Socket(ws)
            await socket.say("connection_init", payload={"Authorization": f"Bearer {token('alice')}"})
            await socket.hear()
            await socket.subscribe(self.token, query=SUBSCRIBE, c=[self.channel])
            async for message in ws:
                said = message.json()
                assert said["type"] in ("next", "ping"), said
                if said["type"] == "next":
                    self.take(said["payload"]["data"]["sync"])
            self.ends.append(ws.close_code)


def _connection(server: Server) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        server.url,
        headers={"Authorization": f"Bearer {token('alice')}"},
        connector=aiohttp.TCPConnector(limit=1),
        timeout=aiohttp.ClientTimeout(PATIENCE_S),
    )


async def _write(server: Server, channel: str, name: str, accepted: list[str]) -> None:
    """Send one message after the other, until nobody listens any more."""
    async with _connection(server) as http:
        for number in range(100_000):
            message = {"channelId": channel, "content": f"{name} {number}"}
            try:
                async with http.post("/graphql", json={"query": SEND, "variables": {"i": message}}) as answer:
                    assert answer.status == 200
                    assert (await answer.json())["data"]["sendMessage"]["userErrors"] == []
            except aiohttp.ClientConnectorError:
                return
            accepted.append(message["content"])
            await asyncio.sleep(0.02)


async def _until(server: Server, followers: list[Follower]) -> None:
    """Return when all follow and those who wait in the quiet channel are held."""
    while min(len(one.texts) for one in followers) < ENOUGH or _held(server) < WAITING:  # noqa: ASYNC110  # another process signals nothing
        await asyncio.sleep(0.1)


def _held(server: Server) -> float:
    found = re.search(rb'^pollux_waiting\{by="poll"\} (\S+)$', server.get("/metrics")[1], re.MULTILINE)
    return float(found.group(1)) if found is not None else 0.0


async def test_a_server_that_stops_under_load_answers_held_polls_tells_sockets_and_loses_nothing(tmp_path: Path) -> None:
    server = Server(DATABASE_URL=f"sqlite://{tmp_path / 'pollux.db'}").start()
    try:
        busy, quiet = (server.ask(CREATE, {"i": {"name": name}})["channel"]["id"] for name in ("busy", "quiet"))
        polling, connected = ([Follower(server, busy) for _ in range(count)] for count in (POLLING, CONNECTED))
        waiting = [Follower(server, quiet) for _ in range(WAITING)]
        for one in (*polling, *connected, *waiting):
            async with _connection(server) as http:
                await one.ask(http, 0)
        accepted: list[str] = []
        async with asyncio.timeout(2 * PATIENCE_S), asyncio.TaskGroup() as tasks:
            for one in (*polling, *waiting):
                tasks.create_task(one.poll())
            for one in connected:
                tasks.create_task(one.subscribe())
            for number in range(WRITERS):
                tasks.create_task(_write(server, busy, f"writer {number}", accepted))
            await _until(server, [*polling, *connected])
            assert await asyncio.to_thread(server.stop, signal.SIGTERM) == 0
        assert {status for one in (*polling, *waiting) for status in one.ends} == {200}
        # Those who waited where nothing was said were answered too.
        assert all(len(one.ends) > 1 for one in waiting)
        assert [one.ends[-1] for one in connected] == [1001] * CONNECTED
        server.start()
        for one in (*polling, *connected):
            async with _connection(server) as http:
                while (await one.ask(http, 0))["hasMore"]:
                    pass
            assert one.seqs == list(range(1, len(one.seqs) + 1))
            assert set(accepted) <= set(one.texts)
        assert len({tuple(one.texts) for one in (*polling, *connected)}) == 1
    finally:
        server.stop()
