"""GraphQL over HTTP: one request in, one answer out.

Rule: the identity is known before anything of the operation is; every answer is JSON, and nothing internal shows.
Strawberry's aiohttp view is the frame (and brings its WebSockets later); what it does differently from the
specification is why `__call__` is ours.
"""

import logging
import re
import secrets
from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web
from graphql import ExecutionResult, GraphQLError, OperationDefinitionNode, OperationType, execute, get_operation_ast
from graphql.execution.values import get_variable_values
from strawberry.aiohttp.views import GraphQLView

from app.cors import Cors
from app.documents import Documents, Phase
from app.graphiql import GraphiQLPage
from app.graphql_request import GRAPHQL_JSON, JSON, GraphQLRequest, Malformed, read_request, response_media_type
from app.identity import Tokens, Viewers
from app.persisted import DocumentRefused, PersistedDocuments
from app.refusal import HttpRefusal
from models.errors import ErrorCode, PolluxError, Unauthenticated, UnauthenticatedReason, Unavailable
from realtime.pacing import ClientActivity, Interval
from resolvers.context import Context
from resolvers.polling import general_interval
from resolvers.services import Services
from schema.build import PolluxSchema
from schema.errors import formatted, refusal

log = logging.getLogger("pollux.http")

METHODS = ("GET", "POST", "QUERY")
ALLOW = ", ".join(METHODS)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
# Status by phase, of answers in application/graphql-response+json and in application/json.
_STATUS = {
    Phase.MALFORMED: {GRAPHQL_JSON: 422, JSON: 400},
    Phase.PARSE: {GRAPHQL_JSON: 400, JSON: 200},
    Phase.UNKNOWN: {GRAPHQL_JSON: 200, JSON: 200},
    Phase.VALIDATION: {GRAPHQL_JSON: 422, JSON: 200},
}
_PARTIAL_STATUS = {GRAPHQL_JSON: 294, JSON: 200}
_PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Accept, Accept-Encoding, Origin"}
_REFUSED = {**_PRIVATE, "Cache-Control": "no-store"}


class PolluxView(GraphQLView[Context, None]):
    """Answers /graphql."""

    def __init__(
        self,
        schema: PolluxSchema,
        services: Services,
        tokens: Tokens,
        viewers: Viewers,
        documents: Documents,
        persisted: PersistedDocuments,
        cors: Cors,
        page: GraphiQLPage | None,
    ) -> None:
        super().__init__(schema=schema, graphql_ide=None)
        self._graphql = schema._schema  # graphql-core's own, which execution is handed
        self._executor = schema.execution_context_class
        self._services = services
        self._tokens = tokens
        self._viewers = viewers
        self._documents = documents
        self._persisted = persisted
        self._cors = cors
        self._page = page

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, for the sites that may read it too."""
        origin = request.headers.get("Origin")
        if request.method == "OPTIONS":
            return web.Response(status=204, headers={**_PRIVATE, "Allow": ALLOW, **self._cors.preflight(origin)})
        response = await self._answer_or_refuse(request)
        response.headers.update(self._cors.headers(origin))
        return response

    async def _answer_or_refuse(self, request: web.Request) -> web.StreamResponse:
        """Answer one request; the only place where a failure of any kind ends."""
        request_id = _request_id(request)
        try:
            return await self._answer(request, request_id)
        except HttpRefusal as error:
            return _refused(error.status, error, request_id, error.headers)
        except Unauthenticated as error:
            return _refused(401, error, request_id, {"WWW-Authenticate": "Bearer"})
        except Unavailable as error:
            headers = {"Retry-After": str(-(-error.retry_after_ms // 1000)), **_poll_interval([general_interval(self._services)])}
            return _refused(503, error, request_id, headers)
        except Exception:
            log.exception("request %s failed", request_id)
            return _refused(500, PolluxError("Something went wrong on the server."), request_id, {})

    async def _answer(self, request: web.Request, request_id: str) -> web.StreamResponse:
        if request.method not in METHODS:
            raise HttpRefusal(405, f"Use {ALLOW}.", headers={"Allow": ALLOW})
        accept = request.headers.get("Accept", "")
        if self._page is not None and request.method == "GET" and "text/html" in accept and "query" not in request.query:
            return self._page.response(request.host)
        media_type = response_media_type(accept)
        context = await self._context(request)
        try:
            asked = await read_request(request)
            text = await self._persisted.text_of(asked)
        except Malformed as error:
            answer = _errors([GraphQLError(str(error))], ErrorCode.BAD_REQUEST, request_id)
            return _response(_STATUS[Phase.MALFORMED][media_type], answer, media_type, request_id, context)
        except DocumentRefused as error:
            return _response(_STATUS[error.phase][media_type], {"errors": [refusal(error)]}, media_type, request_id, context)
        status, answer = await self._run(asked, text, context, media_type, request_id, safe=request.method != "POST")
        return _response(status, answer, media_type, request_id, context)

    async def _context(self, request: web.Request) -> Context:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated(UnauthenticatedReason.MISSING)
        viewer = await self._viewers.viewer(self._tokens.verify(token.strip()))
        activity = request.headers.get("X-Client-Activity", "").upper()
        known = ClientActivity[activity] if activity in ClientActivity.__members__ else ClientActivity.ACTIVE
        if known is not ClientActivity.BACKGROUND:
            self._services.presence.seen(viewer.user_id)
        return Context(self._services, viewer, known)

    async def _run(
        self, asked: GraphQLRequest, text: str, context: Context, media_type: str, request_id: str, *, safe: bool
    ) -> tuple[int, dict[str, Any]]:
        document = self._documents.read(text)
        if document.node is None or document.errors:
            parsing = document.phase is Phase.PARSE
            code = ErrorCode.GRAPHQL_PARSE_FAILED if parsing else ErrorCode.GRAPHQL_VALIDATION_FAILED
            return _STATUS[document.phase][media_type], _errors(document.errors, code, request_id)
        refused = _STATUS[Phase.VALIDATION][media_type]
        operation = get_operation_ast(document.node, asked.operation_name)
        if operation is None:
            wanted = f"named {asked.operation_name}" if asked.operation_name else "to run; name one with operationName"
            return refused, _errors([GraphQLError(f"There is no one operation {wanted}.")], ErrorCode.BAD_REQUEST, request_id)
        _check_operation(operation, safe=safe)
        variables = get_variable_values(self._graphql, operation.variable_definitions or (), asked.variables)
        if isinstance(variables, list):
            return refused, _errors(variables, ErrorCode.BAD_USER_INPUT, request_id)
        result = execute(
            self._graphql,
            document.node,
            variable_values=asked.variables,
            operation_name=asked.operation_name,
            context_value=context,
            executor_class=self._executor,
        )
        if not isinstance(result, ExecutionResult):
            result = await result
        answer: dict[str, Any] = {"data": result.data}
        if not result.errors:
            return 200, answer
        errors = formatted(result.errors, code=ErrorCode.INTERNAL_SERVER_ERROR, request_id=request_id)
        return _PARTIAL_STATUS[media_type], {"errors": errors, **answer}


def _check_operation(operation: OperationDefinitionNode, *, safe: bool) -> None:
    """Raise HttpRefusal for an operation that this way of asking does not allow."""
    if operation.operation is OperationType.MUTATION and safe:
        raise HttpRefusal(405, "Mutations need POST.", headers={"Allow": "POST"})
    if operation.operation is OperationType.SUBSCRIPTION:
        raise HttpRefusal(400, "Subscriptions need a connection that stays open.")


def _request_id(request: web.Request) -> str:
    given = request.headers.get("X-Request-Id", "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _errors(errors: list[GraphQLError], code: ErrorCode, request_id: str) -> dict[str, Any]:
    return {"errors": formatted(errors, code=code, request_id=request_id)}


def _response(status: int, answer: dict[str, Any], media_type: str, request_id: str, context: Context) -> web.Response:
    headers = {
        **(_REFUSED if "errors" in answer else _PRIVATE),
        "X-Request-Id": request_id,
        **_poll_interval(context.intervals or [general_interval(context.services, context.activity)]),
    }
    return web.Response(status=status, body=orjson.dumps(answer), content_type=media_type, charset="utf-8", headers=headers)


def _poll_interval(intervals: list[Interval]) -> dict[str, str]:
    return {"X-Poll-Interval": f"{min(interval.milliseconds for interval in intervals) / 1000:g}"}


def _refused(status: int, error: PolluxError, request_id: str, headers: Mapping[str, str]) -> web.Response:
    body = orjson.dumps({"errors": [refusal(error)]})
    return web.Response(
        status=status,
        body=body,
        content_type=JSON,
        charset="utf-8",
        headers={**_REFUSED, "X-Request-Id": request_id, **headers},
    )
