"""Server-sent events: graphql-sse's distinct connections mode, as its protocol says and its own client expects."""

import asyncio

import pytest
from pytest_aiohttp import AiohttpClient

from app.identity import Tokens
from app.settings import Settings
from app.wiring import build_app
from cache.redis_level import RedisLevel
from resolvers.services import Services
from tests.api.streaming import SUBSCRIBE, connected, streamed, until
from tests.api.syncing import contents, synced
from tests.asking import SECRET, SEND, Api, token

BEARER = {"Authorization": f"Bearer {token('alice')}"}
CHAT = "https://chat.example.org"


async def test_a_subscription_starts_with_what_changed_and_goes_on_with_each_change(api: Api) -> None:
    channel = await api.channel("bob")
    given = (await synced(api, who="bob"))["token"]
    await api.send(channel, "before")
    async with streamed(api, given, who="bob") as events:
        assert events.response.status == 200
        assert events.response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert events.response.headers["Cache-Control"] == "no-store"
        assert contents(await events.page()) == {channel: ["before"]}
        await api.send(channel, "after")
        assert contents(await events.page()) == {channel: ["after"]}


async def test_a_query_and_a_mutation_are_one_event_and_complete(api: Api) -> None:
    channel = await api.channel()
    sent = {"channelId": channel, "content": "hi"}
    for query in ("{ viewer { name } }", SEND):
        async with streamed(api, query=query, i=sent) as events:
            said = await events.event()
            assert said is not None
            assert (said[0], list(said[1])) == ("next", ["data"])
            assert await events.event() == ("complete", None)
            assert await events.event() is None


@pytest.mark.parametrize(("query", "code"), [("{", "GRAPHQL_PARSE_FAILED"), ("{ nonsense }", "GRAPHQL_VALIDATION_FAILED")])
async def test_what_cannot_run_is_an_event_with_errors(api: Api, query: str, code: str) -> None:
    async with streamed(api, query=query) as events:
        said = await events.event()
        assert said is not None
        assert (said[0], said[1]["errors"][0]["extensions"]["code"]) == ("next", code)
        assert await events.event() == ("complete", None)


async def test_a_get_subscribes_and_changes_nothing(api: Api) -> None:
    channel = await api.channel()
    await api.send(channel, "hi")
    headers = {**BEARER, "Accept": "text/event-stream"}
    async with api.client.get("/graphql", params={"query": SUBSCRIBE}, headers=headers) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
    async with api.client.get(
        "/graphql", params={"query": "mutation { markNotificationsSeen { inbox { id } } }"}, headers=headers
    ) as no:
        assert (no.status, no.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (
            "application/graphql-response+json, application/json, text/event-stream, multipart/mixed",
            "application/graphql-response+json",
        ),
        ("text/event-stream, application/json;q=0.5", "text/event-stream"),
        ("text/event-stream;q=0, */*", "application/json"),
        ("text/event-stream, multipart/mixed", "text/event-stream"),
    ],
)
async def test_a_query_is_answered_by_events_where_nothing_else_is_wanted_more(api: Api, accept: str, content_type: str) -> None:
    headers = {**BEARER, "Accept": accept}
    async with api.client.post("/graphql", json={"query": "{ viewer { name } }"}, headers=headers) as response:
        assert (response.status, response.content_type) == (200, content_type)


@pytest.mark.parametrize("accept", ["application/json", "*/*", ""])
async def test_a_subscription_needs_a_client_that_accepts_events(api: Api, accept: str) -> None:
    headers = {**BEARER, "Accept": accept}
    async with api.client.post("/graphql", json={"query": SUBSCRIBE}, headers=headers) as response:
        assert (response.status, (await response.json())["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


async def test_who_is_not_known_is_refused_as_ever(api: Api) -> None:
    headers = {"Accept": "text/event-stream"}
    async with api.client.post("/graphql", json={"query": SUBSCRIBE}, headers=headers) as response:
        assert (response.status, response.content_type) == (401, "application/json")


async def test_comments_show_that_the_stream_is_alive(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.open_connections.PING_S", 0.0)
    async with streamed(api) as events:
        await events.page()
        assert await events.response.content.readline() == b":\n"


async def test_a_token_that_expires_ends_the_stream_without_complete(api: Api) -> None:
    short = Tokens(SECRET).issue("alice", lifetime_s=2)
    async with streamed(api, headers={"Authorization": f"Bearer {short}"}) as events:
        await events.page()
        assert await events.event() is None


async def test_at_shutdown_streams_end_without_complete(api: Api) -> None:
    async with streamed(api) as events:
        await events.page()
        await until(lambda: bool(api.services.wake.waiters.waiting))
        closing = asyncio.ensure_future(api.client.server.close())
        assert await events.event() is None
        await closing


async def test_a_client_that_goes_away_frees_everything(api: Api) -> None:
    async with streamed(api) as events:
        await events.page()
        await until(lambda: bool(api.services.wake.waiters.waiting))
    await api.send(await api.channel(), "hi")
    await until(lambda: not api.services.wake.waiters.waiting)


async def test_only_an_allowed_site_may_read_events_or_connect(
    settings: Settings, opened: tuple[Services, RedisLevel], aiohttp_client: AiohttpClient
) -> None:
    allowing = settings.model_copy(update={"allowed_origins": frozenset({CHAT})})
    api = Api(await aiohttp_client(build_app(allowing, *opened)), opened[0])
    own = str(api.client.make_url("/")).rstrip("/")
    for origin, allowed in ((CHAT, True), (own, False), ("https://evil.example", False), ("null", False)):
        async with streamed(api, headers={"Origin": origin}) as events:
            assert ("Access-Control-Allow-Origin" in events.response.headers) is allowed
    for origin, connects in ((CHAT, True), (own, True), ("https://evil.example", False), ("null", False)):
        handshake = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        headers = {**handshake, "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": origin}
        if connects:
            async with connected(api, Origin=origin) as socket:
                await socket.subscribe()
                await socket.page()
        else:
            answer = await api.client.get("/graphql", headers=headers)
            assert (answer.status, (await answer.json())["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
