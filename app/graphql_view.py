"""GraphQL at one address: one request in, one answer out, or a connection that stays open.

Rule: the identity is known before anything of the operation is; every answer is JSON, and nothing internal shows.
A poll that was asked before is answered in four steps: whose token, which operation, which kept answer, does it hold.
Strawberry's aiohttp view is the frame; what it does differently from the specification is why `__call__` is ours.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Hashable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import orjson
from aiohttp import web
from strawberry.aiohttp.views import GraphQLView

from app.admission import admit, admit_socket, note_told
from app.charges import POLL, Charges, Payer
from app.cors import Cors
from app.event_stream import EventStream, is_streamed
from app.graphiql import GraphiQLPage
from app.graphql_request import EVENTS, JSON, activity_of, sent_request, shows_page
from app.identity import Known, Viewers
from app.kept_polls import KeptPolls, key_of
from app.limits import Limits
from app.open_connections import OpenConnections
from app.operations import Operations, Rejected
from app.persisted import PersistedDocuments
from app.poll_tally import Counted
from app.refusal import HttpRefusal
from app.replies import Asking, Replies, asking_of
from app.requests import Prepared, Requests
from app.responses import PRIVATE, SERVER
from app.socket import Socket, SocketParts
from app.statuses import PARTIAL_STATUS, STATUS
from cache.answers import Answer, Answers
from models.errors import ErrorCode, Overloaded, PolluxError, RateLimited, Unauthenticated, UnauthenticatedReason, Unavailable
from models.read_watch import watch
from models.tasks import end
from realtime.pacing import ClientActivity, Interval
from realtime.shedding import Demand, Shedding
from resolvers.context import Context
from resolvers.polling import general_interval, show_general_interval
from resolvers.presence import seen_until_next
from resolvers.services import Services
from schema.build import PolluxSchema
from schema.errors import refusal

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


class PolluxView(GraphQLView[Context, None]):
    """Answers /graphql."""

    def __init__(self, parts: ViewParts) -> None:
        super().__init__(schema=parts.schema, graphql_ide=None)
        self._parts = parts
        self._services = parts.services
        self._viewers = parts.viewers
        self._answers = answers = parts.answers
        self._shedding = shedding = parts.shedding
        self._replies = replies = Replies(parts.cors)
        self._operations = operations = Operations(parts.schema, parts.requests, parts.persisted, parts.limits)
        # None where nothing is kept.
        self.polls: KeptPolls | None = None
        if answers is not None:
            presence = parts.services.presence
            self.polls = KeptPolls(parts.viewers, operations, answers, parts.charges, presence, shedding, replies)
        self._socket_parts = SocketParts(parts.services, parts.viewers, parts.charges, self._operations)
        self._open = OpenConnections(parts.max_open)

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
        except HttpRefusal as error:
            return self._refused(asking, error.status, error, error.headers)
        except Unauthenticated as error:
            return self._refused(asking, 401, error, {"WWW-Authenticate": "Bearer"})
        except (RateLimited, Unavailable) as error:
            retry = {"Retry-After": str(-(-error.retry_after_ms // 1000))}
            interval = {"X-Poll-Interval": f"{general_interval(self._services).milliseconds / 1000:g}"}
            return self._refused(asking, 429 if isinstance(error, RateLimited) else 503, error, {**retry, **interval})
        except Exception:
            log.exception("request %s failed", asking.request_id)
            return self._refused(asking, 500, PolluxError("Something went wrong on the server."), {})

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
        if self.polls is not None:
            self.polls.closed = True
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
        authorization = headers.get("Authorization", "")
        known = self._viewers.known(authorization) or await self._parts.charges.authorized(request, self._viewers, authorization)
        asking.payer = payer = Payer(self._parts.charges, request, known.viewer)
        if not payer.polls():
            await payer.spend(POLL)
        activity = activity_of(headers)
        if activity is not ClientActivity.BACKGROUND:
            self._services.presence.seen(known.viewer.user_id)
        sent = await sent_request(request)
        prepared = await self._operations.prepared(sent, asking.request_id, payer)
        if isinstance(prepared, Rejected):
            if accepted.media_type == EVENTS:
                return await self._streamed(request, asking, _once({"errors": prepared.errors}), known, activity)
            return self._errors(asking, STATUS[prepared.phase][accepted.media_type], {"errors": prepared.errors}, activity)
        if is_streamed(prepared, accepted, safe=request.method != "POST"):
            admit(self._shedding, known.viewer.user_id, prepared)
            await payer.operation(prepared.operation)
            context = Context(self._services, known.viewer, activity)
            results = self._operations.results(prepared, context, asking.request_id, payer)
            return await self._streamed(request, asking, results, known, activity)
        key, present = key_of(prepared, known, activity), None
        if key is not None and self.polls is not None:
            kept, present = await self.polls.look(asking, key, known)
            if kept is not None and present is not None and present.holds:
                return self.polls.reply(asking, kept, known, prepared)
        admit(self._shedding, known.viewer.user_id, prepared)
        await payer.operation(prepared.operation)
        context = Context(self._services, known.viewer, activity)
        if present is not None:
            context.started_from(present.heads, present.inbox)
        return await self._executed(asking, prepared, context, known, key, payer)

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
        """Answer with events. Raises Overloaded, Unauthenticated."""
        if self._open.refused:
            raise Overloaded
        if known.expired:
            raise Unauthenticated(UnauthenticatedReason.EXPIRED)
        headers = self._replies.to_events(asking, self._interval(activity, ()).milliseconds)
        stream = EventStream(request, headers, known.expires_s)
        async with self._open.kept(stream):
            return await stream.send(results)

    async def _executed(
        self, asking: Asking, prepared: Prepared, context: Context, known: Known, key: Hashable, payer: Payer
    ) -> web.StreamResponse:
        operation = prepared.operation
        if operation.is_query:
            watch(context.undeclared)
        result = await self._operations.executed(prepared, context)
        if result.errors:
            answer = self._operations.answer_of(prepared, result, asking.request_id)
            status = PARTIAL_STATUS[asking.accepted.media_type]
            return self._errors(asking, status, answer, context.activity, context.intervals)
        body = orjson.dumps(self._operations.answer_of(prepared, result, asking.request_id))
        payer.answered(len(body))
        if not context.intervals:
            show_general_interval(context)
        shared = operation.plan is not None and operation.plan.shared
        interval = self._interval(context.activity, context.intervals)
        sent = partial(self._services.pace.fleet.polled, interval.counted)
        done = Answer(body, context.depends, shared, interval.milliseconds, sent)
        tally = self._parts.requests.tallies.held(prepared.tally) if context.depends.held else prepared.tally
        asking.answered(tally, context.depends.level, context.depends)
        if not operation.is_query:
            return self._replies.to_mutation(asking, done)
        done.sent()
        if self._shedding.watching:
            note_told(self._shedding, known.viewer.user_id, prepared, interval.milliseconds)
        seen_until_next(context, interval.milliseconds)
        if self._answers is not None and key is not None:
            self._answers.keep(key, done)
        return self._replies.to(asking, done, known.tag, context.depends.level)

    def _interval(self, activity: ClientActivity, intervals: Sequence[Interval]) -> Interval:
        """Return the smallest of the intervals that an answer holds, or the general one."""
        return min(intervals or [general_interval(self._services, activity)], key=lambda one: one.milliseconds)

    def _errors(
        self, asking: Asking, status: int, answer: dict[str, Any], activity: ClientActivity, intervals: Sequence[Interval] = ()
    ) -> web.StreamResponse:
        interval = {"X-Poll-Interval": f"{self._interval(activity, intervals).milliseconds / 1000:g}"}
        return self._replies.unkept(asking, status, asking.accepted.media_type, answer, interval)

    def _refused(self, asking: Asking, status: int, error: PolluxError, headers: Mapping[str, str]) -> web.StreamResponse:
        return self._replies.unkept(asking, status, JSON, {"errors": [refusal(error)]}, headers)


async def _once(answer: dict[str, Any]) -> AsyncGenerator[bytes, None]:
    yield orjson.dumps(answer)
