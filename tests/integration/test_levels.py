"""The levels of cache: which one answers, and that none of them can change an answer.

Below whole answers and fragments, the levels are seen through the server that keeps neither.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pytest_aiohttp import AiohttpClient

from app.settings import Settings
from app.wiring import build_app, open_services
from cache.recent import _decoded, _encoded
from cache.redis_level import Redis, RedisLevel
from models.event import EventKind
from models.message import MessageRecord
from resolvers.message import channel_key
from resolvers.services import Services
from tests.asking import MESSAGE, Api, token
from tests.servers.valkey import Valkey


@pytest.fixture
def own_valkey() -> Iterator[Valkey]:
    server = Valkey().start()
    yield server
    server.remove()


@pytest.fixture
async def plain(settings: Settings, opened: tuple[Services, RedisLevel], aiohttp_client: AiohttpClient) -> Api:
    """The server that keeps no answers and cuts nothing from fragments: each poll asks the levels below."""
    return Api(await aiohttp_client(build_app(settings, *opened, quick=False)), opened[0])


@contextmanager
def _counting(services: Services) -> Iterator[dict[str, int]]:
    """The levels that answered within the block."""
    before = services.recent.answered.copy()
    found: dict[str, int] = {}
    yield found
    found.update(services.recent.answered - before)


def _forget_process(services: Services) -> None:
    services.fragments._blocks.clear()
    services.recent._runs.clear()
    services.metadata._copies.clear()


async def _edit_in_the_store(services: Services, channel: int, seq: int, content: str) -> None:
    """An edit as another process makes it: the row, its event and the head, in one transaction."""
    async with services.db.transaction() as tx:
        rows = await tx.rows(f"SELECT last_event FROM channels WHERE id = $1{tx.dialect.row_lock}", channel)
        number = rows[0]["last_event"] + 1
        await tx.run(
            "UPDATE messages SET content = $3, version = $4 WHERE channel_id = $1 AND seq = $2", channel, seq, content, number
        )
        await tx.run(
            "INSERT INTO channel_events (channel_id, number, kind, seq, actor_id, created_us) VALUES ($1, $2, $3, $4, 1, 1)",
            channel, number, int(EventKind.MESSAGE_EDITED), seq,
        )  # fmt: skip
        await tx.run("UPDATE channels SET last_event = $2, last_change = $2 WHERE id = $1", channel, number)


async def test_a_page_comes_from_the_store_once_then_from_the_process(plain: Api) -> None:
    channel = await plain.channel()
    await plain.send(channel, "hi")
    _forget_process(plain.services)
    await plain.services.recent._redis.settled()
    await plain.services.recent._redis.attempt(lambda client: client.flushall())
    with _counting(plain.services) as first:
        await plain.poll(channel)
    with _counting(plain.services) as second:
        await plain.poll(channel)
    assert (first, second) == ({"store": 1}, {"process": 1})


async def test_a_process_without_copies_takes_them_from_redis(plain: Api) -> None:
    channel = await plain.channel()
    for i in range(60):
        await plain.send(channel, f"{i}")
    page = await plain.poll(channel)
    await plain.services.recent._redis.settled()
    _forget_process(plain.services)
    with _counting(plain.services) as answered:
        assert await plain.poll(channel) == page
    assert answered == {"redis": 1}


@pytest.mark.parametrize("quick", [True, False], ids=["quick", "plain"])
async def test_an_edit_made_elsewhere_is_seen_by_the_next_poll_at_every_level(api: Api, plain: Api, quick: bool) -> None:
    asked = api if quick else plain
    channel = await api.channel()
    for i in range(3):
        await api.send(channel, f"{i}")
    for _ in range(4):  # until the whole answer is kept
        await asked.poll(channel)
    await api.services.recent._redis.settled()
    await _edit_in_the_store(api.services, channel_key(channel), 2, "edited")
    assert [node["content"] for node in (await asked.poll(channel))["nodes"]] == ["0", "edited", "2"]
    _forget_process(api.services)  # Redis still holds the old copies among the new
    await _edit_in_the_store(api.services, channel_key(channel), 1, "too")
    assert [node["content"] for node in (await asked.poll(channel))["nodes"]] == ["too", "edited", "2"]


async def test_a_poll_names_the_level_that_answered_it(api: Api) -> None:
    """The store or the process until the query is planned, then the fragments, then the whole answer, until something changes."""
    channel = await api.channel("bob")
    await api.send(channel, "hi")
    assert [await _level(api, channel) for _ in range(4)] == ["recent", "recent", "fragment", "response"]
    assert await _level(api, channel, who="bob") == "response"  # nothing of it is personal
    await api.send(channel, "more")
    assert [await _level(api, channel) for _ in range(2)] == ["recent", "response"]
    assert await _level(api, channel, first=1) == "fragment"


async def _level(api: Api, channel: str, *, who: str = "alice", **paging: int) -> str:
    # Nothing of presence, which changes as it pleases.
    query = f"query($c: ID!, $first: Int) {{ messages(channelId: $c, first: $first) {{ nodes {{ {MESSAGE} }} }} }}"
    asked = {"query": query, "variables": {"c": channel, **paging}}
    answer = await api.client.post("/graphql", json=asked, headers={"Authorization": f"Bearer {token(who)}"})
    assert answer.status == 200
    fate, _, level = answer.headers["Cache-Status"].removeprefix("pollux; ").partition("; detail=")
    assert fate == ("hit" if level == "response" else "fwd=miss")
    return level


async def test_a_stale_copy_written_late_to_redis_is_not_believed(plain: Api) -> None:
    channel = await plain.channel()
    await plain.send(channel, "old")
    services, key = plain.services, channel_key(channel)
    head = await services.read_index.channel(key, 1)
    assert head is not None
    (old,) = await services.recent.between(head, 1, 1)
    await _edit_in_the_store(services, key, 1, "new")
    await plain.poll(channel)
    services.recent._to_redis(head.epoch_hex, key, [old], as_of=head.last_event)
    await services.recent._redis.settled()
    _forget_process(services)
    assert [node["content"] for node in (await plain.poll(channel))["nodes"]] == ["new"]


async def test_pages_beyond_the_recent_messages_come_from_the_store(plain: Api) -> None:
    channel = await plain.channel()
    cursors = [(await plain.send(channel, f"{i}"))["cursor"] for i in range(520)]
    with _counting(plain.services) as answered:
        page = await plain.poll(channel, after=cursors[0], first=3)
    assert [node["seq"] for node in page["nodes"]] == [2, 3, 4]
    assert answered == {"store": 1}


async def test_without_redis_every_answer_is_the_same(
    settings: Settings, own_valkey: Valkey, aiohttp_client: AiohttpClient
) -> None:
    """The breaker opens, and the store and the process answer alone."""
    settings = settings.model_copy(update={"redis_url": own_valkey.url})
    async with open_services(settings) as (services, redis):
        api = Api(await aiohttp_client(build_app(settings, services, redis)), services)
        channel = await api.channel("bob")
        await api.send(channel, "before")
        before = await api.poll(channel, who="bob")
        own_valkey.kill()
        sent = await api.send(channel, "after")
        _forget_process(services)
        page = await api.poll(channel, who="bob", after=before["pageInfo"]["endCursor"])
        assert [edge["node"]["id"] for edge in page["edges"]] == [sent["id"]]
        await services.presence.settle()
        assert (await api.poll(channel))["activeUsers"] == 2  # what this process has seen itself
        assert redis.failures > 0
        assert (await (await api.client.get("/readyz")).json())["parts"] == {"database": "ok", "redis": "away"}


async def test_metadata_comes_from_the_process_then_redis_then_the_store(plain: Api) -> None:
    channel = await plain.channel()
    services = plain.services
    ask = "query($c: ID!) { channel(id: $c) { name topic kind createdAt } }"
    shown = await plain.ask(ask, {"c": channel})
    await services.metadata._redis.settled()
    _forget_process(services)
    services.metadata.answered.clear()
    assert await plain.ask(ask, {"c": channel}) == shown
    assert services.metadata.answered == {"redis": 1}
    assert await plain.ask(ask, {"c": channel}) == shown
    assert services.metadata.answered == {"redis": 1, "process": 1}


async def test_copies_of_messages_survive_the_way_through_redis_unchanged() -> None:
    record = MessageRecord(1, 2, 3, 4, "한글\n\"'", 5, None, 6, 7, None, (8, 9), (("👍", 2), ("❤️", 1)))
    assert _decoded(_encoded(10, record)) == (10, record)


async def test_what_redis_holds_in_another_form_is_as_good_as_absent(plain: Api) -> None:
    """As while old and new processes share one Redis, or when somebody else writes to it."""
    channel = await plain.channel("bob")
    await plain.send(channel, "hi")
    page = await plain.poll(channel)
    services, key = plain.services, channel_key(channel)
    await services.recent._redis.settled()
    room = f"{services.lineage.prefix}{{c{key}}}"

    async def poison(client: Redis) -> None:
        await client.zadd(f"{room}:recent", {b'[1,{"of":"another version"}]': 1})
        await client.set(f"{room}:meta:1", b"not JSON")
        await client.zadd(f"{room}:typing", {"somebody": 9e15})

    await services.recent._redis.attempt(poison)
    _forget_process(services)
    assert (await plain.poll(channel))["nodes"] == page["nodes"]
    assert (await plain.ask("query($c: ID!) { channel(id: $c) { kind } }", {"c": channel})) == {"kind": "PUBLIC"}
    await services.presence.settle()
    assert services.recent._redis.unreadable > 0


async def test_two_hundred_first_looks_at_once_do_not_open_the_breaker(api: Api) -> None:
    channels = [await api.channel() for _ in range(60)]
    redis = api.services.presence._redis
    await api.services.recent._redis.settled()
    failures = redis.failures
    listed = await api.ask("{ channels(first: 200) { nodes { activeUsers } } }")
    assert len(listed["nodes"]) == len(channels)
    assert redis.failures == failures
