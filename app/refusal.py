"""Refusals: what the edge answers before GraphQL runs."""

from collections.abc import Mapping

from models.errors import ErrorCode, PolluxError


class HttpRefusal(PolluxError):
    """A request that is answered with a status and no GraphQL."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: ErrorCode = ErrorCode.BAD_REQUEST,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})
