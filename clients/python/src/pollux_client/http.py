"""GraphQL over HTTP: one operation a request, one answer or one error.

Rule: the bearer token goes to the URL that was given and nowhere else: redirects are not followed.
"""

import email.utils
import json
import os
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import aiohttp

from pollux_client.errors import PolluxError, error_of
from pollux_client.protocol.failure import Kind, kind_of
from pollux_client.token import Token, TokenSource

# Longer than the server's own deadlines (10 s for a send), so that its word comes first.
DEADLINE_S = 15.0
HEADERS = {"Accept": "application/graphql-response+json, application/json;q=0.9", "User-Agent": "pollux-client/0.1"}


class Answer(NamedTuple):
    """`data` is None where nothing changed since `etag`. `interval_ms` is when to ask again, None where it was not said."""

    data: dict[str, Any] | None
    etag: str | None
    interval_ms: int | None


class Http:
    """Asks one server as one viewer. The session is made at the first use, or is the caller's, who then closes it."""

    def __init__(self, url: str, token: Token, session: aiohttp.ClientSession | None = None) -> None:
        self.url = url
        self.tokens = TokenSource(token)
        self._session = session
        self._own = session is None

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    async def close(self) -> None:
        if self._own and self._session is not None:
            await self._session.close()

    async def bearer(self, *, instead_of: str | None = None) -> str:
        """Return a token; a new one `instead_of` one that was not believed. Raises PolluxError."""
        try:
            return await self.tokens.get(instead_of=instead_of)
        except PolluxError:
            raise
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise error_of(f"cannot get a token: {error!r}", code="NETWORK", kind=Kind.TRANSIENT) from error
        except Exception as error:  # a defect of the caller's function, which all who wait for a token get to see
            raise error_of(f"cannot get a token: {error!r}", code="NO_TOKEN", kind=Kind.FINAL) from error

    async def execute(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return the data of an operation, asked once, and again with a new token if there is one. Raises PolluxError."""
        bearer = await self.bearer()
        try:
            answer = await self.ask(document, variables, bearer=bearer)
        except PolluxError as error:
            if error.kind is not Kind.IDENTITY or not self.tokens.renewable:
                raise
            answer = await self.ask(document, variables, bearer=await self.bearer(instead_of=bearer))
        return answer.data or {}

    async def ask(
        self, document: str, variables: Mapping[str, Any], *, bearer: str, etag: str | None = None, wait_ms: int = 0
    ) -> Answer:
        """Return the answer to one operation. `etag`: of the answer held, where the same was asked. Raises PolluxError."""
        headers = {**HEADERS, "Authorization": f"Bearer {bearer}"}
        if etag is not None:
            headers["If-None-Match"] = etag
        deadline = aiohttp.ClientTimeout(total=DEADLINE_S + wait_ms / 1000, sock_connect=DEADLINE_S)
        try:
            async with self.session.post(
                self.url,
                json={"query": document, "variables": variables},
                headers=headers,
                timeout=deadline,
                allow_redirects=False,
            ) as response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unreachable(self.url, error) from error
        interval_ms = _interval_ms(response.headers.get("X-Poll-Interval"))
        if response.status == 304 and etag is not None:
            return Answer(None, etag, interval_ms)
        return Answer(_data(response, body), response.headers.get("ETag"), interval_ms)


def unreachable(url: str, error: BaseException) -> PolluxError:
    """Return the error of a connection that failed."""
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno
        why = os.strerror(number) if number is not None and number > 0 else str(error.os_error)
    elif isinstance(error, TimeoutError):
        why = "no answer in time"
    else:
        why = str(error) or type(error).__name__
    return error_of(f"cannot reach {url}: {why}", code="NETWORK", kind=Kind.TRANSIENT)


def graphql_error(entries: object, *, status: int | None = None, retry_after_ms: int | None = None) -> PolluxError | None:
    """Return the error that a list of GraphQL errors means; None where it is no such list."""
    if not isinstance(entries, list) or not entries or not isinstance(entries[0], dict):
        return None
    extensions = entries[0].get("extensions")
    extensions = extensions if isinstance(extensions, dict) else {}
    code = extensions.get("code")
    code = code if isinstance(code, str) else None
    told = extensions.get("retryAfterMs")
    return error_of(
        str(entries[0].get("message", "the server refused")),
        code=code or "BAD_ANSWER",
        kind=kind_of(status=status, code=code),
        retry_after_ms=told if isinstance(told, int) else retry_after_ms,
        extensions=extensions,
    )


def _data(response: aiohttp.ClientResponse, body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if isinstance(answer, dict) and response.status != 404:
        retry_after_ms = _retry_after_ms(response.headers.get("Retry-After"))
        refused = graphql_error(answer.get("errors"), status=response.status, retry_after_ms=retry_after_ms)
        if refused is not None:
            raise refused
        data = answer.get("data")
        if isinstance(data, dict) and response.status < 300:
            return data
    raise _not_graphql(response)


def _not_graphql(response: aiohttp.ClientResponse) -> PolluxError:
    status = response.status
    said = f"{response.url} answered {status} {response.reason or ''}".rstrip()
    if 300 <= status < 400:
        said += f" to {response.headers.get('Location', 'nowhere')}; give that URL, if you trust it"
    elif status < 300 or status == 404:
        said += ", and not as a Pollux server does"
    kind = kind_of(status=status)
    code = "UNAUTHENTICATED" if kind is Kind.IDENTITY else "BAD_ANSWER"
    return error_of(said, code=code, kind=kind, retry_after_ms=_retry_after_ms(response.headers.get("Retry-After")))


def _interval_ms(header: str | None) -> int | None:
    seconds = _number(header)
    return None if seconds is None else round(seconds * 1000)


def _retry_after_ms(header: str | None) -> int | None:
    """Return what `Retry-After` says, in seconds or as a date."""
    seconds = _number(header)
    if seconds is None and header is not None:
        try:
            seconds = email.utils.parsedate_to_datetime(header).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return None if seconds is None else max(1, round(seconds * 1000))


def _number(header: str | None) -> float | None:
    try:
        number = float(header or "")
    except ValueError:
        return None
    return number if 0 <= number < 1e9 else None
