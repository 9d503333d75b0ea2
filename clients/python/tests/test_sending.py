"""Sending, as a scripted server sees it."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web
from scripted_server import Script, accepted, page, refusal, status
from waiting import PATIENCE_S, Follow, eventually, until

from pollux_client import (
    Online,
    PolluxError,
    Refused,
    ServerDefect,
)


async def test_a_send_is_tried_with_one_key_until_it_is_accepted(follow: Follow) -> None:
    async def dies(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    script = Script(dies, status(503, refusal("UNAVAILABLE", retryAfterMs=1)), status(502, "<h1>Bad Gateway</h1>"), accepted())
    async with await follow(script) as provider:
        sent = await provider.send("c1", "hi", mentions=["u2"], reply_to="m-0")
    assert sent.seq == 1
    inputs = [asked["variables"]["input"] for asked in script.asked]
    assert len(inputs) == 4
    assert all(one == inputs[0] for one in inputs)
    assert inputs[0]["clientMessageId"]
    assert (inputs[0]["mentionIds"], inputs[0]["replyToId"]) == (["u2"], "m-0")


async def test_sends_to_one_channel_keep_their_order_and_others_do_not_wait(follow: Follow) -> None:
    def of(asked: Mapping[str, Any]) -> str:
        return str(asked["variables"]["input"]["content"])

    async def held(_: web.Request) -> web.StreamResponse:
        await eventually(lambda: len(script.asked) == 2)
        return web.json_response(refusal("UNAVAILABLE", retryAfterMs=1))

    script = Script(held, *(accepted(seq) for seq in (1, 2, 3)))
    async with await follow(script) as provider, asyncio.timeout(PATIENCE_S):
        first = asyncio.create_task(provider.send("c1", "first"))
        await eventually(lambda: len(script.asked) == 1)
        await asyncio.gather(first, provider.send("c1", "second"), provider.send("c2", "elsewhere"))
    assert [of(asked) for asked in script.asked] == ["first", "elsewhere", "first", "second"]


async def test_a_refused_send_says_why(follow: Follow) -> None:
    mistake = {"field": ["input", "content"], "message": "content is blank.", "code": "BLANK"}
    script = Script({"data": {"sendMessage": {"message": None, "userErrors": [mistake]}}}, refusal("RATE_LIMITED_TOMORROW"))
    async with await follow(script) as provider:
        with pytest.raises(Refused) as raised:
            await provider.send("c1", " ")
        assert (raised.value.code, raised.value.field, str(raised.value)) == ("BLANK", ("input", "content"), "content is blank.")
        with pytest.raises(PolluxError, match="TOMORROW"):
            await provider.send("c1", "hi")


async def test_a_defect_is_tried_three_times_more_and_then_said(follow: Follow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pollux_client.protocol.send.backoff_ms", lambda *_, **__: 1)
    script = Script(*[refusal("INTERNAL_SERVER_ERROR", requestId="r1")] * 5)
    async with await follow(script) as provider:
        with pytest.raises(ServerDefect):
            await provider.send("c1", "hi")
    assert len(script.asked) == 4


async def test_a_send_goes_on_when_the_connection_is_back(follow: Follow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pollux_client.protocol.send.backoff_ms", lambda *_, **__: 10 * 60_000)
    script = Script(status(502, "<h1>Bad Gateway</h1>"), status(502, "<h1>Bad Gateway</h1>"), page("t1"), accepted())
    async with await follow(script) as provider, asyncio.timeout(PATIENCE_S):
        sending = asyncio.create_task(provider.send("c1", "hi"))
        await eventually(lambda: len(script.asked) == 1)
        await asyncio.sleep(0.05)
        await until(provider.subscribe(), Online)
        assert (await sending).seq == 1
