"""Following over a WebSocket, as a scripted server sees it."""

import asyncio
from collections.abc import Sequence

import pytest
from aiohttp import web
from scripted_server import Script, Socket, delta, message, page, refusal
from waiting import Follow, eventually, until

from pollux_client import Checkpoint, MessageCreated, Offline, Online, PolluxError, Unauthenticated, Unreachable


def script(*sockets: object) -> Script:
    made = Script()
    made.sockets = list(sockets)  # type: ignore[arg-type]  # what talks on each
    return made


def seqs(events: Sequence[object]) -> list[int]:
    return [one.message.seq for one in events if isinstance(one, MessageCreated)]


async def test_pages_come_as_the_server_says_them_and_resume_by_the_token(follow: Follow) -> None:
    async def first(socket: Socket) -> None:
        await socket.begin()
        await socket.give(page("t1", hasMore=True, channels=[delta("c1", message(1))]))
        await socket.say("ping")
        assert (await socket.hear())["type"] == "pong"
        await socket.give(page("t2", channels=[delta("c1", message(2))]))
        await socket.raw.close(code=1001)

    async def second(socket: Socket) -> None:
        await socket.begin()
        await socket.give(page("t3", channels=[delta("c1", message(3))]))
        await socket.idle()

    server = script(first, second)
    async with await follow(server, transport="websocket") as provider:
        events = await until(provider.subscribe("c1"), Checkpoint, 3)
    assert seqs(events) == [1, 2, 3]
    assert [type(one) for one in events if isinstance(one, Online | Offline)] == [Online]
    init, subscribed, _, _, again = server.asked[:5]
    assert init["payload"] == {"Authorization": "Bearer t"}
    assert subscribed["payload"]["variables"] == {"token": None, "channelIds": ["c1"]}
    assert again["payload"]["variables"]["token"] == "t2"


async def test_an_expired_token_is_got_again_and_the_stream_goes_on(follow: Follow) -> None:
    given = iter(("old", "new"))

    async def token() -> str:
        return next(given)

    async def expires(socket: Socket) -> None:
        await socket.begin()
        await socket.give(page("t1", channels=[delta("c1", message(1))]))
        await socket.raw.close(code=4403, message=b"Forbidden")

    async def goes_on(socket: Socket) -> None:
        await socket.begin()
        await socket.give(page("t2", channels=[delta("c1", message(2))]))
        await socket.idle()

    server = script(expires, goes_on)
    async with await follow(server, transport="websocket", token=token) as provider:
        events = await until(provider.subscribe("c1"), Checkpoint, 2)
    assert seqs(events) == [1, 2]
    assert [asked["payload"]["Authorization"] for asked in server.asked if asked["type"] == "connection_init"] == [
        "Bearer old",
        "Bearer new",
    ]


async def test_a_token_that_was_never_believed_ends_it(follow: Follow) -> None:
    async def refuses(socket: Socket) -> None:
        await socket.hear()
        await socket.raw.close(code=4403, message=b"Forbidden")

    async with await follow(script(refuses), transport="websocket") as provider:
        with pytest.raises(Unauthenticated, match="Forbidden"):
            await until(provider.subscribe(), Online)


async def test_an_error_that_will_not_change_ends_it(follow: Follow) -> None:
    async def refuses(socket: Socket) -> None:
        await socket.begin()
        await socket.say("error", id="1", payload=refusal("GRAPHQL_VALIDATION_FAILED")["errors"])
        await socket.idle()

    async with await follow(script(refuses), transport="websocket") as provider:
        with pytest.raises(PolluxError, match="GRAPHQL_VALIDATION_FAILED"):
            await until(provider.subscribe(), Checkpoint)


async def test_an_outage_in_a_page_is_waited_for(follow: Follow) -> None:
    async def cannot(socket: Socket) -> None:
        await socket.begin()
        await socket.give(refusal("UNAVAILABLE", retryAfterMs=1))
        await socket.idle()

    async def can(socket: Socket) -> None:
        await socket.begin()
        await socket.give(page("t1"))
        await socket.idle()

    async with await follow(script(cannot, can), transport="websocket") as provider:
        events = await until(provider.subscribe(), Checkpoint)
    assert [type(one) for one in events if isinstance(one, Online | Offline)] == [Online, Offline, Online]


@pytest.mark.parametrize("answer", ["no JSON", "[]"])
async def test_what_is_no_message_of_the_protocol_is_no_connection(follow: Follow, answer: str) -> None:
    async def babbles(socket: Socket) -> None:
        await socket.raw.send_str(answer)
        await socket.idle()

    async with await follow(script(babbles), transport="websocket") as provider:
        await until(provider.subscribe(), Offline)
        assert provider.error is not None
        assert "no JSON object" in str(provider.error)


async def test_silence_is_a_dead_connection(follow: Follow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pollux_client.websocket.SILENCE_S", 0.2)

    async def falls_silent(socket: Socket) -> None:
        await socket.begin()
        await socket.idle()

    async with await follow(script(falls_silent), transport="websocket") as provider:
        await until(provider.subscribe(), Offline)
        assert isinstance(provider.error, Unreachable)
        assert "silent" in str(provider.error)


async def test_a_server_without_websockets_says_so(follow: Follow) -> None:
    async def not_found(_: web.Request) -> web.StreamResponse:
        return web.Response(status=404)

    async with await follow(Script(not_found), transport="websocket") as provider:
        with pytest.raises(PolluxError, match="404 to a WebSocket"):
            await until(provider.subscribe(), Online)


async def test_who_reads_slowly_holds_the_next_page_back_and_loses_nothing(follow: Follow) -> None:
    async def talks(socket: Socket) -> None:
        await socket.begin()
        for number in range(20):
            some = [message(number * 100 + i) for i in range(1, 101)]
            await socket.give(page(f"t{number}", channels=[delta("c1", *some)]))
        await socket.idle()

    async with await follow(script(talks), transport="websocket") as provider:
        heard = provider.subscribe()
        await eventually(lambda: provider.token == "t9")
        await asyncio.sleep(0.3)
        assert provider.token == "t9"
        assert seqs(await until(heard, Checkpoint, 20)) == list(range(1, 2001))
