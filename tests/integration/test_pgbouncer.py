"""PostgreSQL behind pgbouncer in transaction mode: everything works with few servers, and a failover behind it is noticed."""

import asyncio
from collections.abc import Iterator

import pytest

from models.clock import wall_clock_us
from models.migrate import migrate
from models.store_url import StoreUrl
from tests.asking import POLL, Api
from tests.conftest import fresh_postgres_database
from tests.servers.pgbouncer import Missing, PgBouncer
from tests.servers.postgres import Postgres


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A cluster without what other tests leave, because a standby copies all of it."""
    server = Postgres().start()
    yield server
    server.remove()


@pytest.fixture
def pgbouncer(postgres: Postgres) -> Iterator[PgBouncer]:
    try:
        pooler = PgBouncer(postgres)
    except Missing as error:
        pytest.skip(str(error))
    try:
        yield pooler.start()
    finally:
        pooler.remove()


@pytest.fixture
async def store_url(postgres: Postgres, pgbouncer: PgBouncer) -> StoreUrl:
    direct = await fresh_postgres_database(postgres)
    return StoreUrl.parse(pgbouncer.url(direct.text.rsplit("/", 1)[1]))


async def test_reads_sends_and_migrations_share_three_servers(api: Api, store_url: StoreUrl) -> None:
    channels = [await api.channel("bob") for _ in range(6)]

    async def talk(channel: str, who: str) -> None:
        for index in range(8):
            await api.send(channel, f"{who} {index}", who=who)
            assert f"{who} {index}" in [node["content"] for node in (await api.poll(channel, who=who))["nodes"]]

    await asyncio.gather(*(talk(channel, who) for channel in channels for who in ("alice", "bob")))
    for channel in channels:
        assert len((await api.poll(channel))["nodes"]) == 16
    assert await migrate(store_url, wall_clock_us()) == []
    assert await migrate(store_url, wall_clock_us(), package="tests.integration.next_version") == ["tomorrow"]
    assert len((await api.poll(channels[0]))["nodes"]) == 16


async def test_an_epoch_ends_with_the_cluster_behind_the_pooler(
    api: Api, store_url: StoreUrl, postgres: Postgres, pgbouncer: PgBouncer
) -> None:
    """The connections to the pooler stay; the servers at its other end are of another history."""
    channel = await api.channel()
    cursor = (await api.send(channel, "kept"))["cursor"]
    second = Postgres()
    try:
        second.follow(postgres)
        second.start_cut_off()
        await api.send(channel, "lost")
        second.promote()
        before = api.services.lineage.epoch_hex
        pgbouncer.lead_to(second)
        async with asyncio.timeout(60):
            while api.services.lineage.epoch_hex == before:
                await api.answer("query($c: ID!) { channel(id: $c) { name } }", {"c": channel})
                await asyncio.sleep(0.1)
            while "errors" in (page := await api.answer(POLL, {"c": channel})):  # noqa: ASYNC110  # nobody says that it is over
                await asyncio.sleep(0.1)
        assert [node["content"] for node in page["data"]["messages"]["nodes"]] == ["kept"]
        refused = await api.answer(POLL, {"c": channel, "after": cursor})
        assert refused["errors"][0]["extensions"] == {"code": "INVALID_CURSOR", "reset": True}
    finally:
        second.remove()
