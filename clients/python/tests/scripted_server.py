"""A scripted server, which is no Pollux: it answers what a test wrote down, to see what the client makes of it.

What only a real server can show is in `tests/clients` of the repository.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import WSMsgType, web
from vectors import DEFAULTS, page_json

Answer = Mapping[str, Any] | Callable[[web.Request], Awaitable[web.StreamResponse]]
Json = dict[str, Any]


def page(token: str, **given: Any) -> Json:
    """Return the data of a sync page that says to ask again soon."""
    soon = {"milliseconds": 100, "reason": "BUSY", "activeUsers": None}
    return {"data": {"sync": page_json({"token": token, "pollingInterval": soon, **given})}}


def message(seq: int, **given: Any) -> Json:
    return {"seq": seq, "version": seq, "content": f"message {seq}", **given}


def delta(channel: str, *messages: Json, **given: Any) -> Json:
    head = f"{channel}:{max(one['seq'] for one in messages)}" if messages else None
    return {"channel": channel, "messages": list(messages), "headCursor": head, **given}


def accepted(seq: int = 1) -> Json:
    """Return the answer to a send that was accepted."""
    sent = {**DEFAULTS["message"], "channelId": "c1", "id": f"m-{seq}", "cursor": f"c1:{seq}", **message(seq)}
    return {"data": {"sendMessage": {"message": sent, "userErrors": []}}}


def refusal(code: str, **extensions: Any) -> Json:
    """Return an answer with an error."""
    return {"data": None, "errors": [{"message": f"it is {code}", "extensions": {"code": code, **extensions}}]}


def status(number: int, body: object = None, **headers: str) -> Answer:
    """Return an answer with a status; a body of JSON, or of HTML where it is a text."""

    async def answer(_: web.Request) -> web.Response:
        if isinstance(body, str):
            return web.Response(status=number, text=body, content_type="text/html", headers=headers)
        return web.Response(status=number, body=b"" if body is None else json.dumps(body).encode(), headers=headers)

    return answer


class Script:
    """Answers one request after the other; when the script is over, none."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[Json] = []
        self.headers: list[Mapping[str, str]] = []
        self.sockets: list[Callable[[Socket], Awaitable[None]]] = []
        self.over = asyncio.Event()

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/graphql", self._handle)
        app.on_shutdown.append(self._end)
        return app

    async def _end(self, _: web.Application) -> None:
        self.over.set()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.headers.append(request.headers.copy())
        if request.headers.get("Upgrade") == "websocket" and self.sockets:
            return await self._talk(request)
        self.asked.append({} if request.method == "GET" else await request.json())
        if not self.answers:
            await self.over.wait()
            return web.Response(status=500)
        answer = self.answers.pop(0)
        return web.json_response(answer) if isinstance(answer, Mapping) else await answer(request)

    async def _talk(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=("graphql-transport-ws",))
        await socket.prepare(request)
        await self.sockets.pop(0)(Socket(self, socket))
        return socket


class Socket:
    """The server's end of a WebSocket."""

    def __init__(self, script: Script, socket: web.WebSocketResponse) -> None:
        self._script = script
        self.raw = socket

    async def hear(self) -> Json:
        """Return what the client says next."""
        said = await self.raw.receive()
        assert said.type is WSMsgType.TEXT, said
        heard: Json = json.loads(said.data)
        self._script.asked.append(heard)
        return heard

    async def say(self, kind: str, **more: Any) -> None:
        await self.raw.send_str(json.dumps({"type": kind, **more}))

    async def begin(self) -> None:
        """Acknowledge the connection and take the subscription."""
        assert (await self.hear())["type"] == "connection_init"
        await self.say("connection_ack")
        assert (await self.hear())["type"] == "subscribe"

    async def give(self, answer: Json) -> None:
        """Send a page."""
        await self.say("next", id="1", payload=answer)

    async def idle(self) -> None:
        """Say nothing more until the client goes, or the test is over."""
        over = asyncio.ensure_future(self._script.over.wait())
        gone = asyncio.ensure_future(self.raw.receive())
        await asyncio.wait((over, gone), return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        gone.cancel()
