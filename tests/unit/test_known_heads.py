"""Heads that are learned say each thing once, and nothing out of the ordinary."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import HttpVersion11
from aiohttp.http_parser import RawRequestMessage
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from app.known_heads import KnownHeads

BODY = b"{}"
ORDINARY = [("Host", "x"), ("Authorization", "Bearer a"), ("Content-Type", "application/json"), ("Content-Length", "2")]


def _learned(headers: list[tuple[str, str]]) -> bool:
    """Return whether a head is known after it was read three times."""
    heads = KnownHeads()
    data = "".join(["POST /graphql HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in headers), "\r\n"]).encode() + BODY
    message = RawRequestMessage(
        "POST", "/graphql", HttpVersion11, CIMultiDictProxy(CIMultiDict(headers)), (), False, None, False, False, URL("/graphql")
    )
    payload = SimpleNamespace(is_eof=lambda: True, total_bytes=len(BODY))
    for _ in range(3):
        assert heads.learn(data, message, cast(Any, payload))
    return heads.find(data) is not None


def test_an_ordinary_head_is_learned() -> None:
    assert _learned(ORDINARY)
    assert _learned([*ORDINARY, ("X-Forwarded-For", "1.1.1.1, 2.2.2.2"), ("Cookie", "a=b")])


@pytest.mark.parametrize(
    "more",
    [
        [("Authorization", "Bearer b")],
        [("authorization", "Bearer b")],
        [("X-Forwarded-For", "1.1.1.1"), ("x-forwarded-for", "2.2.2.2")],
        [("Accept", "application/json"), ("Accept", "text/event-stream")],
        [("If-None-Match", "a"), ("If-None-Match", "b")],
        [("Cookie", "a=b"), ("Cookie", "c=d")],
        [("Expect", "100-continue")],
        [("Accept", "text/event-stream")],
        [("Upgrade", "websocket")],
    ],
)
def test_what_stands_twice_or_is_out_of_the_ordinary_is_not_learned(more: list[tuple[str, str]]) -> None:
    assert not _learned([*ORDINARY, *more])
