"""Requests with a known head: answered as aiohttp's own way answers them, however their bytes arrive."""

import asyncio
import json
import random
import socket
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import pytest

from app.edge import Edge
from app.known_heads import KnownHeads
from app.quick_protocol import QuickProtocol
from app.settings import Settings
from app.wiring import build_app
from cache.redis_level import RedisLevel
from models.database import Database
from models.errors import Unavailable
from resolvers.services import Services
from tests.asking import CREATE, SEND, token
from tests.integration.connection import Answer, Connection

POLL = "query($c: ID!, $a: String) { messages(channelId: $c, after: $a) { nodes { content } pageInfo { endCursor } } }"
# What is another each time, whoever answers.
VOLATILE = {"X-Request-Id", "Server-Timing", "Date", "Cache-Status", "RateLimit"}


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


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    found, counted = KnownHeads.find, Counted()

    def find(self: KnownHeads, data: bytes) -> object:
        head = found(self, data)
        counted.known += head is not None
        return head

    monkeypatch.setattr(KnownHeads, "find", find)
    return counted


@pytest.fixture
async def plain_port(settings: Settings, opened: tuple[Services, RedisLevel]) -> AsyncIterator[int]:
    edge = Edge(build_app(settings, *opened), quick=False)
    listener = socket.create_server(("127.0.0.1", 0))
    await edge.listen(listener)
    yield int(listener.getsockname()[1])
    await edge.close()


async def connect(port: int) -> Connection:
    return Connection(*await asyncio.open_connection("127.0.0.1", port))


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


def comparable(answer: Answer) -> tuple[int, dict[str, str], object]:
    return answer.status, {name: value for name, value in answer.headers.items() if name not in VOLATILE}, comparable_body(answer)


def comparable_body(answer: Answer) -> object:
    return [error["extensions"]["code"] for error in answer.json()["errors"]] if b'"errors"' in answer.body else answer.body


def conversation(channel: str, cursor: str, draw: random.Random) -> list[bytes]:
    """Return requests of many kinds, most of them asked again."""
    poll = request(POLL, {"c": channel, "a": cursor})
    kinds = [
        poll,
        poll,
        request(POLL, {"c": channel, "a": cursor}, who="bob"),
        request(POLL, {"c": channel, "a": None}),
        request(POLL, {"c": channel, "a": "nonsense"}),
        request("{ viewer { name } }"),
        request("{ viewer { name } }", None, "Accept-Encoding: gzip", "Origin: https://elsewhere.example"),
        request("{ viewer { name } }", None, "X-Request-Id: mine"),
        request("{ viewer { nonsense } }"),
        request("{ viewer { name } ", None),
        request("subscription { sync { token } }"),
        request("{ viewer { name } }", None, "Accept: text/event-stream"),
        request("{ viewer { name } }", None, "Accept: image/png"),
        request("{ viewer { name } }", method="QUERY"),
        request("{ viewer { name } }").replace(token("alice").encode(), b"nobody"),
        request("{ viewer { name } }").replace(b'{"query"', b'["query"'),
        b"GET /livez HTTP/1.1\r\nHost: pollux\r\n\r\n",
    ]
    return [draw.choice(kinds) for _ in range(40)]


async def answers(port: int, requests: Sequence[bytes], draw: random.Random | None) -> list[Answer]:
    """Return the answers to requests, each sent alone and in one piece, or by `draw` some together and in any pieces."""
    found: list[Answer] = []
    while len(found) < len(requests):
        connection = await connect(port)
        for _ in range(5):
            some = requests[len(found) : len(found) + (draw.choice((1, 1, 1, 3)) if draw is not None else 1)]
            reading = asyncio.ensure_future(all_of(connection, len(some)))
            whole, sent = b"".join(some), 0
            while sent < len(whole):
                size = draw.choice((7, 100, 700, 5000, len(some[0]), len(some[0]))) if draw is not None else len(whole)
                connection.write(whole[sent : sent + size])
                sent += size
                await asyncio.sleep(draw.choice((0, 0, 0.001)) if draw is not None else 0)
            found += await reading
        await connection.end()
    return found


async def all_of(connection: Connection, count: int) -> list[Answer]:
    return [await connection.answer() for _ in range(count)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("pieces", [False, True], ids=["one by one", "in pieces"])
async def test_known_heads_are_answered_as_aiohttps_requests_are(
    port: int, plain_port: int, connection: Connection, counted: Counted, seed: int, *, pieces: bool
) -> None:
    channel, cursor = await room(connection)
    draw = random.Random(seed)
    requests = [one for one in conversation(channel, cursor, draw) if b"event-stream" not in one]
    expected = [comparable(answer) for answer in await answers(plain_port, requests, None)]
    before = counted.known
    for _ in range(3):  # the first teaches the heads
        assert [comparable(answer) for answer in await answers(port, requests, draw if pieces else None)] == expected
    assert counted.known > before
    assert len(Counter(status for status, _, _ in expected)) >= 3


async def test_a_poll_with_a_known_head_shows_what_was_sent_before_it(connection: Connection, counted: Counted) -> None:
    channel, cursor = await room(connection)
    for number in range(2, 12):
        for _ in range(3):
            page = (await told(connection, request(POLL, {"c": channel, "a": cursor}))).json()["data"]["messages"]
            assert page["nodes"] == []
        sent = {"channelId": channel, "content": f"message {number}", "clientMessageId": f"{number:02}"}
        await told(connection, request(SEND, {"i": sent}))
        page = (await told(connection, request(POLL, {"c": channel, "a": cursor}))).json()["data"]["messages"]
        assert page["nodes"] == [{"content": f"message {number}"}]
        cursor = page["pageInfo"]["endCursor"]
    assert counted.known > 30


async def test_many_who_poll_at_once_are_each_answered(port: int, connection: Connection, counted: Counted) -> None:
    channel, cursor = await room(connection)
    connections = [await connect(port) for _ in range(20)]
    poll = request(POLL, {"c": channel, "a": cursor})
    for _ in range(5):
        found = await asyncio.gather(*(told(one, poll) for one in connections))
        assert {answer.status for answer in found} == {200}
        assert len({answer.body for answer in found}) == 1
    assert counted.known >= 60
    for one in connections:
        await one.end()


async def test_a_body_longer_than_its_head_says_is_another_request(connection: Connection, counted: Counted) -> None:
    whole = request("{ viewer { name } }")
    for _ in range(4):
        await told(connection, whole)
    known = counted.known
    answer = await told(connection, whole + b"GET /livez HTTP/1.1\r\nHost: pollux\r\n\r\n")
    assert answer.json() == {"data": {"viewer": {"name": "Alice"}}}
    assert (await connection.answer()).status == 200
    assert counted.known == known


async def test_a_client_that_goes_away_while_its_head_is_read_disturbs_nobody(
    port: int, connection: Connection, counted: Counted
) -> None:
    channel, cursor = await room(connection)
    poll = request(POLL, {"c": channel, "a": cursor})
    for _ in range(4):
        await told(connection, poll)
    for _ in range(20):
        leaving = await connect(port)
        await told(leaving, poll)
        leaving.write(poll)
        await asyncio.sleep(0)
        await leaving.end()
    assert (await told(connection, poll)).status == 200


async def test_a_poll_whose_head_cannot_be_read_says_so(
    connection: Connection, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel, cursor = await room(connection)
    poll = request(POLL, {"c": channel, "a": cursor})
    for _ in range(4):
        await told(connection, poll)

    async def fail(*_: object) -> None:
        raise Unavailable

    with monkeypatch.context() as patched:
        for read in ("rows", "tuples"):
            patched.setattr(Database, read, fail)
        known = counted.known
        answer = await told(connection, poll)
        assert (answer.status, answer.json()["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
        assert counted.known > known
    assert (await told(connection, poll)).status == 200


def hold(place: str) -> bytes:
    """Return a poll that waits for news of a place; all of them are of one length, and so of one head."""
    query = "query($t: String) { sync(token: $t, waitMs: 25000) { token } }"
    return request(f"{query:{400 - len(place)}}", {"t": place})


async def waiting(connection: Connection, services: Services, counted: Counted) -> None:
    """Let a connection wait for news, by a known head."""
    begin = (await told(connection, request("{ sync { token } }"))).json()["data"]["sync"]["token"]
    await room(connection)
    for _ in range(4):
        answer = await told(connection, hold(begin))  # which lacks the room, and so does not wait
    known = counted.known
    connection.write(hold(answer.json()["data"]["sync"]["token"]))
    while not services.wake.waiters.held:  # noqa: ASYNC110  # waiters signal nobody when they begin
        await asyncio.sleep(0.01)
    assert counted.known == known + 1


async def test_who_waits_by_a_known_head_is_answered_last_when_the_server_stops(
    edge: Edge, connection: Connection, services: Services, counted: Counted
) -> None:
    await waiting(connection, services, counted)
    closing = asyncio.create_task(edge.close(linger_s=30))
    answer = await connection.answer()
    assert (answer.status, answer.headers["Connection"]) == (200, "close")
    assert await connection.is_closed()
    await closing


async def test_who_waits_and_goes_away_is_waited_for_no_longer(
    connection: Connection, services: Services, counted: Counted
) -> None:
    await waiting(connection, services, counted)
    await connection.end()
    while services.wake.waiters.held:  # noqa: ASYNC110  # as above
        await asyncio.sleep(0.01)


async def test_what_is_sent_meanwhile_is_answered_afterwards_and_not_read_without_end(
    connection: Connection, services: Services, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    most, keep = [0], QuickProtocol._keep_for_later

    def watched(self: QuickProtocol, data: bytes) -> None:
        keep(self, data)
        most[0] = max(most[0], len(self._later))

    monkeypatch.setattr(QuickProtocol, "_keep_for_later", watched)
    await waiting(connection, services, counted)
    many = 20_000  # some 8 MiB, more than fits the sockets' buffers
    connection.write(request("{ viewer { name } }") * many)
    for _ in range(20):
        await asyncio.sleep(0.02)
    assert 0 < most[0] < 1 << 20
    services.wake.close()
    assert "sync" in (await connection.answer()).json()["data"]
    for _ in range(50):
        assert (await connection.answer()).json() == {"data": {"viewer": {"name": "Alice"}}}
