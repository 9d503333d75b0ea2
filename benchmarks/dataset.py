"""Databases of any size, made in seconds: rows by SQL into Pollux's own tables, cursors and tokens by its own codecs.

Rule: every member belongs to every channel; channels and users are numbered from 1, members' subjects are `viewer-1` on.
"""

import asyncio
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import asyncpg

from app.identity import Tokens
from models import ids
from models.clock import wall_clock_us
from models.cursor import CursorCodec, CursorKind, SigningKey
from models.migrate import migrate
from models.store_url import StoreUrl
from tests.asking import SECRET
from tests.servers.postgres import Postgres

SEED = Path(__file__).with_name("seed.sql")
# Old enough that nothing in a channel counts as new.
AGE_US = 2 * 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Size:
    """How many of each; `messages` are a channel's, `notifications` a member's."""

    channels: int = 100
    messages: int = 1000
    members: int = 200
    notifications: int = 50


@dataclass(frozen=True)
class Dataset:
    """One seeded database."""

    url: str
    size: Size
    codec: CursorCodec
    issued_at_s: int = field(default_factory=lambda: int(time.time()))

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]

    @cached_property
    def tokens(self) -> list[str]:
        """Tokens of all members, by number."""
        issuer = Tokens(SECRET)
        return [
            issuer.issue(f"viewer-{number}", name=f"Viewer Number {number}", clock_s=lambda: self.issued_at_s)
            for number in range(1, self.size.members + 1)
        ]

    def channel(self, number: int) -> str:
        """Return the id of a channel."""
        return ids.encode(ids.ChannelId(number))

    def cursor(self, number: int, seq: int) -> str:
        """Return the cursor of a message."""
        return self.codec.encode(CursorKind.MESSAGES, number, seq)


def seed(server: Postgres, name: str, size: Size) -> Dataset:
    """Make a database."""
    return asyncio.run(_seed(server, name, size))


async def _seed(server: Postgres, name: str, size: Size) -> Dataset:
    await administer(server, f"CREATE DATABASE {name}")
    url = server.url(name)
    await migrate(StoreUrl.parse(url), wall_clock_us())
    issued_at_s = int(time.time())
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "CREATE TEMPORARY TABLE size (channels int, messages int, members int, notifications int,"
            " start_us bigint, issued_at_s bigint)"
        )
        await connection.execute(
            "INSERT INTO size VALUES ($1, $2, $3, $4, $5, $6)",
            size.channels, size.messages, size.members, size.notifications, wall_clock_us() - AGE_US, issued_at_s,
        )  # fmt: skip
        await connection.execute(SEED.read_text())
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
        epoch_hex = await connection.fetchval("SELECT epoch_hex FROM database_identity")
        keys = await connection.fetch("SELECT number, secret_hex FROM cursor_keys ORDER BY number DESC")
    finally:
        await connection.close()
    codec = CursorCodec(epoch_hex, tuple(SigningKey(row["number"], bytes.fromhex(row["secret_hex"])) for row in keys))
    return Dataset(url, size, codec, issued_at_s)


async def administer(server: Postgres, statement: str) -> None:
    """Run a statement that makes or drops a database."""
    connection = await asyncpg.connect(server.url("postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def fresh_copy(server: Postgres, of: Dataset, name: str) -> str:
    """Return the URL of a copy of a database that nobody is connected to, in place of an earlier copy of that name."""
    asyncio.run(administer(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    asyncio.run(administer(server, f"CREATE DATABASE {name} TEMPLATE {of.name} STRATEGY FILE_COPY"))
    return server.url(name)
