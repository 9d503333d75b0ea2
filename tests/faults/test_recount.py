"""After thousands of random operations and killed processes, every number that is kept equals what counting gives."""

import asyncio
import os
import random
import signal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from models.database import Database
from models.store_url import StoreUrl
from tests.asking import CREATE, token
from tests.conftest import fresh_postgres_database
from tests.servers.pollux import Server
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey

OPERATIONS = 10_000
PEOPLE = [f"user{i}" for i in range(50)]
CLIENTS = 16
ROOMS = 10

OPERATION = {
    "send": "mutation($c: ID!, $m: [ID!]!)"
    ' { sendMessage(input: {channelId: $c, content: "hi", mentionIds: $m}) { userErrors { code } } }',
    "join": "mutation($c: ID!) { joinChannel(channelId: $c) { userErrors { code } } }",
    "leave": "mutation($c: ID!) { leaveChannel(channelId: $c) { userErrors { code } } }",
    "read": "mutation($c: ID!, $k: String!) { markChannelRead(channelId: $c, cursor: $k) { userErrors { code } } }",
    "page": "query($c: ID!) { messages(channelId: $c, last: 5) { edges { cursor } } }",
    "mark": "mutation { markAllNotificationsRead { userErrors { code } } }",
    "seen": "mutation { markNotificationsSeen { userErrors { code } } }",
}
WEIGHTS = {"send": 50, "read": 25, "join": 10, "leave": 5, "mark": 5, "seen": 5}

# Each finds the rows in which a kept number is not what counting gives.
RECOUNTS = {
    "unread mentions": """
        SELECT m.id FROM channel_members AS m WHERE m.last_mention - m.read_mention <> (
          SELECT count(*) FROM message_mentions AS n
          WHERE n.channel_id = m.channel_id AND n.user_id = m.user_id AND n.seq > m.read_seq)
    """,
    "unread messages": """
        SELECT m.id FROM channel_members AS m JOIN channels AS c ON c.id = m.channel_id WHERE c.last_message - m.read_seq <> (
          SELECT count(*) FROM messages AS n WHERE n.channel_id = m.channel_id AND n.seq > m.read_seq)
    """,
    "messages": """
        SELECT c.id FROM channels AS c WHERE c.last_message <> (SELECT count(*) FROM messages AS n WHERE n.channel_id = c.id)
        OR c.last_message <> (SELECT coalesce(max(seq), 0) FROM messages AS n WHERE n.channel_id = c.id)
    """,
    "events": """
        SELECT c.id FROM channels AS c
        WHERE c.last_event <> (SELECT count(*) FROM channel_events AS n WHERE n.channel_id = c.id)
        OR c.last_event <> (SELECT max(number) FROM channel_events AS n WHERE n.channel_id = c.id)
    """,
    "members": """
        SELECT c.id FROM channels AS c
        WHERE c.member_count <> (SELECT count(*) FROM channel_members AS n WHERE n.channel_id = c.id)
    """,
    "notifications": """
        SELECT i.user_id FROM inboxes AS i
        WHERE i.last_number <> (SELECT count(*) FROM notifications AS n WHERE n.user_id = i.user_id)
        OR i.last_number - i.read_total <> (
          SELECT count(*) FROM notifications AS n WHERE n.user_id = i.user_id AND n.read_us IS NULL)
        OR i.last_number - i.seen_total <> (
          SELECT count(*) FROM notifications AS n WHERE n.user_id = i.user_id AND n.seen_us IS NULL)
        OR i.last_log <> (SELECT count(*) FROM user_log AS n WHERE n.user_id = i.user_id)
    """,
}


class Crowd:
    """Fifty people who do random things until the operations are used up."""

    def __init__(self, server: Server, session: aiohttp.ClientSession, channels: list[str], ids: dict[str, str]) -> None:
        self._url = f"{server.url}/graphql"
        self._session = session
        self._channels = channels
        self._ids = ids
        self._random = random.Random(7)
        self.left = OPERATIONS
        self.done = 0
        self.lost = 0

    async def act(self) -> None:
        while self.left > 0:
            self.left -= 1
            kind = self._random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            who, channel = self._random.choice(PEOPLE), self._random.choice(self._channels)
            variables: dict[str, object] = {"c": channel}
            if kind == "send":
                variables["m"] = [self._ids[person] for person in self._random.sample(PEOPLE, self._random.choice((0, 0, 1, 2)))]
            if kind == "read":
                edges = ((await self._ask("page", {"c": channel}, who)) or {}).get("edges") or [None]
                if edges[0] is None:
                    continue
                variables["k"] = self._random.choice(edges)["cursor"]
            await self._ask(kind, variables if kind not in ("mark", "seen") else {}, who)

    async def _ask(self, kind: str, variables: dict[str, object], who: str) -> Any:
        try:
            async with self._session.post(
                self._url,
                json={"query": OPERATION[kind], "variables": variables},
                headers={"Authorization": f"Bearer {token(who)}"},
            ) as response:
                body = await response.json()
        except (aiohttp.ClientError, OSError):
            self.lost += 1  # the process was killed under it; whether it was done is the store's to say
            return None
        assert "errors" not in body, body
        self.done += 1
        return next(iter(body["data"].values()))


async def _kill_workers(server: Server, crowd: Crowd) -> int:
    kills = 0
    while crowd.left > OPERATIONS // 10:
        await asyncio.sleep(1.5)
        workers = server.children(named="app.worker")
        if len(workers) == 2:
            os.kill(random.choice(workers), signal.SIGKILL)
            kills += 1
    return kills


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
async def test_every_number_kept_equals_a_recount(store: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = f"sqlite://{tmp_path / 'pollux.db'}"
    environment = {"DATABASE_URL": url}
    if store == "postgres":
        postgres: Postgres = request.getfixturevalue("postgres")
        valkey: Valkey = request.getfixturevalue("valkey")
        url = (await fresh_postgres_database(postgres)).text
        environment = {"DATABASE_URL": url, "REDIS_URL": valkey.url}
    with Server(WEB_CONCURRENCY="2", **environment) as server:
        ids = {who: server.ask("{ viewer { id } }", who=who)["id"] for who in PEOPLE}
        channels = [server.ask(CREATE, {"i": {"name": f"room {i}"}}, who=PEOPLE[i])["channel"]["id"] for i in range(ROOMS)]
        async with aiohttp.ClientSession() as session:
            crowd = Crowd(server, session, channels, ids)
            killer = asyncio.create_task(_kill_workers(server, crowd))
            await asyncio.gather(*(crowd.act() for _ in range(CLIENTS)))
            kills = await killer
    assert kills >= 2
    assert crowd.done > OPERATIONS * 0.8
    db = await Database.open(StoreUrl.parse(url))
    try:
        assert {name: len(rows) for name, sql in RECOUNTS.items() if (rows := await db.rows(sql))} == {}
        assert (await db.rows("SELECT sum(last_message) AS n FROM channels"))[0]["n"] > 500
    finally:
        await db.close()
