"""Rate limits over HTTP: who is limited, by what, what is said of it, and what is hardly charged."""

import asyncio
from typing import Any

import pytest
from aiohttp import ClientResponse
from pytest_aiohttp import AiohttpClient

from app.addresses import parse_networks
from app.rate_settings import Rate
from app.settings import Settings
from app.wiring import build_app
from cache.redis_level import RedisLevel
from resolvers.services import Services
from tests.asking import SEND, Api, token

POLL = {"query": "{ viewer { id } }"}
WIDE = Rate(100_000, 1_000_000)
RATES = {
    "rate_limit": True,
    "rate_sends": WIDE,
    "rate_cost": WIDE,
    "rate_channel": WIDE,
    "rate_address_sends": WIDE,
    "rate_address_cost": WIDE,
}


class Limited:
    """Servers with limits of their own, over the test's parts."""

    def __init__(self, settings: Settings, opened: tuple[Services, RedisLevel], client: AiohttpClient) -> None:
        self._settings, self._opened, self._client = settings, opened, client

    async def api(self, **rates: Any) -> Api:
        settings = self._settings.model_copy(update={**RATES, **rates})
        return Api(await self._client(build_app(settings, *self._opened)), self._opened[0])


@pytest.fixture
def limited(settings: Settings, opened: tuple[Services, RedisLevel], aiohttp_client: AiohttpClient) -> Limited:
    return Limited(settings, opened, aiohttp_client)


async def _post(api: Api, payload: Any, *, who: str = "alice", **headers: str) -> ClientResponse:
    bearer = {"Authorization": f"Bearer {token(who)}"}
    return await api.client.post("/graphql", json=payload, headers={**bearer, **headers})


async def _refused(answer: ClientResponse) -> dict[str, Any]:
    """Return what a refusal says, which must be complete."""
    body = await answer.json()
    (error,) = body["errors"]
    assert (answer.status, answer.content_type, "data" in body) == (429, "application/json", False)
    assert error["extensions"]["code"] == "RATE_LIMITED"
    wait_ms = error["extensions"]["retryAfterMs"]
    assert 0 < wait_ms <= 1000 * int(answer.headers["Retry-After"]) < wait_ms + 1000
    assert (answer.headers["Cache-Control"], float(answer.headers["X-Poll-Interval"]) > 0) == ("no-store", True)
    extensions: dict[str, Any] = error["extensions"]
    return extensions


def _send(channel: str, count: int = 1) -> dict[str, Any]:
    if count == 1:
        return {"query": SEND, "variables": {"i": {"channelId": channel, "content": "words"}}}
    one = f'sendMessage(input: {{channelId: "{channel}", content: "m"}}) {{ userErrors {{ code }} }}'
    return {"query": f"mutation {{ {' '.join(f'm{n}: {one}' for n in range(count))} }}"}


async def test_a_users_sends_are_limited_and_those_of_others_are_not(limited: Limited) -> None:
    api = await limited.api(rate_sends=Rate(0.1, 6))
    channel = await api.channel("bob")  # one change of alice
    answers = [await _post(api, _send(channel)) for _ in range(7)]
    assert [answer.status for answer in answers] == [200] * 5 + [429] * 2
    assert (await _refused(answers[-1]))["retryAfterMs"] > 1000
    assert (await _post(api, _send(channel), who="bob")).status == 200
    assert (await _post(api, POLL)).status == 200
    assert len((await api.poll(channel))["nodes"]) == 6


async def test_several_changes_in_one_request_are_several(limited: Limited) -> None:
    api = await limited.api(rate_sends=Rate(0.1, 21))
    channel = await api.channel()
    assert (await _post(api, _send(channel, 15))).status == 200
    await _refused(await _post(api, _send(channel, 15)))
    assert (await _post(api, _send(channel, 5))).status == 200
    assert len((await api.poll(channel))["nodes"]) == 20


async def test_a_thousand_sends_at_once_are_no_more_than_the_burst(limited: Limited) -> None:
    api = await limited.api(rate_sends=Rate(1, 50))
    channel = await api.channel()
    statuses = [answer.status for answer in await asyncio.gather(*(_post(api, _send(channel)) for _ in range(300)))]
    assert set(statuses) == {200, 429}
    assert 49 <= statuses.count(200) <= 49 + 30


async def test_a_channel_is_limited_whoever_sends(limited: Limited) -> None:
    api = await limited.api(rate_channel=Rate(0.1, 4))
    channel, other = await api.channel("bob"), await api.channel("bob")
    statuses = [(await _post(api, _send(channel), who=who)).status for who in ("alice", "bob") * 3]
    assert statuses == [200] * 4 + [429] * 2
    assert (await _post(api, _send(other))).status == 200


async def test_an_address_is_limited_whoever_it_is_and_whatever_it_claims(limited: Limited) -> None:
    api = await limited.api(rate_address_sends=Rate(0.1, 5))
    channel = await api.channel("bob")
    answers = [await _post(api, _send(channel), who=who, **{"X-Forwarded-For": f"198.51.100.{n}"})
               for n, who in enumerate(("alice", "bob") * 3)]  # fmt: skip
    assert [answer.status for answer in answers] == [200] * 3 + [429] * 3


async def test_behind_a_trusted_proxy_each_client_has_an_address_of_its_own(limited: Limited) -> None:
    api = await limited.api(rate_address_sends=Rate(0.1, 3), trusted_proxies=parse_networks("127.0.0.1,::1"))
    channel = await api.channel("bob")
    spoofed = [await _post(api, _send(channel), **{"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.1"}) for n in range(5)]
    assert [answer.status for answer in spoofed] == [200] * 3 + [429] * 2
    assert (await _post(api, _send(channel), **{"X-Forwarded-For": "198.51.100.1, 203.0.113.2"})).status == 200


async def test_what_operations_look_at_is_limited_by_their_cost(limited: Limited) -> None:
    api = await limited.api(rate_cost=Rate(1, 10_000))
    found = "{ nodes { id } }"
    searches = [  # 500 units each for looking, whatever is found, and never the same answer
        {"query": "{ " + " ".join(f's{n}x{m}: searchChannels(text: "x", first: 1) {found}' for m in range(5)) + " }"}
        for n in range(25)
    ]
    statuses = [(await _post(api, search)).status for search in searches]
    assert statuses[:15] == [200] * 15
    assert statuses[-3:] == [429] * 3
    await _refused(await _post(api, searches[-1]))
    assert (await _post(api, searches[-1], who="bob")).status == 200


async def test_an_unchanged_poll_costs_next_to_nothing(limited: Limited) -> None:
    api = await limited.api(rate_cost=Rate(1, 10_000))
    page = {"query": "{ channels(first: 200) { nodes { lastMessage { author { id } } } } }"}
    for _ in range(5):
        await _post(api, page)
    before = [await _left(api)]
    etags = [(await _post(api, page)).headers["ETag"] for _ in range(50)]
    assert len(set(etags)) == 1
    assert (await _post(api, page, **{"If-None-Match": etags[0]})).status == 304
    assert before[0] - await _left(api) < 120


async def _left(api: Api) -> int:
    """Return what is left of alice's allowance, by a question that was not asked before."""
    unseen = {"query": f"{{ viewer {{ id }} }} # {asyncio.get_running_loop().time()}"}
    header = (await _post(api, unseen)).headers["RateLimit"]
    return int(header.split("r=")[1].split(";")[0])


async def test_answers_say_what_the_allowances_are_and_what_is_left(limited: Limited) -> None:
    api = await limited.api(rate_sends=Rate(0.01, 200), rate_cost=Rate(1, 30_000))
    channel = await api.channel()
    sent = await _post(api, _send(channel))
    assert sent.headers["RateLimit-Policy"] == '"sends";q=200;w=20000, "cost";q=30000;w=30000'
    sends, cost = sent.headers["RateLimit"].split(", ")
    assert sends.startswith('"sends";r=198;t=')
    assert cost.startswith('"cost";r=29')
    asked = await _post(api, {"query": "{ viewer { name } }"})
    assert asked.headers["RateLimit-Policy"] == '"cost";q=30000;w=30000'
    assert asked.headers["RateLimit"].startswith('"cost";r=29')


async def test_tokens_that_are_not_believed_are_charged_to_their_address(limited: Limited) -> None:
    api = await limited.api(rate_address_cost=Rate(1, 10_000))
    wrong = {"Authorization": "Bearer nonsense"}
    statuses = [(await api.client.post("/graphql", json=POLL, headers=wrong)).status for _ in range(1010)]
    assert statuses[:990] == [401] * 990
    assert statuses[-1] == 429
    await _refused(await api.client.post("/graphql", json=POLL, headers=wrong))


async def test_a_back_end_may_send_more(limited: Limited) -> None:
    api = await limited.api(rate_sends=Rate(0.1, 2), rate_address_sends=Rate(0.1, 2))
    notify = "mutation($i: CreateNotificationInput!) { createNotification(input: $i) { userErrors { code } } }"
    given = {"userId": await api.user_id("bob"), "type": "t", "title": "t", "content": "c"}
    for _ in range(20):
        assert await api.ask(notify, {"i": given}, who="backend", roles=["service"]) == {"userErrors": []}


async def test_where_limits_are_off_nothing_is_limited_or_said(limited: Limited) -> None:
    api = await limited.api(rate_limit=False, rate_sends=Rate(0.1, 1))
    channel = await api.channel()
    answers = [await _post(api, _send(channel)) for _ in range(5)]
    assert [(answer.status, "RateLimit" in answer.headers) for answer in answers] == [(200, False)] * 5


async def test_a_document_that_was_not_read_before_is_charged_by_its_length(limited: Limited) -> None:
    api = await limited.api(rate_cost=Rate(0.01, 60))
    first, second = ({"query": POLL["query"] + "#" + sign * 1000} for sign in "xy")
    assert (await _post(api, first)).status == 200  # 10 as a request, 40 as a document
    await _refused(await _post(api, second))
    assert (await _post(api, POLL)).status == 200
