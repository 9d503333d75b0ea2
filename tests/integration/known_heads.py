"""What tests of known heads share: requests as bytes, and how many were answered by a known head."""

import json

from tests.asking import CREATE, SEND, token
from tests.integration.connection import Answer, Connection

POLL = "query($c: ID!, $a: String) { messages(channelId: $c, after: $a) { nodes { content } pageInfo { endCursor } } }"


def request(
    query: str, variables: dict[str, object] | None = None, *headers: str, who: str = "alice", method: str = "POST"
) -> bytes:
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    lines = (
        f"{method} /graphql HTTP/1.1",
        "Host: pollux",
        "Content-Type: application/json",
        f"Authorization: Bearer {token(who)}",
        f"Content-Length: {len(body)}",
        *headers,
    )
    return "\r\n".join((*lines, "", "")).encode() + body


class Counted:
    """How many requests were answered from a known head."""

    def __init__(self) -> None:
        self.known = 0


async def told(connection: Connection, sent: bytes) -> Answer:
    connection.write(sent)
    return await connection.answer()


async def room(connection: Connection) -> tuple[str, str]:
    """Return a channel with a message, and the cursor of its end."""
    made = await told(connection, request(CREATE, {"i": {"name": "room"}}))
    channel = made.json()["data"]["createChannel"]["channel"]["id"]
    await told(connection, request(SEND, {"i": {"channelId": channel, "content": "first", "clientMessageId": "1"}}))
    page = await told(connection, request(POLL, {"c": channel}))
    return channel, page.json()["data"]["messages"]["pageInfo"]["endCursor"]
