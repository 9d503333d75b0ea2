"""The one place where failures become GraphQL errors.

Rule: an expected failure shows its code and message; anything else shows INTERNAL_SERVER_ERROR and the request's id,
and is logged whole.
"""

import logging
from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError

from models.errors import ErrorCode, PolluxError

log = logging.getLogger("pollux.errors")


def formatted(errors: Sequence[GraphQLError], *, code: ErrorCode, request_id: str) -> list[dict[str, Any]]:
    """Return errors as an answer shows them; `code` is that of errors GraphQL itself found in this phase.

    They stand in the order of the document, not in that in which fields beside one another happened to fail.
    """
    return [_formatted(error, code, request_id) for error in sorted(errors, key=_place)]


def _place(error: GraphQLError) -> tuple[list[tuple[int, int]], list[str | int]]:
    """Return where an error is: equal places have equal steps, so that names meet names and numbers numbers."""
    return [(place.line, place.column) for place in error.locations or ()], error.path or []


def refusal(error: PolluxError) -> dict[str, Any]:
    """Return a failure that happened before GraphQL ran."""
    return {"message": _clean(str(error)), "extensions": error.extensions()}


def _formatted(error: GraphQLError, code: ErrorCode, request_id: str) -> dict[str, Any]:
    cause = error.original_error
    shown: dict[str, Any] = {"message": _clean(error.message)}
    if error.locations:
        shown["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        shown["path"] = error.path
    if isinstance(cause, PolluxError):
        return {**shown, "extensions": cause.extensions()}
    if cause is None or isinstance(cause, GraphQLError):
        return {**shown, "extensions": {"code": code.value}}
    log.error("request %s failed at %s", request_id, error.path, exc_info=cause)
    extensions = {"code": ErrorCode.INTERNAL_SERVER_ERROR.value, "requestId": request_id}
    return {**shown, "message": "Something went wrong on the server.", "extensions": extensions}


def _clean(message: str) -> str:
    """A message may quote what a client sent, which may hold what JSON cannot."""
    return message.encode(errors="replace").decode()
