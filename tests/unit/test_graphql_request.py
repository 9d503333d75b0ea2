"""Reading GraphQL over HTTP: nothing a client sends is an error of the server; the unreadable has its own status."""

import json
import math
from collections.abc import Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_aiohttp import AiohttpClient

from app.graphql_request import (
    GRAPHQL_JSON,
    JSON,
    GraphQLRequest,
    Malformed,
    accepted,
    graphql_request,
    parse_json,
    parse_request,
    sent_request,
)
from app.limits import Limits
from app.refusal import HttpRefusal

Client = TestClient[web.Request, web.Application]
MALFORMED_STATUS = 422
LIMITS = Limits()


def _outcome(read: Callable[[], object]) -> object:
    """Return what was read, or the status of the refusal."""
    try:
        return read()
    except HttpRefusal as refusal:
        return refusal.status


async def _echo(request: web.Request) -> web.Response:
    """Answer what was read of a request."""
    try:
        asked = parse_request(await sent_request(request))
    except HttpRefusal as refusal:
        return web.Response(status=refusal.status)
    except Malformed:
        return web.Response(status=MALFORMED_STATUS)
    return web.json_response([asked.query, asked.variables, asked.operation_name])


@pytest.fixture
async def client(aiohttp_client: AiohttpClient) -> Client:
    app = web.Application(client_max_size=LIMITS.max_body)
    app.router.add_route("*", "/", _echo)
    return await aiohttp_client(app)


@pytest.mark.parametrize(
    ("accept", "answer"),
    [
        ("", JSON),
        (" ", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL_JSON, GRAPHQL_JSON),
        ("APPLICATION/GraphQL-Response+JSON", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}; charset=utf-8, {JSON}; charset=utf-8", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON},{JSON};q=0.9", GRAPHQL_JSON),
        (f"{JSON};q=0.9, {GRAPHQL_JSON}", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};q=0.1, {JSON};q=0.2", JSON),
        (f"{JSON}, {GRAPHQL_JSON}", JSON),
        (f"{GRAPHQL_JSON};q=0, */*", JSON),
        (f"text/html, application/xhtml+xml, {GRAPHQL_JSON};q=0.3", GRAPHQL_JSON),
        ("text/html, */*;q=0.1", JSON),
        (f"{JSON};q=nonsense, {GRAPHQL_JSON};q=0.1", GRAPHQL_JSON),
    ],
)
def test_an_answer_is_of_the_best_type_accepted(accept: str, answer: str) -> None:
    assert accepted(accept).media_type == answer


@pytest.mark.parametrize("accept", ["text/html", "image/*", f"{JSON};q=0", f"{JSON};q=nan", f"{JSON};q=-1", ",", "json", "\x00"])
def test_a_client_that_accepts_nothing_we_speak_is_told_so(accept: str) -> None:
    with pytest.raises(HttpRefusal) as refusal:
        accepted(accept)
    assert refusal.value.status == 406


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet='ajpq/*+;,=0.19 \t"', max_size=40))
def test_any_accept_header_is_answered_or_refused(accept: str) -> None:
    assert _outcome(lambda: accepted(accept).media_type) in (JSON, GRAPHQL_JSON, 406)


def test_a_request_is_its_query_variables_and_operation_name() -> None:
    payload = {"query": "{a}", "variables": {"x": 1}, "operationName": "A", "extensions": {"e": 1}, "more": 1}
    assert graphql_request(payload) == GraphQLRequest("{a}", {"x": 1}, "A")


@pytest.mark.parametrize("rest", [{}, {"variables": None, "operationName": None, "extensions": None}, {"operationName": ""}])
def test_what_is_left_out_counts_as_empty(rest: dict[str, object]) -> None:
    assert graphql_request({"query": "{a}", **rest}) == GraphQLRequest("{a}", {}, None)


@pytest.mark.parametrize(
    ("payload", "argument"),
    [
        ({}, "query"),
        ({"query": None}, "query"),
        ({"query": ""}, "query"),
        ({"query": 5}, "query"),
        ({"query": ["{a}"]}, "query"),
        ({"query": {"kind": "Document"}}, "query"),
        ({"query": "{a}", "variables": []}, "variables"),
        ({"query": "{a}", "variables": "{}"}, "variables"),
        ({"query": "{a}", "variables": 0}, "variables"),
        ({"query": "{a}", "variables": False}, "variables"),
        ({"query": "{a}", "operationName": 5}, "operationName"),
        ({"query": "{a}", "operationName": ["A"]}, "operationName"),
        ({"query": "{a}", "extensions": []}, "extensions"),
        ({"query": "{a}", "extensions": "x"}, "extensions"),
    ],
)
def test_a_malformed_request_is_refused_by_the_argument_at_fault(payload: dict[str, object], argument: str) -> None:
    with pytest.raises(Malformed, match=f"^{argument} must be "):
        graphql_request(payload)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="an object cut short"),
        pytest.param(b"{} {}", id="two objects"),
        pytest.param(b"query { a }", id="a bare document"),
        pytest.param(b"{'query': 1}", id="single quotes"),
        pytest.param(b"\x00", id="NUL"),
        pytest.param(b'"\xff"', id="invalid UTF-8"),
        pytest.param(b'{"query":"\xc3"}', id="UTF-8 cut short"),
        pytest.param(b'"\xc0\x80"', id="NUL in too many bytes"),
        pytest.param(b"[" * 100_000, id="100,000 lists opened"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="100,000 lists"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, id="100,000 objects"),
        pytest.param(b'{"a":NaN,"b":' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="NaN and 100,000 lists"),
        pytest.param(b"1" * 5000, id="5,000 digits"),
        pytest.param(b'{"query":"{a}","variables":{"x":' + b"9" * 5000 + b"}}", id="a variable of 5,000 digits"),
        pytest.param(b'{"a":NaN,"b":-' + b"9" * 5000 + b"}", id="NaN and 5,000 digits"),
    ],
)
def test_unreadable_json_is_refused(body: bytes) -> None:
    with pytest.raises(HttpRefusal) as refusal:
        parse_json(body)
    assert refusal.value.status == 400


def test_what_only_strict_readers_refuse_is_left_to_the_argument_it_stands_in() -> None:
    assert parse_json(b'{"x": "\\ud800"}') == {"x": "\ud800"}
    found = parse_json(b'[NaN, Infinity, "\\ud83d\\ude00"]')
    assert isinstance(found, list)
    assert math.isnan(found[0])
    assert found[1:] == [math.inf, "😀"]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@settings(deadline=None, max_examples=200)
@given(JSON_VALUES)
def test_json_is_read_as_it_was_meant(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=50))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    outcome = _outcome(lambda: [parse_json(body)])
    assert outcome == 400 or isinstance(outcome, list)


@pytest.mark.parametrize("method", ["POST", "QUERY"])
async def test_a_body_is_read(client: Client, method: str) -> None:
    response = await client.request(method, "/", json={"query": "{a}", "variables": {"x": "김"}, "operationName": "A"})
    assert await response.json() == ["{a}", {"x": "김"}, "A"]


async def test_a_get_is_read_from_its_address(client: Client) -> None:
    response = await client.get("/", params={"query": "{a}", "variables": '{"x":[1]}', "operationName": "A", "extensions": "{}"})
    assert await response.json() == ["{a}", {"x": [1]}, "A"]


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({"query": "{a}", "variables": "{"}, 400),
        ({"query": "{a}", "variables": "[" * 3000}, 400),
        ({"query": "{a}", "variables": "[]"}, MALFORMED_STATUS),
        ({"query": "{a}", "extensions": "5"}, MALFORMED_STATUS),
        ({"variables": "{}"}, MALFORMED_STATUS),
        ({}, MALFORMED_STATUS),
    ],
)
async def test_a_get_that_asks_nothing_is_refused(client: Client, parameters: dict[str, str], status: int) -> None:
    assert (await client.get("/", params=parameters)).status == status


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": JSON}, b"[]", 400),
        ({"Content-Type": JSON}, b'[{"query":"{a}"}]', 400),
        ({"Content-Type": JSON}, b"5", 400),
        ({"Content-Type": JSON}, b"null", 400),
        ({"Content-Type": JSON}, b'"{a}"', 400),
        ({"Content-Type": JSON}, b"{", 400),
        ({"Content-Type": JSON}, b"{}", MALFORMED_STATUS),
        ({"Content-Type": JSON}, b" " * (LIMITS.max_body + 1), 413),
        ({"Content-Type": "text/plain"}, b"{}", 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"query={a}", 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"{}", 415),
        ({"Content-Type": "application/graphql"}, b"{a}", 415),
        ({"Content-Type": f"{JSON}; charset=utf-16"}, b"{}", 415),
        ({"Content-Type": f"{JSON}; charset=utf-8"}, b"{}", MALFORMED_STATUS),
        ({"Content-Type": JSON, "Content-Encoding": "gzip"}, b"{}", 415),
    ],
)
async def test_a_body_that_cannot_be_a_request_is_refused(
    client: Client, headers: dict[str, str], body: bytes, status: int
) -> None:
    async with client.post("/", data=body, headers=headers) as response:
        assert response.status == status


@pytest.mark.parametrize("body", ['{"query": 1}'.encode("utf-16"), b'{"query": "\xed\xa0\x80"}'])
def test_json_is_utf_8_and_nothing_else(body: bytes) -> None:
    with pytest.raises(HttpRefusal):
        parse_json(body)


def test_a_type_refused_by_name_is_not_what_any_type_means() -> None:
    assert accepted(f"{JSON};q=0, */*").media_type == GRAPHQL_JSON


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "Utf-8", "utf8"])
async def test_the_name_of_a_charset_has_no_case(client: Client, charset: str) -> None:
    response = await client.post("/", data=b'{"query": "{ a }"}', headers={"Content-Type": f"{JSON}; charset={charset}"})
    assert response.status == 200
