"""A WebSocket that speaks graphql-transport-ws: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md.

Rule: Strawberry's handler keeps the states of the protocol; what a message asks for goes the way of every request. A
subscription that the server ends is not completed: the connection is closed, so that its client begins again.
"""

import asyncio
import json
from collections.abc import Mapping
from contextlib import aclosing, suppress
from datetime import timedelta
from itertools import count
from typing import Any, NamedTuple, cast

import orjson
from aiohttp import WSCloseCode, web
from strawberry.aiohttp.views import AiohttpWebSocketAdapter
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.types.unset import UNSET

from app.admission import admit
from app.charges import Charges, Payer
from app.graphql_request import LONGEST_NAME, is_name, parse_json
from app.identity import Known, Viewers
from app.open_connections import GOODBYE_S, PING_S, OpenConnection, OpenConnections
from app.operations import Operations, Rejected
from app.refusal import HttpRefusal
from app.responses import SERVER
from models.errors import ErrorCode, PolluxError, RateLimited, Unauthenticated, Unavailable
from realtime.pacing import ClientActivity
from realtime.shedding import Shedding
from realtime.wake import Stopped
from resolvers.context import Context
from resolvers.services import Services
from schema.errors import refusal

# A client says who it is at once, or holds a connection for nothing.
INIT_S = 10.0
MAX_OPERATIONS = 20
# What has arrived is read without waiting; after so many messages everything else that is due comes first.
MESSAGES_A_TURN = 50
FORBIDDEN, UNAUTHORIZED, UNACCEPTABLE, TAKEN = 4403, 4401, 4406, 4409
# A close frame's reason: what a control frame holds, less the code (RFC 6455, 5.5).
LONGEST_REASON_BYTES = 123


class SocketParts(NamedTuple):
    services: Services
    viewers: Viewers
    charges: Charges
    operations: Operations
    shedding: Shedding
    all_open: OpenConnections


class Socket(OpenConnection):
    """One WebSocket, from its handshake to its end."""

    def __init__(self, request: web.Request, parts: SocketParts, request_id: str, activity: ClientActivity) -> None:
        super().__init__(request)
        self._request = request
        # Compressing costs some 300 KiB a connection, and most pages are small.
        self._ws = web.WebSocketResponse(
            protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
            max_msg_size=request.client_max_size,
            compress=False,
            timeout=GOODBYE_S,
            heartbeat=2 * PING_S,
        )
        self._conversation = _Conversation(self, request, self._ws, parts, request_id, activity)

    @property
    def acceptable(self) -> bool:
        """Whether the request is a handshake."""
        return self._ws.can_prepare(self._request).ok

    async def converse(self) -> web.WebSocketResponse:
        """Shake hands and serve until the connection ends."""
        self._ws.headers.update(SERVER)
        await self._ws.prepare(self._request)
        if self._ws.ws_protocol == GRAPHQL_TRANSPORT_WS_PROTOCOL:
            await self._conversation.handle()
        else:
            await self._ws.close(code=UNACCEPTABLE, message=b"Subprotocol not acceptable")
        return self._ws

    async def ping(self) -> None:
        with suppress(WebSocketDisconnected):
            await self._conversation.send_message({"type": "ping"})

    async def expire(self) -> None:
        await self._ws.close(code=FORBIDDEN, message=b"The token has expired")

    async def go_away(self) -> None:
        await self._ws.close(code=WSCloseCode.GOING_AWAY, message=b"The server stops")

    async def start_again(self) -> None:
        """End the connection so that its client makes another, by which it is known anew."""
        await self._ws.close(code=WSCloseCode.SERVICE_RESTART, message=b"Connect again")


class _Adapter(AiohttpWebSocketAdapter):
    """Sends what the conversation says, and tells the connection that it does."""

    def __init__(self, codec: "_Conversation", request: web.Request, ws: web.WebSocketResponse, socket: Socket) -> None:
        super().__init__(cast(Any, codec), request, ws)
        self._socket = socket

    async def send_json(self, message: Mapping[str, object]) -> None:
        with self._socket.written():
            await super().send_json(message)

    async def close(self, code: int, reason: str) -> None:
        await self.ws.close(code=code, message=reason.encode(errors="replace")[:LONGEST_REASON_BYTES])


class _Conversation(BaseGraphQLTransportWSHandler[None, None]):
    """The states of one connection. Of a view the handler asks who may connect, and its JSON: both are here."""

    def __init__(
        self,
        socket: Socket,
        request: web.Request,
        ws: web.WebSocketResponse,
        parts: SocketParts,
        request_id: str,
        activity: ClientActivity,
    ) -> None:
        super().__init__(
            view=cast(Any, self),
            websocket=_Adapter(self, request, ws, socket),
            context=None,
            root_value=None,
            schema=cast(Any, None),  # it would run operations by Strawberry's own means
            connection_init_wait_timeout=timedelta(seconds=INIT_S),
        )
        self._socket = socket
        self._parts = parts
        self._request = request
        self._request_ids = (f"{request_id}.{number}" for number in count(1))
        self._activity = activity
        self._payload: Mapping[str, object] = {}
        self._known: Known | None = None
        self._heard = 0

    def encode_json(self, message: object) -> str:
        """Return a message as text."""
        return orjson.dumps(message).decode()

    def decode_json(self, text: str) -> object:
        """Return what a text says. Raises JSONDecodeError."""
        try:
            return parse_json(text.encode(errors="surrogatepass"))
        except HttpRefusal as error:
            raise json.JSONDecodeError(str(error), "", 0) from None

    async def handle_connection_init(self, message: Any) -> None:
        self._payload = message.get("payload") or {}
        await super().handle_connection_init(message if message.get("payload") is not None else {"type": "connection_init"})

    async def on_ws_connect(self, _context: None) -> Any:
        """Let in who has a token; the acknowledgement has no payload. Raises ConnectionRejectionError, WebSocketDisconnected."""
        given = [value for key, value in self._payload.items() if key.lower() == "authorization"]
        authorization = given[0] if len(given) == 1 and isinstance(given[0], str) else ""
        try:
            viewers, charges = self._parts.viewers, self._parts.charges
            known = viewers.known(authorization) or await charges.authorized(self._request, viewers, authorization)
        except (Unauthenticated, RateLimited):
            raise ConnectionRejectionError from None
        except Unavailable as error:
            await self.websocket.close(WSCloseCode.TRY_AGAIN_LATER, str(error))
            raise WebSocketDisconnected from None
        if known.expired:
            raise ConnectionRejectionError
        if not self._parts.all_open.give(self._socket, known.viewer):
            await self.websocket.close(WSCloseCode.TRY_AGAIN_LATER, "Too many connections")
            raise WebSocketDisconnected
        self._known = known
        self._socket.expires_s = known.expires_s
        if self._activity is not ClientActivity.BACKGROUND:
            self._parts.services.presence.seen(known.viewer.user_id)
        return UNSET

    async def handle_message(self, message: Any) -> None:
        kinds = {"type": str, "id": str}
        if not isinstance(message, dict) or any(not isinstance(message[key], kinds[key]) for key in kinds if key in message):
            await self.handle_invalid_message("This is not a message of graphql-transport-ws")
            return
        if not is_name(message.get("id", "")):
            await self.handle_invalid_message(f"The id is longer than {LONGEST_NAME} characters, or is no text")
            return
        self._heard += 1
        if self._heard % MESSAGES_A_TURN == 0:
            await asyncio.sleep(0)
        await super().handle_message(cast(Any, message))

    async def handle_subscribe(self, message: Any) -> None:
        if not self.connection_acknowledged:
            await self.websocket.close(UNAUTHORIZED, "Unauthorized")
            return
        name, payload = message["id"], message["payload"]
        if name in self.operations:
            await self.websocket.close(TAKEN, f"Subscriber for {name} already exists")
            return
        if not isinstance(payload, dict):
            await self.handle_invalid_message("The payload is not an object")
            return
        operation: Operation[None, None] = Operation(self, name, "", None, None)
        operation.task = asyncio.create_task(self._answer(operation, payload), name="operation")
        operation.task.add_done_callback(self._task_done)
        self.operations[name] = operation

    async def _answer(self, operation: Operation[None, None], payload: dict[str, Any]) -> None:
        """Send the results of an operation, and that it is complete unless the server ends it."""
        try:
            errors = await self._send_results(operation, payload)
        except WebSocketDisconnected:
            return  # the conversation ends by itself
        except Stopped as stopped:
            await (self._socket.go_away() if stopped.server_stops else self._socket.start_again())
            return
        except PolluxError as error:
            errors = [refusal(error)]
        last: Any = {"id": operation.id, "type": "error", "payload": errors} if errors else {"id": operation.id, "type": "complete"}
        with suppress(WebSocketDisconnected):
            await operation.send_operation_message(last)

    async def _send_results(self, operation: Operation[None, None], payload: dict[str, Any]) -> list[dict[str, Any]]:
        """Send results as they come; returns why there are none where the request cannot be executed."""
        assert self._known is not None
        if len(self.operations) > MAX_OPERATIONS:
            raise HttpRefusal(429, f"At most {MAX_OPERATIONS} operations at once on a connection.", code=ErrorCode.BAD_REQUEST)
        request_id, viewer = next(self._request_ids), self._known.viewer
        payer = Payer(self._parts.charges, self._request, viewer)
        prepared = await self._parts.operations.prepared(_sent(payload), request_id, payer)
        if isinstance(prepared, Rejected):
            return prepared.errors
        admit(self._parts.shedding, viewer.user_id, prepared)
        await payer.operation(prepared.operation)
        context = Context(self._parts.services, viewer, self._activity)
        async with aclosing(self._parts.operations.results(prepared, context, request_id, payer)) as results:
            async for body in results:
                following = {"id": operation.id, "type": "next", "payload": orjson.Fragment(body)}
                await operation.send_operation_message(cast(Any, following))
        return []


def _sent(payload: dict[str, Any]) -> bytes:
    """Return a payload as the body of a request."""
    try:
        return orjson.dumps(payload)
    except (orjson.JSONEncodeError, TypeError):
        return json.dumps(payload).encode()  # a lone surrogate or a number beyond 64 bits, at which its argument is refused
