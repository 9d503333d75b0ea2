"""The bearer token: given once, or by a function that is called when one is needed and when one was not believed."""

import asyncio
from collections.abc import Awaitable, Callable

from pollux_client.errors import Unauthenticated
from pollux_client.protocol.failure import Kind

Token = str | Callable[[], Awaitable[str]]


class TokenSource:
    """Keeps the token that was got last."""

    def __init__(self, token: Token) -> None:
        self._token = token
        self._known: str | None = token if isinstance(token, str) else None
        self._getting = asyncio.Lock()

    @property
    def renewable(self) -> bool:
        """Whether a new token can be had."""
        return not isinstance(self._token, str)

    async def get(self, *, instead_of: str | None = None) -> str:
        """Return a token; a new one `instead_of` one that was not believed. Whoever waits for one gets the same.

        What the function raises is raised.
        """
        async with self._getting:
            if not isinstance(self._token, str) and (self._known is None or self._known == instead_of):
                self._known = await self._token()
        if not self._known or not self._known.isascii() or not self._known.isprintable():
            raise Unauthenticated("the token is empty, or holds what no token can", code="UNAUTHENTICATED", kind=Kind.FINAL)
        return self._known
