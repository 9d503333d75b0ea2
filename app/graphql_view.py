"""GraphQL over HTTP: one request in, one answer out.

Rule: the identity is known before anything of the operation is; every answer is JSON, and nothing internal shows.
A poll that was asked before is answered in four steps: whose token, which operation, which kept answer, does it hold.
Strawberry's aiohttp view is the frame (and brings its WebSockets later); what it does differently from the
specification is why `__call__` is ours.
"""

import asyncio
import logging
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from aiohttp import web
from graphql import GraphQLError, OperationType
from strawberry.aiohttp.views import GraphQLView

from app.cors import Cors
from app.documents import Phase
from app.graphiql import GraphiQLPage
from app.graphql_request import GRAPHQL_JSON, JSON, Malformed, parse_request, sent_request
from app.identity import Known, Viewers
from app.limits import Limits
from app.persisted import DocumentRefused, PersistedDocuments
from app.refusal import HttpRefusal
from app.replies import Asking, Replies, asking_of
from app.requests import Prepared, Refused, Requests
from app.responses import PRIVATE
from cache.answers import Answer, Answers
from cache.dependencies import Level
from models.errors import ErrorCode, PolluxError, Unauthenticated, Unavailable
from models.read_watch import watch
from realtime.pacing import ClientActivity, Interval
from resolvers.context import Context
from resolvers.polling import general_interval, show_general_interval
from resolvers.services import Services
from schema.build import PolluxSchema
from schema.errors import formatted, refusal
from schema.operation import run

log = logging.getLogger("pollux.http")

METHODS = ("GET", "POST", "QUERY")
ALLOW = ", ".join(METHODS)
# Status by phase, of answers in application/graphql-response+json and in application/json.
_STATUS = {
    Phase.MALFORMED: {GRAPHQL_JSON: 422, JSON: 400},
    Phase.PARSE: {GRAPHQL_JSON: 400, JSON: 200},
    Phase.COMPLEXITY: {GRAPHQL_JSON: 422, JSON: 200},
    Phase.UNKNOWN: {GRAPHQL_JSON: 200, JSON: 200},
    Phase.VALIDATION: {GRAPHQL_JSON: 422, JSON: 200},
}
_PARTIAL_STATUS = {GRAPHQL_JSON: 294, JSON: 200}


class ViewParts(NamedTuple):
    """The parts that the view puts together. `answers` is None where nothing is kept."""

    schema: PolluxSchema
    services: Services
    viewers: Viewers
    requests: Requests
    persisted: PersistedDocuments
    answers: Answers | None
    cors: Cors
    limits: Limits
    page: GraphiQLPage | None


class PolluxView(GraphQLView[Context, None]):
    """Answers /graphql."""

    def __init__(self, parts: ViewParts) -> None:
        super().__init__(schema=parts.schema, graphql_ide=None)
        self._parts = parts
        self._services = parts.services
        self._viewers = parts.viewers
        self._requests = parts.requests
        self._answers = parts.answers
        self._replies = Replies(parts.cors)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer one request; the only place where a failure of any kind ends."""
        if request.method == "OPTIONS":
            preflight = self._parts.cors.preflight(request.headers.get("Origin"))
            return web.Response(status=204, headers={**PRIVATE, "Allow": ALLOW, **preflight})
        asking = asking_of(request)
        try:
            return await self._answer(request, asking)
        except HttpRefusal as error:
            return self._refused(asking, error.status, error, error.headers)
        except Unauthenticated as error:
            return self._refused(asking, 401, error, {"WWW-Authenticate": "Bearer"})
        except Unavailable as error:
            retry = {"Retry-After": str(-(-error.retry_after_ms // 1000))}
            interval = {"X-Poll-Interval": f"{general_interval(self._services).milliseconds / 1000:g}"}
            return self._refused(asking, 503, error, {**retry, **interval})
        except Exception:
            log.exception("request %s failed", asking.request_id)
            return self._refused(asking, 500, PolluxError("Something went wrong on the server."), {})

    async def close(self, _app: web.Application) -> None:
        """Let nobody wait any longer: held polls are answered with what there is."""
        self._services.wake.close()

    async def _answer(self, request: web.Request, asking: Asking) -> web.StreamResponse:
        if request.method not in METHODS:
            raise HttpRefusal(405, f"Use {ALLOW}.", headers={"Allow": ALLOW})
        page, headers = self._parts.page, request.headers
        if page is not None and request.method == "GET" and "text/html" in headers.get("Accept", "") and _shows_page(request):
            return page.response(request.host)
        media_type = asking.media_type
        authorization = headers.get("Authorization", "")
        known = self._viewers.known(authorization) or await self._viewers.authorize(authorization)
        activity = _ACTIVITIES.get(headers.get("X-Client-Activity", ""), ClientActivity.ACTIVE)
        if activity is not ClientActivity.BACKGROUND:
            self._services.presence.seen(known.viewer.user_id)
        sent = await sent_request(request)
        prepared = self._requests.known(sent) or await self._prepared(sent)
        if isinstance(prepared, Refused):
            errors = formatted(prepared.errors, code=prepared.code, request_id=asking.request_id)
            return self._errors(asking, _STATUS[prepared.phase][media_type], {"errors": errors}, activity)
        if isinstance(prepared, DocumentRefused):
            return self._errors(asking, _STATUS[prepared.phase][media_type], {"errors": [refusal(prepared)]}, activity)
        _check_operation(prepared, safe=request.method != "POST")
        if prepared.sha256 is not None:
            self._parts.persisted.used(prepared.sha256)
        key: Hashable = None
        kept = present = None
        if prepared.key is not None and self._answers is not None:
            plan = prepared.operation.plan
            key = (prepared.key, None if plan is not None and plan.shared else known.viewer, activity.value)
            kept = self._answers.get(key)
            if kept is not None:
                present = await self._answers.check(kept, known.viewer.user_id)
                if present.holds:
                    return self._replies.to(asking, kept, known.tag, Level.RESPONSE)
        context = Context(self._services, known.viewer, activity)
        if present is not None:
            context.started_from(present.heads, present.inbox)
        return await self._executed(asking, prepared, context, known, key)

    async def _prepared(self, sent: bytes | str) -> Prepared | Refused | DocumentRefused:
        """Return a request that was not sent before ready to execute, or why it cannot be. Raises HttpRefusal."""
        try:
            asked = parse_request(sent)
            return self._requests.prepare(sent, asked, await self._parts.persisted.text_of(asked))
        except Malformed as error:
            return Refused(Phase.MALFORMED, ErrorCode.BAD_REQUEST, [GraphQLError(str(error))])
        except DocumentRefused as error:
            return error

    async def _executed(
        self, asking: Asking, prepared: Prepared, context: Context, known: Known, key: Hashable
    ) -> web.StreamResponse:
        operation = prepared.operation
        if operation.is_query:
            watch(context.undeclared)
        running = run(self._parts.schema, operation, context)
        # A client that goes away takes its query along; what changes something is brought to its end.
        result = await (running if operation.is_query else asyncio.shield(asyncio.ensure_future(running)))
        if result.errors:
            # What graphql-core itself finds while it executes is an argument: null, by a variable, where none may be.
            errors = formatted(result.errors, code=ErrorCode.BAD_USER_INPUT, request_id=asking.request_id)
            answer = {"errors": errors, "data": result.data, **self._extensions(prepared)}
            return self._errors(asking, _PARTIAL_STATUS[asking.media_type], answer, context.activity, context.intervals)
        body = orjson.dumps({"data": result.data, **self._extensions(prepared)})
        if not context.intervals:
            show_general_interval(context)
        shared = operation.plan is not None and operation.plan.shared
        done = Answer(body, context.depends, shared, self._interval_ms(context.activity, context.intervals))
        if not operation.is_query:
            return self._replies.to_mutation(asking, done)
        if self._answers is not None and key is not None:
            self._answers.keep(key, done)
        return self._replies.to(asking, done, known.tag, context.depends.level)

    def _extensions(self, prepared: Prepared) -> dict[str, Any]:
        """Return what an answer says besides its data, where it was asked to."""
        if not prepared.shows_cost:
            return {}
        return {"extensions": {"cost": {"requested": prepared.operation.cost, "limit": self._parts.limits.max_cost}}}

    def _interval_ms(self, activity: ClientActivity, intervals: Sequence[Interval]) -> int:
        """Return the smallest of the intervals that an answer holds, or the general one."""
        return min(one.milliseconds for one in intervals or [general_interval(self._services, activity)])

    def _errors(
        self, asking: Asking, status: int, answer: dict[str, Any], activity: ClientActivity, intervals: Sequence[Interval] = ()
    ) -> web.Response:
        interval = {"X-Poll-Interval": f"{self._interval_ms(activity, intervals) / 1000:g}"}
        return self._replies.unkept(asking, status, asking.media_type, answer, interval)

    def _refused(self, asking: Asking, status: int, error: PolluxError, headers: Mapping[str, str]) -> web.Response:
        return self._replies.unkept(asking, status, JSON, {"errors": [refusal(error)]}, headers)


_ACTIVITIES = {name: activity for activity in ClientActivity for name in (activity.value, activity.value.lower())}


def _shows_page(request: web.Request) -> bool:
    """Whether a browser that asks for a page means GraphiQL, rather than the answer to a query."""
    return not any(name in request.query for name in ("query", "documentId", "extensions"))


def _check_operation(prepared: Prepared, *, safe: bool) -> None:
    """Raise HttpRefusal for an operation that this way of asking does not allow."""
    kind = prepared.operation.node.operation
    if kind is OperationType.MUTATION and safe:
        raise HttpRefusal(405, "Mutations need POST.", headers={"Allow": "POST"})
    if kind is OperationType.SUBSCRIPTION:
        raise HttpRefusal(400, "Subscriptions need a connection that stays open.")
