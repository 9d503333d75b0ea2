"""Requests with a known head: answered as aiohttp's own way answers them, however their bytes arrive."""

import asyncio
import random
import socket
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import pytest

from app.edge import Edge
from app.settings import Settings
from app.wiring import build_app
from cache.redis_level import RedisLevel
from models.database import Database
from models.errors import Unavailable
from resolvers.services import Services
from tests.asking import SEND, token
from tests.integration.connection import Answer, Connection
from tests.integration.known_heads import POLL, Counted, request, room, told

# What is another each time, whoever answers.
VOLATILE = {"X-Request-Id", "Server-Timing", "Date", "Cache-Status", "RateLimit"}


@pytest.fixture
async def plain_port(settings: Settings, opened: tuple[Services, RedisLevel]) -> AsyncIterator[int]:
    edge = Edge(build_app(settings, *opened), quick=False)
    listener = socket.create_server(("127.0.0.1", 0))
    await edge.listen(listener)
    yield int(listener.getsockname()[1])
    await edge.close()


async def connect(port: int) -> Connection:
    return Connection(*await asyncio.open_connection("127.0.0.1", port))


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
    assert pieces or counted.known > before  # pieces may come in any way
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
