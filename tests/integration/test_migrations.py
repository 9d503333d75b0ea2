"""Migrations: applied once, by whoever comes first, and equal to the models."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from models.clock import wall_clock_us
from models.database import Database
from models.identity import cursor_codec
from models.migrate import migrate
from models.store_url import StoreUrl
from tests.servers.postgres import Postgres

ROOT = Path(__file__).parents[2]
ALL = sorted(path.stem for path in (ROOT / "models" / "migrations").glob("0*.py"))


@pytest.fixture(params=["sqlite", "postgres"])
async def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> StoreUrl:
    if request.param == "sqlite":
        return StoreUrl.parse(f"sqlite://{tmp_path / 'new' / 'pollux.db'}")
    server: Postgres = request.getfixturevalue("postgres")
    name = f"empty_{os.getpid()}_{wall_clock_us()}"
    connection = await asyncpg.connect(server.url("postgres"))
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return StoreUrl.parse(server.url(name))


async def test_several_processes_at_once_apply_each_migration_once(empty_url: StoreUrl) -> None:
    environment = {**os.environ, "DATABASE_URL": empty_url.text}
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, str(ROOT / "server.py"), "migrate", env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(4)
    ]
    outputs = [await process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, outputs
    first = "\n".join(f"applied {name}" for name in ALL)
    assert sorted(out.decode().strip() for out, _ in outputs) == [first, *["nothing to apply"] * 3]


async def test_the_identity_is_made_once_and_kept(empty_url: StoreUrl) -> None:
    assert await migrate(empty_url, wall_clock_us()) == ALL
    codecs = []
    for _ in range(2):
        assert await migrate(empty_url, wall_clock_us()) == []
        db = await Database.open(empty_url)
        codecs.append(await cursor_codec(db))
        await db.close()
    assert codecs[0] == codecs[1]
    assert len(codecs[0].epoch_hex) == 16


def test_the_models_hold_nothing_that_the_migrations_do_not(tmp_path: Path) -> None:
    """`make migration` would write an empty one."""
    command = [str(Path(sys.executable).parent / "tortoise"), "-c", "models.migrate.CONFIG", "makemigrations", "-n", "probe"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    written = list((ROOT / "models" / "migrations").glob("*probe*"))
    for path in written:
        path.unlink()
    assert (done.returncode, written) == (0, []), done.stdout + done.stderr
