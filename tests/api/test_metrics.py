"""GET /metrics: what is counted of real operations, and who may read it."""

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pytest_aiohttp import AiohttpClient

from app.metrics import MEASURES
from app.settings import Settings
from app.wiring import build_app
from cache.redis_level import RedisLevel
from resolvers.services import Services
from tests.asking import CREATE, POLL, SECRET, SEND, Api, token

WATCHER = "a-token-of-those-who-watch"


async def _metrics(api: Api) -> dict[tuple[str, ...], float]:
    answer = await api.client.get("/metrics")
    assert answer.status == 200
    families = list(text_string_to_metric_families(await answer.text()))
    assert {f"{one.name}_total" if one.type == "counter" else one.name for one in families} == {one.name for one in MEASURES}
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


async def test_polls_are_counted_by_kind_and_level_and_by_what_they_brought(api: Api) -> None:
    channel = (await api.ask(CREATE, {"i": {"name": "room"}}))["channel"]["id"]
    sent = await api.ask(SEND, {"i": {"channelId": channel, "content": "one"}})
    place = sent["message"]["cursor"]
    for _ in range(4):
        await api.ask(POLL, {"c": channel, "after": place})
    await api.ask(SEND, {"i": {"channelId": channel, "content": "two"}})
    await api.ask(POLL, {"c": channel, "after": place})
    await api.ask(POLL, {"c": channel})
    seen = await _metrics(api)
    empty = {key[2]: count for key, count in seen.items() if key[:2] == ("pollux_polls_total", "messages") and key[3] == "none"}
    assert sum(empty.values()) == 4
    assert empty["response"] >= 1
    by_news = {
        news: sum(n for key, n in seen.items() if key[0] == "pollux_polls_total" and key[3] == news)
        for news in ("some", "not_asked")
    }
    assert by_news == {"some": 1, "not_asked": 1}
    assert seen["pollux_poll_duration_seconds_count", "messages"] == 6
    assert seen["pollux_staleness_seconds_count", "messages"] == 1
    assert seen["pollux_mutation_duration_seconds_count", "sendMessage"] == 2
    assert seen["pollux_group_commit_size_sum", "send"] == 2
    assert seen["pollux_read_index_riders_sum", "channel"] >= 6
    assert seen["pollux_workers",] == 1


async def test_errors_are_counted_by_their_code_and_answers_not_sent_again(api: Api) -> None:
    await api.answer("{ nonsense }")
    await api.answer("{")
    query = {"query": "{ viewer { name } }"}
    headers = {"Authorization": f"Bearer {token('alice')}"}
    tag = (await api.client.post("/graphql", json=query, headers=headers)).headers["ETag"]
    assert (await api.client.post("/graphql", json=query, headers={**headers, "If-None-Match": tag})).status == 304
    seen = await _metrics(api)
    assert seen["pollux_errors_total", "GRAPHQL_VALIDATION_FAILED"] == 1
    assert seen["pollux_errors_total", "GRAPHQL_PARSE_FAILED"] == 1
    assert seen["pollux_polls_unchanged_total",] == 1


async def test_a_held_poll_is_counted_apart(api: Api) -> None:
    place = (await api.ask("{ sync { token } }"))["token"]
    await api.ask(f'{{ sync(token: "{place}", waitMs: 50) {{ token }} }}')
    seen = await _metrics(api)
    assert seen["pollux_held_poll_duration_seconds_count", "sync"] == 1
    assert seen["pollux_poll_duration_seconds_count", "sync"] == 1


@pytest.mark.parametrize(
    ("environment", "watcher", "sent", "status"),
    [
        ("production", None, None, 404),
        ("production", WATCHER, None, 401),
        ("production", WATCHER, "wrong", 401),
        ("production", WATCHER, WATCHER, 200),
        ("development", WATCHER, None, 401),
        ("development", None, None, 200),
    ],
)
async def test_metrics_are_read_by_those_who_hold_the_token(
    settings: Settings,
    opened: tuple[Services, RedisLevel],
    aiohttp_client: AiohttpClient,
    environment: str,
    watcher: str | None,
    sent: str | None,
    status: int,
) -> None:
    changed = {"POLLUX_ENV": environment, "POLLUX_METRICS_TOKEN": watcher, "POLLUX_JWT_SECRET": SECRET}
    configured = Settings.model_validate({"database_url": settings.database_url, "redis_url": settings.redis_url, **changed})
    client = await aiohttp_client(build_app(configured, *opened))
    answer = await client.get("/metrics", headers={"Authorization": f"Bearer {sent}"} if sent is not None else {})
    assert answer.status == status
    assert ("WWW-Authenticate" in answer.headers) is (status == 401)
    assert answer.headers["Cache-Control"] == "no-store"
