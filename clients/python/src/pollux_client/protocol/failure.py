"""Failures: what went wrong, and what that asks of the client."""

from enum import Enum
from typing import NamedTuple


class Kind(Enum):
    """What to do about a failure."""

    TRANSIENT = "transient"
    # A stream was ended in an orderly way: as transient, but the user need not hear of it.
    ENDED = "ended"
    IDENTITY = "identity"
    FINAL = "final"


class Failure(NamedTuple):
    """`code` is the server's, None where there was no answer of its; `retry_after_ms` what it said about asking again."""

    kind: Kind
    code: str | None = None
    retry_after_ms: int | None = None
    message: str = ""


_TRANSIENT_CODES = frozenset({"UNAVAILABLE", "RATE_LIMITED", "INTERNAL_SERVER_ERROR"})
_TRANSIENT_STATUSES = frozenset({408, 425, 429})
# Going away, normally closed, restarting.
_ENDED = frozenset({1000, 1001, 1012})
# graphql-transport-ws: a malformed message, no common subprotocol, a subscription's id used twice. All are defects of a client.
_FINAL_CLOSES = frozenset({4400, 4406, 4409})
_IDENTITY_CLOSES = frozenset({4401, 4403})


def kind_of(*, status: int | None = None, code: str | None = None, close_code: int | None = None) -> Kind:
    """Return what a failure is; nothing given means that there was no connection."""
    if code == "UNAUTHENTICATED" or close_code in _IDENTITY_CLOSES:
        return Kind.IDENTITY
    if code in _TRANSIENT_CODES:
        return Kind.TRANSIENT
    if close_code is not None:
        if close_code in _ENDED:
            return Kind.ENDED
        return Kind.FINAL if close_code in _FINAL_CLOSES else Kind.TRANSIENT
    if status is not None and status >= 300:
        if status == 401 and code is None:
            return Kind.IDENTITY
        return Kind.TRANSIENT if status >= 500 or status in _TRANSIENT_STATUSES else Kind.FINAL
    # An answer of the server's own with a code is final; one that is not GraphQL's comes from something in between.
    return Kind.TRANSIENT if code is None else Kind.FINAL
