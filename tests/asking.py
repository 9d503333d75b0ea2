"""Asking a server as a client does: over HTTP, by people named in the test."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient

from app.identity import Tokens
from resolvers.services import Services

SECRET = "a-secret-of-tests-that-is-long-enough-for-hs256"

HttpClient = TestClient[web.Request, web.Application]

MESSAGE = "id cursor seq version channelId author { id name } content createdAt clientMessageId reactions { emoji count }"
POLL = (
    "query($c: ID!, $first: Int, $after: String, $last: Int, $before: String) {"
    " messages(channelId: $c, first: $first, after: $after, last: $last, before: $before) {"
    f" edges {{ cursor node {{ {MESSAGE} }} }} nodes {{ seq content }}"
    " pageInfo { hasNextPage hasPreviousPage startCursor endCursor } activeUsers pollingInterval { milliseconds reason } } }"
)
SEND = (
    "mutation($i: SendMessageInput!) { sendMessage(input: $i) {"
    f" message {{ {MESSAGE} }} messageEdge {{ cursor }} userErrors {{ code field message }} }} }}"
)
CREATE = "mutation($i: CreateChannelInput!) { createChannel(input: $i) { channel { id name } userErrors { code field } } }"
REACT, UNREACT = (
    f"mutation($i: ReactionInput!) {{ {name}(input: $i) {{"
    " message { id version content reactions { emoji count viewerHasReacted } } userErrors { code field } } }"
    for name in ("addReaction", "removeReaction")
)
JOIN = "mutation($c: ID!) { joinChannel(channelId: $c) { channel { id } userErrors { code } } }"


def token(who: str, *, name: str | None = None, roles: Sequence[str] = (), issued_s: float | None = None) -> str:
    """Return a token that the server under test believes; the same one for the same person, unless its time is given."""
    return _token(who, name or who.title(), tuple(roles), issued_s)


@lru_cache
def _token(who: str, name: str, roles: tuple[str, ...], issued_s: float | None) -> str:
    return Tokens(SECRET).issue(who, name=name, roles=roles, clock_s=lambda: issued_s or time.time())


@dataclass
class Api:
    """The GraphQL API of a server under test."""

    client: HttpClient
    services: Services

    async def answer(
        self, query: str, variables: dict[str, Any] | None = None, *, who: str = "alice", **more: Any
    ) -> dict[str, Any]:
        """Return the whole answer, data and errors."""
        response = await self.client.post(
            "/graphql",
            json={"query": query, "variables": variables or {}},
            headers={"Authorization": f"Bearer {token(who, **more)}"},
        )
        body: dict[str, Any] = await response.json()
        return body

    async def ask(self, query: str, variables: dict[str, Any] | None = None, *, who: str = "alice", **more: Any) -> Any:
        """Return the data of an answer without errors; the value of its only field where it has one."""
        body = await self.answer(query, variables, who=who, **more)
        assert "errors" not in body, body["errors"]
        data = body["data"]
        return next(iter(data.values())) if len(data) == 1 else data

    async def channel(self, *members: str, owner: str = "alice", **more: Any) -> str:
        """Open a channel and let `members` join; returns its id."""
        made = await self.ask(CREATE, {"i": {"name": f"room {time.time_ns()}", **more}}, who=owner)
        assert made["userErrors"] == []
        for member in members:
            await self.ask(JOIN, {"c": made["channel"]["id"]}, who=member)
        return str(made["channel"]["id"])

    async def user_id(self, who: str) -> str:
        """Return the node id of a person, who exists afterwards."""
        return str((await self.ask("{ viewer { id } }", who=who))["id"])

    async def send(self, channel: str, content: str, *, who: str = "alice", **more: Any) -> dict[str, Any]:
        """Send a message that must be accepted; returns it."""
        sent = await self.ask(SEND, {"i": {"channelId": channel, "content": content, **more}}, who=who)
        assert sent["userErrors"] == []
        message: dict[str, Any] = sent["message"]
        return message

    async def poll(self, channel: str, *, who: str = "alice", **paging: Any) -> dict[str, Any]:
        """Return a page of messages."""
        page: dict[str, Any] = await self.ask(POLL, {"c": channel, **paging}, who=who)
        return page
