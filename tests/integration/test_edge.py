"""The edge by raw sockets: connections that stay open and that do not, requests in a row, slow readers, and no HTTP at all."""

import asyncio

import pytest

from app.edge import Edge
from app.edge_protocol import LONGEST_LINE_BYTES
from resolvers.services import Services
from tests.integration.connection import AUTHORIZATION, NAME, Connection


async def test_a_connection_stays_open(connection: Connection) -> None:
    for _ in range(3):
        connection.post("{ viewer { name } }")
        answer = await connection.answer()
        assert (answer.version, answer.status, answer.json()) == ("HTTP/1.1", 200, NAME)
        assert "Connection" not in answer.headers
    assert not await connection.is_closed()


@pytest.mark.parametrize(
    ("version", "headers", "stays"),
    [
        ("HTTP/1.1", ["Connection: close"], False),
        ("HTTP/1.1", ["Connection: keep-alive"], True),
        ("HTTP/1.0", [], False),
        ("HTTP/1.0", ["Connection: keep-alive"], True),
    ],
)
async def test_a_connection_is_closed_for_who_wants_it(
    connection: Connection, version: str, headers: list[str], stays: bool
) -> None:
    connection.post("{ viewer { name } }", *headers, version=version)
    answer = await connection.answer()
    assert (answer.version, answer.status, answer.json()) == (version, 200, NAME)
    assert {"ETag", "Cache-Status", "X-Request-Id", "Vary", "Date"} <= answer.headers.keys()
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert await connection.is_closed() is not stays


async def test_an_edge_that_closes_answers_once_more_and_says_that_it_was_the_last_time(edge: Edge, connection: Connection) -> None:
    connection.post("{ viewer { name } }")
    await connection.answer()
    closing = asyncio.create_task(edge.close(linger_s=30))
    await asyncio.sleep(0)
    connection.post("{ viewer { name } }")
    answer = await connection.answer()
    assert (answer.status, answer.json(), answer.headers["Connection"]) == (200, NAME, "close")
    assert await connection.is_closed()
    await closing


async def test_an_edge_that_closes_lets_nobody_wait_for_news(edge: Edge, connection: Connection, services: Services) -> None:
    connection.post("{ sync { token } }")
    token_then = (await connection.answer()).json()["data"]["sync"]["token"]
    connection.post(f'{{ sync(token: "{token_then}", waitMs: 25000) {{ token }} }}')
    while not services.wake.waiters.held:  # noqa: ASYNC110  # waiters signal nobody when they begin
        await asyncio.sleep(0.01)
    closing = asyncio.create_task(edge.close(linger_s=30))
    assert (await connection.answer()).headers["Connection"] == "close"
    await closing


async def test_requests_in_a_row_are_answered_in_their_order(connection: Connection) -> None:
    for number in range(20):
        connection.post(f"{{ answer{number}: viewer {{ name }} }}", f"X-Request-Id: {number}")
    for number in range(20):
        answer = await connection.answer()
        assert answer.headers["X-Request-Id"] == str(number)
        assert answer.json() == {"data": {f"answer{number}": {"name": "Alice"}}}


async def test_a_large_answer_reaches_a_reader_who_takes_their_time(connection: Connection) -> None:
    names = [f"one_of_many_long_names_by_which_a_viewer_may_be_called_{number}" for number in range(500)]
    query = "{ " + " ".join(f"{name}: viewer {{ id name image __typename }}" for name in names) + " }"
    for _ in range(20):
        connection.post(query)
    await asyncio.sleep(0.2)  # nothing is read meanwhile, and the socket's buffers are full
    for _ in range(20):
        answer = await connection.answer()
        assert len(answer.body) > 64 * 1024
        assert list(answer.json()["data"]) == names


async def test_a_reader_who_goes_away_disturbs_nobody(port: int, connection: Connection) -> None:
    leaving = Connection(*await asyncio.open_connection("127.0.0.1", port))
    for _ in range(50):
        leaving.post("{ " + " ".join(f"viewer{number}: viewer {{ id name image }}" for number in range(500)) + " }")
    await leaving.end()
    connection.post("{ viewer { name } }")
    assert (await connection.answer()).json() == NAME


async def test_what_is_held_has_no_body_and_leaves_the_connection_usable(connection: Connection) -> None:
    connection.post("{ viewer { name } }")
    tag = (await connection.answer()).headers["ETag"]
    for _ in range(2):
        connection.post("{ viewer { name } }", f"If-None-Match: {tag}")
        answer = await connection.answer()
        assert (answer.status, answer.body) == (304, b"")
    connection.post("{ viewer { name } }")
    assert (await connection.answer()).json() == NAME


async def test_head_is_no_method_of_graphql(connection: Connection) -> None:
    connection.write(f"HEAD /graphql?query=%7Bviewer%7Bname%7D%7D HTTP/1.1\r\nHost: pollux\r\n{AUTHORIZATION}\r\n\r\n".encode())
    answer = await connection.answer(bodiless=True)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, POST, QUERY")
    connection.post("{ viewer { name } }")
    assert (await connection.answer()).json() == NAME


async def test_other_paths_are_the_applications(connection: Connection) -> None:
    for path, status in (("/livez", 200), ("/graphqlx", 404), ("/graphql/", 404)):
        connection.write(f"GET {path} HTTP/1.1\r\nHost: pollux\r\n\r\n".encode())
        assert (await connection.answer()).status == status


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /graphql?query=" + b"x" * LONGEST_LINE_BYTES + b" HTTP/1.1\r\nHost: pollux\r\n\r\n", 414),
        (b"GET /" + b"x" * LONGEST_LINE_BYTES + b" HTTP/1.1\r\nHost: pollux\r\n\r\n", 414),
        (b"GET /graphql HTTP/1.1\r\nHost: pollux\r\nX-Long: " + b"x" * 10_000 + b"\r\n\r\n", 431),
        (b"GET /graphql HTTP/1.1\r\nHost: pollux\r\n" + b"X" * 10_000 + b": long\r\n\r\n", 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 no HTTP\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"GET /graphql HTTP/9.9\r\nHost: pollux\r\n\r\n", 400),
        (b"GET /graphql HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST /graphql HTTP/1.1\r\nHost: pollux\r\nContent-Length: many\r\n\r\n", 400),
        (b"POST /graphql HTTP/1.1\r\nHost: pollux\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ],
    ids=["long query", "long path", "long value", "long name", "TLS", "words", "version", "colon", "length", "smuggled"],
)
async def test_what_is_no_http_is_refused_as_json(connection: Connection, sent: bytes, status: int) -> None:
    connection.write(sent)
    answer = await connection.answer()
    assert (answer.status, answer.headers["Content-Type"].split(";")[0]) == (status, "application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    (error,) = answer.json()["errors"]
    assert ("URL" in error["message"]) is (status == 414)
    assert error["extensions"] == {"code": "BAD_REQUEST"}
    assert await connection.is_closed()


async def test_a_line_as_long_as_allowed_is_read(connection: Connection) -> None:
    start, end = b"GET /graphql?query=%7Bviewer%7Bname%7D%7D&x=", b" HTTP/1.1"
    line = start + b"x" * (LONGEST_LINE_BYTES - len(start) - len(end) - 10) + end
    connection.write(line + f"\r\nHost: pollux\r\n{AUTHORIZATION}\r\n\r\n".encode())
    answer = await connection.answer()
    assert (answer.status, answer.json()) == (200, NAME)
