"""Errors: what can go wrong, with the server's code and what may be done about it."""

from collections.abc import Mapping, Sequence
from typing import Any

from pollux_client.protocol.failure import Failure, Kind


class PolluxError(Exception):
    """The server refused, or did not answer. `code` is one of the server's, or NETWORK, BAD_ANSWER, CLOSED.

    `kind` says whether it may be tried again, `retry_after_ms` how long the server wants to be left alone, and
    `extensions` all that it says beside its message.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        kind: Kind = Kind.FINAL,
        retry_after_ms: int | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.kind = kind
        self.retry_after_ms = retry_after_ms
        self.extensions = dict(extensions or {})

    @property
    def failure(self) -> Failure:
        """This error as the protocol sees it."""
        return Failure(self.kind, self.code, self.retry_after_ms)


class Unreachable(PolluxError):
    """There was no connection, no answer in time, or an answer from something in between."""


class Unauthenticated(PolluxError):
    """The token is missing, invalid or expired; `extensions["reason"]` says which, where the server does."""


class Forbidden(PolluxError):
    """The token's roles do not allow it."""


class NotFound(PolluxError):
    """There is no such thing, or the viewer may not see it."""


class BadUserInput(PolluxError):
    """An argument is malformed."""


class InvalidCursor(PolluxError):
    """The cursor does not belong there. With `extensions["reset"]` the history is another: begin again without one."""


class RateLimited(PolluxError):
    """Too much was asked; `retry_after_ms` says when it may be asked again."""


class Unavailable(PolluxError):
    """The server cannot answer right now; of a mutation the outcome is unknown."""


class ServerDefect(PolluxError):
    """The server has a defect."""


class Refused(PolluxError):
    """A rule of content or state was broken, which the user can mend: NOT_A_MEMBER, ARCHIVED, TOO_LONG, CONFLICT, …

    `field` is the path of the input at fault.
    """

    def __init__(self, message: str, *, code: str, field: Sequence[str] = ()) -> None:
        super().__init__(message, code=code)
        self.field = tuple(field)


class Closed(PolluxError):
    """The provider was closed. Whether a send that was on its way arrived is not known; it may be sent again with the same key."""

    def __init__(self) -> None:
        super().__init__("the provider is closed", code="CLOSED")


_BY_CODE: dict[str, type[PolluxError]] = {
    "UNAUTHENTICATED": Unauthenticated,
    "FORBIDDEN": Forbidden,
    "NOT_FOUND": NotFound,
    "BAD_USER_INPUT": BadUserInput,
    "INVALID_CURSOR": InvalidCursor,
    "RATE_LIMITED": RateLimited,
    "UNAVAILABLE": Unavailable,
    "INTERNAL_SERVER_ERROR": ServerDefect,
    "NETWORK": Unreachable,
}


def error_of(
    message: str,
    *,
    code: str,
    kind: Kind,
    retry_after_ms: int | None = None,
    extensions: Mapping[str, Any] | None = None,
) -> PolluxError:
    """Return the error of a code."""
    made = _BY_CODE.get(code, PolluxError)
    return made(message, code=code, kind=kind, retry_after_ms=retry_after_ms, extensions=extensions)
