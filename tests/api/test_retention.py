"""Taking out what is old: whoever needs it starts again and is told so; everybody else goes on, and nothing else is lost."""

import json
from pathlib import Path

import pytest

from app.upkeep import apply_retention
from models.clock import wall_clock_us
from models.retention import retain
from models.store_url import StoreUrl
from tests.api.managing import TRAIL
from tests.api.syncing import contents, synced
from tests.asking import Api

EDIT = "mutation($m: ID!, $t: String!) { editMessage(input: {messageId: $m, content: $t}) { userErrors { code } } }"

KEPT = 6
NOTHING = 1e-11  # days


@pytest.fixture(autouse=True)
def few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.retention.KEPT", KEPT)
    monkeypatch.setattr("resolvers.sync_draft.FAR", KEPT // 2)


async def _counts(api: Api) -> tuple[int, int]:
    rows = await api.services.db.tuples("SELECT (SELECT count(*) FROM channel_events), (SELECT count(*) FROM user_log)")
    return rows[0][0], rows[0][1]


async def test_a_token_from_before_what_is_kept_has_expired_and_a_later_one_goes_on(api: Api) -> None:
    channel = await api.channel("bob")
    cursor = (await api.send(channel, "first"))["cursor"]
    early = (await synced(api))["token"]
    for index in range(20):
        await api.send(channel, f"later {index}")
    late = (await synced(api))["token"]
    await api.send(channel, "last")
    trail = await api.ask(TRAIL, {"c": channel})
    gone = await retain(api.services.db, wall_clock_us() + 1, grace_s=0)
    assert gone.events > 10
    page = await synced(api, early)
    assert page["resetReason"] == "TOKEN_EXPIRED"
    assert [(delta["limited"], delta["messages"][-1]["content"]) for delta in page["channels"]] == [(True, "last")]
    page = await synced(api, late)
    assert (page["resetReason"], contents(page), page["hasMore"]) == (None, {channel: ["last"]}, False)
    # A cursor is a place among messages, and they are all there; so is the trail.
    assert len((await api.poll(channel, after=cursor, first=100))["nodes"]) == 21
    assert await api.ask(TRAIL, {"c": channel}) == trail


async def test_a_token_whose_log_is_gone_has_expired(api: Api) -> None:
    await api.channel()
    token = (await synced(api))["token"]
    for _ in range(KEPT + 3):
        await api.channel()
    assert (await retain(api.services.db, wall_clock_us() + 1, grace_s=0)).entries == 4
    page = await synced(api, token)
    assert (page["resetReason"], len(page["channels"])) == ("TOKEN_EXPIRED", KEPT + 4)


async def test_a_client_in_the_middle_of_a_long_way_starts_again(api: Api) -> None:
    channel = await api.channel()
    sent = [(await api.send(channel, f"words {index}"))["id"] for index in range(5)]
    token = (await synced(api))["token"]
    for message in sent:
        await api.ask(EDIT, {"m": message, "t": "other words"})
    for index in range(5):
        await api.send(channel, f"later {index}")
    page = await synced(api, token, limit=2)
    assert (page["hasMore"], contents(page)) == (True, {channel: ["other words"] * 2})
    for index in range(KEPT):
        await api.send(channel, f"last {index}")
    await retain(api.services.db, wall_clock_us() + 1, grace_s=0)
    page = await synced(api, page["token"])
    assert (page["resetReason"], len(contents(page)[channel])) == ("TOKEN_EXPIRED", 10 + KEPT)


async def test_what_is_younger_stays(api: Api) -> None:
    channel = await api.channel()
    for index in range(12):
        await api.send(channel, f"old {index}")
    rows = await api.services.db.tuples("SELECT number, created_us FROM channel_events ORDER BY number")
    before = rows[4][1]
    older = [number for number, created_us in rows[:-KEPT] if created_us < before]
    gone = await retain(api.services.db, before, grace_s=0)
    left = await api.services.db.tuples("SELECT count(*) FROM channel_events")
    # Of the first events, the channel's opening and its first member are its trail.
    assert (gone.events, left[0][0]) == (len(older) - 2, len(rows) - gone.events)
    assert (await retain(api.services.db, before, grace_s=0)).events == 0


async def test_what_goes_is_in_the_archive_first(api: Api, store_url: StoreUrl, tmp_path: Path) -> None:
    channel = await api.channel()
    for index in range(12):
        await api.send(channel, f"words {index}")
    before, archive = await _counts(api), tmp_path / "archive.jsonl"
    gone = await apply_retention(store_url, days=NOTHING, grace_s=0, archive=archive)
    after = await _counts(api)
    assert (before[0] - after[0], before[1] - after[1]) == (gone.events, gone.entries)
    lines = [json.loads(line) for line in archive.read_text().splitlines()]
    assert [line["number"] for line in lines if line["table"] == "channel_events"] == list(range(3, 3 + gone.events))
    assert lines[0]["seq"] == 1
    assert archive.stat().st_mode & 0o077 == 0
