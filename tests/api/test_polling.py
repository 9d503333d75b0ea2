"""The polling interval, where a client finds it: in the answer and in the header. By the tables, which never move."""

import pytest
from aiohttp import ClientResponse

from realtime.pacing import PollingPolicy
from tests.asking import Api, token

INTERVAL = "{ milliseconds reason activeUsers }"
ASK = f"query($c: ID, $a: ClientActivity = ACTIVE) {{ pollingInterval(channelId: $c, activity: $a) {INTERVAL} }}"
ASK_WITHOUT_ACTIVITY = f"query($c: ID) {{ pollingInterval(channelId: $c) {INTERVAL} }}"


@pytest.fixture(autouse=True)
def unloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is."""
    monkeypatch.setattr("realtime.fleet.load_of", lambda _figures: 0.0)


async def _post(api: Api, query: str, variables: dict[str, object] | None = None, **headers: str) -> ClientResponse:
    return await api.client.post(
        "/graphql",
        json={"query": query, "variables": variables or {}},
        headers={"Authorization": f"Bearer {token('alice')}", **headers},
    )


async def test_seven_active_users_are_polled_every_two_seconds(api: Api) -> None:
    people = [f"user{i}" for i in range(7)]
    channel = await api.channel(*people)
    for who in people:
        await api.poll(channel, who=who)
    await api.services.presence.settle()
    assert await api.ask(ASK, {"c": channel}) == {"milliseconds": 2000, "reason": "STEADY", "activeUsers": 7}


async def test_the_load_policy_has_its_own_table(api: Api) -> None:
    channel = await api.channel()
    api.services.pace.policy = PollingPolicy.LOAD
    assert (await api.ask(ASK, {"c": channel}))["milliseconds"] == 2000


async def test_a_client_in_the_background_polls_slowly_and_is_not_seen(api: Api) -> None:
    channel = await api.channel()
    away = await (await _post(api, ASK_WITHOUT_ACTIVITY, {"c": channel}, **{"X-Client-Activity": "background"})).json()
    assert away["data"]["pollingInterval"] == {"milliseconds": 10_000, "reason": "IDLE", "activeUsers": 0}


async def test_the_argument_goes_before_the_header(api: Api) -> None:
    channel = await api.channel()
    answer = await (await _post(api, ASK, {"c": channel, "a": "ACTIVE"}, **{"X-Client-Activity": "background"})).json()
    assert answer["data"]["pollingInterval"]["reason"] == "QUIET"


async def test_the_header_carries_the_smallest_interval_of_the_answer_in_seconds(api: Api) -> None:
    channel = await api.channel()
    interval = "pollingInterval { milliseconds }"
    both = f'{{ unreadNotifications {{ {interval} }} channel(id: "{channel}") {{ {interval} }} }}'
    assert (await _post(api, both)).headers["X-Poll-Interval"] == "5"
    assert (await _post(api, "{ unreadNotifications { pollingInterval { milliseconds } } }")).headers["X-Poll-Interval"] == "10"
    assert (await _post(api, "{ viewer { id } }")).headers["X-Poll-Interval"] == "5"


async def test_an_argument_of_one_field_is_no_matter_of_the_others(api: Api) -> None:
    """Whichever is resolved first."""
    channel = await api.channel()
    asked = (
        "query($c: ID!) { a: channel(id: $c) { pollingInterval { reason } } b: pollingInterval(activity: IDLE) { reason }"
        " c: channel(id: $c) { pollingInterval { reason } } }"
    )
    quiet = {"pollingInterval": {"reason": "QUIET"}}
    assert await api.ask(asked, {"c": channel}) == {"a": quiet, "b": {"reason": "IDLE"}, "c": quiet}
