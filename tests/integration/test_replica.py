"""A streaming replica: pages of history come from it, and only while it can prove that they are right.

Below whole answers and fragments, who answered is seen through the server that keeps neither.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from pytest_aiohttp import AiohttpClient

from app.settings import Settings
from app.wiring import build_app, open_services
from models.identity import bump_epoch
from models.replica import REST_S, Outcome, Replica
from models.store_url import StoreUrl
from tests.asking import SECRET, Api
from tests.conftest import fresh_postgres_database
from tests.servers.followed import FollowedPostgres
from tests.servers.valkey import Valkey

# Few are recent here, so that few messages are enough.
RECENT, OLD = 20, 30
WAIT_S = 60.0
EDIT = "mutation($i: EditMessageInput!) { editMessage(input: $i) { userErrors { code } } }"


@pytest.fixture(scope="module")
def followed() -> Iterator[FollowedPostgres]:
    server = FollowedPostgres(synchronous=False).start()
    yield server
    server.remove()


class Room:
    """A channel with more than the recent messages, over a primary and its replica. `texts` are those of its oldest ones."""

    def __init__(self, api: Api, channel: str) -> None:
        self.api = api
        self.channel = channel
        self.ids: dict[int, str] = {}
        self.texts: dict[int, str] = {}

    async def fill(self) -> None:
        sent = await asyncio.gather(*(self.api.send(self.channel, f"text {number}") for number in range(RECENT + OLD)))
        for one in sent:
            if one["seq"] <= OLD:
                self.ids[one["seq"]], self.texts[one["seq"]] = one["id"], one["content"]

    async def page(self) -> str:
        """Read the oldest messages, which must be as they were last changed; returns who gave them."""
        recent = self.api.services.recent
        before = recent.answered.copy()
        page = await self.api.poll(self.channel, first=OLD)
        assert {edge["node"]["seq"]: edge["node"]["content"] for edge in page["edges"]} == self.texts
        (level,) = recent.answered - before
        return level

    async def edit(self, seq: int, content: str) -> None:
        done = await self.api.ask(EDIT, {"i": {"messageId": self.ids[seq], "content": content}})
        assert done["userErrors"] == []
        self.texts[seq] = content

    async def caught_up(self) -> None:
        async with asyncio.timeout(WAIT_S):
            while await self.page() != "replica":  # noqa: ASYNC110  # a replica signals nothing
                await asyncio.sleep(0.05)


@pytest.fixture
async def room(
    followed: FollowedPostgres, valkey: Valkey, aiohttp_client: AiohttpClient, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Room]:
    monkeypatch.setattr("cache.recent.CAP", RECENT)
    url = await fresh_postgres_database(followed.primary)
    given = {"database_url": url, "redis_url": valkey.url, "POLLUX_JWT_SECRET": SECRET, "POLLUX_RATE_LIMIT": "off"}
    replica = followed.standby.url(url.text.rsplit("/", 1)[1])
    settings = Settings.model_validate({**given, "POLLUX_REPLICA_URL": replica, "POLLUX_POLLING_POLICY": "activity"})
    async with open_services(settings) as opened:
        api = Api(await aiohttp_client(build_app(settings, *opened, quick=False)), opened[0])
        room = Room(api, await api.channel())
        await room.fill()
        await room.caught_up()
        yield room
        followed.let_replay()


async def test_old_pages_come_from_the_replica_and_new_ones_from_the_primary(room: Room) -> None:
    assert await room.page() == "replica"
    recent = room.api.services.recent
    recent._runs.clear()
    before = recent.answered.copy()
    await room.api.poll(room.channel, last=RECENT)
    assert "replica" not in recent.answered - before


async def test_a_replica_that_has_not_replayed_a_change_is_not_believed(room: Room, followed: FollowedPostgres) -> None:
    followed.hold_replay()
    # What is new changes nothing of what is old.
    await room.api.send(room.channel, "new")
    assert await room.page() == "replica"
    await room.edit(3, "edited")
    assert await room.page() == "store"
    followed.let_replay()
    await room.caught_up()


async def test_a_replica_of_another_epoch_is_not_believed(room: Room, followed: FollowedPostgres) -> None:
    followed.hold_replay()
    await bump_epoch(room.api.services.db)
    assert await room.page() == "store"
    followed.let_replay()
    await room.caught_up()


async def test_no_acknowledged_change_is_missed_whatever_the_replica_lacks(room: Room, followed: FollowedPostgres) -> None:
    chance, levels = random.Random(1), set()
    turns: list[Callable[[], None]] = [followed.hold_replay, followed.let_replay]
    for step in range(40):
        if chance.random() < 0.5:
            chance.choice(turns)()
        if chance.random() < 0.4:
            await room.edit(chance.randint(1, OLD), f"edited in step {step}")
        levels.add(await room.page())
    assert "store" in levels
    followed.let_replay()
    await room.caught_up()


async def test_a_replica_that_does_not_answer_is_left_alone_for_a_while(room: Room) -> None:
    now_s = 0.0
    away = await Replica.open(StoreUrl.parse("postgresql://nobody@127.0.0.1:1/none"), clock_s=lambda: now_s)
    room.api.services.recent.replica = away
    assert [await room.page() for _ in range(3)] == ["store"] * 3
    assert away.outcomes == {Outcome.SERVED: 0, Outcome.BEHIND: 0, Outcome.FAILED: 1}
    now_s = REST_S
    assert await room.page() == "store"
    assert away.outcomes[Outcome.FAILED] == 2
    await away.close()
