"""Shedding over HTTP: what a client sees of it, and what is answered whatever comes. The pressure is the test's."""

from typing import Any

import pytest
from aiohttp import ClientResponse, WSServerHandshakeError
from pytest_aiohttp import AiohttpClient

from app.settings import Settings
from app.wiring import build_app
from cache.redis_level import RedisLevel
from realtime.shedding import Demand, Shedding
from resolvers.services import Services
from tests.asking import SEND, Api, token

POLL = "query($c: ID!, $a: String) { messages(channelId: $c, after: $a) { nodes { seq } pageInfo { endCursor } } }"
SYNC = "query($t: String, $waitMs: Int) { sync(token: $t, waitMs: $waitMs) { token } }"
EVERYTHING = float(len(Demand))


class Pressed:
    """A server that sheds as much as its test says."""

    def __init__(self, api: Api, shedding: Shedding) -> None:
        self.api, self.shedding = api, shedding

    async def post(self, query: str, variables: dict[str, Any], *, who: str = "alice") -> ClientResponse:
        headers = {"Authorization": f"Bearer {token(who)}"}
        return await self.api.client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)

    async def status(self, query: str, variables: dict[str, Any], *, who: str = "alice") -> int:
        return (await self.post(query, variables, who=who)).status


@pytest.fixture
async def pressed(settings: Settings, opened: tuple[Services, RedisLevel], aiohttp_client: AiohttpClient) -> Pressed:
    shedding = Shedding(clock_s=lambda: 0.0, chance=lambda: 0.0)  # nobody is due before time passes
    shedding.watching = True
    return Pressed(Api(await aiohttp_client(build_app(settings, *opened, shedding=shedding)), opened[0]), shedding)


async def _refused(answer: ClientResponse) -> tuple[int, str]:
    """Return the status and code of a refusal, which must be complete."""
    body = await answer.json()
    (error,) = body["errors"]
    assert (answer.content_type, "data" in body, answer.headers["Cache-Control"]) == ("application/json", False, "no-store")
    wait_ms = error["extensions"]["retryAfterMs"]
    assert 0 < wait_ms <= 1000 * int(answer.headers["Retry-After"]) < wait_ms + 1000
    assert float(answer.headers["X-Poll-Interval"]) > 0
    return answer.status, error["extensions"]["code"]


async def test_who_asks_sooner_than_told_is_refused_first_then_all_polls_then_changes(pressed: Pressed) -> None:
    channel = await pressed.api.channel("bob")
    send = {"i": {"channelId": channel, "content": "hello"}}
    assert await pressed.status(POLL, {"c": channel}) == 200  # and is told when to ask again
    pressed.shedding.pressure = 1.0
    assert await _refused(await pressed.post(POLL, {"c": channel})) == (429, "RATE_LIMITED")
    assert await pressed.status(POLL, {"c": channel}, who="bob") == 200
    assert await pressed.status(SEND, send) == 200
    pressed.shedding.pressure = 2.0
    assert await _refused(await pressed.post(SYNC, {}, who="bob")) == (503, "UNAVAILABLE")
    assert await pressed.status(SEND, send) == 200
    pressed.shedding.pressure = EVERYTHING
    assert await _refused(await pressed.post(SEND, send)) == (503, "UNAVAILABLE")
    pressed.shedding.pressure = 0.0
    page = await pressed.api.poll(channel)
    assert len(page["nodes"]) == 2  # what was refused was not stored


async def test_a_poll_whose_answer_is_kept_is_answered_whatever_comes(pressed: Pressed) -> None:
    channel = await pressed.api.channel()
    after = (await pressed.api.poll(channel))["pageInfo"]["endCursor"]
    asked = {"c": channel, "a": after}
    for _ in range(3):
        await pressed.post(POLL, asked)
    pressed.shedding.pressure = EVERYTHING
    answer = await pressed.post(POLL, asked)
    assert (answer.status, "response" in answer.headers["Cache-Status"]) == (200, True)
    assert pressed.shedding.shed == dict.fromkeys(Demand, 0)


async def test_health_and_metrics_are_answered_whatever_comes(pressed: Pressed) -> None:
    pressed.shedding.pressure = EVERYTHING
    await pressed.post(SYNC, {})
    answers = [await pressed.api.client.get(path) for path in ("/livez", "/readyz", "/metrics")]
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert 'pollux_shed_total{demand="poll"} 1.0' in await answers[-1].text()


async def test_a_poll_that_waits_for_news_is_never_early(pressed: Pressed) -> None:
    place = (await pressed.api.ask("{ sync { token } }"))["token"]
    pressed.shedding.pressure = 1.0
    assert await pressed.status(SYNC, {"t": place, "waitMs": 1000}) == 200
    assert await pressed.status(SYNC, {"t": place}) == 429


@pytest.mark.parametrize(
    ("query", "variables", "status"),
    [
        ("query($t: String) { sync(token: $t, waitMs: 1000) { token } }", {}, 200),
        ("query($t: String, $w: Int) { sync(token: $t, waitMs: $w) { token } }", {"w": 1000}, 200),
        ("query($t: String, $w: Int) { sync(token: $t, waitMs: $w) { token } }", {"w": 1}, 429),
        ("query($t: String) { sync(token: $t) { token } }", {"waitMs": 1000}, 429),
    ],
)
async def test_who_waits_is_who_asks_a_sync_to_wait(pressed: Pressed, query: str, variables: dict[str, int], status: int) -> None:
    place = {"t": (await pressed.api.ask("{ sync { token } }"))["token"]}
    pressed.shedding.pressure = 1.0
    assert await pressed.status(query, {**place, **variables}) == status


async def test_no_socket_and_no_stream_is_opened_under_pressure(pressed: Pressed) -> None:
    pressed.shedding.pressure = 2.0
    with pytest.raises(WSServerHandshakeError, match="503"):
        await pressed.api.client.ws_connect("/graphql", protocols=["graphql-transport-ws"])
    headers = {"Authorization": f"Bearer {token('alice')}", "Accept": "text/event-stream"}
    answer = await pressed.api.client.post("/graphql", json={"query": "subscription { sync { token } }"}, headers=headers)
    assert await _refused(answer) == (503, "UNAVAILABLE")


async def test_operations_on_a_socket_that_is_open_are_refused_as_over_http(pressed: Pressed) -> None:
    async with pressed.api.client.ws_connect("/graphql", protocols=["graphql-transport-ws"]) as socket:
        await socket.send_json({"type": "connection_init", "payload": {"Authorization": f"Bearer {token('alice')}"}})
        assert (await socket.receive_json())["type"] == "connection_ack"
        pressed.shedding.pressure = 2.0
        await socket.send_json({"type": "subscribe", "id": "1", "payload": {"query": "{ viewer { name } }"}})
        told = await socket.receive_json()
        assert (told["type"], told["id"], len(told["payload"])) == ("error", "1", 1)
        assert told["payload"][0]["extensions"]["code"] == "UNAVAILABLE"
        assert told["payload"][0]["extensions"]["retryAfterMs"] > 0
        pressed.shedding.pressure = 0.0
        await socket.send_json({"type": "subscribe", "id": "2", "payload": {"query": "{ viewer { name } }"}})
        assert (await socket.receive_json())["payload"] == {"data": {"viewer": {"name": "Alice"}}}
