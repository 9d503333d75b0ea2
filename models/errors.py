"""Every failure that is expected, with its code; the docstring is the message a client reads.

Rule: a refusal (`PolluxError`) becomes an entry of the response's errors; a `Mistake`, which the user can mend,
becomes a `userErrors` entry of the mutation's payload. Anything else is a defect and shows nothing of itself.
"""

import math
from collections.abc import Sequence
from enum import Enum


class ErrorCode(Enum):
    """`errors[].extensions.code` of an answer."""

    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    BAD_REQUEST = "BAD_REQUEST"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    QUERY_TOO_COMPLEX = "QUERY_TOO_COMPLEX"
    RATE_LIMITED = "RATE_LIMITED"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    PERSISTED_QUERY_MISMATCH = "PERSISTED_QUERY_MISMATCH"
    UNTRUSTED_DOCUMENT = "UNTRUSTED_DOCUMENT"
    INVALID_CURSOR = "INVALID_CURSOR"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"


class PolluxError(Exception):
    """Something was refused."""

    code: ErrorCode = ErrorCode.INTERNAL_SERVER_ERROR

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())

    def extensions(self) -> dict[str, str | int | bool]:
        """What `errors[].extensions` holds."""
        return {"code": self.code.value}


class BadUserInput(PolluxError):
    """An argument is malformed."""

    code = ErrorCode.BAD_USER_INPUT


class NotFound(PolluxError):
    """There is no such thing, or you may not see it."""

    code = ErrorCode.NOT_FOUND


class Forbidden(PolluxError):
    """Your roles do not allow this."""

    code = ErrorCode.FORBIDDEN


class TooComplex(PolluxError):
    """The operation asks for more than one request may."""

    code = ErrorCode.QUERY_TOO_COMPLEX

    def __init__(self, message: str, *, cost: int | None = None) -> None:
        super().__init__(message)
        self.cost = cost

    def extensions(self) -> dict[str, str | int | bool]:
        return {**super().extensions(), **({"cost": self.cost} if self.cost is not None else {})}


class RateLimited(PolluxError):
    """Too much was asked; ask again later."""

    code = ErrorCode.RATE_LIMITED

    def __init__(self, retry_after_s: float) -> None:
        super().__init__()
        self.retry_after_ms = max(1, math.ceil(1000 * retry_after_s))

    def extensions(self) -> dict[str, str | int | bool]:
        return {**super().extensions(), "retryAfterMs": self.retry_after_ms}


class UnauthenticatedReason(Enum):
    MISSING = "missing"
    INVALID = "invalid"
    EXPIRED = "expired"


class Unauthenticated(PolluxError):
    """Send `Authorization: Bearer <token>` with a token that is valid now."""

    code = ErrorCode.UNAUTHENTICATED

    def __init__(self, reason: UnauthenticatedReason) -> None:
        super().__init__()
        self.reason = reason

    def extensions(self) -> dict[str, str | int | bool]:
        return {**super().extensions(), "reason": self.reason.value}


class InvalidCursor(PolluxError):
    """The cursor does not belong here; start again without one."""

    code = ErrorCode.INVALID_CURSOR

    def __init__(self, *, reset: bool = False) -> None:
        super().__init__()
        self.reset = reset

    def extensions(self) -> dict[str, str | int | bool]:
        return {**super().extensions(), "reset": True} if self.reset else super().extensions()


class Unavailable(PolluxError):
    """The database cannot answer right now; ask again shortly."""

    code = ErrorCode.UNAVAILABLE

    def __init__(self, retry_after_ms: int = 1000) -> None:
        super().__init__()
        self.retry_after_ms = retry_after_ms

    def extensions(self) -> dict[str, str | int | bool]:
        return {**super().extensions(), "retryAfterMs": self.retry_after_ms}


class Overloaded(Unavailable):
    """This server has as many connections open as it may; try again shortly."""


class Shed(Unavailable):
    """This server has more to do than it can; ask again when `retryAfterMs` are over."""


class AskedTooSoon(RateLimited):
    """You asked sooner than you were told to, and this server has more to do than it can."""


class MistakeCode(Enum):
    """`userErrors[].code` of a payload."""

    BLANK = "BLANK"
    TOO_LONG = "TOO_LONG"
    INVALID = "INVALID"
    TAKEN = "TAKEN"
    ARCHIVED = "ARCHIVED"
    NOT_A_MEMBER = "NOT_A_MEMBER"
    NOT_THE_AUTHOR = "NOT_THE_AUTHOR"
    NOT_ALLOWED = "NOT_ALLOWED"
    LAST_OWNER = "LAST_OWNER"
    ALREADY_DELETED = "ALREADY_DELETED"
    CONFLICT = "CONFLICT"


class Mistake(Exception):
    """A rule of content or state was broken; `field` is the path of the argument at fault."""

    def __init__(self, code: MistakeCode, message: str, field: Sequence[str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = list(field) if field is not None else None
