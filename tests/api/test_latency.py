"""Reports of latency: who may read them, what is refused, and what the server records itself."""

from typing import Any

import pytest

from tests.asking import Api, token

REPORT = (
    "mutation($t: RealtimeEventType!, $l: [Int!]!) {"
    " reportLatency(type: $t, latenciesMs: $l) { accepted userErrors { code field } } }"
)
METRICS = "query($t: RealtimeEventType!) { realtimeMetrics(type: $t) { type windowSeconds count averageMs p50Ms p95Ms p99Ms } }"


async def _metrics(api: Api, type_: str) -> dict[str, Any]:
    found: dict[str, Any] = await api.ask(METRICS, {"t": type_}, who="robot", roles=["service"])
    return found


async def test_nothing_reported_is_null(api: Api) -> None:
    nothing = {"averageMs": None, "p50Ms": None, "p95Ms": None, "p99Ms": None}
    assert await _metrics(api, "PRESENCE") == {"type": "PRESENCE", "windowSeconds": 60, "count": 0, **nothing}


async def test_a_report_shows_at_once(api: Api) -> None:
    for times in (1, 2, 3):
        reported = await api.ask(REPORT, {"t": "NOTIFICATION", "l": [100, 200, 300]})
        assert reported == {"accepted": 3, "userErrors": []}
        found = await _metrics(api, "NOTIFICATION")
        assert (found["count"], found["averageMs"]) == (3 * times, 200)
        assert found["p50Ms"] == pytest.approx(200, rel=0.05)
        assert found["p99Ms"] == pytest.approx(300, rel=0.05)


async def test_only_a_service_or_an_admin_may_read(api: Api) -> None:
    for roles in ([], ["moderator"]):
        body = await api.answer(METRICS, {"t": "MESSAGE"}, roles=roles)
        assert body["data"] == {"realtimeMetrics": None}
        assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN"}


async def test_a_refused_report_counts_nothing(api: Api) -> None:
    refused = await api.ask(REPORT, {"t": "PRESENCE", "l": [5, -1]})
    assert refused == {"accepted": 0, "userErrors": [{"code": "INVALID", "field": ["latenciesMs"]}]}
    body = await api.answer(REPORT, {"t": "PRESENCE", "l": [1] * 101})
    assert body["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
    assert (await _metrics(api, "PRESENCE"))["count"] == 0


async def test_the_server_records_the_answer_that_first_brings_a_message(api: Api) -> None:
    channel = await api.channel("bob")
    start = (await api.poll(channel, who="bob"))["pageInfo"]["endCursor"]
    before = (await _metrics(api, "MESSAGE"))["count"]
    await api.send(channel, "hello")
    page = await api.poll(channel, who="bob", after=start)
    after = (await _metrics(api, "MESSAGE"))["count"]
    assert (len(page["nodes"]), after - before) == (1, 1)
    await api.poll(channel, who="bob", after=page["pageInfo"]["endCursor"])
    assert (await _metrics(api, "MESSAGE"))["count"] == after


async def test_who_is_told_that_they_have_it_already_is_no_delivery(api: Api) -> None:
    channel = await api.channel("bob")
    start = (await api.poll(channel, who="bob"))["pageInfo"]["endCursor"]
    await api.send(channel, "hello")
    asked: dict[str, Any] = {"query": "query($c: ID!, $a: String) { messages(channelId: $c, after: $a) { nodes { content } } }"}
    asked["variables"] = {"c": channel, "a": start}
    headers = {"Authorization": f"Bearer {token('bob')}"}
    first = await api.client.post("/graphql", json=asked, headers=headers)
    count = (await _metrics(api, "MESSAGE"))["count"]
    for _ in range(4):
        again = await api.client.post("/graphql", json=asked, headers={**headers, "If-None-Match": first.headers["ETag"]})
        assert again.status == 304
    assert (await _metrics(api, "MESSAGE"))["count"] == count


async def test_the_server_records_the_answer_that_first_brings_a_notification(api: Api) -> None:
    pages = "query($b: String) { notifications(before: $b) { nodes { id } pageInfo { endCursor startCursor } } }"
    notify = "mutation($i: CreateNotificationInput!) { createNotification(input: $i) { userErrors { code } } }"
    user = (await api.ask("{ viewer { id } }", who="bob"))["id"]
    given = {"userId": user, "type": "note", "title": "Hello", "content": "You are wanted."}
    await api.ask(notify, {"i": given}, who="robot", roles=["service"])
    start = (await api.ask(pages, who="bob"))["pageInfo"]["startCursor"]
    before = (await _metrics(api, "NOTIFICATION"))["count"]
    await api.ask(notify, {"i": given}, who="robot", roles=["service"])
    page = await api.ask(pages, {"b": start}, who="bob")
    after = (await _metrics(api, "NOTIFICATION"))["count"]
    assert (len(page["nodes"]), after - before) == (1, 1)
    await api.ask(pages, {"b": page["pageInfo"]["startCursor"]}, who="bob")
    assert (await _metrics(api, "NOTIFICATION"))["count"] == after
