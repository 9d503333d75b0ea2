"""The adaptive policy, as clients meet it: time, load and what was counted stand still until the test moves them."""

from typing import Any

from aiohttp import ClientResponse

from resolvers.message import channel_key
from tests.api.speeds import Speeds
from tests.api.syncing import synced
from tests.asking import JOIN, Api, token

ASK = (
    "query($c: ID!, $a: String) { messages(channelId: $c, after: $a) { pageInfo { endCursor }"
    " pollingInterval { milliseconds reason activeUsers messageRate serverLoad } } }"
)


async def _asked(api: Api, channel: str, after: str | None = None, **headers: str) -> ClientResponse:
    return await api.client.post(
        "/graphql",
        json={"query": ASK, "variables": {"c": channel, "a": after}},
        headers={"Authorization": f"Bearer {token('alice')}", **headers},
    )


async def _interval(api: Api, channel: str, **headers: str) -> Any:
    answer = await (await _asked(api, channel, **headers)).json()
    return answer["data"]["messages"]["pollingInterval"]


async def _pass(speeds: Speeds, seconds: int, *, load: float = 0.0) -> None:
    for _ in range(seconds):
        speeds.time.passes(1.0, load=load)
        await speeds.fleet.beat()


async def test_a_burst_shortens_the_interval_for_whoever_sees_it_first(speeds: Speeds) -> None:
    api = speeds.quick
    channel = await api.channel("bob")
    before = await _interval(api, channel)
    assert before == {"milliseconds": 8000, "reason": "STEADY", "activeUsers": 1, "messageRate": None, "serverLoad": None}
    for number in range(20):
        await api.send(channel, f"m{number}", who="bob")
    during = await _interval(api, channel)
    assert during["milliseconds"] < 2000
    assert (during["reason"], during["messageRate"]) == ("BUSY", 20)


async def test_silence_lengthens_the_interval_to_half_a_minute(speeds: Speeds) -> None:
    api = speeds.quick
    channel = await api.channel("bob")
    for number in range(20):
        await api.send(channel, f"m{number}", who="bob")
        await _interval(api, channel)
    found = []
    for _ in range(12):
        await _pass(speeds, 30)
        found.append((await _interval(api, channel))["milliseconds"])
    assert found == sorted(found)
    for _ in range(20):
        await _pass(speeds, 300)
        await _interval(api, channel)
    last = await _interval(api, channel)
    assert (last["milliseconds"], last["reason"], last["messageRate"]) == (30_000, "QUIET", 0)


async def test_an_answer_is_the_same_until_a_beat_and_says_load_after_one_that_stretched(speeds: Speeds) -> None:
    api = speeds.quick
    channel = await api.channel()
    after = (await (await _asked(api, channel)).json())["data"]["messages"]["pageInfo"]["endCursor"]
    await _asked(api, channel, after)
    await _pass(speeds, 1, load=0.5)
    first = await _asked(api, channel, after)
    speeds.time.passes(0.9, load=1.0)
    same = await _asked(api, channel, after, **{"If-None-Match": first.headers["ETag"]})
    assert same.status == 304
    speeds.fleet.stretch, speeds.fleet.tick = 3.0, speeds.fleet.tick + 1
    stretched = await _asked(api, channel, after, **{"If-None-Match": first.headers["ETag"]})
    interval = (await stretched.json())["data"]["messages"]["pollingInterval"]
    assert interval["reason"] == "LOAD"
    assert stretched.headers["X-Poll-Interval"] == f"{interval['milliseconds'] / 1000:g}"
    assert interval["milliseconds"] > 2.9 * float(same.headers["X-Poll-Interval"]) * 1000


async def test_load_is_told_after_it_was_measured(speeds: Speeds) -> None:
    api = speeds.quick
    channel = await api.channel()
    await _pass(speeds, 40, load=0.63)
    assert (await _interval(api, channel))["serverLoad"] == 0.65


async def test_the_background_waits_up_to_two_minutes_and_is_seen_nowhere(speeds: Speeds) -> None:
    api = speeds.quick
    channel = await api.channel()
    background = {"X-Client-Activity": "background"}
    for _ in range(20):
        await _pass(speeds, 300)
        await _interval(api, channel, **background)
    found = await _interval(api, channel, **background)
    assert (found["milliseconds"], found["reason"]) == (120_000, "IDLE")
    assert not found["activeUsers"]


async def test_who_is_told_to_wait_half_a_minute_is_seen_until_they_come_again(speeds: Speeds) -> None:
    api = speeds.quick
    channel = await api.channel()
    for _ in range(20):
        await _pass(speeds, 300)
        assert (await _interval(api, channel))["milliseconds"] <= 30_000
    await speeds.presence.settle()
    speeds.time.passes(40, load=0)
    glimpse = "query($c: ID!) { channel(id: $c) { onlineUsers { id } } }"
    assert (await api.ask(glimpse, {"c": channel}, who="alice"))["onlineUsers"]
    seen = speeds.presence.glance(channel_key(channel))
    assert seen
    assert seen.active_users == 1


async def test_whoever_syncs_everything_is_told_by_all_of_their_channels(speeds: Speeds) -> None:
    api = speeds.quick
    channel = await api.channel("bob")
    page = await synced(api)
    await _pass(speeds, 200)
    quiet = await synced(api, page["token"])
    for number in range(20):
        await api.send(channel, f"m{number}", who="bob")
    busy = await synced(api, page["token"])
    assert quiet["pollingInterval"]["milliseconds"] > 8000
    assert busy["pollingInterval"]["milliseconds"] < 2000


async def test_a_channel_that_is_joined_brings_no_burst_of_its_past(speeds: Speeds) -> None:
    api = speeds.quick
    channel = await api.channel()
    for number in range(50):
        await api.send(channel, f"m{number}")
    token_before = (await synced(api, who="bob"))["token"]
    await _pass(speeds, 200)
    await api.ask(JOIN, {"c": channel}, who="bob")
    joined = await synced(api, token_before, who="bob")
    assert joined["channels"]
    assert joined["pollingInterval"]["milliseconds"] > 8000
