"""Subscribing over a WebSocket or by events, as a client writes it by hand."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientResponse, ClientWebSocketResponse, WSMsgType

from tests.asking import Api, token

PROTOCOL = "graphql-transport-ws"
PAGE = "token hasMore resetReason removedChannelIds channels { channel { id typingUsers { name } } messages { content } }"
SUBSCRIBE = "subscription($t: String, $c: [ID!], $l: Int) { sync(token: $t, channelIds: $c, limit: $l) { " + PAGE + " } }"
# Longer than anything takes on a slow machine; what is waited for comes, or the test fails by it.
PATIENCE_S = 20.0


async def until(found: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(PATIENCE_S):
        while not found():  # noqa: ASYNC110  # it has no event of its own
            await asyncio.sleep(0.005)


class Socket:
    """One WebSocket."""

    def __init__(self, ws: ClientWebSocketResponse) -> None:
        self.ws = ws

    async def say(self, kind: str, **more: Any) -> None:
        await self.ws.send_json({"type": kind, **more})

    async def hear(self) -> Any:
        """Return the next message that is no ping."""
        while True:
            message = await self.ws.receive(PATIENCE_S)
            assert message.type is WSMsgType.TEXT, (message, self.ws.close_code)
            said = json.loads(message.data)
            if said["type"] != "ping":
                return said

    async def subscribe(self, given: str | None = None, *, name: str = "1", query: str = SUBSCRIBE, **variables: Any) -> None:
        await self.say("subscribe", id=name, payload={"query": query, "variables": {"t": given, **variables}})

    async def page(self, name: str = "1") -> Any:
        """Return the next page of a subscription."""
        said = await self.hear()
        assert (said["type"], said["id"], list(said["payload"])) == ("next", name, ["data"]), said
        return said["payload"]["data"]["sync"]

    async def end(self) -> int | None:
        """Return the code the server closes with."""
        while (await self.ws.receive(PATIENCE_S)).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING):
            continue
        return self.ws.close_code


@asynccontextmanager
async def connected(api: Api, *, who: str = "alice", payload: Any = None, **headers: str) -> AsyncIterator[Socket]:
    """Connect, and say who it is."""
    async with api.client.ws_connect("/graphql", protocols=[PROTOCOL], headers=headers) as ws:
        socket = Socket(ws)
        await socket.say("connection_init", payload=payload or {"Authorization": f"Bearer {token(who)}"})
        assert await socket.hear() == {"type": "connection_ack"}
        yield socket


class Events:
    """One stream of events."""

    def __init__(self, response: ClientResponse) -> None:
        self.response = response

    async def event(self) -> tuple[str, Any] | None:
        """Return the next event and its data, None at the end of the stream."""
        name, data = "", ""
        async with asyncio.timeout(PATIENCE_S):
            async for raw in self.response.content:
                line = raw.decode().rstrip("\n")
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data:"):
                    data = line.removeprefix("data:").strip()
                elif not line and name:
                    return name, json.loads(data) if data else None
        return None

    async def page(self) -> Any:
        """Return the next page of a subscription."""
        said = await self.event()
        assert said is not None
        assert (said[0], list(said[1])) == ("next", ["data"]), said
        return said[1]["data"]["sync"]


@asynccontextmanager
async def streamed(
    api: Api, given: str | None = None, *, who: str = "alice", query: str = SUBSCRIBE, headers: Any = None, **variables: Any
) -> AsyncIterator[Events]:
    """Ask for events."""
    asked = {"Authorization": f"Bearer {token(who)}", "Accept": "text/event-stream", **(headers or {})}
    body = {"query": query, "variables": {"t": given, **variables}}
    async with api.client.post("/graphql", json=body, headers=asked) as response:
        yield Events(response)
