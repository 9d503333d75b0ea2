"""Following over HTTP, as a scripted server sees it."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from scripted_server import Script, delta, message, page, refusal, status
from waiting import Follow, eventually, until

from pollux_client import (
    Checkpoint,
    Closed,
    MessageCreated,
    Offline,
    Online,
    PollingProvider,
    PolluxError,
    RateLimited,
    Unauthenticated,
    Unavailable,
    Unreachable,
)


async def test_an_unchanged_answer_costs_no_body_and_says_when_to_ask_again(follow: Follow) -> None:
    first = page("t1", channels=[delta("c1", message(1))])

    async def tagged(_: web.Request) -> web.StreamResponse:
        return web.json_response(page("t1"), headers={"ETag": 'W/"one"'})

    script = Script(first, tagged, status(304, **{"X-Poll-Interval": "0.1"}), page("t2", channels=[delta("c1", message(2))]))
    async with await follow(script) as provider:
        events = await until(provider.subscribe("c1"), Checkpoint, 2)
    assert [one.message.seq for one in events if isinstance(one, MessageCreated)] == [1, 2]
    assert [heard.get("If-None-Match") for heard in script.headers[:4]] == [None, None, 'W/"one"', 'W/"one"']
    assert [asked["variables"]["token"] for asked in script.asked[:4]] == [None, "t1", "t1", "t1"]


async def test_compressed_answers_are_read(follow: Follow) -> None:
    async def compressed(_: web.Request) -> web.StreamResponse:
        response = web.json_response(page("t1", channels=[delta("c1", message(1, content="가" * 4000))]))
        response.enable_compression(web.ContentCoding.gzip)
        return response

    script = Script(compressed)
    async with await follow(script) as provider:
        events = await until(provider.subscribe(), MessageCreated)
    assert "gzip" in script.headers[0]["Accept-Encoding"]
    assert isinstance(events[-1], MessageCreated)
    assert events[-1].message.content == "가" * 4000


async def test_several_subscriptions_made_in_one_go_are_one_request(follow: Follow) -> None:
    both = page("t1", channels=[delta("c1", message(1)), delta("c2", message(1, content="there"))])
    script = Script(both)
    async with await follow(script) as provider:
        one, two = provider.subscribe("c1"), provider.subscribe("c2")
        of_one, of_two = await until(one, Checkpoint), await until(two, Checkpoint)
    assert script.asked[0]["variables"]["channelIds"] == ["c1", "c2"]
    assert [e.message.channel_id for e in (*of_one, *of_two) if isinstance(e, MessageCreated)] == ["c1", "c2"]


async def test_without_subscriptions_nothing_is_asked_and_the_next_goes_on(follow: Follow) -> None:
    script = Script(page("t1", channels=[delta("c1", message(1))]))
    async with await follow(script) as provider:
        first = provider.subscribe("c1")
        await until(first, Checkpoint)
        provider.unsubscribe(first)
        assert [one async for one in first] == []
        asked = len(script.asked)
        await asyncio.sleep(0.3)
        assert len(script.asked) == asked
        script.answers.append(page("t2", channels=[delta("c1", message(2))]))
        events = await until(provider.subscribe("c1"), Checkpoint)
    assert [one.message.seq for one in events if isinstance(one, MessageCreated)] == [2]
    assert script.asked[asked]["variables"]["token"] == "t1"


async def test_offline_is_said_once_with_its_reason_and_online_again(follow: Follow) -> None:
    outage = status(503, refusal("UNAVAILABLE", retryAfterMs=1))
    script = Script(page("t1"), outage, status(502, "<h1>Bad Gateway</h1>"), page("t2"))
    async with await follow(script) as provider:
        heard = provider.subscribe()
        events = await until(heard, Offline)
        assert isinstance(events[-1], Offline)
        assert events[-1].code == "UNAVAILABLE"
        assert isinstance(provider.error, Unavailable)
        assert not provider.online
        (again, *_) = await until(heard, Checkpoint)
        assert isinstance(again, Online)
        assert provider.error is None


async def test_retry_after_as_a_header_goes_first(follow: Follow) -> None:
    script = Script(status(429, "slower", **{"Retry-After": "1"}), page("t1"))
    async with await follow(script) as provider:
        began = asyncio.get_running_loop().time()
        await until(provider.subscribe(), Online)
        assert asyncio.get_running_loop().time() - began >= 1


async def test_a_token_that_expired_is_got_again(follow: Follow) -> None:
    given = iter(("old", "new"))

    async def token() -> str:
        return next(given)

    script = Script(status(401, refusal("UNAUTHENTICATED", reason="expired")), page("t1"))
    async with await follow(script, token=token) as provider:
        await until(provider.subscribe(), Online)
    assert [heard["Authorization"] for heard in script.headers[:2]] == ["Bearer old", "Bearer new"]


async def test_a_token_that_is_not_believed_ends_it_with_the_servers_reason(follow: Follow) -> None:
    script = Script(status(401, refusal("UNAUTHENTICATED", reason="invalid")))
    async with await follow(script) as provider:
        with pytest.raises(Unauthenticated) as raised:
            await until(provider.subscribe(), Online)
        assert raised.value.extensions["reason"] == "invalid"
        with pytest.raises(Unauthenticated):
            await until(provider.subscribe(), Online)


async def test_a_defect_of_the_function_for_tokens_is_seen(follow: Follow) -> None:
    async def token() -> str:
        raise KeyError("refresh")

    async with await follow(Script(), token=token) as provider:
        with pytest.raises(PolluxError, match="refresh"):
            await until(provider.subscribe(), Online)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (status(404, "<h1>Not here</h1>"), "404"),
        (status(307, Location="http://elsewhere.invalid/graphql"), "elsewhere"),
        (refusal("GRAPHQL_VALIDATION_FAILED"), "GRAPHQL_VALIDATION_FAILED"),
        ({"data": {"sync": {"token": 1}}}, "form"),
    ],
)
async def test_what_will_not_change_ends_it(follow: Follow, answer: Any, said: str) -> None:
    script = Script(answer)
    async with await follow(script) as provider:
        with pytest.raises(PolluxError, match=said):
            await until(provider.subscribe(), Online)
    assert len(script.asked) == 1


async def test_nobody_listening_is_offline_with_the_reason() -> None:
    async with PollingProvider("http://127.0.0.1:1/graphql", token="t") as provider:
        await until(provider.subscribe(), Offline)
        assert isinstance(provider.error, Unreachable)
        assert "Connection refused" in str(provider.error)


async def test_closing_gives_what_is_held_and_ends_what_waits(follow: Follow) -> None:
    script = Script(page("t1", channels=[delta("c1", message(1), message(2))]), status(502, "<h1>Bad Gateway</h1>"))
    provider = await follow(script)
    heard = provider.subscribe()
    await eventually(lambda: provider.token == "t1")
    provider.unsubscribe(other := provider.subscribe())
    sending = asyncio.create_task(provider.send("c1", "hi"))
    await eventually(lambda: len(script.asked) == 2)
    await asyncio.sleep(0.05)
    await provider.close()
    assert [one.message.seq async for one in heard if isinstance(one, MessageCreated)] == [1, 2]
    assert [one async for one in other] == []
    for refused in (sending, provider.send("c1", "hi"), provider.execute("{ viewer { id } }")):
        with pytest.raises(Closed):
            await refused
    with pytest.raises(Closed):
        provider.subscribe()
    await provider.close()


async def test_who_reads_slowly_holds_the_next_page_back_and_loses_nothing(follow: Follow) -> None:
    pages = [page(f"t{n}", hasMore=n < 5, channels=[delta("c1", *(message(n * 400 + i) for i in range(1, 401)))]) for n in range(6)]
    script = Script(*pages)
    async with await follow(script) as provider:
        heard = provider.subscribe()
        await eventually(lambda: provider.token == "t2")
        await asyncio.sleep(0.3)
        assert len(script.asked) == 3
        events = await until(heard, Checkpoint, 6)
    assert [one.message.seq for one in events if isinstance(one, MessageCreated)] == list(range(1, 2401))


async def test_errors_of_other_operations_have_their_codes(follow: Follow) -> None:
    async with await follow(Script(status(429, refusal("RATE_LIMITED", retryAfterMs=1500)))) as provider:
        with pytest.raises(RateLimited) as raised:
            await provider.execute("{ viewer { id } }")
    assert raised.value.retry_after_ms == 1500
