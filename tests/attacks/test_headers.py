"""Answers of every kind are data to a browser, and tell nothing of what made them."""

import http.client
import json
import socket

import pytest
from aiohttp import ClientSession

from tests.asking import SEND, token
from tests.attacks.attack import JSON, NAME, Sent
from tests.attacks.target import METRICS_TOKEN, Target, is_data

POLL = json.dumps({"query": "{ channels { nodes { id name topic members { nodes { user { name } } } } } }"}).encode()
ASKED = {"Content-Type": JSON}


def _of(target: Target, sent: Sent) -> http.client.HTTPMessage:
    return target.answer(sent)[1]


def test_data_are_no_page_packed_or_not(target: Target) -> None:
    for more in ({}, {"Accept-Encoding": "gzip"}, {"Accept": "text/event-stream"}):
        headers = _of(target, Sent(POLL, headers={**ASKED, **more}))
        is_data(headers)
    change = {"query": SEND, "variables": {"i": {"channelId": target.world.open, "content": "x"}}}
    is_data(_of(target, Sent(json.dumps(change).encode(), headers=ASKED)))


def test_an_unchanged_answer_says_it_all_by_its_tag(target: Target) -> None:
    name = Sent(json.dumps({"query": NAME}).encode(), headers=ASKED)
    tag = _of(target, name)["ETag"]
    status, headers, body = target.answer(Sent(name.body, headers={**ASKED, "If-None-Match": tag}))
    assert (status, body, headers.get("Server")) == (304, b"", None)


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/nothing", "/assets/nothing.js"])
def test_what_is_beside_the_api_is_no_page_either(target: Target, path: str) -> None:
    is_data(_of(target, Sent(method="GET", path=path, authorization=f"Bearer {METRICS_TOKEN}")))


def test_the_chat_is_a_page_that_runs_its_own_files_alone(target: Target) -> None:
    status, headers, _ = target.answer(Sent(method="GET", path="/", authorization=None))
    is_data(headers)
    if status == 200:  # it is built
        assert "script-src 'self';" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nBad Header\r\n\r\n",
        b"GET /livez HTTP/1.0\r\n\r\n",
        b"POST /graphql HTTP/1.0\r\nAuthorization: Bearer %b\r\nContent-Type: application/json\r\nContent-Length: 31\r\n\r\n"
        b'{"query": "{ viewer { name } }"}'[:31],
        b"POST /graphql HTTP/1.0\r\nAuthorization: Bearer %b\r\nContent-Type: application/json\r\nContent-Length: 32\r\n\r\n"
        b'{"query": "{ viewer { name } }"}',
    ],
    ids=["no HTTP", "health by HTTP/1.0", "an error by HTTP/1.0", "data by HTTP/1.0"],
)
def test_other_ways_to_speak_get_the_same_headers(target: Target, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", target.server.port), timeout=20) as raw:
        raw.sendall(sent.replace(b"%b", token("mallory").encode()))
        answer = http.client.HTTPResponse(raw)
        answer.begin()
        is_data(answer.headers)


async def test_a_handshake_tells_nothing(target: Target) -> None:
    async with ClientSession() as session, session.ws_connect(target.server.url + "/graphql") as ws:
        assert ws._response.headers["Server"] == "Pollux"
