"""GraphQL at one address: one request in, one answer out, or a connection that stays open.

Rule: the identity is known before anything of the operation is; every answer is JSON, and nothing internal shows.
A poll that was asked before is answered in four steps: whose token, which operation, which kept answer, does it hold.
Strawberry's aiohttp view is the frame; what it does differently from the specification is why `__call__` is ours.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any, NamedTuple

import orjson
from aiohttp import web
from strawberry.aiohttp.views import GraphQLView

from app.admission import admit, admit_socket
from app.answering import Answering
from app.charges import Charges
from app.cors import Cors
from app.event_stream import EventStream, is_streamed
from app.graphiql import GraphiQLPage
from app.graphql_request import EVENTS, SLOW_S, activity_of, sent_request, shows_page
from app.identity import Known, Viewers
from app.limits import Limits
from app.open_connections import OpenConnections
from app.operations import Operations, Rejected
from app.persisted import PersistedDocuments
from app.poll_tally import Counted
from app.refusal import HttpRefusal
from app.replies import Asking, Replies, asking_of
from app.requests import Requests
from app.responses import PRIVATE, SERVER
from app.socket import Socket, SocketParts
from cache.answers import Answers
from models.errors import ErrorCode, Overloaded, RateLimited, Unauthenticated, UnauthenticatedReason
from models.tasks import end
from realtime.pacing import ClientActivity
from realtime.shedding import Demand, Shedding
from resolvers.context import Context
from resolvers.services import Services
from schema.build import PolluxSchema

log = logging.getLogger("pollux.http")

METHODS = ("GET", "POST", "QUERY")
ALLOW = ", ".join(METHODS)


class ViewParts(NamedTuple):
    """The parts that the view puts together. `answers` is None where nothing is kept."""

    schema: PolluxSchema
    services: Services
    viewers: Viewers
    requests: Requests
    persisted: PersistedDocuments
    answers: Answers | None
    cors: Cors
    charges: Charges
    limits: Limits
    shedding: Shedding
    page: GraphiQLPage | None
    max_open: int
    max_open_of_user: float


class PolluxView(GraphQLView[Context, None]):
    """Answers /graphql."""

    def __init__(self, parts: ViewParts) -> None:
        super().__init__(schema=parts.schema, graphql_ide=None)
        self._parts = parts
        self._services = parts.services
        self._answers = parts.answers
        self._shedding = parts.shedding
        self._replies = Replies(parts.cors)
        self._operations = Operations(parts.schema, parts.requests, parts.persisted, parts.limits)
        self.answering = Answering(
            parts.services,
            parts.viewers,
            parts.requests,
            self._operations,
            parts.answers,
            parts.charges,
            parts.shedding,
            self._replies,
        )
        self._open = OpenConnections(parts.max_open, parts.max_open_of_user)
        self._socket_parts = SocketParts(parts.services, parts.viewers, parts.charges, self._operations, parts.shedding, self._open)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        return await self.respond(request, asking_of(request))

    async def respond(self, request: web.Request, asking: Asking) -> web.StreamResponse:
        """Answer one request; the only place where a failure of any kind ends."""
        if request.method == "OPTIONS":
            preflight = self._parts.cors.preflight(request.headers.get("Origin"))
            return web.Response(status=204, headers={**PRIVATE, **SERVER, "Allow": ALLOW, **preflight})
        try:
            return await self._answer(request, asking)
        except Exception as error:  # noqa: BLE001  # where failures end
            return self.answering.failed(asking, error)

    @property
    def counted(self) -> Counted:
        """What was counted of all answers."""
        return Counted(
            self._parts.requests.tallies.all(), self._replies.unchanged, self._replies.errors, self._answers, len(self._open)
        )

    @property
    def shed(self) -> Mapping[Demand, int]:
        """How many requests were refused because of load."""
        return self._shedding.shed

    async def running(self, _app: web.Application) -> AsyncIterator[None]:
        """Look after connections that stay open, and end them and every wait when the server stops."""
        task = asyncio.create_task(self._open.run(), name="open connections")
        yield
        await end(task)

    async def close(self, _app: web.Application) -> None:
        """Let nobody wait any longer: held polls are answered with what there is, connections are ended."""
        self.answering.closed = True
        self._services.wake.close()
        await self._open.close()

    async def _answer(self, request: web.Request, asking: Asking) -> web.StreamResponse:
        if request.method not in METHODS:
            raise HttpRefusal(405, f"Use {ALLOW}.", headers={"Allow": ALLOW})
        page, headers = self._parts.page, request.headers
        if "Upgrade" in headers and headers["Upgrade"].lower() == "websocket":
            return await self._converse(request, asking)
        if page is not None and request.method == "GET" and "text/html" in headers.get("Accept", "") and shows_page(request):
            return page.response(request.host)
        accepted = asking.accepted
        given = headers.getall("Authorization", ())
        if len(given) > 1:  # what is in front of this server may have looked at the other one
            raise HttpRefusal(400, "Send one Authorization header.")
        activity = activity_of(headers)
        known = await self.answering.identified(asking, request, given[0] if given else "", activity)
        prepared = await self.answering.prepared(asking, await sent_request(request))
        if isinstance(prepared, Rejected):
            if accepted.media_type == EVENTS:
                return await self._streamed(request, asking, _once({"errors": prepared.errors}), known, activity)
            return self.answering.rejected(asking, prepared, activity)
        if is_streamed(prepared, accepted, safe=request.method != "POST"):
            assert asking.payer is not None
            admit(self._shedding, known.viewer.user_id, prepared)
            await asking.payer.operation(prepared.operation)
            context = Context(self._services, known.viewer, activity)
            results = self._operations.results(prepared, context, asking.request_id, asking.payer)
            return await self._streamed(request, asking, results, known, activity)
        return await self.answering.answered(asking, known, activity, prepared)

    async def _converse(self, request: web.Request, asking: Asking) -> web.StreamResponse:
        """Serve a WebSocket until it ends. Raises HttpRefusal, Overloaded."""
        if not self._check_websocket_origin(request):
            raise HttpRefusal(403, "Scripts of this site may not connect.", code=ErrorCode.FORBIDDEN)
        if self._open.refused:
            raise Overloaded
        admit_socket(self._shedding)
        socket = Socket(request, self._socket_parts, asking.request_id, activity_of(request.headers))
        if not socket.acceptable:
            raise HttpRefusal(400, "This is not a handshake of a WebSocket.")
        async with self._open.kept(socket):
            return await socket.converse()

    def is_websocket_origin_allowed(self, request: web.Request, origin: str) -> bool:
        """Whether scripts of another site may connect."""
        return self._parts.cors.allows(origin)

    async def _streamed(
        self, request: web.Request, asking: Asking, results: AsyncGenerator[bytes, None], known: Known, activity: ClientActivity
    ) -> web.StreamResponse:
        """Answer with events. Raises Overloaded, RateLimited, Unauthenticated."""
        if self._open.refused:
            raise Overloaded
        if known.expired:
            raise Unauthenticated(UnauthenticatedReason.EXPIRED)
        headers = self._replies.to_events(asking, self.answering.interval(activity, ()).milliseconds)
        stream = EventStream(request, headers, known.expires_s)
        async with self._open.kept(stream):
            if not self._open.give(stream, known.viewer):
                raise RateLimited(SLOW_S)
            return await stream.send(results)


async def _once(answer: dict[str, Any]) -> AsyncGenerator[bytes, None]:
    yield orjson.dumps(answer)
