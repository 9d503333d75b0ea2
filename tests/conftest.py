"""Real parts for every test: a SQLite file, a PostgreSQL and a Valkey of its own, and a server over them.

A test that takes `store_url` (directly or through `services` or `api`) runs twice: on SQLite and on PostgreSQL.
"""

import os
import secrets
import signal
import time
import traceback
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from pytest_aiohttp import AiohttpClient

from app.settings import Settings
from app.wiring import build_app, open_services
from cache.dependencies import Dependencies
from cache.redis_level import RedisLevel
from models.clock import wall_clock_us
from models.migrate import migrate
from models.store_url import StoreUrl
from resolvers.services import Services
from tests.asking import SECRET, Api, HttpClient
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey


def pytest_configure() -> None:
    """What the developer has set must not reach a test, nor that a shell has started the tests in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # what a test starts would ignore Ctrl-C as well
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in list(os.environ):
        if name.startswith(("POLLUX_", "LOG_", "OTEL_")) or name in (
            "DATABASE_URL",
            "REDIS_URL",
            "HOST",
            "PORT",
            "WEB_CONCURRENCY",
        ):
            del os.environ[name]
    os.environ.setdefault("TEST_NOW_S", str(int(time.time())))


@pytest.fixture(autouse=True)
def undeclared_reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What was read for an answer without saying what the answer depends on; any such read fails the test.

    A test that plants one clears the list. Servers in processes of their own are judged by their logs (tests/servers).
    """
    found: list[str] = []
    real = Dependencies.undeclared

    def undeclared(self: Dependencies, read: object) -> None:
        found.append(f"{read}\n{''.join(traceback.format_stack(limit=20))}")
        real(self, read)

    monkeypatch.setattr(Dependencies, "undeclared", undeclared)
    yield found
    assert found == [], "read without a dependency: " + "\n".join(found)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres().start()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    server = Valkey().start()
    yield server
    server.remove()


@pytest.fixture(params=["sqlite", "postgres"])
async def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[StoreUrl]:
    """A migrated, empty database."""
    if request.param == "sqlite":
        url = StoreUrl.parse(f"sqlite://{tmp_path / 'pollux.db'}")
        await migrate(url, wall_clock_us())
        yield url
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = await fresh_postgres_database(server)
    yield url
    # Thousands of databases are gigabytes.
    administrator = await asyncpg.connect(server.url("postgres"))
    await administrator.execute(f'DROP DATABASE "{url.text.rsplit("/", 1)[1]}" WITH (FORCE)')
    await administrator.close()


async def fresh_postgres_database(server: Postgres) -> StoreUrl:
    """Make a migrated, empty database from a template that is migrated once."""
    administrator = await asyncpg.connect(server.url("postgres"))
    try:
        if not await administrator.fetchval("SELECT 1 FROM pg_database WHERE datname = 'migrated'"):
            await administrator.execute("CREATE DATABASE migrated")
            await migrate(StoreUrl.parse(server.url("migrated")), wall_clock_us())
        name = f"test_{secrets.token_hex(6)}"
        await administrator.execute(f"CREATE DATABASE {name} TEMPLATE migrated")
        # The template's epoch would make the copies of all tests in one Valkey one another's.
        connection = await asyncpg.connect(server.url(name))
        await connection.execute("UPDATE database_identity SET epoch_hex = $1", secrets.token_hex(8))
        await connection.close()
    finally:
        await administrator.close()
    return StoreUrl.parse(server.url(name))


@pytest.fixture
def settings(store_url: StoreUrl, valkey: Valkey) -> Settings:
    # Tests ask as fast as they can; those of the limits turn them on. A busy machine must not move their intervals.
    given = {"database_url": store_url, "redis_url": valkey.url, "POLLUX_JWT_SECRET": SECRET}
    return Settings.model_validate({**given, "POLLUX_RATE_LIMIT": "off", "POLLUX_POLLING_POLICY": "activity"})


@pytest.fixture
async def opened(settings: Settings) -> AsyncIterator[tuple[Services, RedisLevel]]:
    async with open_services(settings) as parts:
        yield parts


@pytest.fixture
def services(opened: tuple[Services, RedisLevel]) -> Services:
    return opened[0]


@pytest.fixture
async def client(settings: Settings, opened: tuple[Services, RedisLevel], aiohttp_client: AiohttpClient) -> HttpClient:
    return await aiohttp_client(build_app(settings, *opened))


@pytest.fixture
def api(client: HttpClient, services: Services) -> Api:
    return Api(client, services)
