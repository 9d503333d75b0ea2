"""Errors of the HTTP server itself, in the shape of all others."""

from collections.abc import Awaitable, Callable

import orjson
from aiohttp import web

from models.errors import ErrorCode

_CODES = {401: ErrorCode.UNAUTHENTICATED, 404: ErrorCode.NOT_FOUND, 403: ErrorCode.FORBIDDEN}
_KEPT_HEADERS = ("Allow", "Location", "Retry-After", "WWW-Authenticate")


@web.middleware
async def json_errors(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    """Answer an error status as JSON with `errors[].extensions.code`."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        code = _CODES.get(error.status, ErrorCode.BAD_REQUEST)
        body = {"errors": [{"message": error.reason, "extensions": {"code": code.value}}]}
        kept = {name: error.headers[name] for name in _KEPT_HEADERS if name in error.headers}
        return web.Response(
            status=error.status,
            body=orjson.dumps(body),
            content_type="application/json",
            headers={"Cache-Control": "no-store", **kept},
        )
